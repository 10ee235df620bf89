package io.narthex.storage.tsdb.compaction;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.BlockSource;
import io.narthex.storage.tsdb.block.BlockWriter;
import io.narthex.storage.tsdb.block.Blocks;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.select.MergedRows;
import io.narthex.storage.tsdb.select.SeriesSource;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Merges blocks. Runs under the storage's maintenance lock. */
public final class Compactor {
  private static final Logger log = LoggerFactory.getLogger(Compactor.class);

  private final Blocks blocks;
  private final Disk disk;
  private final BooleanSupplier stop;
  private final Counters counters;
  private final SecureRandom random = new SecureRandom();

  /**
   * Creates a compactor.
   *
   * @param stop asked at each series whether to give up what has begun
   */
  public Compactor(Blocks blocks, Disk disk, Counters counters, BooleanSupplier stop) {
    this.blocks = blocks;
    this.disk = disk;
    this.stop = stop;
    this.counters = counters;
  }

  /** Merges blocks until nothing is left to merge, or it has to stop. */
  public void run(long blockMs, long maxBlockMs) {
    while (!stop.getAsBoolean()) {
      // out-of-order samples as new as the head wait for its block: merged with an older one they
      // would make it reach into the head's range
      long end = blocks.newestMaxMs();
      List<Block> sound =
          blocks.list().stream()
              .filter(b -> !b.isDamaged())
              .filter(b -> !b.meta.outOfOrder() || b.meta.maxTimeMs() <= end)
              .toList();
      List<Block> group = CompactionPlan.next(sound, blockMs, maxBlockMs);
      if (group.isEmpty()) {
        return;
      }
      tryToMerge(group);
    }
  }

  /**
   * Merges blocks, or marks those that cannot be read so that they are left out from then on. An
   * {@link InternalError} is what the JVM makes of an I/O error on a mapped page.
   *
   * @throws StorageException.Failed when the disk is the reason; the next run tries again
   */
  private void tryToMerge(List<Block> group) {
    try {
      merge(group);
    } catch (StorageException.Failed e) {
      throw e;
    } catch (BlockWriter.Stopped e) {
      log.debug("{}", e.getMessage()); // the blocks stay as they were
    } catch (RuntimeException | InternalError e) {
      counters.add("compactions_failed_total", 1);
      group.forEach(this::readWhole);
      if (!stop.getAsBoolean() && group.stream().noneMatch(Block::isDamaged)) {
        group.forEach(b -> b.markDamaged("cannot be merged: " + e));
      }
    }
  }

  /** Reads a block to its end, which marks it when a part of it cannot be read. */
  private void readWhole(Block block) {
    BlockSource source = new BlockSource(block, block.all(), Long.MIN_VALUE, Long.MAX_VALUE);
    try {
      source.nextSeries();
      while (source.isOnSeries() && !stop.getAsBoolean()) {
        while (source.nextRows()) {
          // reading is all
        }
        source.nextSeries();
      }
    } catch (RuntimeException | InternalError e) {
      block.markDamaged(String.valueOf(e.getMessage()));
    } finally {
      source.close();
    }
  }

  private void merge(List<Block> group) {
    long started = System.nanoTime();
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    int level = 0;
    boolean outOfOrder = true;
    Set<String> sources = new HashSet<>();
    List<String> parents = new ArrayList<>();
    long lastMax = Long.MIN_VALUE;
    boolean vertical = false;
    for (Block b : group) {
      vertical |= b.meta.minTimeMs() < lastMax;
      lastMax = Math.max(lastMax, b.meta.maxTimeMs());
      min = Math.min(min, b.meta.minTimeMs());
      max = Math.max(max, b.meta.maxTimeMs());
      level = Math.max(level, b.meta.level());
      outOfOrder &= b.meta.outOfOrder();
      sources.addAll(b.meta.sources());
      parents.add(b.meta.id());
    }
    disk.require(
        blocks.directory(), group.stream().mapToLong(b -> b.bytes).sum(), "a merged block");
    String id = Ulid.next(System.currentTimeMillis(), random);
    List<BlockSource> open = new ArrayList<>();
    try (BlockWriter writer = new BlockWriter(disk, blocks.directory(), id, null, stop)) {
      for (Block b : group) {
        open.add(new BlockSource(b, b.all(), Long.MIN_VALUE, Long.MAX_VALUE));
      }
      copyMerged(open, writer);
      List<Block> fresh = List.of();
      if (!writer.isEmpty()) {
        writer.finish(
            id, min, max, level + 1, outOfOrder, sources.stream().sorted().toList(), parents);
        fresh = List.of(blocks.open(id));
      }
      blocks.replace(group, fresh);
    } catch (IOException e) {
      throw new StorageException.Failed(
          "block " + blocks.directory().resolve(id) + ": cannot write: " + e, e);
    } finally {
      open.forEach(SeriesSource::close);
    }
    counters.compacted(started);
    counters.add("vertical_compactions_total", vertical ? 1 : 0);
    log.debug("block {}: made of {}", id, parents);
  }

  private static void copyMerged(List<BlockSource> open, BlockWriter writer) throws IOException {
    MergedRows rows = new MergedRows(open);
    while (rows.nextSeries()) {
      while (rows.nextRows()) {
        writer.add(rows.rows());
      }
      writer.endSeries(rows.labels());
    }
  }

  /**
   * Rewrites every block that has tombstones.
   *
   * @throws StorageException.Failed when that was not possible for one of them
   * @throws StorageException.Closed when it had to stop
   */
  public void rewriteWithoutTombstones() {
    Block left = null;
    for (Block b : blocks.list()) {
      if (b.tombstones().size() > 0) {
        if (!b.isDamaged()) {
          tryToMerge(List.of(b));
        }
        if (stop.getAsBoolean()) {
          throw new StorageException.Closed(
              blocks.directory() + ": closes; deleted samples are hidden, but stay on the disk");
        }
        left = b.isDamaged() ? b : left;
      }
    }
    if (left != null) {
      throw new StorageException.Failed(
          left + ": is damaged; its deleted samples are hidden, but stay on the disk");
    }
  }
}
