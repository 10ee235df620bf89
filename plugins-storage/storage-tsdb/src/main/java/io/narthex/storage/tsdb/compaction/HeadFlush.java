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
      // what was taken while the clock was ahead must not make blocks of what is still to grow
      long newest = head.presentMs();
      return head.minMs() <= newest && newest - head.minMs() > blockMs / 2 * 3;
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
    if (head.isOutOfOrderRoomShort() && !stop.getAsBoolean()) {
      try {
        flushOutOfOrder(blockMs);
      } catch (BlockWriter.Stopped e) {
        log.debug("{}", e.getMessage()); // the samples stay in the head
      }
    }
  }

  /**
   * Makes blocks of the series that have ended, if they are many, so that they do not stay until
   * the head is long enough. Series whose out-of-order samples keep them here do not count, or each
   * try would write a few more.
   *
   * @param share of all series from which on they are many; 0 = never
   */
  public void runEnded(long blockMs, double share) {
    if (share > 0 && !stop.getAsBoolean()) {
      try {
        flushEnded(blockMs, share);
      } catch (BlockWriter.Stopped e) {
        log.debug("{}", e.getMessage()); // the samples stay in the head
      }
    }
  }

  private void flushEnded(long blockMs, double share) {
    List<Head.Ended> ended = head.ended();
    if (ended.isEmpty() || ended.size() < share * head.index().seriesCount()) {
      return;
    }
    disk.require(
        blocks.directory(),
        (long) (head.fileBytes() * (double) ended.size() / head.index().seriesCount()),
        "a block of the series that have ended");
    ended.sort((a, b) -> HeadIndex.compare(a.pairs(), b.pairs()));
    List<Integer> ids = new ArrayList<>(ended.size());
    ended.forEach(e -> ids.add(e.id()));
    long first;
    long last;
    head.state.readLock().lock();
    try {
      first = Math.floorDiv(head.minMs(), blockMs) * blockMs;
      last = head.maxMs();
    } finally {
      head.state.readLock().unlock();
    }
    counters.add("compactions_triggered_total", 1);
    List<Block> made = new ArrayList<>();
    writeOrUndo(
        made,
        () -> {
          for (long start = first; start <= last; start += blockMs) {
            writeSeries(
                blocks.directory(),
                ids,
                start,
                start + blockMs,
                true, // the other series of this time are still to come
                id -> made.add(blocks.open(id)));
          }
        });
    head.swapEnded(() -> blocks.add(made), ended);
    log.info("head: wrote {} series that have ended into {} blocks", ended.size(), made.size());
  }

  /**
   * Makes blocks of all out-of-order samples, also of those as new as the head, so that there is
   * room for more.
   */
  private void flushOutOfOrder(long blockMs) {
    counters.add("compactions_triggered_total", 1);
    List<Block> made = new ArrayList<>();
    List<OutOfOrderSamples.Entry> flushed = new ArrayList<>();
    writeOrUndo(
        made,
        () ->
            flushed.addAll(
                writeOutOfOrder(
                    blocks.directory(), Long.MAX_VALUE, blockMs, id -> made.add(blocks.open(id)))));
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

  private void makeBlocks(long blockMs) {
    long start = Math.floorDiv(head.minMs(), blockMs) * blockMs;
    long end = start + blockMs;
    counters.add("compactions_triggered_total", 1);
    List<Block> made = new ArrayList<>();
    List<OutOfOrderSamples.Entry> flushed = new ArrayList<>();
    boolean[] hasHead = {false};
    head.takeOnlyFrom(end);
    try {
      writeOrUndo(
          made,
          () -> {
            hasHead[0] = writeHead(blocks.directory(), start, end, id -> made.add(blocks.open(id)));
            flushed.addAll(
                writeOutOfOrder(
                    blocks.directory(), end - 1, blockMs, id -> made.add(blocks.open(id))));
          });
      head.truncate(end, () -> blocks.add(made), flushed);
    } finally {
      head.takeOnlyFrom(Long.MIN_VALUE);
    }
    if (!hasHead[0]) {
      head.skipGap();
    }
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
    disk.require(directory, head.fileBytes(), "a block of the head");
    return writeSeries(directory, sortedIds(), start, end, false, made);
  }

  /**
   * Writes a block of the in-order samples of some series.
   *
   * @param ids in label order
   * @param part whether others of the same time are or will be in another block
   */
  private boolean writeSeries(
      Path directory,
      List<Integer> ids,
      long start,
      long end,
      boolean part,
      Consumer<String> made) {
    long started = System.nanoTime();
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
        try {
          writer.addAll(source);
        } finally {
          source.close();
        }
      }
      if (writer.isEmpty()) {
        return false;
      }
      writer.finish(id, start, end, 1, part, List.of(id), List.of());
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
      Path directory, long maxTimeMs, long blockMs, Consumer<String> made) {
    List<OutOfOrderSamples.Entry> entries = OutOfOrderSource.captureAll(head, maxTimeMs).entries();
    if (entries.isEmpty()) {
      return entries;
    }
    disk.require(directory, head.outOfOrder().bytes(), "a block of the out-of-order samples");
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
