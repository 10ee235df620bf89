package io.narthex.itests;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** An HTTP server that keeps what it is sent and answers by a script, path by path. */
final class ReceiverStandIn implements AutoCloseable {
  /**
   * A request.
   *
   * @param atNanos when it came
   * @param query as it was written, empty when there is none
   */
  record Received(
      long atNanos, String method, String path, String query, Headers headers, JsonNode body) {}

  /** An answer; {@code type} may be empty. */
  record Answer(int status, Map<String, String> headers, String body) {
    static Answer json(int status, String body) {
      return new Answer(status, Map.of("Content-Type", "application/json"), body);
    }
  }

  private final HttpServer server;
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private final Map<String, Deque<Answer>> scripts = new HashMap<>(); // guarded by itself

  ReceiverStandIn() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::serve);
    server.start();
  }

  private void serve(HttpExchange x) throws IOException {
    try (x) {
      String text = new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      String path = x.getRequestURI().getPath();
      String query = x.getRequestURI().getRawQuery();
      received.add(
          new Received(
              System.nanoTime(),
              x.getRequestMethod(),
              path,
              query == null ? "" : query,
              x.getRequestHeaders(),
              Server.parse(text.isEmpty() ? "null" : text)));
      Answer answer = answer(path);
      byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
      answer.headers().forEach(x.getResponseHeaders()::set);
      x.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        x.getResponseBody().write(body);
      }
    }
  }

  /** Takes the next answer of a path; its last one stays. */
  private Answer answer(String path) {
    synchronized (scripts) {
      Deque<Answer> left = scripts.get(path);
      if (left == null || left.isEmpty()) {
        return new Answer(404, Map.of(), "");
      }
      return left.size() > 1 ? left.removeFirst() : left.getFirst();
    }
  }

  /** Sets what the requests for a path are answered with, one after the other. */
  void script(String path, Answer... answers) {
    synchronized (scripts) {
      scripts.put(path, new ArrayDeque<>(List.of(answers)));
    }
  }

  String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  /** Returns what came for a path so far. */
  List<Received> received(String path) {
    return received.stream().filter(r -> r.path().equals(path)).toList();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
