package io.narthex.http;

import io.narthex.exposition.HistogramResolution;
import io.narthex.model.NativeHistogram;
import java.util.Locale;

/** What the original makes of a histogram that remote write brings, before it stores it. */
final class WrittenHistogram {
  /** The highest schema that is stored; higher ones, as of OpenTelemetry, are lowered to it. */
  private static final int FINEST_STORED = 8;

  /** The highest schema there is. */
  private static final int FINEST_KNOWN = 52;

  /** Up to here doubles hold all whole numbers. */
  private static final double EXACT = 0x1p53;

  private WrittenHistogram() {}

  /**
   * Returns the histogram in a resolution that is stored.
   *
   * @param floats whether its counts need not be whole numbers
   * @throws IllegalArgumentException when whole numbers contradict each other
   */
  static NativeHistogram stored(NativeHistogram h, boolean floats) {
    if (!floats) {
      checkCount(h);
    }
    return h.schema() > FINEST_STORED && h.schema() <= FINEST_KNOWN
        ? HistogramResolution.lower(h, FINEST_STORED)
        : h;
  }

  /** Refuses a histogram of whole numbers whose count is not that of its buckets. */
  private static void checkCount(NativeHistogram h) {
    double found = h.zeroCount();
    for (double bucket : h.positiveBuckets()) {
      found += bucket;
    }
    for (double bucket : h.negativeBuckets()) {
      found += bucket;
    }
    boolean exact = found <= EXACT && h.count() <= EXACT; // else the sum may be rounded
    boolean wrong = Double.isNaN(h.sum()) ? found > h.count() : found != h.count();
    if (exact && wrong && !h.isStale()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%.0f observations found in buckets, but the Count field is %.0f: histogram's"
                  + " observation count should %s",
              found,
              h.count(),
              Double.isNaN(h.sum())
                  ? "be at least the number of observations found in the buckets"
                  : "equal the number of observations found in the buckets (in absence of NaN)"));
    }
  }
}
