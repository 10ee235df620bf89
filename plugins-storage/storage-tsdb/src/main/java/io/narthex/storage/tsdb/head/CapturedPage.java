package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.SelectMemory;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.head.SeriesPage.HistogramTail;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What was captured of series of one page of the head, as columns: a query captures all of its
 * series before it reads the first.
 */
final class CapturedPage {
  /** One of its series. */
  record Captured(CapturedPage page, int at) {
    int id() {
      return page.ids[at];
    }

    HeadIndex.Pair[] pairs() {
      return page.pairs[at];
    }

    /** Returns the newest sealed chunk; 0 = none. */
    long chunk() {
      return page.chunk[at];
    }

    /** Returns the small chunks after the sealed ones, see {@link Tail}; null = none. */
    byte @Nullable [] tail() {
      return page.tail[at];
    }

    long tailBaseMs() {
      return page.tailBaseMs;
    }

    /** Returns the times that are deleted, see {@link TombstoneMap}; null = none. */
    long @Nullable [] deleted() {
      return page.deleted == null ? null : page.deleted[at];
    }

    /** Copies the newest sample when that is all that will be read; returns whether it is. */
    boolean newest(ChunkRows into) {
      if (page.newestMs == null || page.newestMs[at] == SeriesPage.NEVER) {
        return false;
      }
      into.clear(false);
      into.add(page.newestMs[at], page.newestValue[at], null, 0);
      return true;
    }

    /** Copies the rows that are not sealed; returns whether there are any. */
    boolean openRows(ByteSource in, ChunkRows into) {
      return page.openRows(at, in, into);
    }
  }

  /** Bytes of a series in the columns that all have, with its entry in the list. */
  private static final int SERIES_BYTES = 32;

  /** Bytes of a series in the columns of where its rows are. */
  private static final int PLACE_BYTES = 29;

  private static final int NEWEST_BYTES = Long.BYTES + Double.BYTES;

  /** Bytes of a series whose rows are histograms, which are not copied. */
  private static final int HISTOGRAM_SERIES_BYTES = 160;

  private final int[] ids;
  private final HeadIndex.Pair[][] pairs;

  // empty where the newest sample of all series is known, as in most queries of the present
  private final long[] chunk;
  private final byte[] @Nullable [] tail;
  private final long tailBaseMs;
  private long @Nullable [] @Nullable [] deleted; // null until one has such times

  // float rows of series i, see OpenRows: from openFrom[i] to openFrom[i + 1]
  private final int[] openFrom;
  private final byte[] openCount;
  private final long[] openMs;
  private final byte[] openBytes;
  private @Nullable ChunkRows @Nullable [] openHistograms; // null until one has some

  // where only the newest sample is wanted; its time is NEVER where all are read after all
  private final long @Nullable [] newestMs;
  private final double[] newestValue;

  private CapturedPage(
      Head head,
      SeriesPage from,
      int[] ids,
      boolean places,
      int bytes,
      long min,
      long max,
      boolean newest) {
    int n = ids.length;
    this.ids = ids;
    pairs = new HeadIndex.Pair[n][];
    chunk = new long[places ? n : 0];
    tail = new byte[places ? n : 0][];
    tailBaseMs = from.tailBaseMs;
    openFrom = new int[places ? n + 1 : 0];
    openCount = new byte[places ? n : 0];
    openMs = new long[places ? n : 0];
    openBytes = new byte[bytes];
    newestMs = newest ? new long[n] : null;
    newestValue = new double[newest ? n : 0];
    for (int i = 0; i < n; i++) {
      if (places) {
        openFrom[i + 1] = openFrom[i];
      }
      pairs[i] = Objects.requireNonNull(from.pairs[ids[i] & SeriesPage.MASK]);
      if (!fillNewest(head, from, i, min, max)) {
        fill(head, from, i, max);
      }
    }
  }

  /** Takes the newest sample when that is all that is wanted, and known. */
  private boolean fillNewest(Head head, SeriesPage from, int i, long min, long max) {
    if (newestMs == null) {
      return false;
    }
    int slot = ids[i] & SeriesPage.MASK;
    boolean knows = knowsNewest(head, from, ids[i], min, max);
    newestMs[i] = knows ? from.newestMs[slot] : SeriesPage.NEVER;
    newestValue[i] = knows ? from.newestValue[slot] : 0;
    return knows;
  }

