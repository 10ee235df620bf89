package io.narthex.storage.tsdb.chunks;

import io.narthex.model.NativeHistogram;
import org.jspecify.annotations.Nullable;

/** How many bytes of the heap a sample takes, roughly. */
public final class SampleBytes {
  /** A sample with its share of the series and of half-empty arrays: rather too much. */
  private static final int SAMPLE = 130;

  private SampleBytes() {}

  /** Returns the bytes of a sample: of a float when {@code h} is null. */
  public static long of(@Nullable NativeHistogram h) {
    return h == null
        ? SAMPLE
        : SAMPLE
            + (long) Double.BYTES
                * (h.positiveBuckets().length
                    + h.negativeBuckets().length
                    + h.customBounds().length)
            + (long) Integer.BYTES * (h.positiveSpans().length + h.negativeSpans().length);
  }
}
