package io.narthex.bench.siege;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Targets that behave: paths of one HTTP server. The first shows a series whose label {@code seq}
 * changes now and then; a rule makes an alert of each.
 */
final class GoodTargets implements AutoCloseable {
  private static final int BYTES_PER_SERIES = 70;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicIntegerArray scrapes;
  private final int seriesPerTarget;
  private final long alertNanos;
  private final long begun = System.nanoTime();

  /**
   * Starts them.
   *
   * @param alertEvery how long the label of the alert stays the same
   */
  GoodTargets(int targets, int series, Duration alertEvery) throws IOException {
    scrapes = new AtomicIntegerArray(targets);
    seriesPerTarget = Math.max(1, series / targets);
    alertNanos = alertEvery.toNanos();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
    server.setExecutor(threads);
    server.createContext("/metrics/", this::answer);
    server.start();
  }

  /** Returns which alert is shown. */
  int sequence() {
    return (int) ((System.nanoTime() - begun) / alertNanos);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    int target = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
    int scrape = scrapes.incrementAndGet(target);
    StringBuilder text = new StringBuilder(seriesPerTarget * BYTES_PER_SERIES);
    text.append("# TYPE siege_value gauge\n");
    int rest = seriesPerTarget;
    if (target == 0) {
      rest--;
      text.append("siege_alert{seq=\"").append(sequence()).append("\"} 1\n");
    }
    for (int i = 0; i < rest; i++) {
      text.append("siege_value{part=\"")
          .append(i % 10)
          .append("\",number=\"")
          .append(i)
          .append("\"} ")
          .append(i + scrape * (i % 7))
          .append('\n');
    }
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
    try (exchange) {
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** Writes the file that a file discovery finds the targets in. */
  void writeFile(Path file) throws IOException {
    List<String> groups = new ArrayList<>();
    for (int i = 0; i < scrapes.length(); i++) {
      groups.add(
          "{\"targets\": [\"127.0.0.1:"
              + server.getAddress().getPort()
              + "\"], \"labels\": {\"target\": \""
              + i
              + "\", \"__metrics_path__\": \"/metrics/"
              + i
              + "\"}}");
    }
    Files.writeString(file, "[" + String.join(",\n", groups) + "]\n");
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
