package io.narthex.spi.storage;

import io.narthex.model.NativeHistogram;

/**
 * Samples of one series as columns, in order of time; owned and reused by the reader. The arrays
 * are public for speed: a storage writes rows 0 to {@link #size} - 1 and nothing else. Not
 * thread-safe.
 *
 * <p>Example, a cursor of a storage with the samples of a series in two arrays:
 *
 * <pre>{@code
 * public boolean nextTile(SampleTile tile) {
 *   int rows = Math.min(tile.capacity(), timesMs.length - next);
 *   System.arraycopy(timesMs, next, tile.timesMs, 0, rows);
 *   System.arraycopy(values, next, tile.values, 0, rows);
 *   tile.kind = SampleTile.Kind.FLOAT;
 *   tile.size = rows;
 *   next += rows;
 *   return rows > 0;
 * }
 * }</pre>
 */
public final class SampleTile {
  /** Kind of the rows of a tile. */
  public enum Kind {
    /** {@link #values} contains the values. */
    FLOAT,
    /** {@link #histograms} contains the values. */
    HISTOGRAM
  }

  /** Kind of all rows. */
  public Kind kind = Kind.FLOAT;

  /** Number of rows in use, 0 to {@link #capacity()}. */
  public int size;

  /** Timestamps in epoch milliseconds, strictly ascending. */
  public final long[] timesMs;

  /** Values of a float tile, including staleness markers. */
  public final double[] values;

  /** Histograms of a histogram tile; rows of a float tile are undefined. */
  public final NativeHistogram[] histograms;

  /**
   * Start timestamps in epoch milliseconds, 0 = unknown; filled only when the request asks for
   * them.
   */
  public final long[] startTimesMs;

  /** Creates a tile for up to {@code capacity} rows. */
  public SampleTile(int capacity) {
    timesMs = new long[capacity];
    values = new double[capacity];
    histograms = new NativeHistogram[capacity];
    startTimesMs = new long[capacity];
  }

  /** Returns the most rows the tile can hold. */
  public int capacity() {
    return timesMs.length;
  }
}