  private void fill(Head head, SeriesPage from, int i, long max) {
    int slot = ids[i] & SeriesPage.MASK;
    int first = openFrom[i];
    chunk[i] = from.chunk[slot];
    tail[i] = from.tail[slot];
    long[] gone = head.tombstones().of(ids[i]);
    if (gone != null) {
      if (deleted == null) {
        deleted = new long[ids.length][];
      }
      deleted[i] = gone;
    }
    if (hasOpenFloats(from, slot, max)) {
      openCount[i] = (byte) from.open.count(slot);
      openMs[i] = from.open.firstMs(slot);
      from.open.copyBytes(slot, openBytes, first);
      openFrom[i + 1] = first + from.open.bytes(slot);
      return;
    }
    HistogramTail waiting = from.histogramTail(slot);
    if (waiting != null && waiting.rows.size > 0 && waiting.rows.timesMs[0] <= max) {
      if (openHistograms == null) {
        openHistograms = new ChunkRows[ids.length];
      }
      ChunkRows copy = new ChunkRows();
      copy.clear(true);
      for (int row = 0; row < waiting.rows.size; row++) {
        copy.add(waiting.rows, row);
      }
      openHistograms[i] = copy;
    }
  }

  /**
   * Captures series of one page that may have samples in a range. Under the head's state read lock.
   *
   * @param wanted ids, all of the same page
   * @param n how many of them
   * @param newest whether only the newest sample of each is wanted; where the head knows it without
   *     reading chunks, it is all that is captured
   * @param memory asked before it is used
   * @param into takes them, in the order of their ids
   */
  static void capture(
      Head head,
      int[] wanted,
      int n,
      long min,
      long max,
      boolean newest,
      SelectMemory memory,
      List<Captured> into) {
    SeriesPage from = head.page(wanted[0]);
    if (from == null) {
      return;
    }
    int[] ids = new int[n];
    int kept = 0;
    int known = 0;
    int bytes = 0;
    long histograms = 0;
    for (int i = 0; i < n; i++) {
      int slot = wanted[i] & SeriesPage.MASK;
      boolean knows = newest && knowsNewest(head, from, wanted[i], min, max);
      if (knows || mayHaveSamples(from, slot, min, max)) {
        ids[kept++] = wanted[i];
        known += knows ? 1 : 0;
        bytes += !knows && hasOpenFloats(from, slot, max) ? from.open.bytes(slot) : 0;
        HistogramTail waiting = knows ? null : from.histogramTail(slot);
        histograms +=
            waiting == null ? 0 : HISTOGRAM_SERIES_BYTES + waiting.rows.size * 3L * Long.BYTES;
      }
    }
    if (kept > 0) {
      boolean places = known < kept;
      int ofSeries = SERIES_BYTES + (places ? PLACE_BYTES : 0) + (newest ? NEWEST_BYTES : 0);
      memory.take(kept * (long) ofSeries + bytes + histograms);
      CapturedPage page =
          new CapturedPage(head, from, Arrays.copyOf(ids, kept), places, bytes, min, max, newest);
      for (int i = 0; i < kept; i++) {
        into.add(new Captured(page, i));
      }
    }
  }

  private static boolean mayHaveSamples(SeriesPage from, int slot, long min, long max) {
    return from.pairs[slot] != null
        && from.bornMs[slot] != SeriesPage.NEVER
        && from.bornMs[slot] <= max
        && from.newestMs[slot] >= min;
  }

  private static boolean hasOpenFloats(SeriesPage from, int slot, long max) {
    return from.open.count(slot) > 0 && from.open.firstMs(slot) <= max;
  }

  /** Returns whether the newest sample is a float in range, not deleted. */
  private static boolean knowsNewest(Head head, SeriesPage from, int id, long min, long max) {
    int slot = id & SeriesPage.MASK;
    long time = from.newestMs[slot];
    if (from.pairs[slot] == null
        || time == SeriesPage.NEVER
        || time < min
        || time > max
        || from.newestHistogram(slot) != null) {
      return false;
    }
    long[] gone = head.tombstones().of(id);
    return gone == null || !TombstoneMap.covers(gone, time);
  }

  private boolean openRows(int at, ByteSource in, ChunkRows into) {
    ChunkRows histograms = openHistograms == null ? null : openHistograms[at];
    if (histograms != null) {
      into.clear(true);
      for (int i = 0; i < histograms.size; i++) {
        into.add(histograms, i);
      }
      return true;
    }
    int first = openFrom[at];
    in.reset(openBytes, first, openFrom[at + 1]);
    OpenRows.read(in, openCount[at], openMs[at], into);
    return into.size > 0;
  }
}
