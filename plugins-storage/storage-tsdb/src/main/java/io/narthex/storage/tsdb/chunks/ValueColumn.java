package io.narthex.storage.tsdb.chunks;

import io.narthex.model.StaleMarker;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;

/**
 * Writes the values of a chunk, bit-exact.
 *
 * <p>Tried in this order: one value throughout; decimal numbers of one scale, as they are, as
 * differences or as differences of differences, whichever is shortest, with odd values (staleness
 * markers, infinities, long fractions) as exceptions; and, where more than a quarter are odd or
 * numbers are too long, the XOR of neighbours.
 *
 * <pre>
 * u8 mode (low 3 bits), scale (high 5)
 * CONST    the value (8 bytes)                    SMALL_CONST  zigzag mantissa
 * PLAIN    packed mantissas
 * DELTA    zigzag first mantissa, packed differences
 * DELTA2   zigzag first mantissa, zigzag first difference, packed differences of differences
 *          then, for these three: varint exceptions, each: varint position delta, u8 0 = staleness
 *          marker | 1 = 8 bytes follow
 * XOR      u64 first value, then bits, highest first: 0 = same | 10 = within the last window |
 *          11, 5 bits leading zeros, 6 bits length - 1, that many bits
 * </pre>
 *
 * The XOR form follows Pelkonen et al., Gorilla (VLDB 2015), section 4.1.2.
 */
final class ValueColumn {
  private static final int CONST = 0;
  private static final int SMALL_CONST = 1;
  private static final int PLAIN = 2;
  private static final int DELTA = 3;
  private static final int DELTA2 = 4;
  private static final int XOR = 5;

  private static final int STALE = 0;
  private static final int RAW = 1;

  private static final long MANTISSA_LIMIT = 1L << 53;

  private final PackedColumn packed = new PackedColumn();
  private long[] mantissas = new long[16];
  private long[] deltas = new long[16];
  private long[] deltas2 = new long[16];
  private byte[] scales = new byte[16];
  private int[] odd = new int[16];

  private void grow(int n) {
    if (mantissas.length < n) {
      mantissas = new long[n];
      deltas = new long[n];
      deltas2 = new long[n];
      scales = new byte[n];
      odd = new int[n];
    }
  }

  /** Writes values {@code from} to {@code from + n - 1}; {@code n} is at least 1. */
  void write(double[] values, int from, int n, ByteSink out) {
    grow(n);
    long first = Double.doubleToRawLongBits(values[from]);
    int same = 1;
    while (same < n && Double.doubleToRawLongBits(values[from + same]) == first) {
      same++;
    }
    if (same == n) {
      writeConst(values[from], out);
      return;
    }
    int oddCount = 0;
    int scale = 0;
    for (int i = 0; i < n; i++) {
      double v = values[from + i];
      // the scale of the values before is good enough: all get the largest in the end
      int k =
          scale > 0 && Decimals.fits(v, Decimals.mantissa(v, scale), scale)
              ? scale
              : Decimals.scale(v, Decimals.MAX_SCALE);
      scales[i] = (byte) k;
      scale = Math.max(scale, k);
      if (k == Decimals.NONE && ++oddCount > n / 4) {
        writeXor(values, from, n, out);
        return;
      }
    }
    oddCount = fillMantissas(values, from, n, scale);
    if (oddCount > n / 4) {
      writeXor(values, from, n, out);
      return;
    }
    writeDecimal(values, from, n, scale, oddCount, out);
  }

  private void writeConst(double value, ByteSink out) {
    int k = Decimals.scale(value, Decimals.MAX_SCALE);
    if (k == Decimals.NONE) {
      out.u8(CONST);
      out.u64(Double.doubleToRawLongBits(value));
    } else {
      out.u8(SMALL_CONST | k << 3);
      out.zigzag(Decimals.mantissa(value, k));
    }
  }

  /** Brings all mantissas to one scale; odd values repeat the mantissa before them. */
  private int fillMantissas(double[] values, int from, int n, int scale) {
    int oddCount = 0;
    long last = 0;
    boolean any = false;
    for (int i = 0; i < n; i++) {
      int k = scales[i];
      boolean fits = k != Decimals.NONE;
      if (fits) {
        long m = Decimals.mantissa(values[from + i], k);
        long limit = MANTISSA_LIMIT / Decimals.power(scale - k);
        if (scale > 0 && (m >= limit || m <= -limit)) {
          fits = false;
        } else {
          last = m * Decimals.power(scale - k);
          if (!any) {
            any = true;
            java.util.Arrays.fill(mantissas, 0, i, last);
          }
        }
      }
      if (!fits) {
        odd[oddCount++] = i;
      }
      mantissas[i] = last;
    }
    return oddCount;
  }

