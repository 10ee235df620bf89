package io.narthex.bench.crash;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A target that is scraped, and what queries have shown of it. Nobody acknowledges a scrape; but
 * what a query has returned once must be returned after a kill, too.
 */
final class Scrapes implements AutoCloseable {
  static final int TARGETS = 10;
  private static final int SERIES = 20;
  private static final String NAME = "crash_scraped";
  private static final String WINDOW = "90s";

  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicLong number = new AtomicLong();
  private final Map<String, Map<Long, Long>> shown = new HashMap<>();
  private long samples;

  Scrapes() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    http.setExecutor(threads);
    http.createContext("/metrics", this::answer);
    http.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    StringBuilder text = new StringBuilder("# TYPE " + NAME + " gauge\n");
    long n = number.incrementAndGet();
    for (int i = 0; i < SERIES; i++) {
      text.append(NAME).append("{series=\"").append(i).append("\"} ").append(n).append('\n');
    }
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
    try (exchange) {
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  String address() {
    return "127.0.0.1:" + http.getAddress().getPort();
  }

  private static Map<String, Map<Long, Long>> read(ServerUnderTest server)
      throws IOException, InterruptedException {
    Map<String, Map<Long, Long>> found = new HashMap<>();
    JsonNode result =
        server
            .data("/api/v1/query?query=" + ServerUnderTest.encode(NAME + "[" + WINDOW + "]"))
            .path("result");
    for (JsonNode series : result) {
      Map<Long, Long> values =
          found.computeIfAbsent(series.path("metric").toString(), _ -> new HashMap<>());
      for (JsonNode value : series.path("values")) {
        values.put(Math.round(value.path(0).asDouble() * 1000), value.path(1).asLong());
      }
    }
    return found;
  }

  /** Remembers what a query shows now. */
  void look(ServerUnderTest server) throws IOException, InterruptedException {
    Map<String, Map<Long, Long>> now = read(server);
    shown.clear();
    shown.putAll(now);
    samples += now.values().stream().mapToLong(Map::size).sum();
  }

  /** Returns how many samples have been shown, some of them several times. */
  long samples() {
    return samples;
  }

  /** Returns what was shown and is not there any more, or changed. */
  List<String> check(ServerUnderTest server) throws IOException, InterruptedException {
    Map<String, Map<Long, Long>> now = read(server);
    long oldest = System.currentTimeMillis() - 75_000; // well within the window
    List<String> problems = new ArrayList<>();
    shown.forEach((series, values) ->
        values.forEach((time, value) -> {
          Long found = now.getOrDefault(series, Map.of()).get(time);
          if (time > oldest && !value.equals(found)) {
            problems.add(series + " at " + time + ": showed " + value + ", now " + found);
          }
        }));
    return problems;
  }

  @Override
  public void close() {
    http.stop(0);
    threads.close();
  }
}
