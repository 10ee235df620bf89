package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.TestStorageContext;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Measures the start after a crash with a million series, and what they take on the disk. Not a
 * test. {@code fill FOLDER [targets] [steps] [steps between maintenance]} makes a folder with the
 * series and values of the storage benchmark's remote write; {@code open FOLDER} opens it, which is
 * to be done with a new process and a copy; {@code sizes FOLDER} tells what the records take.
 */
final class MeasureRestart {
  private static final int PER_TARGET = 1000;
  private static final int PER_BLOCK = 100;
  private static final int PER_BATCH = 2000;
  private static final long STEP_MS = 15_000;
  private static final String[] MODES = {
    "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"
  };
  private static final String[] BOUNDS = {
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf"
  };
  private static final String[] TRAFFIC = {
    "node_network_receive_bytes_total",
    "node_network_receive_packets_total",
    "node_network_transmit_bytes_total",
    "node_network_transmit_packets_total"
  };
  private static final String[] MEMORY = {
    "node_memory_Active_bytes",
    "node_memory_AnonPages_bytes",
    "node_memory_Buffers_bytes",
    "node_memory_Cached_bytes",
    "node_memory_Dirty_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemFree_bytes",
    "node_memory_Slab_bytes",
    "node_filesystem_avail_bytes",
    "node_filesystem_files_free",
    "node_load1"
  };

