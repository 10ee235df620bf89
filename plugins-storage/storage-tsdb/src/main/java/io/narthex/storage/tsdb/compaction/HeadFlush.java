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
import io.narthex.storage.tsdb.head.HeadView;
import io.narthex.storage.tsdb.head.OutOfOrderSamples;
import io.narthex.storage.tsdb.head.OutOfOrderSource;
import io.narthex.storage.tsdb.head.SeriesPage;
import io.narthex.storage.tsdb.io.FreeSpace;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.roaringbitmap.RoaringBitmap;

/** Makes blocks of the old part of the head. Runs under the storage's maintenance lock. */
public final class HeadFlush {
  private final Head head;
  private final Blocks blocks;
  private final FreeSpace space;
  private final Counters counters;
  private final SecureRandom random = new SecureRandom();

  public HeadFlush(Head head, Blocks blocks, FreeSpace space, Counters counters) {
    this.head = head;
    this.space = space;
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

  /** Makes blocks of the old part of the head. */
  public void run(long blockMs) {
    while (isDue(blockMs)) {
      long start = Math.floorDiv(head.minMs(), blockMs) * blockMs;
      long end = start + blockMs;
      counters.add("compactions_triggered_total", 1);
      List<Block> made = new ArrayList<>();
      List<OutOfOrderSamples.Entry> flushed = new ArrayList<>();
      boolean[] hasHead = {false};
      writeOrUndo(
          made,
          () -> {
            hasHead[0] = writeHead(start, end, made);
            flushed.addAll(writeOutOfOrder(end - 1, blockMs, made));
          });
      head.truncate(end, () -> blocks.add(made), flushed);
      if (!hasHead[0]) {
        head.skipGap();
      }
    }
    if (head.isOutOfOrderRoomShort()) {
      flushOutOfOrder(blockMs);
    }
  }

  /**
   * Makes blocks of all out-of-order samples, also of those as new as the head, so that there is
   * room for more.
   */
  private void flushOutOfOrder(long blockMs) {
    counters.add("compactions_triggered_total", 1);
    List<Block> made = new ArrayList<>();
    List<OutOfOrderSamples.Entry> flushed = new ArrayList<>();
    writeOrUndo(made, () -> flushed.addAll(writeOutOfOrder(Long.MAX_VALUE, blockMs, made)));
    head.swapOutOfOrder(() -> blocks.add(made), flushed);
  }

  /** Deletes what was made when something fails, or the next try would make it once more. */
  private static void writeOrUndo(List<Block> made, Runnable write) {
    boolean written = false;
    try {
      write.run();
      written = true;
    } finally {
      if (!written) {
        made.forEach(Block::deleteWhenReleased);
        made.forEach(Block::release);
      }
    }
  }

  /** Writes a block of the in-order samples of a range; returns false when there are none. */
  private boolean writeHead(long start, long end, List<Block> into) {
    long started = System.nanoTime();
    space.require(blocks.directory(), head.fileBytes(), "a block of the head");
    List<Integer> ids = sortedIds();
    String id = Ulid.next(System.currentTimeMillis(), random);
    try (BlockWriter writer = new BlockWriter(blocks.directory(), id, counters)) {
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
        try {
          writer.addAll(source);
        } finally {
          source.close();
        }
      }
      if (writer.isEmpty()) {
        return false;
      }
      writer.finish(id, start, end, 1, false, List.of(id), List.of());
      counters.compacted(started);
      into.add(blocks.open(id));
      return true;
    } catch (IOException e) {
      throw new StorageException.Failed(
          "block " + blocks.directory().resolve(id) + ": cannot write: " + e, e);
    }
  }

  /** A series of the head with its labels. */
  private record Labelled(int id, HeadIndex.Pair[] pairs) {}

  /** Returns the series of the head in label order. */
  private List<Integer> sortedIds() {
    List<Labelled> series = new ArrayList<>();
    try (HeadView view = HeadView.of(head)) {
      for (int id : view.all()) {
        HeadIndex.Pair[] pairs = head.pairs(id);
        if (pairs != null) {
          series.add(new Labelled(id, pairs));
        }
      }
    }
    // without the lock: pairs never change, and appends must not wait for a sort of millions
    series.sort((a, b) -> HeadIndex.compare(a.pairs(), b.pairs()));
    List<Integer> ids = new ArrayList<>(series.size());
    series.forEach(s -> ids.add(s.id()));
    return ids;
  }

  /**
   * Writes out-of-order samples up to {@code maxTimeMs} into blocks of their own, one per block
   * range.
   */
  private List<OutOfOrderSamples.Entry> writeOutOfOrder(
      long maxTimeMs, long blockMs, List<Block> into) {
    List<OutOfOrderSamples.Entry> entries = OutOfOrderSource.captureAll(head, maxTimeMs).entries();
    if (entries.isEmpty()) {
      return entries;
    }
    long bytes = head.outOfOrder().bytes();
    space.require(blocks.directory(), bytes, "a block of the out-of-order samples");
    TreeMap<Long, List<OutOfOrderSamples.Entry>> byRange = new TreeMap<>();
    for (OutOfOrderSamples.Entry e : entries) {
      TreeMap<Long, List<OutOfOrderSamples.Sample>> ranges = new TreeMap<>();
      for (OutOfOrderSamples.Sample s : e.samples()) {
        ranges
            .computeIfAbsent(Math.floorDiv(s.timeMs(), blockMs) * blockMs, _ -> new ArrayList<>())
            .add(s);
      }
      ranges.forEach((start, samples) ->
          byRange
              .computeIfAbsent(start, _ -> new ArrayList<>())
              .add(new OutOfOrderSamples.Entry(e.id(), e.labels(), samples)));
    }
    byRange.forEach((start, list) -> {
      long started = System.nanoTime();
      String id = Ulid.next(System.currentTimeMillis(), random);
      try (BlockWriter writer = new BlockWriter(blocks.directory(), id, counters)) {
        writer.addAll(new OutOfOrderSource(list));
        writer.finish(id, start, start + blockMs, 1, true, List.of(id), List.of());
        counters.compacted(started);
        into.add(blocks.open(id));
      } catch (IOException e) {
        throw new StorageException.Failed(
            "block " + blocks.directory().resolve(id) + ": cannot write: " + e, e);
      }
    });
    return entries;
  }
}
