package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.spi.storage.StorageStats;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.Blocks;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadIndex;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/** Collects the statistics for status pages and own metrics. */
final class TsdbStats {
  private TsdbStats() {}

  static StorageStats of(
      Head head, Blocks blocks, WriteAheadLog wal, Counters counters, TsdbConfig config, int topN) {
    Top metrics = new Top(topN);
    Top valuesByLabel = new Top(topN);
    Top memoryByLabel = new Top(topN);
    Top pairs = new Top(topN);
    Map<String, Double> statistics = counters.all();
    statistics.put("head_stale_series", (double) head.endedCount());
    List<StorageStats.Block> list = new ArrayList<>();
    if (topN > 0) { // without the lock: appends must not wait for millions of pairs
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
    head.state.readLock().lock();
    try {
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
                b.bytes,
                b.meta.sources()));
      }
      statistics(head, blocks, wal, config, statistics);
      statistics.put("lowest_timestamp", (double) oldest);
      statistics.put("lowest_timestamp_seconds", oldest / 1000.0);
      statistics.put("storage_blocks_bytes", (double) blockBytes);
      return new StorageStats(
          head.index().seriesCount(),
          headChunks(head),
          head.index().pairCount(),
          head.minMs(),
          head.maxMs(),
          oldest,
          list,
          blockBytes + wal.bytesOnDisk() + head.chunkFileBytes(),
          metrics.list(),
          valuesByLabel.list(),
          memoryByLabel.list(),
          pairs.list(),
          statistics);
    } finally {
      head.state.readLock().unlock();
    }
  }

  /** Sealed chunks and, for each series, the one that takes samples. */
  private static long headChunks(Head head) {
    return head.chunks().chunks() + head.index().seriesCount();
  }

  private static void statistics(
      Head head,
      Blocks blocks,
      WriteAheadLog wal,
      TsdbConfig config,
      Map<String, Double> statistics) {
    statistics.put("head_series", (double) head.index().seriesCount());
    statistics.put("head_chunks", (double) headChunks(head));
    double removed = head.chunks().dropped() + head.counters.get("head_series_removed_total");
    statistics.put("head_chunks_removed_total", removed);
    statistics.put("head_chunks_created_total", headChunks(head) + removed);
    statistics.put(
        "head_chunks_storage_size_bytes",
        (double) Math.max(head.chunkFileBytes(), head.chunks().bytes()));
    statistics.put("head_min_time", (double) head.minMs());
    statistics.put("head_min_time_seconds", head.minMs() / 1000.0);
    statistics.put("head_max_time", (double) head.maxMs());
    statistics.put("head_max_time_seconds", head.maxMs() / 1000.0);
    statistics.put("blocks_loaded", (double) blocks.list().size());
    statistics.put(
        "narthex_tsdb_blocks_damaged",
        (double) blocks.list().stream().filter(Block::isDamaged).count());
    for (Block b : blocks.list()) {
      if (b.isDamaged()) {
        statistics.put("block_damaged{block=\"" + b.meta.id() + "\"}", 1.0);
      }
    }
    statistics.put("narthex_tsdb_blocks_set_aside", (double) blocks.setAside());
    statistics.put("wal_segment_current", (double) wal.segment());
    statistics.put("wal_storage_size_bytes", (double) wal.bytesOnDisk());
    statistics.put("exemplar_exemplars_in_storage", (double) head.exemplars().size());
    statistics.put("exemplar_max_exemplars", (double) config.maxExemplars());
    statistics.put("retention_limit_bytes", (double) config.retentionSize().bytes());
    statistics.put("retention_limit_seconds", config.retentionTime().toMillis() / 1000.0);
    statistics.put("out_of_order_time_window_seconds", head.outOfOrderWindowMs() / 1000.0);
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
