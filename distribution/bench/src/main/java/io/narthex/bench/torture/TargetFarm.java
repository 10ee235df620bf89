package io.narthex.bench.torture;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The stand-in targets: paths of one HTTP server. Each counts how often it was scraped and shows
 * that number, so that a scrape whose samples were lost leaves a hole in the stored numbers.
 */
public final class TargetFarm implements AutoCloseable {
  /** Value of {@code torture_constant} of every target. */
  static final int CONSTANT = 7;

  private static final int FILES = 4;
  private static final int PARTS = 5;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicIntegerArray scrapes;

  /** Starts it. */
  public TargetFarm(int targets) throws IOException {
    scrapes = new AtomicIntegerArray(targets);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
    server.setExecutor(threads);
    server.createContext("/metrics/", this::answer);
    server.start();
  }

  int size() {
    return scrapes.length();
  }

  /** Returns the label {@code target} of the target with a number. */
  static String name(int target) {
    return String.format(Locale.ROOT, "%03d", target);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    int target = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
    StringBuilder text = new StringBuilder(600);
    text.append("# TYPE torture_scrapes_total counter\ntorture_scrapes_total ")
        .append(scrapes.incrementAndGet(target))
        .append("\n# TYPE torture_constant gauge\ntorture_constant ")
        .append(CONSTANT)
        .append("\n# TYPE torture_part gauge\n");
    for (int i = 0; i < PARTS; i++) {
      text.append("torture_part{part=\"").append(i).append("\"} ").append(i).append('\n');
    }
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
    try (exchange) {
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** Writes the files that a file discovery finds the targets in: {@code targets-N.json}. */
  public void writeFiles(Path folder) throws IOException {
    String address = "127.0.0.1:" + server.getAddress().getPort();
    for (int file = 0; file < FILES; file++) {
      StringBuilder json = new StringBuilder("[");
      for (int target = file; target < size(); target += FILES) {
        json.append(target == file ? "" : ",\n")
            .append("{\"targets\": [\"")
            .append(address)
            .append("\"], \"labels\": {\"target\": \"")
            .append(name(target))
            .append("\", \"__metrics_path__\": \"/metrics/")
            .append(target)
            .append("\"}}");
      }
      Files.writeString(folder.resolve("targets-" + file + ".json"), json.append("]\n"));
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
