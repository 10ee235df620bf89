package io.narthex.query;

import io.narthex.model.NativeHistogram;

/** What others need to calculate with native histograms. */
public final class HistogramMath {
  private HistogramMath() {}

  /** Tells whether a counter was reset between two histograms, by hint or by content. */
  public static boolean isReset(NativeHistogram before, NativeHistogram now) {
    return Hist.of(now).isResetSince(Hist.of(before));
  }
}
