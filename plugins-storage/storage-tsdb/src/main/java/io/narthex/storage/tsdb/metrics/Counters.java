package io.narthex.storage.tsdb.metrics;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** Own statistics by metric name without prefix; labels follow the name in braces. Thread-safe. */
public final class Counters {
  /** Begins the names of all counters of damage. */
  public static final String DAMAGED = "narthex_tsdb_damaged_total";

  private final Map<String, DoubleAdder> sums = new ConcurrentHashMap<>();
  private final Distribution compactions = new Distribution(1, 2, 14);
  private final Distribution chunkSeconds = new Distribution(100, 4, 10);
  private final Distribution chunkSamples = new Distribution(4, 1.5, 12);
  private final Distribution chunkBytes = new Distribution(32, 1.5, 12);
  private final RecentDurations fsyncs = new RecentDurations(System::nanoTime);
  private final LongAdder floats = new LongAdder();
  private final LongAdder histograms = new LongAdder();
  private final LongAdder outOfOrderFloats = new LongAdder();
  private final LongAdder outOfOrderHistograms = new LongAdder();
  private final LongAdder exemplars = new LongAdder();
  private final LongAdder refusedExemplars = new LongAdder();

  public Counters() {
    for (String name :
        new String[] {
          "checkpoint_creations_total",
          "checkpoint_creations_failed_total",
          "head_gc_duration_seconds_count",
          "head_gc_duration_seconds_sum",
          "compactions_failed_total",
          "compactions_total",
          "compactions_triggered_total",
          "head_series_created_total",
          "head_series_removed_total",
          "head_truncations_total",
          "head_truncations_failed_total",
          "mmap_chunk_corruptions_total",
          "mmap_chunks_failed_total",
          "mmap_chunks_total",
          "out_of_bound_samples_total{type=\"float\"}",
          "out_of_bound_samples_total{type=\"histogram\"}",
          "out_of_order_samples_total{type=\"float\"}",
          "out_of_order_samples_total{type=\"histogram\"}",
          "reloads_total",
          "reloads_failures_total",
          "size_retentions_total",
          "time_retentions_total",
          "too_old_samples_total{type=\"float\"}",
          "too_old_samples_total{type=\"histogram\"}",
          "vertical_compactions_total",
          "snapshot_replay_error_total",
          "narthex_tsdb_fsync_failures_total",
          damageOf("block"),
          damageOf("checkpoint"),
          damageOf("chunks"),
          damageOf("wal"),
          "narthex_tsdb_wal_rows_dropped_total",
          "wal_corruptions_total",
          "wal_replay_unknown_refs_total",
          "wal_truncations_total",
          "wal_truncations_failed_total",
          "wal_writes_failed_total"
        }) {
      add(name, 0);
    }
  }

  /** Returns the name of the counter of failures of a background task. */
  public static String failuresOf(String task) {
    return "narthex_tsdb_task_failures_total{task=\"" + task + "\"}";
  }

  /** Returns the name of the counter of damage in files of a kind. */
  public static String damageOf(String file) {
    return DAMAGED + "{file=\"" + file + "\"}";
  }

  public void add(String name, double more) {
    sums.computeIfAbsent(name, _ -> new DoubleAdder()).add(more);
  }

  /** Notes that the WAL has been forced to the disk. */
  public void fsynced(long startNanos) {
    fsyncs.observeSince(startNanos);
  }

  /** Notes that a block has been written, of the head or of other blocks. */
  public void compacted(long startNanos) {
    add("compactions_total", 1);
    compactions.observe((System.nanoTime() - startNanos) / 1e9);
  }

  /** Notes a chunk of the head that goes into a block. */
  public void chunkCompacted(long rangeMs, int samples, int bytes) {
    chunkSeconds.observe(rangeMs / 1000.0);
    chunkSamples.observe(samples);
    chunkBytes.observe(bytes);
  }

  /** Notes that old samples and series have been removed from the head. */
  public void headCollected(long startNanos) {
    add("head_gc_duration_seconds_sum", (System.nanoTime() - startNanos) / 1e9);
    add("head_gc_duration_seconds_count", 1);
  }

  public void appended(
      int newFloats,
      int newHistograms,
      int newOutOfOrderFloats,
      int newOutOfOrderHistograms,
      int newExemplars,
      int refused) {
    floats.add(newFloats);
    histograms.add(newHistograms);
    outOfOrderFloats.add(newOutOfOrderFloats);
    outOfOrderHistograms.add(newOutOfOrderHistograms);
    exemplars.add(newExemplars);
    refusedExemplars.add(refused);
  }

  public double get(String name) {
    DoubleAdder sum = sums.get(name);
    return sum == null ? 0 : sum.sum();
  }

  /** Returns a copy of all statistics. */
  public Map<String, Double> all() {
    Map<String, Double> all = new HashMap<>();
    sums.forEach((name, sum) -> all.put(name, sum.sum()));
    all.put("head_samples_appended_total{type=\"float\"}", (double) floats.sum());
    all.put("head_samples_appended_total{type=\"histogram\"}", (double) histograms.sum());
    all.put(
        "head_out_of_order_samples_appended_total{type=\"float\"}",
        (double) outOfOrderFloats.sum());
    all.put(
        "head_out_of_order_samples_appended_total{type=\"histogram\"}",
        (double) outOfOrderHistograms.sum());
    all.put("exemplar_exemplars_appended_total", (double) exemplars.sum());
    all.put("exemplar_out_of_order_exemplars_total", (double) refusedExemplars.sum());
    compactions.writeTo(all, "compaction_duration_seconds");
    chunkSeconds.writeTo(all, "compaction_chunk_range_seconds");
    chunkSamples.writeTo(all, "compaction_chunk_samples");
    chunkBytes.writeTo(all, "compaction_chunk_size_bytes");
    fsyncs.writeTo(all, "wal_fsync_duration_seconds");
    return all;
  }
}