  private void writeDecimal(
      double[] values, int from, int n, int scale, int oddCount, ByteSink out) {
    for (int i = 1; i < n; i++) {
      deltas[i - 1] = mantissas[i] - mantissas[i - 1];
    }
    for (int i = 1; i < n - 1; i++) {
      deltas2[i - 1] = deltas[i] - deltas[i - 1];
    }
    long plain = packed.cost(mantissas, 0, n);
    long delta = packed.cost(deltas, 0, n - 1) + firstCost();
    long delta2 = n < 8 ? Long.MAX_VALUE : packed.cost(deltas2, 0, n - 2) + firstCost() + 16;
    long least = Math.min(plain, Math.min(delta, delta2));
    int start = out.size;
    if (least > n * 40L) {
      // long numbers: the other form may be shorter
      writeXor(values, from, n, out);
      if ((out.size - start) * 8L <= least) {
        return;
      }
      out.size = start;
    }
    if (plain == least) {
      out.u8(PLAIN | scale << 3);
      packed.write(mantissas, 0, n, out);
    } else {
      out.u8((delta == least ? DELTA : DELTA2) | scale << 3);
      out.zigzag(mantissas[0]);
      if (delta == least) {
        packed.write(deltas, 0, n - 1, out);
      } else {
        out.zigzag(deltas[0]);
        packed.write(deltas2, 0, n - 2, out);
      }
    }
    writeOdd(values, from, oddCount, out);
  }

  private long firstCost() {
    return 8L * ((64 - Long.numberOfLeadingZeros(ByteSink.zigzagged(mantissas[0])) + 6) / 7);
  }

  private void writeOdd(double[] values, int from, int oddCount, ByteSink out) {
    out.varint(oddCount);
    int last = 0;
    for (int e = 0; e < oddCount; e++) {
      out.varint(odd[e] - last);
      last = odd[e];
      double v = values[from + last];
      if (StaleMarker.is(v)) {
        out.u8(STALE);
      } else {
        out.u8(RAW);
        out.u64(Double.doubleToRawLongBits(v));
      }
    }
  }

  private static void writeXor(double[] values, int from, int n, ByteSink out) {
    out.u8(XOR);
    BitWriter bits = new BitWriter(out);
    long last = Double.doubleToRawLongBits(values[from]);
    out.u64(last);
    int leading = -1;
    int length = 0;
    for (int i = 1; i < n; i++) {
      long now = Double.doubleToRawLongBits(values[from + i]);
      long x = now ^ last;
      last = now;
      if (x == 0) {
        bits.write(0, 1);
        continue;
      }
      int lead = Math.min(31, Long.numberOfLeadingZeros(x));
      int trail = Long.numberOfTrailingZeros(x);
      if (leading >= 0
          && lead >= leading
          && trail >= 64 - leading - length
          && length <= 64 - lead - trail + 11) {
        bits.write(2, 2);
      } else {
        leading = lead;
        length = 64 - lead - trail;
        bits.write(3, 2);
        bits.write(leading, 5);
        bits.write(length - 1, 6);
      }
      bits.write(x >>> (64 - leading - length), length);
    }
    bits.finish();
  }

  /** Reads {@code n} values. The array of the source has eight bytes after its limit. */
  void read(ByteSource in, double[] values, int from, int n) {
    int head = in.u8();
    int scale = head >>> 3;
    if (scale > Decimals.MAX_SCALE) {
      throw new ByteSource.Malformed("scale is " + scale);
    }
    switch (head & 7) {
      case CONST ->
          java.util.Arrays.fill(values, from, from + n, Double.longBitsToDouble(in.u64()));
      case SMALL_CONST ->
          java.util.Arrays.fill(values, from, from + n, Decimals.value(in.zigzag(), scale));
      case PLAIN, DELTA, DELTA2 -> readDecimal(in, head & 7, scale, values, from, n);
      case XOR -> readXor(in, values, from, n);
      default -> throw new ByteSource.Malformed("mode of values is " + (head & 7));
    }
  }

