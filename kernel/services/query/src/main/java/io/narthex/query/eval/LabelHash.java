package io.narthex.query.eval;

import io.narthex.model.Labels;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The hash of a label set on which {@code limit_ratio} decides: XXH64 (Yann Collet, xxHash
 * specification 0.1.1) of the names and values, each behind its length, as Prometheus keeps them.
 */
final class LabelHash {
  private static final long P1 = 0x9E3779B185EBCA87L;
  private static final long P2 = 0xC2B2AE3D27D4EB4FL;
  private static final long P3 = 0x165667B19E3779F9L;
  private static final long P4 = 0x85EBCA77C2B2AE63L;
  private static final long P5 = 0x27D4EB2F165667C5L;

  private LabelHash() {}

  /** Returns the hash of a label set as a number from 0 to 1. */
  static double offset(Labels labels) {
    long hash = xxh64(encode(labels));
    double unsigned = (hash >>> 1) * 2.0 + (hash & 1);
    return unsigned / 0x1p64;
  }

  private static byte[] encode(Labels labels) {
    byte[] out = new byte[64];
    int n = 0;
    for (int i = 0; i < labels.size() * 2; i++) {
      String s = i % 2 == 0 ? labels.name(i / 2) : labels.value(i / 2);
      byte[] b = s.getBytes(StandardCharsets.UTF_8);
      if (out.length < n + b.length + 4) {
        out = Arrays.copyOf(out, Math.max(out.length * 2, n + b.length + 4));
      }
      if (b.length < 255) {
        out[n++] = (byte) b.length;
      } else {
        out[n++] = (byte) 255;
        out[n++] = (byte) b.length;
        out[n++] = (byte) (b.length >> 8);
        out[n++] = (byte) (b.length >> 16);
      }
      System.arraycopy(b, 0, out, n, b.length);
      n += b.length;
    }
    return Arrays.copyOf(out, n);
  }

  static long xxh64(byte[] data) {
    ByteBuffer b = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    long h;
    if (data.length >= 32) {
      long v1 = 0x60EA27EEADC0B5D6L; // P1 + P2
      long v2 = P2;
      long v3 = 0;
      long v4 = -P1;
      while (b.remaining() >= 32) {
        v1 = round(v1, b.getLong());
        v2 = round(v2, b.getLong());
        v3 = round(v3, b.getLong());
        v4 = round(v4, b.getLong());
      }
      h =
          Long.rotateLeft(v1, 1)
              + Long.rotateLeft(v2, 7)
              + Long.rotateLeft(v3, 12)
              + Long.rotateLeft(v4, 18);
      h = merge(h, v1);
      h = merge(h, v2);
      h = merge(h, v3);
      h = merge(h, v4);
    } else {
      h = P5;
    }
    h += data.length;
    while (b.remaining() >= 8) {
      h ^= round(0, b.getLong());
      h = Long.rotateLeft(h, 27) * P1 + P4;
    }
    if (b.remaining() >= 4) {
      h ^= (b.getInt() & 0xffffffffL) * P1;
      h = Long.rotateLeft(h, 23) * P2 + P3;
    }
    while (b.hasRemaining()) {
      h ^= (b.get() & 0xff) * P5;
      h = Long.rotateLeft(h, 11) * P1;
    }
    h ^= h >>> 33;
    h *= P2;
    h ^= h >>> 29;
    h *= P3;
    h ^= h >>> 32;
    return h;
  }

  private static long round(long acc, long input) {
    return Long.rotateLeft(acc + input * P2, 31) * P1;
  }

  private static long merge(long h, long v) {
    return (h ^ round(0, v)) * P1 + P4;
  }
}
