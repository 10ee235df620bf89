package io.narthex.bench.load;

import com.sun.net.httpserver.HttpServer;
import io.narthex.bench.Proof;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.bench.torture.StallMeter;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.storage.tsdb.TsdbConfig;
import io.narthex.storage.tsdb.TsdbStorageProvider;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.regex.Pattern;

/**
 * How long appends of 1,000 samples take in a storage with a million series, timed inside {@code
 * append}: alone, while all series are listed and matched in a loop, and while the head becomes a
 * block; and how late scrapes are on a real server with as many series under the same listings.
 *
 * <p>Usage: {@code AppendLatency ASSEMBLED_FOLDER [--series=1000000] [--seconds=40] [--steps=160]
 * [--seed=N] [--keep]}.
 */
public final class AppendLatency {
  private static final int BATCH = 1000;
  private static final long STEP_MS = 60_000;
  private static final double MOST_P99_MS = 20;
  private static final double MOST_PAUSE_MS = 100;

  /** A head of more than so many steps becomes a block. */
  private static final int HEAD_STEPS = 180;

  private static final int TARGETS = 20;
  private static final long INTERVAL_MS = 5_000;
  private static final double MOST_LATE = 0.1;
  private static final int SERIES_PER_REQUEST = 10_000;

  private final Proof proof;
  private final int series;
  private final long seconds;
  private final AtomicInteger listings = new AtomicInteger();
  private volatile boolean done;
  private long[] refs = new long[0];
  private int at;
  private long timeMs;

  private AppendLatency(Proof proof) {
    this.proof = proof;
    series = (int) proof.number("series") / BATCH * BATCH;
    seconds = proof.number("seconds");
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    Proof.run(
        "append-latency",
        args,
        Map.of("series", 1_000_000L, "seconds", 40L, "steps", 160L),
        proof -> new AppendLatency(proof).run());
  }

  private void run() throws IOException, InterruptedException {
    inProcess();
    scrapes();
  }

  private static String name(int i) {
    return "m" + i % 1000;
  }

  private static String instance(int i) {
    return "host-" + i / 1000;
  }

  // ---- in process ------------------------------------------------------------------------------

  /** What a storage asks of its host. */
  private record Host(Path dataDirectory) implements StorageContext {
    @Override
    public String instance() {
      return "latency";
    }

    @Override
    public Clock clock() {
      return Clock.systemUTC();
    }

    @Override
    public HttpTransport http() {
      return (request, settings) -> {
        throw new IOException("no HTTP");
      };
    }

    @Override
    public Path stateDirectory() {
      return dataDirectory;
    }

    @Override
    public Path configDirectory() {
      return dataDirectory;
    }

    @Override
    public long referenceBase() {
      return 0;
    }

    @Override
    public void replayProgress(double done) {
      // empty
    }
  }

  private void inProcess() throws IOException, InterruptedException {
    Path folder = Files.createDirectories(proof.folder().resolve("storage"));
    int steps = (int) proof.number("steps");
    // the head ends at the present
    long startMs =
        (System.currentTimeMillis() - (HEAD_STEPS + 15) * STEP_MS) / 7_200_000 * 7_200_000;
    timeMs = startMs;
    try (Storage storage = new TsdbStorageProvider().open(TsdbConfig.DEFAULT, new Host(folder))) {
      refs = new long[series];
      for (int i = 0; i < series; i++) {
        refs[i] =
            storage.resolve(Labels.of("__name__", name(i), "instance", instance(i), "job", "node"));
      }
      long begun = System.nanoTime();
      SampleBatch batch = new SampleBatch(BATCH);
      for (long n = (long) steps * series / BATCH; n > 0; n--) {
        append(storage, batch);
      }
      System.out.printf(
          Locale.ROOT,
          "       a head of %,d samples of %,d series after %d s%n",
          (long) steps * series,
          series,
          (System.nanoTime() - begun) / 1_000_000_000);
      Latencies alone = measure(storage, seconds / 4 * 1_000_000_000, () -> false);
      System.out.println("       alone: " + alone);

      List<Thread> readers = readers(storage);
      Latencies listed = measure(storage, seconds * 1_000_000_000, () -> false);
      done = true;
      for (Thread reader : readers) {
        reader.join();
      }
      proof.verdict(
          "append of 1,000 alongside listings and regexes",
          listed + "; " + listings.get() + " listings and matches of all series",
          listed.quantileMs(0.99) <= MOST_P99_MS
              ? List.of()
              : List.of("p99 is more than " + MOST_P99_MS + " ms"));

      // goes to the boundary at once, then appends as before until the block is made
      long truncations = counter(storage, "wal_truncations_total");
      long ahead = startMs + (HEAD_STEPS + 2) * STEP_MS;
      while (timeMs < ahead) {
        append(storage, batch);
      }
      begun = System.nanoTime();
      Latencies flushed;
      double stalled;
      try (StallMeter stalls = new StallMeter()) {
        flushed =
            measure(
                storage,
                180_000_000_000L,
                () -> counter(storage, "wal_truncations_total") > truncations);
        stalled = stalls.longest();
      }
      List<String> problems = new ArrayList<>();
      if (flushed.longestMs() > MOST_PAUSE_MS) {
        problems.add("more than " + MOST_PAUSE_MS + " ms");
      }
      if (counter(storage, "wal_truncations_total") == truncations) {
        problems.add("no block and checkpoint were made in 180 s");
      }
      proof.verdict(
          "longest append while a block and a checkpoint are made",
          String.format(
              Locale.ROOT,
              "%s; after %d s; a thread that only sleeps was late by %.0f ms at most, pauses included",
              flushed,
              (System.nanoTime() - begun) / 1_000_000_000,
              stalled * 1e3),
          problems);
    }
  }

