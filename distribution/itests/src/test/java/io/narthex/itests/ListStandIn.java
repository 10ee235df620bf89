package io.narthex.itests;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An endpoint that answers with a list of targets the test sets. */
final class ListStandIn implements AutoCloseable {
  private record Answer(int status, String type, String body) {}

  private final HttpServer server;
  private final AtomicInteger asked = new AtomicInteger();
  private volatile Answer answer = new Answer(200, "application/json", "[]");
  private volatile Headers headers = new Headers();

  ListStandIn() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          Answer now = answer;
          byte[] body = now.body().getBytes(StandardCharsets.UTF_8);
          headers = exchange.getRequestHeaders();
          exchange.getResponseHeaders().set("Content-Type", now.type());
          exchange.sendResponseHeaders(now.status(), body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
          asked.incrementAndGet();
        });
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/targets";
  }

  /** Sets what the next request is answered with. */
  void answer(int status, String type, String body) {
    answer = new Answer(status, type, body);
  }

  /** Number of requests answered. */
  int asked() {
    return asked.get();
  }

  /** Headers of the last request. */
  Headers headers() {
    return headers;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
