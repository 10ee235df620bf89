package io.narthex.format.exposition;

import java.util.Arrays;

/** Floats in an array that doubles as it fills. Not thread-safe. */
final class Doubles {
  private double[] numbers = new double[8];
  private int size;

  int size() {
    return size;
  }

  double last() {
    return size == 0 ? 0 : numbers[size - 1];
  }

  void add(double number) {
    if (size == numbers.length) {
      numbers = Arrays.copyOf(numbers, size * 2);
    }
    numbers[size++] = number;
  }

  double[] toArray() {
    return Arrays.copyOf(numbers, size);
  }
}
