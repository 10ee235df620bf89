package io.narthex.format.exposition;

import io.narthex.model.NativeHistogram;
import java.util.Arrays;

/** A histogram message, classic and native parts as they stand. */
final class ProtobufHistogram {
  /** Most buckets or spans of one side; more than any schema can fill in use. */
  static final int MAX_PARTS = 1 << 19;

  double sum;
  long startMs;
  int bucketCount;
  double[] bounds = new double[16];
  double[] cumulative = new double[16];
  int[][] bucketExemplars = new int[16][];
  final Ints exemplars = new Ints(); // begin, end, …

  private double count;
  private double countFloat;
  private double zeroCount;
  private double zeroCountFloat;
  private double zeroThreshold;
  private int schema;
  private final Ints positiveSpans = new Ints();
  private final Ints negativeSpans = new Ints();
  private final Doubles positive = new Doubles();
  private final Doubles negative = new Doubles();
  private final Doubles positiveFloat = new Doubles();
  private final Doubles negativeFloat = new Doubles();

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
        case 9 -> span(b, w.range(), negativeSpans);
        case 10 -> deltas(b, w, negative);
        case 11 -> reals(b, w, negativeFloat);
        case 12 -> span(b, w.range(), positiveSpans);
        case 13 -> deltas(b, w, positive);
        case 14 -> reals(b, w, positiveFloat);
        case 15 -> startMs = timestamp(b, w.range());
        case 16 -> exemplars.add(w.range());
        default -> w.skip();
      }
    }
  }

  private void bucket(byte[] b, int[] range) throws ProtobufWire.Broken {
    check(bucketCount);
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

  private static void check(int parts) throws ProtobufWire.Broken {
    if (parts >= MAX_PARTS) {
      throw new ProtobufWire.Broken("histogram has more than " + MAX_PARTS + " buckets or spans");
    }
  }

  private static void span(byte[] b, int[] range, Ints spans) throws ProtobufWire.Broken {
    check(spans.size() / 2);
    int offset = 0;
    int length = 0;
    ProtobufWire w = new ProtobufWire(b, range[0], range[1]);
    while (w.next()) {
      switch (w.field) {
        case 1 -> offset = (int) ProtobufWire.zigZag(w.number());
        case 2 -> length = (int) w.number();
        default -> w.skip();
      }
    }
    spans.add(offset);
    spans.add(length);
  }

  /** Reads differences, packed or single, and adds what they add up to. */
  private static void deltas(byte[] b, ProtobufWire w, Doubles out) throws ProtobufWire.Broken {
    if (w.wire == 0) {
      check(out.size());
      out.add(out.last() + ProtobufWire.zigZag(w.number()));
      return;
    }
    int[] r = w.range();
    ProtobufWire inner = new ProtobufWire(b, r[0], r[1]);
    while (inner.at < inner.end) {
      check(out.size());
      out.add(out.last() + ProtobufWire.zigZag(inner.varint()));
    }
  }

  private static void reals(byte[] b, ProtobufWire w, Doubles out) throws ProtobufWire.Broken {
    if (w.wire == 1) {
      check(out.size());
      out.add(w.real());
      return;
    }
    int[] r = w.range();
    ProtobufWire inner = new ProtobufWire(b, r[0], r[1]);
    while (inner.at < inner.end) {
      check(out.size());
      out.add(inner.rawReal());
    }
  }

  double classicCount() {
    return countFloat > 0 ? countFloat : count;
  }

  /** Tells whether there is a native part. */
  boolean isNative() {
    return positiveSpans.size() > 0
        || negativeSpans.size() > 0
        || zeroThreshold > 0
        || zeroCount > 0
        || zeroCountFloat > 0;
  }

  NativeHistogram toModel(boolean gauge) throws ExpositionException {
    boolean real = countFloat > 0 || zeroCountFloat > 0;
    HistogramBuckets up = side(positiveSpans, real ? positiveFloat : positive);
    HistogramBuckets down = side(negativeSpans, real ? negativeFloat : negative);
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

  private static HistogramBuckets side(Ints spans, Doubles values) throws ExpositionException {
    return HistogramBuckets.compact(spans.toArray(), values.toArray(), 0);
  }
}
