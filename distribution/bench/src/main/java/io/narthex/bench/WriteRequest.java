package io.narthex.bench;

import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Builds remote write requests, 1.0 or 2.0: protobuf's wire format, compressed with snappy. Can be
 * used again and again. Not thread-safe.
 */
public final class WriteRequest {
  private final WireBuffer message = new WireBuffer(1 << 20);
  private final WireBuffer series = new WireBuffer(1 << 16);
  private final WireBuffer sample = new WireBuffer(512);
  private final WireBuffer part = new WireBuffer(512);
  private final SnappyJavaCompressor snappy = new SnappyJavaCompressor();
  private final boolean second;

  /** Numbers of the texts that requests of 2.0 refer to, in order. */
  private final Map<String, Integer> symbols = new LinkedHashMap<>();

  /** Creates one that builds requests of 1.0. */
  public WriteRequest() {
    this(false);
  }

  /**
   * Creates one.
   *
   * @param second whether it builds requests of 2.0
   */
  public WriteRequest(boolean second) {
    this.second = second;
    symbol("");
  }

  private int symbol(String text) {
    Integer known = symbols.putIfAbsent(text, symbols.size());
    return known == null ? symbols.size() - 1 : known;
  }

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
    endSeries();
  }

  /**
   * Adds a series with one sample to a request of 1.0.
   *
   * @param labels the labels as fields of the series, sorted, among other bytes
   */
  public void series(byte[] labels, int from, int length, long timeMs, double value) {
    series.clear();
    series.raw(labels, from, length);
    sample.clear();
    sample.real(1, value);
    sample.number(2, timeMs);
    series.message(2, sample);
    endSeries();
  }

  private void endSeries() {
    message.message(second ? 5 : 1, series);
  }

  private void labels(Map<String, String> sortedLabels) {
    series.clear();
    if (second) {
      part.clear();
      sortedLabels.forEach((name, value) -> {
        part.varint(symbol(name));
        part.varint(symbol(value));
      });
      series.message(1, part);
      return;
    }
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
    endSeries();
  }

  /** Adds a series of native histograms whose populations are whole; null where there is none. */
  public void histograms(
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
    endSeries();
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
    series.message(second ? 3 : 4, sample);
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
  public int size() {
    return message.size();
  }

  /** Returns the request and begins the next one. */
  public byte[] finish() {
    if (second) {
      for (String text : symbols.keySet()) {
        message.text(4, text);
      }
      symbols.clear();
      symbol("");
    }
    byte[] out = new byte[snappy.maxCompressedLength(message.size())];
    int n = snappy.compress(message.array(), 0, message.size(), out, 0, out.length);
    message.clear();
    return Arrays.copyOf(out, n);
  }
}
