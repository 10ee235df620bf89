package io.narthex.storage.tsdb.compaction;

import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.BlockWriter;
import io.narthex.storage.tsdb.block.Blocks;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadIndex;
import io.narthex.storage.tsdb.head.HeadSource;
import io.narthex.storage.tsdb.head.OutOfOrderSamples;
import io.narthex.storage.tsdb.head.OutOfOrderSource;
import io.narthex.storage.tsdb.head.SeriesPage;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes blocks of the old part of the head. Runs under the storage's maintenance lock. */
public final class HeadFlush {
  private static final Logger log = LoggerFactory.getLogger(HeadFlush.class);

  private final Head head;
  private final Blocks blocks;
  private final Disk disk;
  private final Counters counters;
  private final BooleanSupplier stop;
  private final SecureRandom random = new SecureRandom();

  /**
   * Creates a flush.
   *
   * @param stop asked at each series whether to give up what has begun
   */
  public HeadFlush(Head head, Blocks blocks, Disk disk, Counters counters, BooleanSupplier stop) {
    this.head = head;
    this.stop = stop;
    this.disk = disk;
    this.blocks = blocks;
    this.counters = counters;
  }

  /** Returns whether the head is long enough for a block of {@code blockMs} to be made of it. */
  public boolean isDue(long blockMs) {
    head.state.readLock().lock();
    try {
      return head.minMs() <= head.maxMs() && head.maxMs() - head.minMs() > blockMs / 2 * 3;
    } finally {
      head.state.readLock().unlock();
    }
  }

  /** Makes blocks of the old part of the head, until it has to stop. */
  public void run(long blockMs) {
    while (!stop.getAsBoolean() && isDue(blockMs)) {
      try {
        makeBlocks(blockMs);
      } catch (BlockWriter.Stopped e) {
        log.debug("{}", e.getMessage()); // the samples stay in the head
      }
    }
  }

  private void makeBlocks(long blockMs) {
    long start = Math.floorDiv(head.minMs(), blockMs) * blockMs;
    long end = start + blockMs;
    counters.add("compactions_triggered_total", 1);
    List<Block> made = new ArrayList<>();
    List<OutOfOrderSource.Entry> flushed;
    boolean hasHead;
    boolean written = false;
    head.takeOnlyFrom(end);
    try {
      hasHead = writeHead(blocks.directory(), start, end, id -> made.add(blocks.open(id)));
      flushed = writeOutOfOrder(blocks.directory(), end, blockMs, id -> made.add(blocks.open(id)));
      written = true;
    } finally {
      if (!written) { // else they would be written once more by the next try
        made.forEach(Block::deleteWhenReleased);
        made.forEach(Block::release);
        head.takeOnlyFrom(Long.MIN_VALUE);
      }
    }
    head.appendLock.lock();
    head.state.writeLock().lock();
    try {
      head.truncate(end);
      for (OutOfOrderSource.Entry e : flushed) {
        head.outOfOrder().remove(e.id(), e.samples());
      }
      if (!made.isEmpty()) {
        blocks.add(made);
      }
      if (!hasHead) {
        head.skipGap();
      }
    } finally {
      head.state.writeLock().unlock();
      head.appendLock.unlock();
    }
    head.takeOnlyFrom(Long.MIN_VALUE);
  }

  /** Writes blocks of all that the head holds into a folder of their own; the head keeps it. */
  public void copy(Path directory, long blockMs) {
    long start;
    long end;
    head.state.readLock().lock();
    try {
      start = head.minMs();
      end = head.maxMs() + 1;
    } finally {
      head.state.readLock().unlock();
    }
    if (start < end) {
      writeHead(directory, start, end, _ -> {});
    }
    writeOutOfOrder(directory, Long.MAX_VALUE, blockMs, _ -> {});
  }

  /** Returns what notes the chunks and blocks made in a folder: copies are not counted. */
  private @Nullable Counters countersOf(Path directory) {
    return directory.equals(blocks.directory()) ? counters : null;
  }

