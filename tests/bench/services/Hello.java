// SPDX-License-Identifier: GPL-2.0-only
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

/** A Java service that says hello. */
public class Hello {
	public static void main(String[] args) throws Exception {
		int port = Integer.parseInt(System.getenv("PORT"));
		HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
		byte[] hello = "hello\n".getBytes();

		server.createContext("/", exchange -> {
			exchange.sendResponseHeaders(200, hello.length);
			exchange.getResponseBody().write(hello);
			exchange.close();
		});
		server.setExecutor(Executors.newFixedThreadPool(8));
		server.start();
	}
}
