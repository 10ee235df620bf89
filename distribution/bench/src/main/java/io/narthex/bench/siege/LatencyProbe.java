package io.narthex.bench.siege;

import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Sends a small query at a steady rate, however long earlier ones take: queries that wait behind a
 * slow one are counted too.
 */
final class LatencyProbe implements AutoCloseable {
  private static final long PERIOD_MS = 200;
  private static final String PATH =
      "/api/v1/query?query=" + ServerUnderTest.encode("sum(up{job=\"good\"})");

  private final ServerUnderTest server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Thread ticker;
  private final List<Double> seconds = new ArrayList<>(); // guarded by itself
  private final List<String> refused = new ArrayList<>(); // guarded by seconds
  private volatile boolean stopping;

  LatencyProbe(ServerUnderTest server) {
    this.server = server;
    ticker = Thread.ofPlatform().name("probe").start(this::run);
  }

  private void run() {
    try {
      while (!stopping) {
        threads.execute(this::ask);
        Thread.sleep(PERIOD_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void ask() {
    long begun = System.nanoTime();
    String wrong = "";
    try {
      int status = server.get(PATH).statusCode();
      if (status != 200) {
        wrong = Integer.toString(status);
      }
    } catch (IOException e) {
      wrong = e.toString();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    double took = (System.nanoTime() - begun) / 1e9;
    synchronized (seconds) {
      seconds.add(took);
      if (!wrong.isEmpty()) {
        refused.add(wrong);
      }
    }
  }

  /**
   * The results of the queries of a period.
   *
   * @param p50 seconds
   * @param p99 seconds
   * @param longest seconds
   * @param wrong responses other than 200
   */
  record Figures(int queries, double p50, double p99, double longest, List<String> wrong) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%d queries, p50 %.1f ms, p99 %.1f ms, longest %.0f ms, not answered %d",
          queries,
          p50 * 1e3,
          p99 * 1e3,
          longest * 1e3,
          wrong.size());
    }
  }

  /** Returns the results of the queries since the last call. */
  Figures take() {
    synchronized (seconds) {
      List<Double> sorted = new ArrayList<>(seconds);
      sorted.sort(null);
      Figures figures =
          new Figures(
              sorted.size(),
              quantile(sorted, 0.5),
              quantile(sorted, 0.99),
              quantile(sorted, 1),
              List.copyOf(refused));
      seconds.clear();
      refused.clear();
      return figures;
    }
  }

  /** Returns the smallest value that a share of all does not exceed; NaN when there is none. */
  static double quantile(List<Double> sorted, double share) {
    return sorted.isEmpty()
        ? Double.NaN
        : sorted.get(Math.max(0, (int) Math.ceil(share * sorted.size()) - 1));
  }

  @Override
  public void close() {
    stopping = true;
    try {
      ticker.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    threads.shutdownNow();
    threads.close();
  }
}
