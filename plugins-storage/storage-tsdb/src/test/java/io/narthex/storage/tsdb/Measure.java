package io.narthex.storage.tsdb;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Measures the database with data like a node exporter's. Not a test; arguments: targets, series of
 * each, minutes, folder, format of it (1 or 2).
 */
final class Measure {
  private static final long STEP = 15_000;

  private final int targets;
  private final int perTarget;
  private final int steps;
  private final Path folder;
  private final WalFiles format;
  private final NodeLikeData data;

  private Measure(String[] args) throws IOException {
    targets = args.length > 0 ? Integer.parseInt(args[0]) : 100;
    perTarget = args.length > 1 ? Integer.parseInt(args[1]) : 1000;
    steps = (args.length > 2 ? Integer.parseInt(args[2]) : 180) * 4;
    folder = args.length > 3 ? Path.of(args[3]) : Files.createTempDirectory("measure");
    format = new WalFiles(args.length < 5 || !args[4].equals("1"));
    data = new NodeLikeData(targets, perTarget);
  }

  public static void main(String[] args) throws IOException {
    new Measure(args).run();
  }

  /** Time the thread has computed: other processes on the machine do not count. */
  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  private void run() throws IOException {
    format.prepare(folder);
    TsdbStorage db = TestDb.open(folder);
    long empty = heap();
    long series = (long) targets * perTarget;
    long started = cpu();
    long[] refs = new long[targets * perTarget];
    for (int t = 0; t < targets; t++) {
      for (int i = 0; i < perTarget; i++) {
        refs[t * perTarget + i] = db.resolve(NodeLikeData.labels(t, i));
      }
    }
    print("new series", "%.0f ns each", (cpu() - started) / (double) series);
    print("memory of an empty series", "%.0f bytes", (heap() - empty) / (double) series);

    SampleBatch batch = new SampleBatch(perTarget);
    long spent = 0;
    long half = 0;
    for (int s = 0; s < steps; s++) {
      for (int t = 0; t < targets; t++) {
        batch.clear();
        long time = TestDb.T0 + s * STEP + t * 100;
        for (int i = 0; i < perTarget; i++) {
          batch.add(refs[t * perTarget + i], time, data.next(t, i, s));
        }
        long before = cpu();
        if (!db.append(batch).allOk()) {
          throw new IllegalStateException("refused");
        }
        spent += cpu() - before;
      }
      if (s == steps / 2) {
        half = spent;
      }
    }
    long samples = series * steps;
    print("append", "%.1f ns/sample", spent / (double) samples);
    print("append, second half", "%.1f ns/sample", (spent - half) / (samples / 2.0));
    print(
        "log",
        "%.2f bytes/sample",
        Directories.bytesIn(LocalDisk.INSTANCE, format.wal(folder)) / (double) samples);
    print("head chunks", "%.2f bytes/sample", db.head().chunks().bytes() / (double) samples);
    print("heap with samples", "%.0f bytes/series", (heap() - empty) / (double) series);
    db.head().spill(LocalDisk.INSTANCE, folder);
    print(
        "heap with samples, pages moved", "%.0f bytes/series", (heap() - empty) / (double) series);
    queries(db, "head");

    db.crash();
    started = cpu();
    db = TestDb.open(folder);
    print("replay of the WAL", "%.2f s", (cpu() - started) / 1e9);
    started = cpu();
    db.maintain();
    print("flush", "%.2f s", (cpu() - started) / 1e9);
    long inBlocks = 0;
    long bytes = 0;
    for (Block b : db.blocks().list()) {
      inBlocks += b.meta.samples();
      bytes += b.bytes;
      print(
          "  index " + b.meta.id(),
          "%.1f bytes/series",
          Files.size(b.folder.resolve("index")) / (double) b.meta.series());
    }
    print("blocks", "%.2f bytes/sample", bytes / (double) inBlocks);
    print("memory after flush", "%.0f bytes/series", (heap() - empty) / (double) series);
    queries(db, "block");
    started = cpu();
    db.close();
    print("close", "%.2f s", (cpu() - started) / 1e9);
    started = cpu();
    db = TestDb.open(folder);
    print("open from snapshot", "%.2f s", (cpu() - started) / 1e9);
    db.close();
    Directories.deleteTree(LocalDisk.INSTANCE, folder);
  }

  private static void print(String what, String format, double value) {
    System.out.println(
        String.format(Locale.ROOT, "%-40s ", what) + String.format(Locale.ROOT, format, value));
  }

  private void queries(TsdbStorage db, String where) {
    Matcher all = Matcher.notEqual("__name__", "");
    for (int round = 0; round < 2; round++) {
      query(db, where + ": one metric, all time", Matcher.equal("__name__", "node_metric_7"));
      query(db, where + ": instance=~.*1.*", TestDb.regex("instance", "host-.*1.*:9100"));
    }
    query(db, where + ": everything", all);
  }

  private static void query(TsdbStorage db, String what, Matcher m) {
    long started = cpu();
    long rows = 0;
    long series = 0;
    double sum = 0;
    SampleTile tile = new SampleTile(256);
    try (SeriesCursor cursor =
        db.select(SelectRequest.of(List.of(m), TestDb.T0, TestDb.T0 + 7_000_000))) {
      while (cursor.nextSeries()) {
        series++;
        while (cursor.nextTile(tile)) {
          rows += tile.size;
          sum += tile.values[0];
        }
      }
    }
    double ns = cpu() - started;
    print(
        what,
        "%.2f ms, "
            + series
            + " series, "
            + String.format(Locale.ROOT, "%.1f ns/sample", ns / Math.max(1, rows))
            + (sum == 0.123 ? "!" : ""),
        ns / 1e6);
  }
}
