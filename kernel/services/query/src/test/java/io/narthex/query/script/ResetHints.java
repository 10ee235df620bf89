package io.narthex.query.script;

import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.query.histogram.HistogramMath;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Notes on appended histograms what a storage of chunks knows: that a sample goes on the counter of
 * the one before. Scripts rely on it.
 */
final class ResetHints {
  private ResetHints() {}

  static NativeHistogram after(@Nullable NativeHistogram before, NativeHistogram h) {
    if (h.resetHint() != ResetHint.UNKNOWN
        || before == null
        || before.resetHint() == ResetHint.GAUGE
        || before.schema() != h.schema()
        || before.zeroThreshold() != h.zeroThreshold()
        || !Arrays.equals(before.customBounds(), h.customBounds())
        || HistogramMath.isReset(before, h)) {
      return h;
    }
    return h.toBuilder().resetHint(ResetHint.NOT_RESET).build();
  }
}
