package io.narthex.exposition;

import io.narthex.model.NativeHistogram;
import java.util.Arrays;

/** A histogram message with its classic and native parts. */
final class ProtobufHistogram {
  double sum;
  long startMs;
  int bucketCount;
  double[] bounds = new double[16];
  double[] cumulative = new double[16];
  int[][] bucketExemplars = new int[16][];
  final Ints exemplars = new Ints(); // start, end, …

  private double count;
  private double countFloat;
  private double zeroCount;
  private double zeroCountFloat;
  private double zeroThreshold;
  private int schema;
  private final ProtobufBuckets positive = new ProtobufBuckets();
  private final ProtobufBuckets negative = new ProtobufBuckets();

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
        case 9 -> negative.span(w);
        case 10 -> negative.deltas(w);
        case 11 -> negative.counts(w);
        case 12 -> positive.span(w);
        case 13 -> positive.deltas(w);
        case 14 -> positive.counts(w);
        case 15 -> startMs = timestamp(b, w.range());
        case 16 -> exemplars.add(w.range());
        default -> w.skip();
      }
    }
  }

  private void bucket(byte[] b, int[] range) throws ProtobufWire.Broken {
    ProtobufBuckets.check(bucketCount);
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

  double classicCount() {
    return countFloat > 0 ? countFloat : count;
  }

  /** Returns whether there is a native part. */
  boolean isNative() {
    return positive.hasSpans()
        || negative.hasSpans()
        || zeroThreshold > 0
        || zeroCount > 0
        || zeroCountFloat > 0;
  }

  NativeHistogram toModel(boolean gauge) throws ExpositionException {
    boolean real = countFloat > 0 || zeroCountFloat > 0;
    HistogramBuckets up = HistogramBuckets.compact(positive.spans(), positive.counts(real), 0);
    HistogramBuckets down = HistogramBuckets.compact(negative.spans(), negative.counts(real), 0);
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
}
