package io.narthex.exposition;

import io.narthex.exposition.ProtobufWire.Broken;
import java.util.Arrays;

/** The numbers of a repeated field, packed or one by one. Not thread-safe. */
public final class ProtobufNumbers {
  private double[] numbers = new double[8];
  private int size;
  private long last; // sum of the deltas so far

  /** Removes all numbers. */
  public void clear() {
    size = 0;
    last = 0;
  }

  /** Reads doubles. */
  public void reals(ProtobufWire w) throws Broken {
    if (w.wire == 1) {
      add(w.real());
      return;
    }
    int outer = w.enter();
    while (w.more()) {
      add(w.rawReal());
    }
    w.leave(outer);
  }

  /** Reads deltas and adds the absolute numbers. */
  public void deltas(ProtobufWire w) throws Broken {
    if (w.wire == 0) {
      delta(w.number());
      return;
    }
    int outer = w.enter();
    while (w.more()) {
      delta(w.varint());
    }
    w.leave(outer);
  }

  private void delta(long zigZag) throws Broken {
    last += ProtobufWire.zigZag(zigZag);
    add(last);
  }

  private void add(double number) throws Broken {
    ProtobufBuckets.check(size);
    if (size == numbers.length) {
      numbers = Arrays.copyOf(numbers, size * 2);
    }
    numbers[size++] = number;
  }

  /** Returns the numbers; the array is the caller's. */
  public double[] toArray() {
    return Arrays.copyOf(numbers, size);
  }
}
