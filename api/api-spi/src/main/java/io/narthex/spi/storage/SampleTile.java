package io.narthex.spi.storage;

import io.narthex.model.NativeHistogram;

/**
 * Samples of one series as columns, in order of time; owned and reused by the reader. The arrays
 * are public for speed: a storage writes rows 0 to {@link #size} - 1, nothing else.
 */
public final class SampleTile {
  /** What the rows of a tile are. */
  public enum Kind {
    /** {@link #values} holds them. */
    FLOAT,
    /** {@link #histograms} holds them. */
    HISTOGRAM
  }

  /** Kind of all rows. */
  public Kind kind = Kind.FLOAT;

  /** Rows in use. */
  public int size;

  /** Times, epoch milliseconds, rising. */
  public final long[] timesMs;

  /** Values of a float tile. Stale markers are included. */
  public final double[] values;

  /** Histograms of a histogram tile. */
  public final NativeHistogram[] histograms;

  /** Start times, epoch milliseconds, 0 = unknown; filled only when the request wants them. */
  public final long[] startTimesMs;

  /** Creates a tile for up to {@code capacity} rows. */
  public SampleTile(int capacity) {
    timesMs = new long[capacity];
    values = new double[capacity];
    histograms = new NativeHistogram[capacity];
    startTimesMs = new long[capacity];
  }

  /** Returns the most rows the tile can take. */
  public int capacity() {
    return timesMs.length;
  }
}
