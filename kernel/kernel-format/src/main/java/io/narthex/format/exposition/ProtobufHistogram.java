package io.narthex.format.exposition;

import io.narthex.model.NativeHistogram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A histogram message, classic and native parts as they stand. */
final class ProtobufHistogram {
  double sum;
  long startMs;
  int bucketCount;
  double[] bounds = new double[16];
  double[] cumulative = new double[16];
  int[][] bucketExemplars = new int[16][];
  final List<int[]> exemplars = new ArrayList<>();

  private double count;
  private double countFloat;
  private double zeroCount;
  private double zeroCountFloat;
  private double zeroThreshold;
  private int schema;
  private final List<int[]> positiveSpans = new ArrayList<>();
  private final List<int[]> negativeSpans = new ArrayList<>();
  private double[] positive = new double[0];
  private double[] negative = new double[0];
  private double[] positiveFloat = new double[0];
  private double[] negativeFloat = new double[0];

  static long timestamp(byte[] b, int[] range) throws ProtobufWire.Broken {
    long seconds = 0;
    long nanos = 0;
    ProtobufWire w = new ProtobufWire(b, range[0], range[1]);
    while (w.next()) {
      switch (w.field) {
        case 1 -> seconds = w.number();
        case 2 -> nanos = w.number();
        default -> w.skip();
      }
    }
    return seconds * 1000 + nanos / 1_000_000;
  }

  void read(byte[] b, int from, int to) throws ProtobufWire.Broken {
    ProtobufWire w = new ProtobufWire(b, from, to);
    while (w.next()) {
      switch (w.field) {
        case 1 -> count = ProtobufWire.unsigned(w.number());
        case 2 -> sum = w.real();
        case 3 -> bucket(b, w.range());
        case 4 -> countFloat = w.real();
        case 5 -> schema = (int) ProtobufWire.zigZag(w.number());
        case 6 -> zeroThreshold = w.real();
        case 7 -> zeroCount = ProtobufWire.unsigned(w.number());
        case 8 -> zeroCountFloat = w.real();
        case 9 -> negativeSpans.add(span(b, w.range()));
        case 10 -> negative = deltas(b, w, negative);
        case 11 -> negativeFloat = reals(b, w, negativeFloat);
        case 12 -> positiveSpans.add(span(b, w.range()));
        case 13 -> positive = deltas(b, w, positive);
        case 14 -> positiveFloat = reals(b, w, positiveFloat);
        case 15 -> startMs = timestamp(b, w.range());
        case 16 -> exemplars.add(w.range());
        default -> w.skip();
      }
    }
  }

  private void bucket(byte[] b, int[] range) throws ProtobufWire.Broken {
    if (bucketCount == bounds.length) {
      bounds = Arrays.copyOf(bounds, bucketCount * 2);
      cumulative = Arrays.copyOf(cumulative, bucketCount * 2);
      bucketExemplars = Arrays.copyOf(bucketExemplars, bucketCount * 2);
    }
    double whole = 0;
    double real = 0;
    ProtobufWire w = new ProtobufWire(b, range[0], range[1]);
    while (w.next()) {
      switch (w.field) {
        case 1 -> whole = ProtobufWire.unsigned(w.number());
        case 2 -> bounds[bucketCount] = w.real();
        case 3 -> bucketExemplars[bucketCount] = w.range();
        case 4 -> real = w.real();
        default -> w.skip();
      }
    }
    cumulative[bucketCount++] = real > 0 ? real : whole;
  }

  private static int[] span(byte[] b, int[] range) throws ProtobufWire.Broken {
    int[] span = new int[2];
    ProtobufWire w = new ProtobufWire(b, range[0], range[1]);
    while (w.next()) {
      switch (w.field) {
        case 1 -> span[0] = (int) ProtobufWire.zigZag(w.number());
        case 2 -> span[1] = (int) w.number();
        default -> w.skip();
      }
    }
    return span;
  }

  /** Reads differences, packed or single, and returns what they add up to. */
  private static double[] deltas(byte[] b, ProtobufWire w, double[] before)
      throws ProtobufWire.Broken {
    double[] out = before;
    if (w.wire == 0) {
      return append(out, last(out) + ProtobufWire.zigZag(w.number()));
    }
    int[] r = w.range();
    ProtobufWire inner = new ProtobufWire(b, r[0], r[1]);
    while (inner.at < inner.end) {
      out = append(out, last(out) + ProtobufWire.zigZag(inner.varint()));
    }
    return out;
  }

  private static double[] reals(byte[] b, ProtobufWire w, double[] before)
      throws ProtobufWire.Broken {
    double[] out = before;
    if (w.wire == 1) {
      return append(out, w.real());
    }
    int[] r = w.range();
    ProtobufWire inner = new ProtobufWire(b, r[0], r[1]);
    while (inner.at < inner.end) {
      out = append(out, inner.rawReal());
    }
    return out;
  }

  private static double last(double[] a) {
    return a.length == 0 ? 0 : a[a.length - 1];
  }

  private static double[] append(double[] a, double v) {
    double[] out = Arrays.copyOf(a, a.length + 1);
    out[a.length] = v;
    return out;
  }

  double classicCount() {
    return countFloat > 0 ? countFloat : count;
  }

  /** Tells whether there is a native part. */
  boolean isNative() {
    return !positiveSpans.isEmpty()
        || !negativeSpans.isEmpty()
        || zeroThreshold > 0
        || zeroCount > 0
        || zeroCountFloat > 0;
  }

  NativeHistogram toModel(boolean gauge) throws ExpositionException {
    boolean real = countFloat > 0 || zeroCountFloat > 0;
    HistogramBuckets up =
        HistogramBuckets.compact(flat(positiveSpans), real ? positiveFloat : positive, 0);
    HistogramBuckets down =
        HistogramBuckets.compact(flat(negativeSpans), real ? negativeFloat : negative, 0);
    return NativeHistogram.builder()
        .schema(schema)
        .count(real ? countFloat : count)
        .sum(Double.isNaN(sum) ? TextParser.NORMAL_NAN : sum)
        .zeroBucket(zeroThreshold, real ? zeroCountFloat : zeroCount)
        .positive(up.spans, up.values)
        .negative(down.spans, down.values)
        .resetHint(gauge ? NativeHistogram.ResetHint.GAUGE : NativeHistogram.ResetHint.UNKNOWN)
        .build();
  }

  private static int[] flat(List<int[]> spans) {
    int[] out = new int[spans.size() * 2];
    for (int i = 0; i < spans.size(); i++) {
      out[2 * i] = spans.get(i)[0];
      out[2 * i + 1] = spans.get(i)[1];
    }
    return out;
  }
}