  private static long counter(Storage storage, String name) {
    return storage.stats(0).counters().getOrDefault(name, 0.0).longValue();
  }

  private void append(Storage storage, SampleBatch batch) {
    batch.clear();
    for (int i = 0; i < BATCH; i++) {
      batch.add(refs[at + i], timeMs, (at + i) % 97 + timeMs / STEP_MS % 1000);
    }
    at += BATCH;
    if (at == series) {
      at = 0;
      timeMs += STEP_MS;
    }
    if (!storage.append(batch).allOk()) {
      throw new IllegalStateException("refused at " + timeMs);
    }
  }

  private List<Thread> readers(Storage storage) {
    List<List<Matcher>> all = List.of(List.of(Matcher.equal("job", "node")));
    Pattern ending = Pattern.compile("host-.*9", Pattern.DOTALL);
    List<List<Matcher>> some =
        List.of(
            List.of(Matcher.regex("instance", ending.pattern(), v -> ending.matcher(v).matches())));
    Pattern loose = Pattern.compile("(?i)HOST-.*", Pattern.DOTALL);
    SelectRequest request =
        SelectRequest.of(
            List.of(Matcher.regex("instance", loose.pattern(), v -> loose.matcher(v).matches())),
            0,
            Long.MAX_VALUE);
    return List.of(
        loop(() -> {
          storage.series(all, 0, Long.MAX_VALUE, 0);
          storage.labelValues("instance", some, 0, Long.MAX_VALUE, 0);
        }),
        loop(() -> {
          try (SeriesCursor cursor = storage.select(request)) {
            cursor.nextSeries();
          }
        }));
  }

  private Thread loop(Runnable work) {
    return Thread.ofPlatform()
        .name("reader")
        .start(() -> {
          while (!done) {
            work.run();
            listings.incrementAndGet();
          }
        });
  }

  /**
   * Times of appends.
   *
   * @param sortedNanos of those that met no collection
   * @param collected how many did
   */
  private record Latencies(long[] sortedNanos, int collected, long pausesMs) {
    double quantileMs(double share) {
      int n = sortedNanos.length;
      return n == 0 ? Double.NaN : sortedNanos[Math.min(n - 1, (int) (n * share))] / 1e6;
    }