  private MeasureRestart() {}

  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[1]);
    switch (args[0]) {
      case "fill" -> fill(folder, number(args, 2, 1000), number(args, 3, 40), number(args, 4, 13));
      case "open" -> open(folder);
      default -> sizes(folder);
    }
  }

  private static int number(String[] args, int i, int otherwise) {
    return args.length > i ? Integer.parseInt(args[i]) : otherwise;
  }

  private static TsdbStorage storage(Path folder) {
    return TsdbStorage.open(
        TsdbConfig.DEFAULT,
        new TestStorageContext(folder, 1L << 40, new FakeClock(TestDb.T0 + TestDb.HOUR)),
        false);
  }

  private static void fill(Path folder, int targets, int steps, int between) throws IOException {
    Files.createDirectories(folder);
    TsdbStorage db = storage(folder);
    int n = targets * PER_TARGET;
    long[] refs = new long[n];
    Values values = new Values(n);
    SampleBatch batch = new SampleBatch(PER_BATCH);
    for (int step = 1; step <= steps; step++) {
      for (int s = 0; s < n; s++) {
        if (step == 1) {
          refs[s] = db.resolve(labels(s / PER_TARGET, s % PER_TARGET));
        }
        long offset = Math.floorMod(Values.mix(1 + s / PER_TARGET), STEP_MS);
        batch.add(refs[s], TestDb.T0 + step * STEP_MS + offset, values.next(s, step));
        if (batch.size() == PER_BATCH) {
          if (!db.append(batch).allOk()) {
            throw new IllegalStateException("refused");
          }
          batch.clear();
        }
      }
      if (step % between == 0) {
        db.maintain();
      }
    }
    db.crash();
    sizes(folder);
  }

  private static void open(Path folder) {
    long started = System.nanoTime();
    TsdbStorage db = storage(folder);
    print("open", "%.2f s", (System.nanoTime() - started) / 1e9);
    print(
        "processor time of the thread",
        "%.2f s",
        ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9);
    print("series", "%.0f", db.head().index().seriesCount());
    db.crash();
  }

  private static void print(String what, String format, double value) {
    System.out.println(
        String.format(Locale.ROOT, "%-40s ", what) + String.format(Locale.ROOT, format, value));
  }

  /** Prints the bytes of each file and of its records by type. */
  private static void sizes(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    }
    long sum = 0;
    for (Path file : files) {
      sum += Files.size(file);
      System.out.println(folder.relativize(file) + " " + Files.size(file));
      for (Frame.Kind kind : Frame.Kind.values()) {
        String name = file.getFileName().toString();
        if (name.endsWith(kind.suffix())) {
          int number = Integer.parseInt(name.substring(0, name.length() - kind.suffix().length()));
          records(file, kind, number);
        }
      }
    }
    print("all", "%.0f bytes", sum);
  }

  private static void records(Path file, Frame.Kind kind, int number) throws IOException {
    Map<Integer, long[]> types = new TreeMap<>();
    FrameReader.read(
        LocalDisk.INSTANCE,
        file,
        kind,
        number,
        true,
        new FrameReader.Handler() {
          @Override
          public void record(int type, ByteSource body, long offset) {
            long[] of = types.computeIfAbsent(type, _ -> new long[2]);
            of[0]++;
            of[1] += body.remaining();
          }

          @Override
          public void damage(long offset, long length, String reason, MemorySegment bytes) {
            System.out.println("  damage at " + offset + ": " + reason);
          }
        });
    types.forEach((type, of) ->
        System.out.println("  type " + type + ": " + of[0] + " records, " + of[1] + " bytes"));
  }

  private static Labels labels(int target, int series) {
    int block = series / PER_BLOCK;
    int i = series % PER_BLOCK;
    List<String> own = new ArrayList<>();
    if (i < 31) {
      own.addAll(
          List.of(
              "__name__",
              "node_cpu_seconds_total",
              "cpu",
              Integer.toString(block * 4 + i / 8),
              "mode",
              MODES[i % 8]));
    } else if (i < 57) {
      int k = (i - 31) % 13;
      String suffix = k < BOUNDS.length ? "bucket" : k == BOUNDS.length ? "sum" : "count";
      own.addAll(List.of("__name__", "http_request_duration_seconds_" + suffix));
      own.addAll(List.of("handler", "/api/v1/part-" + (block * 2 + (i - 31) / 13)));
      if (k < BOUNDS.length) {
        own.addAll(List.of("le", BOUNDS[k]));
      }
    } else if (i < 69) {
      int k = i - 57;
      own.addAll(List.of("__name__", TRAFFIC[k / 3], "device", "eth" + (block * 3 + k % 3)));
    } else {
      int k = i - 80;
      String name =
          k < 0 ? MEMORY[i - 69] : k == 0 ? "node_memory_MemTotal_bytes" : "node_setting_" + k;
      own.addAll(List.of("__name__", name, "zone", Integer.toString(block)));
    }
    own.addAll(List.of("instance", "host-" + target + ".example:9100", "job", "node"));
    own.addAll(List.of("region", "region-" + target % 5));
    return Labels.of(own.toArray(new String[0]));
  }

  /** The values of the storage benchmark. */
  private static final class Values {
    private final long[] whole;
    private final double[] sums;
    private long requests;

    Values(int series) {
      whole = new long[series];
      sums = new double[series];
      for (int s = 0; s < series; s++) {
        int i = s % PER_BLOCK;
        long own = mix(1 ^ (long) s << 24);
        whole[s] =
            i < 31
                ? own >>> 34
                : i < 57 ? 0 : i < 69 ? own >>> 28 : i < 80 ? (own >>> 44) * 4096 : own & 0xffffff;
      }
    }

    double next(int s, int step) {
      int i = s % PER_BLOCK;
      long random = mix(1 ^ (long) s << 24 ^ step);
      boolean idle = (mix(1 ^ (long) s << 24) & 3) == 0;
      if (i < 31) {
        whole[s] += idle ? 0 : (random & 0xffff) * (i % 8 == 0 ? 1500 : 60) >>> 16;
        return whole[s] / 100.0;
      }
      if (i < 57) {
        return request(s, (i - 31) % 13, random);
      }
      if (i < 69) {
        whole[s] += idle ? 0 : random >>> 44;
      } else if (i < 80 && (random & 1) == 0) {
        whole[s] = Math.max(0, whole[s] + ((random >>> 52) - 2047) * 4096);
      }
      return i == 79 ? whole[s] % 800 / 100.0 : whole[s];
    }

    private double request(int s, int k, long random) {
      if (k == 0) {
        requests = (random >>> 8 & 0x3f) * ((random & 3) == 0 ? 0 : 1);
      }
      if (k == BOUNDS.length) {
        sums[s] += requests * ((random >>> 11) * 0x1p-53) * 0.2;
        return sums[s];
      }
      whole[s] += k >= BOUNDS.length - 1 ? requests : requests * Math.min(10, k + 1) / 10;
      return whole[s];
    }

    static long mix(long number) {
      long x = number * 0x9e3779b97f4a7c15L;
      x = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
      x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
      return x ^ x >>> 31;
    }
  }
}
