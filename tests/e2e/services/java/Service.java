// SPDX-License-Identifier: GPL-2.0-only

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The front and the back of the truth runs on the JDK's own server and clients. HOW says who makes the front's calls:
 *
 * <pre>
 *	direct  the thread that serves, by HttpURLConnection, one after the other
 *	pool    a fixed pool of threads; the one that serves waits for Future.get()
 *	job     one job on that pool makes all calls of the request
 *	batch   a job for each call, all submitted before the first is waited for
 *	future  CompletableFuture.supplyAsync() on that pool, all at once, thenCombine() and join()
 *	allof   the same, with allOf() and join()
 *	chain   thenApplyAsync() on that pool, one after the other; whoever completes the last one writes the response
 *	client  the thread that serves, by HttpClient.send(): selector and workers of the client do it
 *	async   HttpClient.sendAsync(), one after the other; whoever completes the last one writes the response
 *	virtual a virtual thread for each request, by HttpURLConnection
 *	vclient the same by HttpClient.send()
 *	vspawn  a virtual thread for each call, all at once
 * </pre>
 *
 * A request makes CALLS calls. Each has a token that is drawn at random and written down only in TRUTH, so that nothing on the wire tells which
 * request a call belongs to.
 */
public final class Service {
	private static final int SERVING = 64;
	private static final int WORKERS = 16;

	private final String backend = System.getenv("BACKEND");
	private final HttpClient client;
	private final ExecutorService pool = Executors.newFixedThreadPool(WORKERS);
	private final ExecutorService serving;
	private final OutputStream truth;

	/** Makes the calls of one request; the future is complete when their answers have come. */
	private interface Caller {
		CompletableFuture<?> call(List<String> tokens) throws Exception;
	}

	private Service(String how) throws Exception {
		truth = new FileOutputStream(env("TRUTH", "/dev/null"), true);
		serving = how.startsWith("v") ? virtualThreads() : Executors.newFixedThreadPool(SERVING);
		client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
	}

	private static String env(String name, String otherwise) {
		String v = System.getenv(name);
		return v == null || v.isEmpty() ? otherwise : v;
	}

	/** Of Java 21; looked up by name because Java 17 compiles this. */
	private static ExecutorService virtualThreads() throws Exception {
		return (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
	}

	private Void byUrlConnection(String token) {
		try {
			HttpURLConnection c = (HttpURLConnection) URI.create(backend + "/data/" + token).toURL().openConnection();
			try (InputStream in = c.getInputStream()) {
				in.readAllBytes();
			}
			return null;
		} catch (IOException e) {
			throw new RuntimeException(e);
		}
	}

	private HttpRequest request(String token) {
		return HttpRequest.newBuilder(URI.create(backend + "/data/" + token)).build();
	}

	private CompletableFuture<?> direct(List<String> tokens) {
		tokens.forEach(this::byUrlConnection);
		return CompletableFuture.completedFuture(null);
	}

	private CompletableFuture<?> pooled(List<String> tokens) throws Exception {
		for (String t : tokens)
			pool.submit(() -> byUrlConnection(t)).get();
		return CompletableFuture.completedFuture(null);
	}

	private CompletableFuture<?> job(List<String> tokens) throws Exception {
		pool.submit(() -> tokens.forEach(this::byUrlConnection)).get();
		return CompletableFuture.completedFuture(null);
	}

	private CompletableFuture<?> future(List<String> tokens) {
		CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
		for (String t : tokens)
			all = all.thenCombine(CompletableFuture.supplyAsync(() -> byUrlConnection(t), pool), (a, b) -> null);
		all.join();
		return all;
	}

	private CompletableFuture<?> allOf(List<String> tokens) {
		CompletableFuture<Void> all = CompletableFuture.allOf(tokens.stream()
			.map(t -> CompletableFuture.supplyAsync(() -> byUrlConnection(t), pool)).toArray(CompletableFuture[]::new));
		all.join();
		return all;
	}

	private CompletableFuture<?> chain(List<String> tokens) {
		CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
		for (String t : tokens)
			last = last.thenApplyAsync(x -> byUrlConnection(t), pool);
		return last;
	}

	private CompletableFuture<?> client(List<String> tokens) throws Exception {
		for (String t : tokens)
			client.send(request(t), HttpResponse.BodyHandlers.ofString());
		return CompletableFuture.completedFuture(null);
	}

	private CompletableFuture<?> async(List<String> tokens) {
		CompletableFuture<?> last = CompletableFuture.completedFuture(null);
		for (String t : tokens)
			last = last.thenCompose(x -> client.sendAsync(request(t), HttpResponse.BodyHandlers.ofString()));
		return last;
	}

	private CompletableFuture<?> batch(List<String> tokens, ExecutorService who) throws Exception {
		List<Future<?>> jobs = new ArrayList<>();
		for (String t : tokens)
			jobs.add(who.submit(() -> byUrlConnection(t)));
		for (Future<?> job : jobs)
			job.get();
		return CompletableFuture.completedFuture(null);
	}

	private Caller caller(String how) {
		switch (how) {
		case "pool":
			return this::pooled;
		case "future":
			return this::future;
		case "allof":
			return this::allOf;
		case "chain":
			return this::chain;
		case "client":
		case "vclient":
			return this::client;
		case "async":
			return this::async;
		case "vspawn":
			return tokens -> batch(tokens, serving);
		case "batch":
			return tokens -> batch(tokens, pool);
		case "job":
			return this::job;
		default:
			return this::direct;
		}
	}

	private static void answer(HttpExchange x, int status, String body) {
		try (x; OutputStream out = x.getResponseBody()) {
			x.sendResponseHeaders(status, body.length());
			out.write(body.getBytes());
		} catch (IOException e) {
			x.close();
		}
	}

	/** A token for each call; the pairs are in TRUTH before the first is made. */
	private List<String> draw(String id) throws IOException {
		int n = Integer.parseInt(env("CALLS", "1"));
		List<String> tokens = new ArrayList<>();
		StringBuilder lines = new StringBuilder();
		for (int i = 0; i < n; i++) {
			tokens.add(String.format("%016x", ThreadLocalRandom.current().nextLong()));
			lines.append(id).append(' ').append(tokens.get(i)).append('\n');
		}
		truth.write(lines.toString().getBytes());
		return tokens;
	}

	private void front(HttpExchange x, Caller caller) {
		try {
			String path = x.getRequestURI().getPath();
			caller.call(draw(path.substring(path.lastIndexOf('/') + 1))).whenComplete(
				(r, e) -> answer(x, e == null ? 200 : 502, e == null ? "work\n" : e + "\n"));
		} catch (Exception e) {
			answer(x, 502, e + "\n");
		}
	}

	private static void back(HttpExchange x) {
		try {
			Thread.sleep(ThreadLocalRandom.current().nextInt(11), ThreadLocalRandom.current().nextInt(1000000));
		} catch (InterruptedException e) {
			Thread.currentThread().interrupt();
		}
		answer(x, 200, "data\n");
	}

	public static void main(String[] args) throws Exception {
		String how = env("HOW", "direct");
		int port = Integer.parseInt(env("PORT", "8080"));
		HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 256);
		Service service = new Service(how);
		Caller caller = service.caller(how);
		boolean isFront = args.length > 0 && args[0].equals("front");

		server.createContext("/work/", x -> service.front(x, caller));
		server.createContext("/data/", x -> back(x));
		server.setExecutor(isFront ? service.serving : Executors.newCachedThreadPool());
		server.start();
	}
}
