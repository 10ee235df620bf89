package io.narthex.storage.tsdb;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.IntConsumer;
import org.roaringbitmap.RoaringBitmap;

/** Reads series of the head as they were when it was made. */
final class HeadSource extends SeriesSource {
  /** What was captured of a series under the head's lock. */
  static final class Captured {
    final int id;
    final HeadIndex.Pair[] pairs;
    final long chunk;
    final byte @Nullable [] tail;
    final long tailBaseMs;
    final @Nullable ChunkRows open;
    final long @Nullable [] deleted;

    /** The only row that is wanted, a float; {@link SeriesPage#NEVER} = all rows are. */
    final long newestMs;

    final double newestValue;

    Captured(
        int id,
        HeadIndex.Pair[] pairs,
        long chunk,
        byte @Nullable [] tail,
        long tailBaseMs,
        @Nullable ChunkRows open,
        long @Nullable [] gone) {
      this.id = id;
      this.pairs = pairs;
      this.chunk = chunk;
      this.tail = tail;
      this.tailBaseMs = tailBaseMs;
      this.open = open;
      deleted = gone;
      newestMs = SeriesPage.NEVER;
      newestValue = 0;
    }

    Captured(int id, HeadIndex.Pair[] pairs, long newestMs, double newestValue) {
      this.id = id;
      this.pairs = pairs;
      this.newestMs = newestMs;
      this.newestValue = newestValue;
      chunk = 0;
      tail = null;
      tailBaseMs = 0;
      open = null;
      deleted = null;
    }
  }

  private final HeadChunks.@Nullable Page[] pages;
  private final List<Captured> series;
  private final long minTimeMs;
  private final long maxTimeMs;
  private final ChunkCodec codec = new ChunkCodec();
  private final ByteSource bytes = new ByteSource();
  private final HeadChunks.Scratch scratch = new HeadChunks.Scratch();
  private final Tail.Reader tail = new Tail.Reader();
  private boolean sortPending;
  private int next;
  private @Nullable Captured current;
  private @Nullable Captured ready; // series whose first rows are in rows already
  private long[] chain = new long[8];
  private int chainSize;
  private boolean openPending;

  private HeadSource(
      HeadChunks.@Nullable Page[] pages,
      List<Captured> series,
      long minTimeMs,
      long maxTimeMs,
      boolean sorted) {
    sortPending = sorted;
    this.pages = pages;
    this.series = series;
    this.minTimeMs = minTimeMs;
    this.maxTimeMs = maxTimeMs;
  }

  /**
   * Captures series. Under the head's state read lock.
   *
   * @param ids the series wanted
   * @param sorted whether label order is needed
   */
  static HeadSource capture(
      Head head, RoaringBitmap ids, long minTimeMs, long maxTimeMs, boolean sorted) {
    return capture(head, ids, minTimeMs, maxTimeMs, sorted, false);
  }

  /**
   * Captures series in label order, of which only the newest sample in range is needed. Where that
   * is what the head knows without reading chunks, it is all that will be read.
   */
  static HeadSource captureNewest(Head head, RoaringBitmap ids, long minTimeMs, long maxTimeMs) {
    return capture(head, ids, minTimeMs, maxTimeMs, true, true);
  }

  private static HeadSource capture(
      Head head,
      RoaringBitmap ids,
      long minTimeMs,
      long maxTimeMs,
      boolean sorted,
      boolean newest) {
    long min = Math.max(minTimeMs, head.minValidMs());
    List<Captured> series = new ArrayList<>(ids.getCardinality());
    if (min <= maxTimeMs) {
      ids.forEach(
          (IntConsumer)
              id -> {
                Captured c = newest ? newest(head, id, min, maxTimeMs) : null;
                c = c == null ? capture(head, id, min, maxTimeMs) : c;
                if (c != null) {
                  series.add(c);
                }
              });
    }
    return new HeadSource(head.chunks().snapshot(), series, min, maxTimeMs, sorted);
  }

  /** Captures the newest sample if it is a float in range, not deleted; else returns null. */
  private static @Nullable Captured newest(Head head, int id, long min, long max) {
    SeriesPage page = head.page(id);
    if (page == null) {
      return null;
    }
    int slot = id & SeriesPage.MASK;
    HeadIndex.Pair[] pairs = page.pairs[slot];
    long time = page.newestMs[slot];
    if (pairs == null
        || time == SeriesPage.NEVER
        || time < min
        || time > max
        || page.newestHistogram(slot) != null) {
      return null;
    }
    long[] deleted = head.tombstones().of(id);
    return deleted != null && TombstoneMap.covers(deleted, time)
        ? null
        : new Captured(id, pairs, time, page.newestValue[slot]);
  }

