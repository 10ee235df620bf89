package io.narthex.bench.storage;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.bench.Answer;
import io.narthex.bench.Peer;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.storage.Workload.Encoded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Samples by remote write as Prometheus sends them: 2,000 series with a sample each in a request,
 * 15 s apart. Measures processor time, memory, disk and queries.
 */
final class RemoteLoad {
  private static final ObjectMapper JSON = new ObjectMapper();
  static final long STEP_MS = 15_000;
  private static final int PER_REQUEST = 2_000;
  private static final long SETTLE_MS = 10_000;
  private static final long JUST_STARTED_MS = 5_000;
  private static final long REST_MS = 60_000;

  private final Workload workload;
  private final Encoded labels;
  private final int steps;
  private final long startMs;

  RemoteLoad(Workload workload, int steps) {
    this.workload = workload;
    this.steps = steps;
    labels = workload.encoded();
    startMs = System.currentTimeMillis() / 60_000 * 60_000 - steps * STEP_MS - 120_000;
  }

  /** The rows of a size. */
  record Rows(Row cpu, Row peak, Row after, @Nullable Row blocks, Row disk, Row queries) {
    static final Rows TEN_THOUSAND =
        new Rows(
            Row.WRITE_10K,
            Row.MEMORY_10K,
            Row.MEMORY_10K_AFTER,
            Row.BLOCKS,
            Row.DISK_10K,
            Row.QUERIES_10K);
    static final Rows MILLION =
        new Rows(
            Row.WRITE_1M, Row.MEMORY_1M, Row.MEMORY_1M_AFTER, null, Row.DISK_1M, Row.QUERIES_1M);
  }

  long samples() {
    return (long) workload.series() * steps;
  }

  /** Sends all samples. */
  void send(Peer peer) throws IOException, InterruptedException {
    workload.restart();
    WriteRequest request = new WriteRequest();
    try (ExecutorService sender = Executors.newSingleThreadExecutor()) {
      Future<?> running = null;
      for (int step = 0; step < steps; step++) {
        workload.advance();
        long stepMs = startMs + step * STEP_MS;
        for (int s = 0; s < workload.series(); s++) {
          request.series(
              labels.bytes(),
              labels.from(s),
              labels.length(s),
              stepMs + workload.offsetMs(s / workload.perTarget()),
              workload.value(s));
          if ((s + 1) % PER_REQUEST == 0 || s + 1 == workload.series()) {
            byte[] body = request.finish();
            await(running);
            running =
                sender.submit(() -> {
                  peer.write(body);
                  return null;
                });
          }
        }
      }
      await(running);
    }
  }

  private static void await(@Nullable Future<?> running) throws IOException, InterruptedException {
    try {
      if (running != null) {
        running.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
    }
  }

  /** Returns a time after the newest sample. */
  long endMs() {
    return startMs + steps * STEP_MS;
  }

  private DashboardQueries queries() {
    return new DashboardQueries(startMs, endMs(), steps > 100 ? "5m" : "2m");
  }

  /**
   * Loads and measures one server.
   *
   * @param expected answers of Prometheus in this round, empty when there are none yet
   * @return the server's answers
   */
  Map<String, Answer> round(
      Subject subject, StorageBench bench, Rows rows, Map<String, Answer> expected)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory(bench.folder(), subject.name());
    Path data = folder.resolve("data");
    Map<String, Answer> answers;
    try (Peer peer = subject.start(bench.assembled(), folder, Subject.NOTHING)) {
      try (Footprint.Watch watch = new Footprint.Watch(peer.pid())) {
        double before = peer.cpuSeconds();
        long begun = System.nanoTime();
        send(peer);
        double sending = (System.nanoTime() - begun) / 1e9;
        Thread.sleep(SETTLE_MS);
        System.out.printf(Locale.ROOT, "       %s: sent in %.1f s%n", subject, sending);
        bench.add(rows.cpu, subject, (peer.cpuSeconds() - before) * 1e6 / samples());
        bench.add(rows.disk, subject, (double) storedBytes(data) / samples());
        DashboardQueries queries = queries();
        List<Double> times = queries.times(peer);
        System.out.println("       " + times.stream().map(Row::trim).toList());
        bench.add(rows.queries, subject, Medians.geometric(times));
        answers = queries.answers(peer);
        bench.add(rows.peak, subject, watch.peak() / 1048576.0);
      }
      if (subject == Subject.NARTHEX) {
        bench.differences(DashboardQueries.differences(expected, answers));
      }
      Thread.sleep(REST_MS);
      bench.add(rows.after, subject, Footprint.memory(peer.pid()) / 1048576.0);
    }
    if (rows.blocks != null) {
      bench.add(rows.blocks, subject, bytesPerSampleOfBlocks(subject, data));
      small(subject, bench, folder);
    }
    bench.delete(folder);
    return answers;
  }

  /** Returns the bytes of samples, index and log, without what Narthex keeps of its plugins. */
  private static long storedBytes(Path data) throws IOException {
    Path plugins = data.resolve("narthex");
    return Footprint.disk(data) - (Files.exists(plugins) ? Footprint.disk(plugins) : 0);
  }

  private void small(Subject subject, StorageBench bench, Path folder)
      throws IOException, InterruptedException {
    try (Peer peer = subject.start(bench.assembled(), folder, Subject.NOTHING)) {
      Thread.sleep(JUST_STARTED_MS);
      List<Double> small = queries().small(peer);
      bench.add(Row.SMALL, subject, small.get(0));
      bench.add(Row.SMALL_RANGE, subject, small.get(1));
    }
  }

  /**
   * Reads what the blocks say; VictoriaMetrics has all samples in its parts once it has stopped.
   */
  private double bytesPerSampleOfBlocks(Subject subject, Path data) throws IOException {
    if (subject == Subject.VICTORIA_METRICS) {
      return (double) Footprint.disk(data) / samples();
    }
    long bytes = 0;
    long samples = 0;
    Path blocks = subject == Subject.NARTHEX ? data.resolve("blocks") : data;
    try (Stream<Path> all = Files.list(blocks)) {
      for (Path block : all.filter(b -> Files.exists(b.resolve("meta.json"))).toList()) {
        bytes += Footprint.disk(block);
        samples +=
            JSON.readTree(block.resolve("meta.json").toFile()).at("/stats/numSamples").asLong();
      }
    }
    return (double) bytes / samples;
  }
}
