package io.narthex.storage.tsdb;

import io.narthex.spi.config.ByteSize;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Measures how many batches per second several threads can append when each is forced to the disk.
 * Not a test; arguments: threads, seconds, rows of a batch, folder, format of it (1 or 2), policy.
 */
final class CommitRate {
  private CommitRate() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    int threads = args.length > 0 ? Integer.parseInt(args[0]) : 8;
    long seconds = args.length > 1 ? Long.parseLong(args[1]) : 5;
    int rows = args.length > 2 ? Integer.parseInt(args[2]) : 100;
    Path folder = args.length > 3 ? Path.of(args[3]) : Files.createTempDirectory("commit-rate");
    new WalFiles(args.length < 5 || !args[4].equals("1")).prepare(folder);
    TsdbConfig d = TsdbConfig.DEFAULT;
    TsdbConfig config =
        new TsdbConfig(
            d.retentionTime(),
            d.retentionSize(),
            d.minBlockDuration(),
            d.maxBlockDuration(),
            d.outOfOrderTimeWindow(),
            args.length > 5 ? args[5] : "always",
            new ByteSize(64 << 20),
            d.maxExemplars(),
            false);
    long[] appended = new long[threads];
    long started;
    try (TsdbStorage db = TestDb.open(folder, config)) {
      long[][] refs = new long[threads][rows];
      for (int t = 0; t < threads; t++) {
        for (int i = 0; i < rows; i++) {
          refs[t][i] = db.resolve(TestDb.series("m" + t, i));
        }
      }
      started = System.nanoTime();
      long end = started + seconds * 1_000_000_000L;
      List<Thread> running = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int writer = t;
        running.add(
            Thread.ofPlatform().start(() -> append(db, refs[writer], end, appended, writer)));
      }
      for (Thread t : running) {
        t.join();
      }
      double taken = (System.nanoTime() - started) / 1e9;
      long sum = 0;
      for (long n : appended) {
        sum += n;
      }
      System.out.println(
          String.format(
              Locale.ROOT,
              "%d threads, %d rows a batch: %.0f batches/s, %.0f samples/s",
              threads,
              rows,
              sum / taken,
              sum * rows / taken));
    }
    Directories.deleteTree(LocalDisk.INSTANCE, folder);
  }

  private static void append(TsdbStorage db, long[] refs, long end, long[] appended, int writer) {
    SampleBatch batch = new SampleBatch(refs.length);
    long n = 0;
    while (System.nanoTime() < end) {
      batch.clear();
      for (long ref : refs) {
        batch.add(ref, TestDb.T0 + n, n);
      }
      if (!db.append(batch).allOk()) {
        throw new IllegalStateException("refused");
      }
      n++;
    }
    appended[writer] = n;
  }
}
