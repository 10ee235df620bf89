package io.narthex.exposition;

import java.util.Arrays;

/** A growing list of integers. Not thread-safe. */
final class Ints {
  private int[] numbers = new int[8];
  private int size;

  int size() {
    return size;
  }

  int get(int index) {
    return numbers[index];
  }

  void clear() {
    size = 0;
  }

  void add(int number) {
    if (size == numbers.length) {
      numbers = Arrays.copyOf(numbers, size * 2);
    }
    numbers[size++] = number;
  }

  /** Adds start and end of a range. */
  void add(int[] range) {
    add(range[0]);
    add(range[1]);
  }

  void addAll(Ints others) {
    for (int i = 0; i < others.size; i++) {
      add(others.numbers[i]);
    }
  }

  /** Returns the index of a number in an ascending list, or a negative number. */
  int find(int number) {
    return Arrays.binarySearch(numbers, 0, size, number);
  }

  int[] toArray() {
    return Arrays.copyOf(numbers, size);
  }
}
