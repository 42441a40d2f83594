// SPDX-License-Identifier: GPL-2.0-only
//
// The front of the link tests on .NET, as Mono has it. A request makes CALLS calls by one HttpClient, one after the
// other. HOW says who serves it:
//
//	listener  HttpListener; async methods all the way, continued by whichever thread of the pool is free
//	socket    the same on sockets
//	waits     a thread for each connection, which waits for the async method
using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

static class Front
{
    const string Prefix = "/work/";
    static readonly byte[] Body = Encoding.ASCII.GetBytes("ok\n");
    static readonly byte[] Response = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
    static readonly RandomNumberGenerator random = RandomNumberGenerator.Create();
    static readonly HttpClient client = new HttpClient(new HttpClientHandler { UseProxy = false });
    static readonly StreamWriter truth = new StreamWriter(Variable("TRUTH"), true) { AutoFlush = true };
    static readonly int calls = int.Parse(Variable("CALLS"));

    static string Variable(string name)
    {
        return Environment.GetEnvironmentVariable(name);
    }

    static string Token(string id)
    {
        var drawn = new byte[8];
        lock (truth)
        {
            random.GetBytes(drawn);
            string token = BitConverter.ToString(drawn).Replace("-", "").ToLower();
            truth.WriteLine(id + " " + token);
            return token;
        }
    }

    static async Task Work(string path)
    {
        for (int i = 0; i < calls && path.StartsWith(Prefix); i++)
        {
            string url = Variable("BACKEND") + "/data/" + Token(path.Substring(Prefix.Length));
            await client.GetStringAsync(url).ConfigureAwait(false);
        }
    }

    static async Task Serve(HttpListenerContext context)
    {
        await Work(context.Request.Url.AbsolutePath).ConfigureAwait(false);
        context.Response.ContentLength64 = Body.Length;
        await context.Response.OutputStream.WriteAsync(Body, 0, Body.Length).ConfigureAwait(false);
        context.Response.Close();
    }

    static void Listen(int port)
    {
        var listener = new HttpListener();
        listener.Prefixes.Add("http://127.0.0.1:" + port + "/");
        listener.Start();
        while (true)
        {
            HttpListenerContext context = listener.GetContext();
            Task.Run(() => Serve(context));
        }
    }

    // Path of the next request; null: the connection is over.
    static async Task<string> Read(NetworkStream stream, byte[] buffer, bool waits)
    {
        string text = "";
        while (!text.EndsWith("\r\n\r\n"))
        {
            int got = waits ? stream.Read(buffer, 0, buffer.Length)
                            : await stream.ReadAsync(buffer, 0, buffer.Length).ConfigureAwait(false);
            if (got <= 0)
                return null;
            text += Encoding.ASCII.GetString(buffer, 0, got);
        }
        return text.Split(' ')[1];
    }

    static async Task Talk(Socket socket, bool waits)
    {
        var stream = new NetworkStream(socket, true);
        var buffer = new byte[4096];
        string path;
        while ((path = await Read(stream, buffer, waits).ConfigureAwait(false)) != null)
        {
            Task work = Work(path);
            if (waits)
                work.Wait();
            await work.ConfigureAwait(false);
            stream.Write(Response, 0, Response.Length);
        }
        stream.Close();
    }

    static void Accept(int port, bool waits)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        while (true)
        {
            Socket socket = listener.AcceptSocket();
            socket.NoDelay = true;
            if (waits)
                new Thread(() => Talk(socket, true).Wait()) { IsBackground = true }.Start();
            else
                Task.Run(() => Talk(socket, false));
        }
    }

    static void Main()
    {
        int port = int.Parse(Variable("PORT"));
        ServicePointManager.DefaultConnectionLimit = 32;
        if (Variable("HOW") == "listener")
            Listen(port);
        else
            Accept(port, Variable("HOW") == "waits");
    }
}