  /** Writes a block of the in-order samples of a range; returns false when there are none. */
  private boolean writeHead(Path directory, long start, long end, Consumer<String> made) {
    long started = System.nanoTime();
    disk.require(directory, head.fileBytes(), "a block of the head");
    List<Integer> ids = sortedIds();
    String id = Ulid.next(System.currentTimeMillis(), random);
    try (BlockWriter writer = new BlockWriter(disk, directory, id, countersOf(directory), stop)) {
      for (int from = 0; from < ids.size(); from += SeriesPage.SIZE) {
        RoaringBitmap some = new RoaringBitmap();
        for (int i : ids.subList(from, Math.min(ids.size(), from + SeriesPage.SIZE))) {
          some.add(i);
        }
        HeadSource source;
        head.state.readLock().lock();
        try {
          source = HeadSource.capture(head, some, start, end - 1, true, SelectMemory.UNCOUNTED);
        } finally {
          head.state.readLock().unlock();
        }
        writer.addAll(source);
      }
      if (writer.isEmpty()) {
        return false;
      }
      writer.finish(id, start, end, 1, false, List.of(id), List.of());
      compacted(directory, started);
      made.accept(id);
      return true;
    } catch (IOException e) {
      throw new StorageException.Failed(
          "block " + directory.resolve(id) + ": cannot write: " + e, e);
    }
  }

  private void compacted(Path directory, long started) {
    Counters noted = countersOf(directory);
    if (noted != null) {
      noted.compacted(started);
    }
  }

  /** A series of the head with its labels. */
  private record Labelled(int id, HeadIndex.Pair[] pairs) {}

  /** Returns the series of the head in label order. */
  private List<Integer> sortedIds() {
    List<Labelled> series = new ArrayList<>();
    head.state.readLock().lock();
    try {
      for (int id : HeadIndex.toList(head.index().all())) {
        HeadIndex.Pair[] pairs = head.pairs(id);
        if (pairs != null) {
          series.add(new Labelled(id, pairs));
        }
      }
    } finally {
      head.state.readLock().unlock();
    }
    // without the lock: pairs never change, and appends must not wait for a sort of millions
    series.sort((a, b) -> HeadIndex.compare(a.pairs(), b.pairs()));
    List<Integer> ids = new ArrayList<>(series.size());
    series.forEach(s -> ids.add(s.id()));
    return ids;
  }

  /**
   * Writes out-of-order samples before {@code end} into blocks of their own, one per block range.
   */
  private List<OutOfOrderSource.Entry> writeOutOfOrder(
      Path directory, long end, long blockMs, Consumer<String> made) {
    List<OutOfOrderSource.Entry> entries;
    long bytes;
    head.state.readLock().lock();
    try {
      if (head.outOfOrder().isEmpty()) {
        return List.of();
      }
      entries =
          OutOfOrderSource.capture(
                  head, head.index().all(), Long.MIN_VALUE, end - 1, SelectMemory.UNCOUNTED)
              .entries();
      bytes = head.outOfOrder().bytes();
    } finally {
      head.state.readLock().unlock();
    }
    disk.require(directory, bytes, "a block of the out-of-order samples");
    TreeMap<Long, List<OutOfOrderSource.Entry>> byRange = new TreeMap<>();
    for (OutOfOrderSource.Entry e : entries) {
      TreeMap<Long, List<OutOfOrderSamples.Sample>> ranges = new TreeMap<>();
      for (OutOfOrderSamples.Sample s : e.samples()) {
        ranges
            .computeIfAbsent(Math.floorDiv(s.timeMs(), blockMs) * blockMs, _ -> new ArrayList<>())
            .add(s);
      }
      ranges.forEach((start, samples) ->
          byRange
              .computeIfAbsent(start, _ -> new ArrayList<>())
              .add(new OutOfOrderSource.Entry(e.id(), e.labels(), samples)));
    }
    byRange.forEach((start, list) -> {
      long started = System.nanoTime();
      String id = Ulid.next(System.currentTimeMillis(), random);
      try (BlockWriter writer = new BlockWriter(disk, directory, id, countersOf(directory), stop)) {
        writer.addAll(new OutOfOrderSource(list));
        writer.finish(id, start, start + blockMs, 1, true, List.of(id), List.of());
        compacted(directory, started);
        made.accept(id);
      } catch (IOException e) {
        throw new StorageException.Failed(
            "block " + directory.resolve(id) + ": cannot write: " + e, e);
      }
    });
    return entries;
  }
}