  private static @Nullable Captured capture(Head head, int id, long min, long max) {
    SeriesPage page = head.page(id);
    if (page == null) {
      return null;
    }
    int slot = id & SeriesPage.MASK;
    HeadIndex.Pair[] pairs = page.pairs[slot];
    if (pairs == null
        || page.bornMs[slot] == SeriesPage.NEVER
        || page.bornMs[slot] > max
        || page.newestMs[slot] < min) {
      return null;
    }
    ChunkRows open = null;
    if (page.openCount[slot] > 0 && page.openMs[slot] <= max) {
      open = new ChunkRows();
      Head.openRows(page, slot, open);
    } else {
      SeriesPage.HistogramTail tail = page.histogramTail(slot);
      if (tail != null && tail.rows.size > 0 && tail.rows.timesMs[0] <= max) {
        open = new ChunkRows();
        open.clear(true);
        for (int i = 0; i < tail.rows.size; i++) {
          open.add(tail.rows, i);
        }
      }
    }
    return new Captured(
        id,
        pairs,
        page.chunk[slot],
        page.tail[slot],
        page.tailBaseMs,
        open,
        head.tombstones().of(id));
  }

  /** Returns the id of the present series. */
  int id() {
    Captured c = current;
    if (c == null) {
      throw new IllegalStateException("head: not on a series");
    }
    return c.id;
  }

  @Override
  void nextSeries() {
    if (sortPending) {
      // by the reader's thread and without the lock; label sets are made when they are reached
      sortPending = false;
      series.sort((a, b) -> HeadIndex.compare(a.pairs, b.pairs));
    }
    // a series is there only when it has a row in range: look before it is announced
    while (next < series.size()) {
      Captured c = series.get(next++);
      current = c;
      if (c.newestMs != SeriesPage.NEVER) {
        rows.clear(false);
        rows.add(c.newestMs, c.newestValue, null, 0);
        chainSize = 0;
        openPending = false;
        tail.reset(null, 0);
        ready = c;
        labels = HeadIndex.labels(c.pairs);
        return;
      }
      findChunks(c);
      tail.reset(c.tail, c.tailBaseMs);
      openPending = c.open != null;
      ready = null;
      if (nextRows()) {
        ready = c;
        labels = HeadIndex.labels(c.pairs);
        return;
      }
    }
    current = null;
    labels = null;
  }

  private void findChunks(Captured c) {
    chainSize = 0;
    long reference = c.chunk;
    while (HeadChunks.exists(pages, reference)) {
      long before = HeadChunks.open(pages, reference, bytes, scratch);
      long first = ChunkCodec.firstTime(bytes, HeadChunks.baseMs(pages, reference));
      if (first <= maxTimeMs) {
        if (chainSize == chain.length) {
          chain = Arrays.copyOf(chain, chainSize * 2);
        }
        chain[chainSize++] = reference;
      }
      if (first <= minTimeMs) {
        break;
      }
      reference = before;
    }
  }

  @Override
  boolean nextRows() {
    Captured c = current;
    if (c == null) {
      return false;
    }
    if (ready == c) {
      ready = null;
      return true;
    }
    while (chainSize > 0) {
      long reference = chain[--chainSize];
      HeadChunks.open(pages, reference, bytes, scratch);
      codec.read(bytes, HeadChunks.baseMs(pages, reference), rows);
      keep(rows, minTimeMs, maxTimeMs, c.deleted);
      if (rows.size > 0) {
        return true;
      }
    }
    while (tail.next(codec, rows)) {
      keep(rows, minTimeMs, maxTimeMs, c.deleted);
      if (rows.size > 0) {
        return true;
      }
    }
    if (openPending && c.open != null) {
      openPending = false;
      rows.clear(c.open.isHistogram);
      for (int i = 0; i < c.open.size; i++) {
        rows.add(c.open, i);
      }
      keep(rows, minTimeMs, maxTimeMs, c.deleted);
      return rows.size > 0;
    }
    return false;
  }

  @Override
  void close() {
    next = series.size();
    current = null;
    labels = null;
  }
}
