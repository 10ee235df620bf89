package io.narthex.bench.storage;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Targets whose pages are those of a {@link Workload}. Values change as often as the owner says,
 * for all targets at once.
 */
final class ScrapedTargets implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Workload workload;
  private final List<byte[]> prefixes;
  private final AtomicReferenceArray<byte[]> pages;
  private final AtomicLong scrapes = new AtomicLong();

  ScrapedTargets(Workload workload) throws IOException {
    this.workload = workload;
    prefixes = workload.linePrefixes();
    pages = new AtomicReferenceArray<>(workload.targets());
    advance();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
    server.setExecutor(threads);
    server.createContext("/metrics/", this::answer);
    server.start();
  }

  /** Moves all targets to the next values. */
  void advance() {
    workload.advance();
    for (int target = 0; target < workload.targets(); target++) {
      pages.set(target, workload.page(target, prefixes));
    }
  }

  /** Returns how many pages have been sent. */
  long scrapes() {
    return scrapes.get();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    byte[] body = pages.get(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
    exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
    try (exchange) {
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
    scrapes.incrementAndGet();
  }

  /** Returns a configuration with a static target for each. */
  String config() {
    StringBuilder text =
        new StringBuilder(
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: node
                static_configs:
            """);
    for (int target = 0; target < workload.targets(); target++) {
      text.append("      - {targets: ['127.0.0.1:")
          .append(server.getAddress().getPort())
          .append("'], labels: {instance: '")
          .append(Workload.instance(target))
          .append("', __metrics_path__: '/metrics/")
          .append(target)
          .append("'}}\n");
    }
    return text.toString();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
