package io.narthex.testkit.swap.plugin;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageProvider;
import io.narthex.spi.storage.StorageStats;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A storage of lines {@code writer time value}, just good enough for a swap. */
public final class Storing implements StorageProvider<Storing.Config> {
  /** Settings. */
  public record Config() {}

  @Override
  public String type() {
    return "faulty";
  }

  @Override
  public Class<Config> configType() {
    return Config.class;
  }

  @Override
  public Storage open(Config config, StorageContext context) {
    Mode.leak();
    return new Lines(context.dataDirectory().resolve("lines.txt"), context.referenceBase());
  }

  private static final class Lines implements Storage {
    private final Path file;
    private final long base;
    private final List<Labels> series = new ArrayList<>();
    private final Map<Labels, TreeMap<Long, Double>> samples = new HashMap<>();
    private final List<String> unwritten = new ArrayList<>();

    Lines(Path file, long base) {
      this.file = file;
      this.base = base;
      try {
        if (Files.exists(file)) {
          for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(" ", 3);
            samples(labels(parts[0])).put(Long.valueOf(parts[1]), Double.valueOf(parts[2]));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static Labels labels(String writer) {
      return Labels.of(Labels.METRIC_NAME, "swap_samples", "writer", writer);
    }

    private TreeMap<Long, Double> samples(Labels labels) {
      return samples.computeIfAbsent(labels, l -> new TreeMap<>());
    }

    @Override
    public synchronized long resolve(Labels labels) {
      if (!series.contains(labels)) {
        series.add(labels);
      }
      return base + series.indexOf(labels);
    }

    @Override
    public synchronized AppendResult append(SampleBatch batch) {
      for (int row = 0; row < batch.size(); row++) {
        Labels labels = series.get((int) (batch.ref(row) - base));
        samples(labels).put(batch.timeMs(row), batch.value(row));
        unwritten.add(labels.get("writer") + " " + batch.timeMs(row) + " " + batch.value(row));
      }
      write(Mode.is("writes too late") ? 3 : 0);
      return AppendResult.ALL_OK;
    }

    /** Writes all lines but the newest ones. */
    private void write(int heldBack) {
      List<String> now = unwritten.subList(0, Math.max(0, unwritten.size() - heldBack));
      try {
        Files.write(file, now, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        now.clear();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public synchronized SeriesCursor select(SelectRequest request) {
      List<Labels> order = samples.keySet().stream().sorted().toList();
      Map<Labels, TreeMap<Long, Double>> copy = new HashMap<>();
      order.forEach(l -> copy.put(l, new TreeMap<>(samples(l))));
      return new SeriesCursor() {
        private int at = -1;

        @Override
        public boolean nextSeries() {
          return ++at < order.size();
        }

        @Override
        public Labels labels() {
          return order.get(at);
        }

        @Override
        public boolean nextTile(SampleTile tile) {
          tile.size = 0;
          TreeMap<Long, Double> left = copy.get(labels());
          while (left != null && !left.isEmpty() && tile.size < tile.capacity()) {
            var first = left.pollFirstEntry();
            tile.timesMs[tile.size] = first.getKey();
            tile.values[tile.size++] = first.getValue();
          }
          return tile.size > 0;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public List<Labels> series(List<List<Matcher>> m, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<String> labelNames(List<List<Matcher>> m, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<String> labelValues(
        String name, List<List<Matcher>> m, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<SeriesExemplars> exemplars(List<List<Matcher>> m, long min, long max) {
      return List.of();
    }

    @Override
    public StorageStats stats(int topN) {
      throw new UnsupportedOperationException("not asked for in a swap");
    }

    @Override
    public void close() {
      if (Mode.is("fails to close")) {
        throw new IllegalStateException("the disk is full");
      }
    }
  }
}
