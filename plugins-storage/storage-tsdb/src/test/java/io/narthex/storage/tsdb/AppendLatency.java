package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Measures how long appends of 1,000 samples take while listings and queries over all series run in
 * a loop. Not a test; arguments: series, seconds, folder.
 */
final class AppendLatency {
  private static final int BATCH = 1000;
  private static volatile boolean done;
  private static volatile int listings;
  private static volatile int queries;

  private AppendLatency() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    int series = args.length > 0 ? Integer.parseInt(args[0]) : 1_000_000;
    long seconds = args.length > 1 ? Long.parseLong(args[1]) : 60;
    Path folder = args.length > 2 ? Path.of(args[2]) : Files.createTempDirectory("latency");
    try (TsdbStorage db = TestDb.open(folder)) {
      long[] refs = new long[series];
      for (int i = 0; i < series; i++) {
        refs[i] =
            db.resolve(
                Labels.of(
                    "__name__", "m" + i % 1000, "instance", "host-" + i / 1000, "job", "node"));
      }
      print(db, "alone", refs, seconds);
      List<List<Matcher>> all = List.of(List.of(Matcher.equal("job", "node")));
      List<List<Matcher>> some = List.of(List.of(TestDb.regex("instance", "host-.*9")));
      Thread lists =
          start(
              "listings",
              () -> {
                db.series(all, 0, Long.MAX_VALUE, 0);
                db.labelValues("instance", some, 0, Long.MAX_VALUE, 0);
                listings++;
              });
      SelectRequest request =
          SelectRequest.of(List.of(TestDb.regex("instance", "(?i)HOST-.*")), 0, Long.MAX_VALUE);
      Thread selects =
          start(
              "queries",
              () -> {
                try (SeriesCursor cursor = db.select(request)) {
                  cursor.nextSeries();
                }
                queries++;
              });
      print(db, "alongside listings, regexes", refs, seconds);
      done = true;
      lists.join();
      selects.join();
      System.out.println(listings + " listings, " + queries + " queries of all series");
    }
  }

  private static Thread start(String name, Runnable work) {
    Thread thread =
        new Thread(
            () -> {
              while (!done) {
                work.run();
              }
            },
            name);
    thread.start();
    return thread;
  }

  private static long pausesMs() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionTime)
        .sum();
  }

  private static long collections() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionCount)
        .sum();
  }

  private static long timeMs = TestDb.T0;

  private static void print(TsdbStorage db, String what, long[] refs, long seconds)
      throws InterruptedException {
    SampleBatch batch = new SampleBatch(BATCH);
    long[] nanos = new long[1 << 20];
    int n = 0;
    int collected = 0;
    int at = 0;
    long pauses = pausesMs();
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    while (System.nanoTime() < end && n < nanos.length) {
      batch.clear();
      for (int i = 0; i < BATCH; i++) {
        batch.add(refs[at + i], timeMs, i);
      }
      at += BATCH;
      if (at + BATCH > refs.length) {
        at = 0;
        timeMs += 15_000;
      }
      long collections = collections();
      long started = System.nanoTime();
      if (!db.append(batch).allOk()) {
        throw new IllegalStateException("refused");
      }
      long took = System.nanoTime() - started;
      if (collections() == collections) {
        nanos[n++] = took;
      } else {
        collected++; // pauses of the collector count apart
      }
      Thread.sleep(1); // about the load of 1 M series every 15 s and more
    }
    long[] sorted = Arrays.copyOf(nanos, n);
    Arrays.sort(sorted);
    System.out.printf(
        Locale.ROOT,
        "%-28s %7d appends: p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, longest %.2f ms;"
            + " %d more met a collection, %d ms of them%n",
        what,
        n,
        sorted[n / 2] / 1e6,
        sorted[(int) (n * 0.99)] / 1e6,
        sorted[(int) (n * 0.999)] / 1e6,
        sorted[n - 1] / 1e6,
        collected,
        pausesMs() - pauses);
  }
}
