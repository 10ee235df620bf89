package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.spi.storage.StorageStats;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.Blocks;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadIndex;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.wal.Wal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/** Collects the figures for status pages and own metrics. */
final class TsdbStats {
  private TsdbStats() {}

  static StorageStats of(
      Head head, Blocks blocks, Wal wal, Counters counters, TsdbConfig config, int topN) {
    Top metrics = new Top(topN);
    Top valuesByLabel = new Top(topN);
    Top memoryByLabel = new Top(topN);
    Top pairs = new Top(topN);
    Map<String, Double> figures = counters.all();
    List<StorageStats.Block> list = new ArrayList<>();
    head.state.readLock().lock();
    try {
      if (topN > 0) {
        head.index()
            .cardinality(
                new HeadIndex.Cardinality() {
                  @Override
                  public void pair(String name, String value, long series) {
                    if (name.equals(Labels.METRIC_NAME)) {
                      metrics.add(value, series);
                    }
                    if (pairs.wants(series)) {
                      pairs.add(name + "=" + value, series);
                    }
                  }

                  @Override
                  public void name(String name, long values, long bytes) {
                    valuesByLabel.add(name, values);
                    memoryByLabel.add(name, bytes);
                  }
                });
      }
      long oldest = head.minMs();
      long blockBytes = 0;
      for (Block b : blocks.list()) {
        oldest = Math.min(oldest, b.meta.minTimeMs());
        blockBytes += b.bytes;
        list.add(
            new StorageStats.Block(
                b.meta.id(),
                b.meta.minTimeMs(),
                b.meta.maxTimeMs(),
                b.meta.samples(),
                b.meta.series(),
                b.meta.chunks(),
                b.meta.level(),
                b.bytes));
      }
      figures(head, blocks, wal, config, figures);
      figures.put("lowest_timestamp", (double) oldest);
      figures.put("lowest_timestamp_seconds", oldest / 1000.0);
      figures.put("storage_blocks_bytes", (double) blockBytes);
      return new StorageStats(
          head.index().seriesCount(),
          headChunks(head),
          head.index().pairCount(),
          head.minMs(),
          head.maxMs(),
          oldest,
          list,
          blockBytes + wal.bytesOnDisk(),
          metrics.list(),
          valuesByLabel.list(),
          memoryByLabel.list(),
          pairs.list(),
          figures);
    } finally {
      head.state.readLock().unlock();
    }
  }

  /** Sealed chunks and, for each series, the one that takes samples. */
  private static long headChunks(Head head) {
    return head.chunks().chunks() + head.index().seriesCount();
  }

  private static void figures(
      Head head, Blocks blocks, Wal wal, TsdbConfig config, Map<String, Double> figures) {
    figures.put("head_series", (double) head.index().seriesCount());
    figures.put("head_chunks", (double) headChunks(head));
    double removed = head.chunks().dropped() + head.counters.get("head_series_removed_total");
    figures.put("head_chunks_removed_total", removed);
    figures.put("head_chunks_created_total", headChunks(head) + removed);
    figures.put("head_chunks_storage_size_bytes", (double) head.chunks().bytes());
    figures.put("head_min_time", (double) head.minMs());
    figures.put("head_min_time_seconds", head.minMs() / 1000.0);
    figures.put("head_max_time", (double) head.maxMs());
    figures.put("head_max_time_seconds", head.maxMs() / 1000.0);
    figures.put("blocks_loaded", (double) blocks.list().size());
    figures.put("wal_segment_current", (double) wal.segment());
    figures.put("wal_storage_size_bytes", (double) wal.bytesOnDisk());
    figures.put("exemplar_exemplars_in_storage", (double) head.exemplars().size());
    figures.put("exemplar_max_exemplars", (double) config.maxExemplars());
    figures.put("retention_limit_bytes", (double) config.retentionSize().bytes());
    figures.put("retention_limit_seconds", config.retentionTime().toMillis() / 1000.0);
    figures.put("out_of_order_time_window_seconds", head.lateWindowMs() / 1000.0);
  }

  /** Keeps the greatest counts. */
  private static final class Top {
    private static final Comparator<StorageStats.Count> LEAST_FIRST =
        Comparator.comparingLong(StorageStats.Count::value)
            .thenComparing(Comparator.comparing(StorageStats.Count::name).reversed());

    private final int most;
    private final PriorityQueue<StorageStats.Count> queue = new PriorityQueue<>(LEAST_FIRST);

    Top(int most) {
      this.most = most;
    }

    boolean wants(long value) {
      StorageStats.Count least = queue.peek();
      return queue.size() < most || (least != null && value >= least.value());
    }

    void add(String name, long value) {
      if (wants(value)) {
        queue.add(new StorageStats.Count(name, value));
        if (queue.size() > most) {
          queue.poll();
        }
      }
    }

    List<StorageStats.Count> list() {
      List<StorageStats.Count> list = new ArrayList<>(queue);
      list.sort(LEAST_FIRST.reversed());
      return list;
    }
  }
}
