package io.narthex.storage.tsdb.io;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;

/**
 * What one series, sample or moment may be at most. The writers of the WAL and its readers use the
 * same numbers, so that everything that is acknowledged can be read again.
 */
public final class Limits {
  /** Labels of a series or an exemplar. */
  public static final int LABELS = 1 << 16;

  /** Span numbers, bounds, or buckets of one side of a histogram. */
  public static final int HISTOGRAM_PARTS = 1 << 20;

  /**
   * How far ahead of the clock a sample may be, milliseconds. One that is a month ahead would make
   * every sample of today too old, and age all blocks by a month.
   */
  public static final long FUTURE_MS = 600_000;

  /** Bytes that samples out of order may take on the heap until they are in blocks. */
  public static final long OUT_OF_ORDER_BYTES = Runtime.getRuntime().maxMemory() / 8;

  private Limits() {}

  /** Checks the labels of a series before it is logged. */
  public static void check(Labels labels) {
    if (labels.size() > LABELS) {
      throw new IllegalArgumentException(
          "series: at most " + LABELS + " labels, got " + labels.size());
    }
  }

  /** Returns whether a histogram can be read again. */
  public static boolean allows(NativeHistogram h) {
    return h.positiveSpans().length <= HISTOGRAM_PARTS
        && h.negativeSpans().length <= HISTOGRAM_PARTS
        && h.positiveBuckets().length <= HISTOGRAM_PARTS
        && h.negativeBuckets().length <= HISTOGRAM_PARTS
        && h.customBounds().length <= HISTOGRAM_PARTS;
  }
}
