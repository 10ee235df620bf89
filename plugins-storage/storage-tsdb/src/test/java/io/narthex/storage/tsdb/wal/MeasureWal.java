package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.NodeLikeData;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Measures the WAL by itself. Not a test; arguments: targets, series of each, steps; or a folder of
 * scraped pages in the text format, one a file, in the order of their names.
 */
final class MeasureWal implements SegmentReader.Handler {
  private static final long T0 = 1_700_000_000_000L;
  private static final long STEP = 15_000;

  private final List<Labels> labels = new ArrayList<>();
  private final Path folder;
  private final FramedWal wal;
  private final byte[] codes = new byte[1 << 16];
  private long samples;
  private long firstBytes; // of the first batch, which has the names of its series
  private long firstSamples;
  private long spent;
  private long read;
  private double sum;

  private MeasureWal() throws IOException {
    folder = Files.createTempDirectory("measure-wal");
    wal =
        new FramedWal(
            LocalDisk.INSTANCE,
            folder,
            folder,
            64 << 20,
            FramedWal.Position.FIRST,
            0,
            labels::get,
            () -> true,
            new Counters());
  }

  public static void main(String[] args) throws IOException {
    MeasureWal measure = new MeasureWal();
    if (args.length == 1) {
      measure.pages(Path.of(args[0]));
    } else {
      measure.generated(
          Integer.parseInt(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    }
    measure.result();
  }

  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private void generated(int targets, int perTarget, int steps) {
    NodeLikeData data = new NodeLikeData(targets, perTarget);
    for (int t = 0; t < targets; t++) {
      for (int i = 0; i < perTarget; i++) {
        labels.add(NodeLikeData.labels(t, i));
      }
    }
    SampleBatch batch = new SampleBatch(perTarget);
    for (int s = 0; s < steps; s++) {
      for (int t = 0; t < targets; t++) {
        batch.clear();
        for (int i = 0; i < perTarget; i++) {
          batch.add(t * perTarget + i, T0 + s * STEP + t * 100, data.next(t, i, s));
        }
        append(batch);
      }
    }
  }

  private void pages(Path pages) throws IOException {
    Map<String, Integer> ids = new HashMap<>();
    List<Path> files;
    try (Stream<Path> all = Files.list(pages)) {
      files = all.sorted().toList();
    }
    SampleBatch batch = new SampleBatch(1000);
    long time = T0;
    for (Path page : files) {
      batch.clear();
      for (String line : Files.readAllLines(page)) {
        int space = line.lastIndexOf(' ');
        if (!line.startsWith("#") && space > 0) {
          int id =
              ids.computeIfAbsent(
                  line.substring(0, space),
                  name -> {
                    labels.add(labels(name));
                    return labels.size() - 1;
                  });
          String text = line.substring(space + 1);
          double value =
              switch (text) {
                case "+Inf" -> Double.POSITIVE_INFINITY;
                case "-Inf" -> Double.NEGATIVE_INFINITY;
                default -> Double.parseDouble(text);
              };
          batch.add(id, time, value);
        }
      }
      append(batch);
      time += STEP;
    }
  }

  /** Reads {@code name{a="b",c="d"}}, as far as node exporters write it. */
  private static Labels labels(String text) {
    int brace = text.indexOf('{');
    List<String> texts =
        new ArrayList<>(List.of("instance", "host:9100", "job", "node", "__name__"));
    texts.add(brace < 0 ? text : text.substring(0, brace));
    if (brace >= 0) {
      String[] parts = text.substring(brace + 1, text.length() - 1).split("=\"|\",?", -1);
      texts.addAll(List.of(parts).subList(0, parts.length / 2 * 2));
    }
    return Labels.of(texts.toArray(String[]::new));
  }

  private void append(SampleBatch batch) {
    long before = cpu();
    wal.batch(batch, 0, codes, codes);
    wal.write(false);
    spent += cpu() - before;
    if (samples == 0) {
      firstBytes = wal.bytesOnDisk();
      firstSamples = batch.size();
    }
    samples += batch.size();
  }

  private static void print(String what, String format, double value) {
    System.out.println(
        String.format(Locale.ROOT, "%-20s ", what) + String.format(Locale.ROOT, format, value));
  }

  private void result() throws IOException {
    wal.close();
    List<Integer> segments = FramedWal.numbers(LocalDisk.INSTANCE, folder, Frame.Kind.WAL);
    print("series", "%.0f", labels.size());
    print("samples", "%.0f", samples);
    print("segments", "%.0f", segments.size());
    print("write", "%.1f ns/sample", spent / (double) samples);
    print(
        "size",
        "%.3f bytes/sample",
        Directories.bytesIn(LocalDisk.INSTANCE, folder) / (double) samples);
    print(
        "size, later",
        "%.3f bytes/sample",
        (Directories.bytesIn(LocalDisk.INSTANCE, folder) - firstBytes)
            / (double) (samples - firstSamples));
    for (int round = 0; round < 3; round++) {
      read = 0;
      SegmentReader reader = new SegmentReader(LocalDisk.INSTANCE, folder, this);
      long started = cpu();
      for (int i = 0; i < segments.size(); i++) {
        reader.read(segments.get(i), i + 1 < segments.size() ? segments.get(i + 1) : 0);
      }
      print("read", "%.1f ns/sample", (cpu() - started) / (double) samples);
      if (read != samples) {
        throw new IllegalStateException(read + " of " + samples + " samples read, sum " + sum);
      }
    }
    Directories.deleteTree(LocalDisk.INSTANCE, folder);
  }

  @Override
  public void series(int id, Labels ofSeries) {
    // the names are known
  }

  @Override
  public void row(
      int id,
      long timeMs,
      double value,
      io.narthex.model.@Nullable NativeHistogram histogram,
      long startTimeMs,
      boolean outOfOrder) {
    read++;
    sum += value;
  }

  @Override
  public void exemplar(int id, io.narthex.model.Exemplar exemplar) {
    throw new IllegalStateException("there are none");
  }

  @Override
  public void tombstones(TombstoneMap deleted) {
    throw new IllegalStateException("there are none");
  }

  @Override
  public void damage(Path segment, long offset, long length, String reason, MemorySegment bytes) {
    throw new IllegalStateException(segment + " at byte " + offset + ": " + reason);
  }
}
