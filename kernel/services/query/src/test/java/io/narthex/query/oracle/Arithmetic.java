package io.narthex.query.oracle;

import io.narthex.model.Labels;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The calculations of PromQL, written down plainly. */
final class Arithmetic {
  private static final long P1 = 0x9E3779B185EBCA87L;
  private static final long P2 = 0xC2B2AE3D27D4EB4FL;
  private static final long P3 = 0x165667B19E3779F9L;
  private static final long P4 = 0x85EBCA77C2B2AE63L;
  private static final long P5 = 0x27D4EB2F165667C5L;

  private Arithmetic() {}

  /** A sum with the rounding errors kept next to it (Neumaier). */
  static final class Sum {
    double sum;
    double error;

    Sum(double sum, double error) {
      this.sum = sum;
      this.error = error;
    }

    void add(double v) {
      double total = sum + v;
      if (Double.isInfinite(total)) {
        error = 0;
      } else if (Math.abs(sum) >= Math.abs(v)) {
        error += (sum - total) + v;
      } else {
        error += (v - total) + sum;
      }
      sum = total;
    }

    double total() {
      return sum + error;
    }
  }

  /** Returns the mean; turns to an incremental mean when the sum overflows. */
  static double mean(List<Double> values) {
    Sum s = new Sum(values.getFirst(), 0);
    boolean incremental = false;
    for (int i = 1; i < values.size(); i++) {
      double n = i + 1;
      double v = values.get(i);
      if (!incremental) {
        Sum next = new Sum(s.sum, s.error);
        next.add(v);
        if (!Double.isInfinite(next.sum)) {
          s = next;
          continue;
        }
        incremental = true;
        s = new Sum(s.sum / (n - 1), s.error / (n - 1));
      }
      double share = (n - 1) / n;
      s = new Sum(share * s.sum, share * s.error);
      s.add(v / n);
    }
    double n = values.size();
    return incremental ? s.total() : s.sum / n + s.error / n;
  }

  /** Returns a quantile; NaN counts as the smallest value. */
  static double quantile(double q, List<Double> values) {
    if (values.isEmpty() || Double.isNaN(q)) {
      return Double.NaN;
    }
    if (q < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (q > 1) {
      return Double.POSITIVE_INFINITY;
    }
    List<Double> sorted = new ArrayList<>(values);
    sorted.sort(Arithmetic::nanFirst);
    double rank = q * (sorted.size() - 1);
    int lower = (int) Math.max(0, Math.floor(rank));
    int upper = Math.min(sorted.size() - 1, lower + 1);
    double weight = rank - Math.floor(rank);
    return sorted.get(lower) * (1 - weight) + sorted.get(upper) * weight;
  }

  static int nanFirst(double a, double b) {
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Boolean.compare(!Double.isNaN(a), !Double.isNaN(b));
    }
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** As Go: an infinity wins over NaN. */
  static double max(double a, double b) {
    if (a == Double.POSITIVE_INFINITY || b == Double.POSITIVE_INFINITY) {
      return Double.POSITIVE_INFINITY;
    }
    return Math.max(a, b);
  }

  /** As Go: an infinity wins over NaN. */
  static double min(double a, double b) {
    if (a == Double.NEGATIVE_INFINITY || b == Double.NEGATIVE_INFINITY) {
      return Double.NEGATIVE_INFINITY;
    }
    return Math.min(a, b);
  }

  /** Returns the shortest decimal form without an exponent. */
  static String plain(double v) {
    if (Double.isNaN(v)) {
      return "NaN";
    }
    if (Double.isInfinite(v)) {
      return v > 0 ? "+Inf" : "-Inf";
    }
    if (v == 0) {
      return 1 / v < 0 ? "-0" : "0";
    }
    String text = new BigDecimal(Double.toString(v)).stripTrailingZeros().toPlainString();
    return text;
  }

  /** Returns the place of a label set between 0 and 1: XXH64 of names and values over 2^64. */
  static double place(Labels labels) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    labels.forEach((name, value) -> {
      for (String text : List.of(name, value)) {
        byte[] b = text.getBytes(StandardCharsets.UTF_8);
        out.write(Math.min(b.length, 255));
        for (int shift = 0; b.length >= 255 && shift < 24; shift += 8) {
          out.write(b.length >> shift); // a tiny number is long as the text of a label
        }
        out.writeBytes(b);
      }
    });
    BigInteger hash = new BigInteger(Long.toUnsignedString(xxh64(out.toByteArray())));
    return hash.doubleValue() / 0x1p64;
  }

  private static long xxh64(byte[] data) {
    ByteBuffer in = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    long h = P5;
    if (data.length >= 32) {
      long[] lanes = {Math.addExact(0, P1) + P2, P2, 0, -P1};
      while (in.remaining() >= 32) {
        for (int i = 0; i < 4; i++) {
          lanes[i] = lane(lanes[i], in.getLong());
        }
      }
      int[] turns = {1, 7, 12, 18};
      h = 0;
      for (int i = 0; i < 4; i++) {
        h += Long.rotateLeft(lanes[i], turns[i]);
      }
      for (int i = 0; i < 4; i++) {
        h = (h ^ lane(0, lanes[i])) * P1 + P4;
      }
    }
    h += data.length;
    while (in.remaining() >= 8) {
      h = Long.rotateLeft(h ^ lane(0, in.getLong()), 27) * P1 + P4;
    }
    if (in.remaining() >= 4) {
      h = Long.rotateLeft(h ^ Integer.toUnsignedLong(in.getInt()) * P1, 23) * P2 + P3;
    }
    while (in.hasRemaining()) {
      h = Long.rotateLeft(h ^ Byte.toUnsignedLong(in.get()) * P5, 11) * P1;
    }
    h = (h ^ h >>> 33) * P2;
    h = (h ^ h >>> 29) * P3;
    return h ^ h >>> 32;
  }

  private static long lane(long before, long input) {
    return Long.rotateLeft(before + input * P2, 31) * P1;
  }
}
