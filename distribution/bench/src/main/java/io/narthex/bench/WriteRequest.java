package io.narthex.bench;

import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Builds remote write 1.0 requests: protobuf's wire format, compressed with snappy. Can be used
 * again and again. Not thread-safe.
 */
public final class WriteRequest {
  private final WireBuffer message = new WireBuffer(1 << 20);
  private final WireBuffer series = new WireBuffer(1 << 16);
  private final WireBuffer sample = new WireBuffer(512);
  private final WireBuffer part = new WireBuffer(512);
  private final SnappyJavaCompressor snappy = new SnappyJavaCompressor();

  /** Adds a series with its samples, in order of time. */
  public void series(
      Map<String, String> sortedLabels, long[] timesMs, double[] values, int from, int to) {
    labels(sortedLabels);
    for (int i = from; i < to; i++) {
      sample.clear();
      sample.real(1, values[i]);
      sample.number(2, timesMs[i]);
      series.message(2, sample);
    }
    message.message(1, series);
  }

  private void labels(Map<String, String> sortedLabels) {
    series.clear();
    sortedLabels.forEach((name, value) -> {
      part.clear();
      part.text(1, name);
      part.text(2, value);
      series.message(1, part);
    });
  }

  /**
   * Adds a series of native histograms.
   *
   * @param first number of the first one
   */
  void histograms(
      Map<String, String> sortedLabels, long[] timesMs, int first, GrowingHistogram histogram) {
    labels(sortedLabels);
    for (int i = 0; i < timesMs.length; i++) {
      histogram.moveTo(first + i);
      add(histogram.toModel(), timesMs[i]);
    }
    message.message(1, series);
  }

  /** Adds a series of native histograms whose populations are whole; null where there is none. */
  void histograms(
      Map<String, String> sortedLabels,
      long[] timesMs,
      @Nullable NativeHistogram[] histograms,
      int from,
      int to) {
    labels(sortedLabels);
    for (int i = from; i < to; i++) {
      NativeHistogram histogram = histograms[i];
      if (histogram != null) {
        add(histogram, timesMs[i]);
      }
    }
    message.message(1, series);
  }

  private void add(NativeHistogram histogram, long timeMs) {
    sample.clear();
    encode(histogram);
    sample.number(15, timeMs);
    if (histogram.hasCustomBuckets()) {
      part.clear();
      for (double bound : histogram.customBounds()) {
        part.fixed(bound);
      }
      sample.message(16, part);
    }
    series.message(4, sample);
  }

  private void encode(NativeHistogram histogram) {
    sample.number(1, (long) histogram.count());
    sample.real(3, histogram.sum());
    int schema = histogram.schema();
    sample.number(4, (long) schema << 1 ^ schema >> 31);
    sample.real(5, histogram.zeroThreshold());
    sample.number(6, (long) histogram.zeroCount());
    buckets(8, histogram.negativeSpans(), histogram.negativeBuckets());
    buckets(11, histogram.positiveSpans(), histogram.positiveBuckets());
    sample.number(14, histogram.resetHint() == ResetHint.GAUGE ? 3 : 0);
  }

  /** Adds spans, and differences between neighbours in the field behind them. */
  private void buckets(int field, int[] spans, double[] populations) {
    for (int i = 0; i < spans.length; i += 2) {
      part.clear();
      part.number(1, (long) spans[i] << 1 ^ spans[i] >> 31);
      part.number(2, spans[i + 1]);
      sample.message(field, part);
    }
    part.clear();
    long former = 0;
    for (double population : populations) {
      part.zigzag((long) population - former);
      former = (long) population;
    }
    sample.message(field + 1, part);
  }

  /** Returns the bytes so far, before compression. */
  int size() {
    return message.size();
  }

  /** Returns the request and begins the next one. */
  public byte[] finish() {
    byte[] out = new byte[snappy.maxCompressedLength(message.size())];
    int n = snappy.compress(message.array(), 0, message.size(), out, 0, out.length);
    message.clear();
    return Arrays.copyOf(out, n);
  }
}
