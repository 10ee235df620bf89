package io.narthex.query.histogram;

import java.util.Arrays;

/**
 * The populated buckets of one side of a native histogram: rising indexes and their populations.
 * Immutable by convention: operations return new instances, arrays are never modified.
 */
public final class Buckets {
  public static final Buckets NONE = new Buckets(new int[0], new double[0]);

  public final int[] index;
  public final double[] count;

  public Buckets(int[] index, double[] count) {
    this.index = index;
    this.count = count;
  }

  static Buckets ofSpans(int[] spans, double[] buckets) {
    if (buckets.length == 0) {
      return NONE;
    }
    int[] index = new int[buckets.length];
    int at = 0;
    int n = 0;
    for (int s = 0; s < spans.length; s += 2) {
      at += spans[s];
      for (int k = 0; k < spans[s + 1]; k++) {
        index[n++] = at++;
      }
    }
    return new Buckets(index, buckets);
  }

  /** Returns whether both have the same indexes; what is read from one chunk shares them. */
  public boolean sameIndexes(Buckets other) {
    return index == other.index || Arrays.equals(index, other.index);
  }

  /** Returns offset, length, … of the buckets. */
  int[] spans() {
    int[] spans = new int[index.length * 2];
    int n = 0;
    int next = 0;
    for (int i : index) {
      if (n > 0 && i == next) {
        spans[n - 1]++;
      } else {
        spans[n++] = i - next;
        spans[n++] = 1;
      }
      next = i + 1;
    }
    return Arrays.copyOf(spans, n);
  }

  public int size() {
    return index.length;
  }

  Buckets scaled(double factor) {
    double[] c = new double[count.length];
    for (int i = 0; i < c.length; i++) {
      c[i] = count[i] * factor;
    }
    return new Buckets(index, c);
  }

  Buckets dividedBy(double scalar) {
    double[] c = new double[count.length];
    for (int i = 0; i < c.length; i++) {
      c[i] = count[i] / scalar;
    }
    return new Buckets(index, c);
  }

  /** Returns only the buckets that are not empty. */
  Buckets compact() {
    int n = 0;
    for (double c : count) {
      if (c != 0) {
        n++;
      }
    }
    if (n == count.length) {
      return this;
    }
    int[] i2 = new int[n];
    double[] c2 = new double[n];
    n = 0;
    for (int i = 0; i < count.length; i++) {
      if (count[i] != 0) {
        i2[n] = index[i];
        c2[n++] = count[i];
      }
    }
    return new Buckets(i2, c2);
  }

  /** Returns the buckets of a schema lower by {@code by}. */
  Buckets reduced(int by) {
    if (by == 0 || index.length == 0) {
      return this;
    }
    int[] i2 = new int[index.length];
    double[] c2 = new double[index.length];
    int n = 0;
    for (int i = 0; i < index.length; i++) {
      int target = ((index[i] - 1) >> by) + 1;
      if (n > 0 && i2[n - 1] == target) {
        c2[n - 1] += count[i];
      } else {
        i2[n] = target;
        c2[n++] = count[i];
      }
    }
    return new Buckets(Arrays.copyOf(i2, n), Arrays.copyOf(c2, n));
  }

  /** Returns the buckets from index {@code from} on. */
  Buckets from(int from) {
    int n = 0;
    while (n < index.length && index[n] < from) {
      n++;
    }
    return n == 0
        ? this
        : new Buckets(
            Arrays.copyOfRange(index, n, index.length), Arrays.copyOfRange(count, n, count.length));
  }

  /** Returns the sum of both. */
  Buckets plus(Buckets other, double sign) {
    if (other.index.length == 0) {
      return this;
    }
    if (sameIndexes(other)) {
      double[] c = new double[count.length];
      for (int i = 0; i < c.length; i++) {
        c[i] = count[i] + sign * other.count[i];
      }
      return new Buckets(index, c);
    }
    int[] i2 = new int[index.length + other.index.length];
    double[] c2 = new double[i2.length];
    int a = 0;
    int b = 0;
    int n = 0;
    while (a < index.length || b < other.index.length) {
      int ia = a < index.length ? index[a] : Integer.MAX_VALUE;
      int ib = b < other.index.length ? other.index[b] : Integer.MAX_VALUE;
      if (ia == ib) {
        i2[n] = ia;
        c2[n++] = count[a++] + sign * other.count[b++];
      } else if (ia < ib) {
        i2[n] = ia;
        c2[n++] = count[a++];
      } else {
        i2[n] = ib;
        c2[n++] = sign * other.count[b++];
      }
    }
    return new Buckets(Arrays.copyOf(i2, n), Arrays.copyOf(c2, n));
  }

  /** Returns whether any bucket of {@code previous} has more than the same bucket here. */
  boolean fellSince(Buckets previous) {
    if (sameIndexes(previous)) {
      for (int i = 0; i < count.length; i++) {
        if (count[i] < previous.count[i]) {
          return true;
        }
      }
      return false;
    }
    int a = 0;
    for (int b = 0; b < previous.index.length; b++) {
      int i = previous.index[b];
      while (a < index.length && index[a] < i) {
        a++;
      }
      double now = a < index.length && index[a] == i ? count[a] : 0;
      if (now < previous.count[b]) {
        return true;
      }
    }
    return false;
  }

  boolean sameAs(Buckets other) {
    Buckets a = compact();
    Buckets b = other.compact();
    return Arrays.equals(a.index, b.index) && Arrays.equals(a.count, b.count);
  }
}
