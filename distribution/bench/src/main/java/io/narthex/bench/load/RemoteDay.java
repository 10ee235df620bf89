package io.narthex.bench.load;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.Proof;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.siege.Counters;
import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.bench.torture.StorageSwap;
import io.narthex.model.NativeHistogram;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A day of samples by remote write 1.0 and 2.0, as fast as a real server takes them, while it
 * makes, merges and deletes blocks and answers queries, with a restart, a kill and a replacement of
 * the storage. Afterwards the number and the sum of the samples of each series in each hour are
 * right.
 *
 * <p>Usage: {@code RemoteDay ASSEMBLED_FOLDER [--series=10000] [--hours=24] [--seed=N] [--keep]}.
 */
public final class RemoteDay {
  private static final long STEP_MS = 60_000;
  private static final int STEPS_PER_HOUR = 60;
  private static final long HOUR_MS = STEPS_PER_HOUR * STEP_MS;

  /** Steps of a request. */
  private static final int AT_ONCE = 2;

  /** One series in so many is of histograms. */
  private static final int HISTOGRAMS = 50;

  /** Hours of samples before, which the retention deletes meanwhile. */
  private static final int OLD_HOURS = 12;

  private static final int HOURS_AT_ONCE = 4;
  private static final String NAME = "day";

  private final Proof proof;
  private final int series;
  private final int hours;
  private final long startMs;
  private final List<TreeMap<String, String>> labels = new ArrayList<>();
  private final List<String> problems = new ArrayList<>(); // guarded by itself
  private final AtomicInteger step = new AtomicInteger();

  /** The writers of both versions: neither runs ahead of the other. */
  private final Phaser together = new Phaser(2);

  private final AtomicLong repeated = new AtomicLong();
  private final AtomicLong queries = new AtomicLong();
  private volatile @Nullable ServerUnderTest server;
  private volatile boolean done;

