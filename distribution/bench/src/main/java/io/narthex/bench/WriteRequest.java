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
    ByteArrayOutputStream series = new ByteArrayOutputStream();
    sortedLabels.forEach((name, value) -> {
      ByteArrayOutputStream label = new ByteArrayOutputStream();
      bytes(label, 1, name.getBytes(StandardCharsets.UTF_8));
      bytes(label, 2, value.getBytes(StandardCharsets.UTF_8));
      bytes(series, 1, label.toByteArray());
    });
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