  private void readDecimal(ByteSource in, int mode, int scale, double[] values, int from, int n) {
    grow(n);
    if (mode == PLAIN) {
      PackedColumn.read(in, mantissas, 0, n);
    } else {
      long m = in.zigzag();
      mantissas[0] = m;
      if (mode == DELTA2 && n < 2) {
        throw new ByteSource.Malformed("differences of differences of one value");
      }
      if (mode == DELTA) {
        PackedColumn.read(in, mantissas, 1, n - 1);
        for (int i = 1; i < n; i++) {
          m += mantissas[i];
          mantissas[i] = m;
        }
      } else {
        long d = in.zigzag();
        m += d;
        mantissas[1] = m;
        PackedColumn.read(in, mantissas, 2, n - 2);
        for (int i = 2; i < n; i++) {
          d += mantissas[i];
          m += d;
          mantissas[i] = m;
        }
      }
    }
    if (scale == 0) {
      for (int i = 0; i < n; i++) {
        values[from + i] = (double) mantissas[i];
      }
    } else {
      double power = Decimals.power(scale);
      for (int i = 0; i < n; i++) {
        values[from + i] = mantissas[i] / power;
      }
    }
    int oddCount = in.count(n);
    int at = 0;
    for (int e = 0; e < oddCount; e++) {
      at += in.count(n - 1);
      if (at >= n) {
        throw new ByteSource.Malformed("odd value at " + at + " of " + n);
      }
      values[from + at] = in.u8() == STALE ? StaleMarker.VALUE : Double.longBitsToDouble(in.u64());
    }
  }

  private static void readXor(ByteSource in, double[] values, int from, int n) {
    long last = in.u64();
    values[from] = Double.longBitsToDouble(last);
    BitReader bits = new BitReader(in);
    int leading = 0;
    int length = 0;
    for (int i = 1; i < n; i++) {
      if (bits.read(1) != 0) {
        if (bits.read(1) != 0) {
          leading = (int) bits.read(5);
          length = (int) bits.read(6) + 1;
        }
        if (leading + length > 64 || length == 0) {
          throw new ByteSource.Malformed("window of " + leading + " + " + length + " bits");
        }
        last ^= bits.read(length) << (64 - leading - length);
      }
      values[from + i] = Double.longBitsToDouble(last);
    }
    bits.finish();
  }

  /** Writes bits, highest first. */
  private static final class BitWriter {
    private final ByteSink out;
    private long pending; // the lowest filled bits wait to be written
    private int filled;

    BitWriter(ByteSink out) {
      this.out = out;
    }

    /** Writes the lowest {@code count} bits, 1 to 64; those above are zero. */
    void write(long value, int count) {
      int free = 64 - filled;
      if (count < free) {
        pending = (pending << count) | value;
        filled += count;
        return;
      }
      int rest = count - free;
      long full = (free == 64 ? 0 : pending << free) | (value >>> rest);
      out.u64(Long.reverseBytes(full));
      pending = rest == 0 ? 0 : value & ((1L << rest) - 1);
      filled = rest;
    }

    void finish() {
      if (filled > 0) {
        long aligned = pending << (64 - filled);
        for (int left = filled; left > 0; left -= 8) {
          out.u8((int) (aligned >>> 56));
          aligned <<= 8;
        }
      }
    }
  }

  /** Reads bits, highest first. Eight bytes after the limit are readable. */
  private static final class BitReader {
    private static final int FAST = 56; // eight bytes from any bit offset hold at least that many

    private final ByteSource in;
    private final byte[] data;
    private long bit;

    BitReader(ByteSource in) {
      this.in = in;
      data = in.data;
      bit = (long) in.position << 3;
    }

    /** Reads 1 to 64 bits. */
    long read(int count) {
      if (count > FAST) {
        long high = read(32);
        return (high << (count - 32)) | read(count - 32);
      }
      int at = (int) (bit >>> 3);
      if (at >= in.limit) {
        throw new ByteSource.Malformed("bits end at byte " + at);
      }
      long window = Long.reverseBytes((long) ByteSink.LONG.get(data, at)) << (bit & 7);
      bit += count;
      return window >>> (64 - count);
    }

    void finish() {
      int end = (int) ((bit + 7) >>> 3);
      in.skip(end - in.position);
    }
  }
}