  private RemoteDay(Proof proof) throws IOException {
    this.proof = proof;
    series = (int) proof.number("series");
    hours = (int) proof.number("hours");
    startMs = (System.currentTimeMillis() - hours * HOUR_MS) / HOUR_MS * HOUR_MS;
    for (int s = 0; s < series; s++) {
      TreeMap<String, String> set = new TreeMap<>();
      set.put("__name__", isHistogram(s) ? NAME + "_seconds" : NAME + "_total");
      set.put("instance", "host-" + s / 100);
      set.put("series", Integer.toString(s));
      labels.add(set);
    }
    Path folder = proof.folder();
    Files.createDirectories(folder.resolve("plugins"));
    Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
    Files.writeString(
        folder.resolve("alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n");
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.run(
        "remote-day",
        args,
        Map.of("series", 10_000L, "hours", 24L),
        proof -> new RemoteDay(proof).run());
  }

  private boolean isHistogram(int s) {
    return s % HISTOGRAMS == 0;
  }

  private static long value(int s, int k) {
    long x = (long) s << 32 | k;
    x = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
    x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
    return (x ^ x >>> 31) & (1L << 30) - 1;
  }

  private static NativeHistogram histogram(int s, int k) {
    long n = value(s, k) & 0xffff;
    return NativeHistogram.builder()
        .schema(2)
        .count(10 * n)
        .sum(n)
        .positive(new int[] {0, 2, 3, 2}, new double[] {n, 2 * n, 3 * n, 4 * n})
        .build();
  }

  private ServerUnderTest start() throws IOException, InterruptedException {
    return ServerUnderTest.start(
        proof.assembled(),
        proof.folder(),
        proof.folder().resolve("plugins"),
        new ServerUnderTest.Launch(
            List.of(),
            List.of(
                "--web.enable-remote-write-receiver",
                "--storage.tsdb.max-block-duration=6h",
                "--storage.tsdb.retention.time=" + (hours + 2) + "h"),
            "-Xmx2g"));
  }

  private ServerUnderTest current() {
    ServerUnderTest now = server;
    if (now == null) {
      throw new IllegalStateException("not started");
    }
    return now;
  }

  private void problem(String text) {
    synchronized (problems) {
      problems.add(text);
    }
  }

  private void run() throws IOException, InterruptedException {
    server = start();
    try {
      writeOld();
      long begun = System.nanoTime();
      Thread first = Thread.ofPlatform().name("write-1").start(() -> write(false));
      Thread second = Thread.ofPlatform().name("write-2").start(() -> write(true));
      Thread asking = Thread.ofPlatform().name("queries").start(this::ask);
      int total = hours * STEPS_PER_HOUR;
      List<String> breaks = new ArrayList<>();
      breaks.add(interrupt(total / 4, "restart"));
      breaks.add(interrupt(total / 2, "replacement of the storage"));
      breaks.add(interrupt(total * 3 / 4, "kill"));
      first.join();
      second.join();
      double seconds = (System.nanoTime() - begun) / 1e9;
      done = true;
      asking.join();
      long samples = (long) series * total;
      List<String> refused;
      synchronized (problems) {
        refused = List.copyOf(problems);
      }
      proof.verdict(
          "nothing refused",
          String.format(
              Locale.ROOT,
              "%,d samples in %.0f s, %,.0f a second; %d requests sent again; %s",
              samples,
              seconds,
              samples / seconds,
              repeated.get(),
              String.join(", ", breaks)),
          refused);
      work();
      compare("all samples");
      current().close();
      server = start();
      compare("all samples after one more restart");
    } finally {
      done = true;
      current().close();
    }
  }

  /** Waits for a step and interrupts the server; returns what it was and how long it took. */
  private String interrupt(int at, String how) throws IOException, InterruptedException {
    while (step.get() < at) {
      synchronized (problems) {
        if (!problems.isEmpty()) {
          return how + " left out";
        }
      }
      Thread.sleep(20);
    }
    long begun = System.nanoTime();
    switch (how) {
      case "restart" -> {
        current().close();
        server = start();
      }
      case "kill" -> {
        current().kill();
        server = start();
      }
      default -> StorageSwap.run(current(), proof.assembled(), 1);
    }
    return String.format(Locale.ROOT, "%s in %.1f s", how, (System.nanoTime() - begun) / 1e9);
  }

  // ---- writing ---------------------------------------------------------------------------------

  private void writeOld() throws IOException, InterruptedException {
    WriteRequest request = new WriteRequest();
    TreeMap<String, String> old = new TreeMap<>(Map.of("__name__", "old"));
    for (int k = -OLD_HOURS * STEPS_PER_HOUR; k < 0; k++) {
      request.series(old, new long[] {startMs + k * STEP_MS}, new double[] {k}, 0, 1);
    }
    HttpResponse<String> answer = current().write(request.finish());
    if (answer.statusCode() / 100 != 2) {
      throw new IOException("remote write: " + answer.statusCode() + " " + answer.body().strip());
    }
  }

  private void write(boolean second) {
    WriteRequest request = new WriteRequest(second);
    long[] times = new long[AT_ONCE];
    double[] values = new double[AT_ONCE];
    @Nullable NativeHistogram[] histograms = new NativeHistogram[AT_ONCE];
    int from = second ? series / 2 : 0;
    int to = second ? series : series / 2;
    try {
      for (int k = 0; k < hours * STEPS_PER_HOUR; k += AT_ONCE) {
        for (int s = from; s < to; s++) {
          for (int i = 0; i < AT_ONCE; i++) {
            times[i] = startMs + (k + i) * STEP_MS;
            values[i] = value(s, k + i);
            if (isHistogram(s)) {
              histograms[i] = histogram(s, k + i);
            }
          }
          if (isHistogram(s)) {
            request.histograms(labels.get(s), times, histograms, 0, AT_ONCE);
          } else {
            request.series(labels.get(s), times, values, 0, AT_ONCE);
          }
        }
        if (!send(request.finish(), second, (to - from) * AT_ONCE)) {
          return;
        }
        step.accumulateAndGet(k, Math::max);
        together.arriveAndAwaitAdvance();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      together.arriveAndDeregister();
      step.set(Integer.MAX_VALUE / 2);
    }
  }

  private boolean send(byte[] body, boolean second, int samples) throws InterruptedException {
    for (boolean again = false; ; again = true) {
      try {
        HttpResponse<String> answer = current().write(body, second);
        int status = answer.statusCode();
        if (status / 100 == 2) {
          long written =
              answer
                      .headers()
                      .firstValueAsLong("X-Prometheus-Remote-Write-Samples-Written")
                      .orElse(0)
                  + answer
                      .headers()
                      .firstValueAsLong("X-Prometheus-Remote-Write-Histograms-Written")
                      .orElse(0);
          if (second && !again && written != samples) {
            problem(written + " of " + samples + " samples of a request were written");
          }
          return true;
        }
        if (status / 100 == 4) {
          problem("refused: " + status + " " + answer.body().strip());
          return false;
        }
      } catch (IOException e) {
        // being restarted
      }
      repeated.incrementAndGet();
      Thread.sleep(100);
    }
  }

  private void ask() {
    String[] paths = {
      "/api/v1/query?query=" + ServerUnderTest.encode("sum by (instance) (rate(day_total[5m]))"),
      "/api/v1/query?query="
          + ServerUnderTest.encode("histogram_quantile(0.9, sum(rate(day_seconds[10m])))"),
      "/api/v1/label/instance/values",
      "/api/v1/series?match[]=" + ServerUnderTest.encode("day_total{series=~\"1.*7\"}"),
    };
    try {
      while (!done) {
        for (String path : paths) {
          long now = startMs + Math.min(step.get(), hours * STEPS_PER_HOUR) * STEP_MS;
          try {
            int status =
                current()
                    .get(path + (path.contains("?") ? "&" : "?") + "time=" + now / 1000)
                    .statusCode();
            if (status == 200) {
              queries.incrementAndGet();
            } else if (status / 100 == 4) {
              problem(path + ": " + status);
            }
          } catch (IOException e) {
            // being restarted
          }
          Thread.sleep(20);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- checking --------------------------------------------------------------------------------

  /** Checks that blocks were made, merged and deleted. */
  private void work() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + 90_000_000_000L;
    while (true) {
      List<String> missing = new ArrayList<>();
      int blocks = 0;
      int merged = 0;
      long oldest = Long.MAX_VALUE;
      for (JsonNode b : current().data("/api/v1/status/tsdb/blocks").path("blocks")) {
        blocks++;
        merged += b.path("compaction").path("level").asInt() > 1 ? 1 : 0;
        oldest = Math.min(oldest, b.path("minTime").asLong());
      }
      Map<String, Double> metrics = Counters.read(current());
      if (blocks < 2) {
        missing.add("there are " + blocks + " blocks");
      }
      if (merged == 0) {
        missing.add("no block was merged");
      }
      if (oldest <= startMs - OLD_HOURS * HOUR_MS + 2 * HOUR_MS) {
        missing.add("the retention has deleted nothing");
      }
      metrics.forEach((name, value) -> {
        if (name.startsWith("narthex_tsdb_task_failures_total") && value > 0) {
          missing.add(name + " is " + value);
        }
      });
      if (missing.isEmpty() || System.nanoTime() > deadline) {
        proof.verdict(
            "blocks, merging, retention, queries",
            blocks + " blocks, " + merged + " merged, " + queries.get() + " queries answered",
            missing);
        return;
      }
      Thread.sleep(500);
    }
  }

  private void compare(String what) throws IOException, InterruptedException {
    List<String> wrong = new ArrayList<>();
    long compared = 0;
    for (int hour = 0; hour < hours; hour += HOURS_AT_ONCE) {
      int to = Math.min(hours, hour + HOURS_AT_ONCE);
      compared += compare("count_over_time(day_total[1h])", hour, to, false, (_, _) -> 1, wrong);
      compare("sum_over_time(day_total[1h])", hour, to, false, RemoteDay::value, wrong);
      compared += compare("count_over_time(day_seconds[1h])", hour, to, true, (_, _) -> 1, wrong);
      compare(
          "histogram_count(sum_over_time(day_seconds[1h]))",
          hour,
          to,
          true,
          (s, k) -> (long) histogram(s, k).count(),
          wrong);
      compare(
          "histogram_sum(sum_over_time(day_seconds[1h]))",
          hour,
          to,
          true,
          (s, k) -> (long) histogram(s, k).sum(),
          wrong);
    }
    proof.verdict(
        what, String.format(Locale.ROOT, "%,d samples in windows of 1 h", compared), wrong);
  }

  private interface Part {
    long of(int series, int step);
  }

  /** Compares the hours from one to another; returns how many samples they have. */
  private long compare(
      String query, int fromHour, int toHour, boolean histograms, Part part, List<String> wrong)
      throws IOException, InterruptedException {
    // a range is open at its begin
    long first = startMs + (fromHour + 1) * HOUR_MS - STEP_MS;
    long last = startMs + toHour * HOUR_MS - STEP_MS;
    JsonNode result =
        current()
            .data(
                "/api/v1/query_range?query="
                    + ServerUnderTest.encode(query)
                    + "&start="
                    + first / 1000
                    + "&end="
                    + last / 1000
                    + "&step=3600")
            .path("result");
    boolean[] seen = new boolean[series];
    long samples = 0;
    for (JsonNode one : result) {
      int s = one.path("metric").path("series").asInt();
      seen[s] = one.path("values").size() == toHour - fromHour;
      for (JsonNode value : one.path("values")) {
        long end = value.path(0).asLong() * 1000;
        int to = (int) ((end - startMs) / STEP_MS);
        double expected = 0;
        for (int k = to - STEPS_PER_HOUR + 1; k <= to; k++) {
          expected += part.of(s, k);
        }
        samples += STEPS_PER_HOUR;
        if (value.path(1).asDouble() != expected) {
          wrong.add(
              query
                  + " of series "
                  + s
                  + " at "
                  + end
                  + " is "
                  + value.path(1).asText()
                  + ", expected "
                  + expected);
        }
      }
    }
    for (int s = 0; s < series; s++) {
      if (isHistogram(s) == histograms && !seen[s]) {
        wrong.add(query + " of series " + s + ": not all hours from " + fromHour + " on");
      }
    }
    return samples;
  }
}
