package io.narthex.exposition;

import io.narthex.model.NativeHistogram;

/** Writes native histograms as {@code io.prometheus.client.Histogram} messages. */
public final class HistogramMessage {
  private HistogramMessage() {}

  /**
   * Writes the fields of a histogram. One with custom bounds has no native form in protobuf and
   * becomes a classic one.
   */
  public static void write(ProtobufBytes out, NativeHistogram h) {
    out.real(2, h.sum());
    out.real(4, h.count());
    if (h.hasCustomBuckets()) {
      double[] cumulative = cumulative(h);
      ProtobufBytes bucket = new ProtobufBytes();
      for (int i = 0; i < h.customBounds().length; i++) {
        bucket.clear();
        bucket.real(2, h.customBounds()[i]);
        bucket.real(4, cumulative[i]);
        out.message(3, bucket);
      }
      return;
    }
    out.zigZag(5, h.schema());
    out.real(6, h.zeroThreshold());
    if (h.count() > 0 || h.zeroCount() > 0) {
      out.real(8, h.zeroCount());
      side(out, 9, h.negativeSpans(), 11, h.negativeBuckets());
      side(out, 12, h.positiveSpans(), 14, h.positiveBuckets());
    } else { // readers of integer histograms would not recognize it without a span
      side(out, 12, new int[] {0, 0}, 14, new double[0]); // distinguishes it from a classic one
    }
  }

  private static void side(
      ProtobufBytes out, int spanField, int[] spans, int countField, double[] counts) {
    ProtobufBytes span = new ProtobufBytes();
    for (int i = 0; i < spans.length; i += 2) {
      span.clear();
      span.zigZag(1, spans[i]);
      span.varint(2, spans[i + 1]);
      out.message(spanField, span);
    }
    for (double count : counts) {
      out.real(countField, count);
    }
  }

  /** Returns the cumulative populations of the custom bounds, the one of infinity last. */
  public static double[] cumulative(NativeHistogram h) {
    double[] out = new double[h.customBounds().length + 1];
    int[] spans = h.positiveSpans();
    int index = 0;
    int next = 0;
    for (int i = 0; i < spans.length; i += 2) {
      index += spans[i];
      for (int k = 0; k < spans[i + 1]; k++, index++, next++) {
        if (index >= 0 && index < out.length) {
          out[index] = h.positiveBuckets()[next];
        }
      }
    }
    for (int i = 1; i < out.length; i++) {
      out[i] += out[i - 1];
    }
    return out;
  }
}
