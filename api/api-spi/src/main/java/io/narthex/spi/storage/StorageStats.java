package io.narthex.spi.storage;

import java.util.List;
import java.util.Map;

/**
 * Statistics of a storage. Immutable.
 *
 * @param headSeries series in the head
 * @param headChunks their chunks in the head
 * @param headLabelPairs distinct label pairs of these series
 * @param headMinTimeMs oldest sample in the head, epoch milliseconds; {@code Long.MAX_VALUE} when
 *     empty
 * @param headMaxTimeMs newest sample, epoch milliseconds; {@code Long.MIN_VALUE} when empty
 * @param minTimeMs oldest sample at all, epoch milliseconds; {@code Long.MAX_VALUE} when empty
 * @param blocks immutable blocks
 * @param bytesOnDisk size of all files in bytes
 * @param seriesByMetric most frequent metric names
 * @param valuesByLabel labels with most values
 * @param memoryByLabel labels by bytes of their values
 * @param seriesByPair most frequent {@code name=value} pairs
 * @param counters more statistics, by the name of a metric without prefix. Status pages show {@code
 *     wal_corruptions_total}, {@code retention_limit_seconds}, {@code retention_limit_bytes} and,
 *     of a block with a part that cannot be read, <code>block_damaged{block="ULID"}</code>. If the
 *     storage is no {@link MeteredStorage}, all of them become metrics; labels then follow the name
 *     in braces, for example {@code out_of_order_samples_total{type="float"}}
 */
public record StorageStats(
    long headSeries,
    long headChunks,
    long headLabelPairs,
    long headMinTimeMs,
    long headMaxTimeMs,
    long minTimeMs,
    List<Block> blocks,
    long bytesOnDisk,
    List<Count> seriesByMetric,
    List<Count> valuesByLabel,
    List<Count> memoryByLabel,
    List<Count> seriesByPair,
    Map<String, Double> counters) {
  /** Copies the collections. */
  public StorageStats {
    blocks = List.copyOf(blocks);
    seriesByMetric = List.copyOf(seriesByMetric);
    valuesByLabel = List.copyOf(valuesByLabel);
    memoryByLabel = List.copyOf(memoryByLabel);
    seriesByPair = List.copyOf(seriesByPair);
    counters = Map.copyOf(counters);
  }

  /** A name with a count. */
  public record Count(String name, long value) {}

  /**
   * An immutable block.
   *
   * @param id ULID
   * @param minTimeMs inclusive
   * @param maxTimeMs exclusive
   * @param level compaction level from 1
   * @param sources ids of the blocks of level 1 whose samples it holds
   */
  public record Block(
      String id,
      long minTimeMs,
      long maxTimeMs,
      long samples,
      long series,
      long chunks,
      int level,
      long bytes,
      List<String> sources) {
    /** Copies the list. */
    public Block {
      sources = List.copyOf(sources);
    }

    /** Creates one that is its own source. */
    public Block(
        String id,
        long minTimeMs,
        long maxTimeMs,
        long samples,
        long series,
        long chunks,
        int level,
        long bytes) {
      this(id, minTimeMs, maxTimeMs, samples, series, chunks, level, bytes, List.of(id));
    }
  }
}
