package io.narthex.storage.tsdb.head;

import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import org.jspecify.annotations.Nullable;

/**
 * What the head knows about {@link #SIZE} series with consecutive ids, as columns: objects per
 * series would cost more than their content. Guarded by the head's locks.
 */
public final class SeriesPage {
  static final int BITS = 9;
  public static final int SIZE = 1 << BITS;
  public static final int MASK = SIZE - 1;

  /** Rows of a series that wait to be sealed into a chunk. */
  public static final int ROWS = 16;

  /** Bytes of histograms of a series that may wait; those of usual size wait for {@link #ROWS}. */
  static final int HISTOGRAM_BYTES = 64 << 10;

  static final long NEVER = Long.MIN_VALUE;

  /** Labels; null = no such series. */
  final HeadIndex.Pair[] @Nullable [] pairs = new HeadIndex.Pair[SIZE][];

  final int[] hashes = new int[SIZE];

  /** Time of the first sample ever, or {@link #NEVER}. */
  final long[] bornMs = new long[SIZE];

  /** Time of the newest sample, or {@link #NEVER}. */
  final long[] newestMs = new long[SIZE];

  final double[] newestValue = new double[SIZE];

  /** The newest sealed chunk; 0 = none. */
  final long[] chunk = new long[SIZE];

  /** Small chunks after the sealed ones, see {@link Tail}; null = none. */
  final byte[] @Nullable [] tail = new byte[SIZE][];

  /** What the times of the tails are relative to; set by the first sample. */
  long tailBaseMs = NEVER;

  /** Float rows waiting; the last of them is the newest sample. */
  final OpenRows open = new OpenRows();

  /** Histogram rows waiting; null until a series here has histograms. */
  @Nullable HistogramTail @Nullable [] histograms;

  /** Row of the batch at hand that was accepted last, plus one. Guarded by the append lock. */
  final int[] pendingRow = new int[SIZE];

  int used;

  /** Id of the first series. */
  final int firstId;

  SeriesPage(int firstId) {
    this.firstId = firstId;
    java.util.Arrays.fill(bornMs, NEVER);
    java.util.Arrays.fill(newestMs, NEVER);
  }

  /** Histogram rows of a series that wait to be sealed. */
  static final class HistogramTail {
    final ChunkRows rows = new ChunkRows();

    /** About how many bytes the rows take. */
    long bytes;

    /** The newest sample; null when that was a float. */
    @Nullable NativeHistogram newest;

    HistogramTail() {
      rows.clear(true);
    }
  }

  @Nullable HistogramTail histogramTail(int slot) {
    return histograms == null ? null : histograms[slot];
  }

  HistogramTail createHistogramTail(int slot) {
    if (histograms == null) {
      histograms = new HistogramTail[SIZE];
    }
    HistogramTail tail = histograms[slot];
    if (tail == null) {
      tail = new HistogramTail();
      histograms[slot] = tail;
    }
    return tail;
  }

  @Nullable NativeHistogram newestHistogram(int slot) {
    HistogramTail tail = histogramTail(slot);
    return tail == null ? null : tail.newest;
  }

  /** Returns whether the newest sample of a series is a staleness marker. */
  boolean hasEnded(int slot) {
    NativeHistogram h = newestHistogram(slot);
    return newestMs[slot] != NEVER && (h == null ? StaleMarker.is(newestValue[slot]) : h.isStale());
  }
}
