package io.narthex.storage.tsdb.compaction;

import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.Blocks;
import io.narthex.storage.tsdb.metrics.Counters;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes old blocks. Runs under the storage's maintenance lock. */
public final class Retention {
  private static final Logger log = LoggerFactory.getLogger(Retention.class);

  private final Blocks blocks;
  private final Counters counters;

  public Retention(Blocks blocks, Counters counters) {
    this.blocks = blocks;
    this.counters = counters;
  }

  /**
   * Deletes blocks that are too old or too much.
   *
   * @param time how long samples are kept; zero = no limit
   * @param bytes most bytes of blocks and WAL; 0 = no limit
   * @param nowMs ages count from the newest block, but never from the future: one wrong time must
   *     not age everything else
   */
  public void apply(Duration time, long bytes, long walBytes, long nowMs) {
    List<Block> all = blocks.list();
    if (all.isEmpty()) {
      return;
    }
    List<Block> gone = new ArrayList<>();
    long newest = Math.min(nowMs, all.stream().mapToLong(b -> b.meta.maxTimeMs()).max().orElse(0));
    long retention = time.toMillis();
    if (retention > 0) {
      for (Block b : all) {
        if (newest - b.meta.maxTimeMs() >= retention) {
          gone.add(b);
          log.info(
              "block {}: deleted, its newest sample of {} is past the retention time of {}",
              b.meta.id(),
              Instant.ofEpochMilli(b.meta.maxTimeMs()),
              time);
        }
      }
      counters.add("time_retentions_total", gone.isEmpty() ? 0 : 1);
    }
    if (bytes > 0) {
      long sum = walBytes;
      boolean any = false;
      for (int i = all.size() - 1; i >= 0; i--) {
        Block b = all.get(i);
        if (!gone.contains(b)) {
          sum += b.bytes;
          if (sum > bytes) {
            gone.add(b);
            log.info(
                "block {}: deleted, blocks and WAL have {} bytes and the retention size is {}",
                b.meta.id(),
                sum,
                bytes);
            any = true;
          }
        }
      }
      counters.add("size_retentions_total", any ? 1 : 0);
    }
    if (!gone.isEmpty()) {
      blocks.replace(gone, List.of());
    }
  }
}
