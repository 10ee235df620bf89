package io.narthex.bench;

import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Builds remote write 1.0 requests: protobuf's wire format, compressed with snappy. */
final class WriteRequest {
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();

  /** Adds a series with its samples, in order of time. */
  void series(Map<String, String> sortedLabels, long[] timesMs, double[] values, int from, int to) {
    ByteArrayOutputStream series = labels(sortedLabels);
    for (int i = from; i < to; i++) {
      ByteArrayOutputStream sample = new ByteArrayOutputStream(20);
      varint(sample, 1 << 3 | 1);
      fixed(sample, Double.doubleToRawLongBits(values[i]));
      varint(sample, 2 << 3);
      varint(sample, timesMs[i]);
      bytes(series, 2, sample.toByteArray());
    }
    bytes(message, 1, series.toByteArray());
  }

  private static ByteArrayOutputStream labels(Map<String, String> sortedLabels) {
    ByteArrayOutputStream series = new ByteArrayOutputStream();
    sortedLabels.forEach((name, value) -> {
      ByteArrayOutputStream label = new ByteArrayOutputStream();
      bytes(label, 1, name.getBytes(StandardCharsets.UTF_8));
      bytes(label, 2, value.getBytes(StandardCharsets.UTF_8));
      bytes(series, 1, label.toByteArray());
    });
    return series;
  }

  /**
   * Adds a series of growing native histograms.
   *
   * @param first number of the first one; the n-th has n observations and more in each bucket
   * @param salt makes series differ
   * @param custom whether buckets have bounds of their own, else schema 3 with 40 buckets
   */
  void histograms(
      Map<String, String> sortedLabels, long[] timesMs, int first, int salt, boolean custom) {
    ByteArrayOutputStream series = labels(sortedLabels);
    int buckets = custom ? 11 : 40;
    for (int i = 0; i < timesMs.length; i++) {
      long[] counts = new long[buckets];
      long total = custom ? 0 : first + i;
      double sum = 0;
      for (int b = 0; b < buckets; b++) {
        counts[b] = (long) (first + i) * (1 + (b * 7 + salt) % 5);
        total += counts[b];
        sum += counts[b] * 0.1 * b;
      }
      ByteArrayOutputStream h = new ByteArrayOutputStream(200);
      number(h, 1, total);
      real(h, 3, sum);
      number(h, 4, zigzag(custom ? -53 : 3));
      if (!custom) {
        real(h, 5, 1e-128);
        number(h, 6, first + i);
      }
      ByteArrayOutputStream span = new ByteArrayOutputStream();
      number(span, 1, 0);
      number(span, 2, buckets);
      bytes(h, 11, span.toByteArray());
      ByteArrayOutputStream deltas = new ByteArrayOutputStream();
      for (int b = 0; b < buckets; b++) {
        varint(deltas, zigzag(counts[b] - (b == 0 ? 0 : counts[b - 1])));
      }
      bytes(h, 12, deltas.toByteArray());
      number(h, 15, timesMs[i]);
      if (custom) {
        ByteArrayOutputStream bounds = new ByteArrayOutputStream();
        for (int b = 0; b < buckets - 1; b++) {
          fixed(bounds, Double.doubleToRawLongBits(0.01 * (1 << b)));
        }
        bytes(h, 16, bounds.toByteArray());
      }
      bytes(series, 4, h.toByteArray());
    }
    bytes(message, 1, series.toByteArray());
  }

  private static long zigzag(long value) {
    return value << 1 ^ value >> 63;
  }

  private static void number(ByteArrayOutputStream out, int field, long value) {
    varint(out, field << 3);
    varint(out, value);
  }

  private static void real(ByteArrayOutputStream out, int field, double value) {
    varint(out, field << 3 | 1);
    fixed(out, Double.doubleToRawLongBits(value));
  }

  int size() {
    return message.size();
  }

  byte[] compressed() {
    byte[] plain = message.toByteArray();
    SnappyJavaCompressor snappy = new SnappyJavaCompressor();
    byte[] out = new byte[snappy.maxCompressedLength(plain.length)];
    return Arrays.copyOf(out, snappy.compress(plain, 0, plain.length, out, 0, out.length));
  }

  private static void bytes(ByteArrayOutputStream out, int field, byte[] value) {
    varint(out, field << 3 | 2);
    varint(out, value.length);
    out.writeBytes(value);
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private static void fixed(ByteArrayOutputStream out, long value) {
    for (int i = 0; i < 8; i++) {
      out.write((int) (value >>> (8 * i)));
    }
  }
}
