// SPDX-License-Identifier: GPL-2.0-only

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URL;
import java.util.concurrent.Executors;

/** Takes an item from the stock that the database knows of. Nothing here knows of tracing. */
public class InventoryService {
    static final String DATABASE = "http://localhost:9003/take?";

    static void reserve(HttpExchange exchange) throws IOException {
        var query = (HttpURLConnection) new URL(DATABASE + exchange.getRequestURI().getRawQuery()).openConnection();
        int status = query.getResponseCode();
        try (var answer = status < 400 ? query.getInputStream() : query.getErrorStream()) {
            byte[] text = answer.readAllBytes();
            exchange.sendResponseHeaders(status, text.length);
            exchange.getResponseBody().write(text);
        } finally {
            exchange.close();
        }
    }

    public static void main(String[] args) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 9002), 0);
        server.createContext("/reserve", InventoryService::reserve);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }
}
