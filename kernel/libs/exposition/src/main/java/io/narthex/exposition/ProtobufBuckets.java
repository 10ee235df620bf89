package io.narthex.exposition;

import io.narthex.exposition.ProtobufWire.Broken;

/**
 * The buckets of one side of a native histogram message: spans, and populations as integer deltas
 * or as floats. The messages of scrapes and of remote write differ in the numbers of these fields
 * only. Not thread-safe.
 */
public final class ProtobufBuckets {
  /** Most buckets or spans of one side; more than any schema needs in practice. */
  static final int MAX_PARTS = 1 << 19;

  private final Ints spans = new Ints();
  private final ProtobufNumbers whole = new ProtobufNumbers();
  private final ProtobufNumbers real = new ProtobufNumbers();

  static void check(int parts) throws Broken {
    if (parts >= MAX_PARTS) {
      throw new Broken("histogram has more than " + MAX_PARTS + " buckets or spans");
    }
  }

  /** Removes all buckets. */
  public void clear() {
    spans.clear();
    whole.clear();
    real.clear();
  }

  /** Reads a span. */
  public void span(ProtobufWire w) throws Broken {
    check(spans.size() / 2);
    int offset = 0;
    int length = 0;
    int outer = w.enter();
    while (w.next()) {
      switch (w.field) {
        case 1 -> offset = (int) ProtobufWire.zigZag(w.number());
        case 2 -> length = (int) w.number();
        default -> w.skip();
      }
    }
    w.leave(outer);
    spans.add(offset);
    spans.add(length);
  }

  /** Reads populations of an integer histogram. */
  public void deltas(ProtobufWire w) throws Broken {
    whole.deltas(w);
  }

  /** Reads populations of a float histogram. */
  public void counts(ProtobufWire w) throws Broken {
    real.reals(w);
  }

  boolean hasSpans() {
    return spans.size() > 0;
  }

  /** Returns the spans: offset, length, … */
  public int[] spans() {
    return spans.toArray();
  }

  /** Returns the populations of a float or an integer histogram. */
  public double[] counts(boolean ofFloats) {
    return (ofFloats ? real : whole).toArray();
  }
}