    double longestMs() {
      return quantileMs(1);
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%,d appends, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, longest %.1f ms; %d more met a"
              + " collection (%d ms in all)",
          sortedNanos.length,
          quantileMs(0.5),
          quantileMs(0.99),
          quantileMs(0.999),
          longestMs(),
          collected,
          pausesMs);
    }
  }

  private interface Condition {
    boolean holds();
  }

  private Latencies measure(Storage storage, long nanos, Condition enough)
      throws InterruptedException {
    SampleBatch batch = new SampleBatch(BATCH);
    long[] times = new long[1 << 18];
    int n = 0;
    int collected = 0;
    long pauses = pausesMs();
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end && n < times.length && !(n % 256 == 255 && enough.holds())) {
      long collections = collections();
      long begun = System.nanoTime();
      append(storage, batch);
      long took = System.nanoTime() - begun;
      if (collections() == collections) {
        times[n++] = took;
      } else {
        collected++;
      }
      Thread.sleep(4); // 200,000 samples a second and more: a million series in a few seconds
    }
    long[] sorted = Arrays.copyOf(times, n);
    Arrays.sort(sorted);
    return new Latencies(sorted, collected, pausesMs() - pauses);
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

  // ---- scrapes of a real server ----------------------------------------------------------------

  /** Targets that note when they are scraped. */
  private static final class PunctualTargets implements AutoCloseable {
    private final HttpServer http;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicLongArray last = new AtomicLongArray(TARGETS);
    private final AtomicLong latest = new AtomicLong(); // nanoseconds
    private final AtomicInteger scrapes = new AtomicInteger();
    private volatile boolean measuring;

    PunctualTargets() throws IOException {
      http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
      http.setExecutor(threads);
      byte[] body = "# TYPE punctual gauge\npunctual 1\n".getBytes(StandardCharsets.UTF_8);
      http.createContext(
          "/",
          exchange -> {
            int target = Integer.parseInt(exchange.getRequestURI().getPath().substring(1));
            long now = System.nanoTime();
            long before = last.getAndSet(target, now);
            if (measuring && before != 0) {
              scrapes.incrementAndGet();
              latest.accumulateAndGet(now - before - INTERVAL_MS * 1_000_000, Math::max);
            }
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
            try (exchange) {
              exchange.sendResponseHeaders(200, body.length);
              exchange.getResponseBody().write(body);
            }
          });
      http.start();
    }

    String config() {
      StringBuilder text =
          new StringBuilder("global: {scrape_interval: 5s, scrape_timeout: 5s}\nscrape_configs:\n")
              .append("  - {job_name: punctual, static_configs: [");
      for (int i = 0; i < TARGETS; i++) {
        text.append(i == 0 ? "" : ", ")
            .append("{targets: ['127.0.0.1:")
            .append(http.getAddress().getPort())
            .append("'], labels: {target: '")
            .append(i)
            .append("', __metrics_path__: /")
            .append(i)
            .append("}}");
      }
      return text.append("]}\n").toString();
    }

    @Override
    public void close() {
      http.stop(0);
      threads.close();
    }
  }

  private void scrapes() throws IOException, InterruptedException {
    Path folder = Files.createDirectories(proof.folder().resolve("server"));
    try (PunctualTargets targets = new PunctualTargets()) {
      Files.writeString(folder.resolve("prometheus.yml"), targets.config());
      Files.writeString(
          folder.resolve("alertmanager.yml"),
          "route: {receiver: none}\nreceivers: [{name: none}]\n");
      try (ServerUnderTest server =
          ServerUnderTest.start(
              proof.assembled(),
              folder,
              Files.createDirectories(folder.resolve("plugins")),
              new ServerUnderTest.Launch(
                  List.of(), List.of("--web.enable-remote-write-receiver"), "-Xmx4g"))) {
        fill(server);
        targets.measuring = true;
        AtomicInteger answered = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        done = false;
        List<Thread> readers = new ArrayList<>();
        for (String path :
            new String[] {
              "/api/v1/series?match[]=" + ServerUnderTest.encode("{job=\"node\"}"),
              "/api/v1/label/instance/values?match[]="
                  + ServerUnderTest.encode("{instance=~\"host-.*9\"}"),
              "/api/v1/query?query=" + ServerUnderTest.encode("count({instance=~\"(?i)HOST-.*\"})")
            }) {
          readers.add(
              Thread.ofPlatform()
                  .name("reader")
                  .start(() -> {
                    try {
                      while (!done) {
                        int status = server.get(path).statusCode();
                        (status == 200 ? answered : refused).incrementAndGet();
                      }
                    } catch (IOException e) {
                      refused.incrementAndGet();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  }));
        }
        try (StallMeter stalls = new StallMeter()) {
          Thread.sleep(seconds * 1000);
          done = true;
          targets.measuring = false;
          List<String> problems = new ArrayList<>();
          double late = targets.latest.get() / 1e9;
          if (late > MOST_LATE * INTERVAL_MS / 1e3) {
            problems.add("more than a tenth of the interval");
          }
          if (targets.scrapes.get() < TARGETS * (seconds * 1000 / INTERVAL_MS - 1)) {
            problems.add("only " + targets.scrapes.get() + " scrapes");
          }
          proof.verdict(
              "scrapes of a server with as many series under listings and regexes",
              String.format(
                  Locale.ROOT,
                  "%d scrapes each %d s, the latest %.0f ms after its time; %d requests over all"
                      + " series answered, %d not; the machine stalled for %.0f ms at most",
                  targets.scrapes.get(),
                  INTERVAL_MS / 1000,
                  late * 1e3,
                  answered.get(),
                  refused.get(),
                  stalls.longest() * 1e3),
              problems);
        }
        for (Thread reader : readers) {
          reader.join();
        }
      }
    }
  }

  private void fill(ServerUnderTest server) throws IOException, InterruptedException {
    WriteRequest request = new WriteRequest();
    long[] now = {System.currentTimeMillis()};
    for (int i = 0; i < series; i++) {
      TreeMap<String, String> labels = new TreeMap<>();
      labels.put("__name__", name(i));
      labels.put("instance", instance(i));
      labels.put("job", "node");
      request.series(labels, now, new double[] {i}, 0, 1);
      if (i % SERIES_PER_REQUEST == SERIES_PER_REQUEST - 1 || i == series - 1) {
        var answer = server.write(request.finish());
        if (answer.statusCode() / 100 != 2) {
          throw new IOException(
              "remote write: " + answer.statusCode() + " " + answer.body().strip());
        }
      }
    }
  }
}
