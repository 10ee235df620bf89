package io.narthex.storage.tsdb.chunks;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.Arrays;

/**
 * Writes whole numbers close to each other in few bits.
 *
 * <p>Each number becomes its distance from a centre (the median of a few of them), shifted right by
 * the zero bits that all distances end in, zig-zagged, and written in {@code width} bits. The few
 * that need more are exceptions: their slot is zero, and position and value follow the slots. The
 * width is the one that costs least in all.
 *
 * <p>Example: 15000, 15000, 15001, 15000 has centre 15000, distances 0, 0, 1, 0, zig-zagged 0, 0,
 * 2, 0. Width 2 costs one byte of slots, width 0 with one exception costs three bytes; 2 is taken.
 *
 * <pre>
 * u8 width (0..64), bit 7: shift or exceptions follow | zigzag centre | [u8 shift, varint exceptions]
 * slots, lowest bit first, padded to a byte | per exception: varint position delta, varint value
 * </pre>
 */
final class PackedColumn {
  private static final int EXTENDED = 0x80;
  // sorting more of them costs more than the better centre saves
  private static final int MEDIAN_SAMPLES = 11;
  private static final int FEW = 32;
  private static final int FEW_SAMPLES = 5;
  // reading 8 bytes at any bit offset 0..7 leaves 57 bits
  private static final int FAST_WIDTH = 57;

  private final long[] sample = new long[MEDIAN_SAMPLES];
  private final int[] widths = new int[65];

  // the plan of the last call of plan()
  private long centre;
  private int shift;
  private int width;
  private int exceptions;

  /** Returns how many bits {@link #write} would take, about. */
  long cost(long[] numbers, int from, int n) {
    return plan(numbers, from, n);
  }

  private long plan(long[] numbers, int from, int n) {
    width = 0;
    shift = 0;
    exceptions = 0;
    centre = 0;
    if (n == 0) {
      return 8;
    }
    centre = numbers[from];
    long ones = 0;
    for (int i = from + 1; i < from + n; i++) {
      ones |= numbers[i] - centre;
    }
    if (ones == 0) {
      return 8 + 8L * ((bits(ByteSink.zigzagged(centre)) + 6) / 7);
    }
    // the lowest bit that differs is the same whichever of the numbers is the centre
    centre = median(numbers, from, n);
    shift = Long.numberOfTrailingZeros(ones);
    long all = 0;
    for (int i = from; i < from + n; i++) {
      long z = ByteSink.zigzagged((numbers[i] - centre) >> shift);
      all |= z;
      widths[bits(z)]++;
    }
    int most = bits(all);
    long best = Long.MAX_VALUE;
    int positionBits = n > 128 ? 12 : 8;
    long exceptionBits = 0;
    int count = 0;
    for (int w = most; w >= 0; w--) {
      long bits = (long) w * n + exceptionBits + (count > 0 ? 16 : 0);
      if (bits <= best) {
        best = bits;
        width = w;
        exceptions = count;
      }
      count += widths[w];
      exceptionBits += widths[w] * (long) (positionBits + 8 * ((w + 6) / 7));
    }
    Arrays.fill(widths, 0, most + 1, 0);
    return best + 8 + 8L * ((bits(ByteSink.zigzagged(centre)) + 6) / 7) + (shift > 0 ? 16 : 0);
  }

  private long median(long[] numbers, int from, int n) {
    int k = n <= FEW ? Math.min(n, FEW_SAMPLES) : MEDIAN_SAMPLES;
    for (int i = 0; i < k; i++) {
      long v = numbers[from + (int) ((long) i * n / k)];
      int j = i - 1;
      while (j >= 0 && sample[j] > v) {
        sample[j + 1] = sample[j];
        j--;
      }
      sample[j + 1] = v;
    }
    return sample[k / 2];
  }

  private static int bits(long unsigned) {
    return 64 - Long.numberOfLeadingZeros(unsigned);
  }

  /** Writes numbers {@code from} to {@code from + n - 1}. */
  void write(long[] numbers, int from, int n, ByteSink out) {
    plan(numbers, from, n);
    boolean extended = shift > 0 || exceptions > 0;
    out.u8(width | (extended ? EXTENDED : 0));
    out.zigzag(centre);
    if (extended) {
      out.u8(shift);
      out.varint(exceptions);
    }
    if (width > 0) {
      writeSlots(numbers, from, n, out);
    }
    int last = 0;
    for (int i = 0, left = exceptions; left > 0; i++) {
      long z = ByteSink.zigzagged((numbers[from + i] - centre) >> shift);
      if (bits(z) > width) {
        out.varint(i - last);
        out.varint(z);
        last = i;
        left--;
      }
    }
  }

  private void writeSlots(long[] numbers, int from, int n, ByteSink out) {
    out.reserve((int) (((long) n * width + 7) / 8) + 8);
    byte[] data = out.data;
    int at = out.size;
    long pending = 0;
    int filled = 0;
    for (int i = from; i < from + n; i++) {
      long z = ByteSink.zigzagged((numbers[i] - centre) >> shift);
      if (bits(z) > width) {
        z = 0;
      }
      pending |= z << filled;
      filled += width;
      if (filled >= 64) {
        ByteSink.LONG.set(data, at, pending);
        at += 8;
        filled -= 64;
        pending = filled == 0 ? 0 : z >>> (width - filled);
      }
    }
    for (; filled > 0; filled -= 8) {
      data[at++] = (byte) pending;
      pending >>>= 8;
    }
    out.size = at;
  }

  /** Reads {@code n} numbers. The array of the source has eight readable bytes after its limit. */
  static void read(ByteSource in, long[] numbers, int from, int n) {
    int head = in.u8();
    int width = head & ~EXTENDED;
    if (width > 64) {
      throw new ByteSource.Malformed("bit width is " + width + ", at most 64 are possible");
    }
    long centre = in.zigzag();
    int shift = 0;
    int exceptions = 0;
    if ((head & EXTENDED) != 0) {
      shift = in.u8() & 63;
      exceptions = in.count(n);
    }
    if (width == 0) {
      Arrays.fill(numbers, from, from + n, centre);
    } else {
      int start = in.position;
      in.skip((int) (((long) n * width + 7) / 8));
      if (width <= FAST_WIDTH) {
        readNarrow(in.data, start, width, shift, centre, numbers, from, n);
      } else {
        readWide(in.data, start, width, shift, centre, numbers, from, n);
      }
    }
    int at = 0;
    for (int e = 0; e < exceptions; e++) {
      at += in.count(n - 1);
      if (at >= n) {
        throw new ByteSource.Malformed("exception at " + at + " of " + n + " numbers");
      }
      numbers[from + at] = (ByteSource.unzigzagged(in.varint()) << shift) + centre;
    }
  }

  private static void readNarrow(
      byte[] data, int start, int width, int shift, long centre, long[] out, int from, int n) {
    long mask = (1L << width) - 1;
    long bit = 0;
    for (int i = 0; i < n; i++, bit += width) {
      long z =
          ((long) ByteSink.LONG.get(data, start + (int) (bit >>> 3)) >>> (int) (bit & 7)) & mask;
      out[from + i] = (((z >>> 1) ^ -(z & 1)) << shift) + centre;
    }
  }

  private static void readWide(
      byte[] data, int start, int width, int shift, long centre, long[] out, int from, int n) {
    long mask = width == 64 ? -1L : (1L << width) - 1;
    long bit = 0;
    for (int i = 0; i < n; i++, bit += width) {
      int at = start + (int) (bit >>> 3);
      int offset = (int) (bit & 7);
      long z = (long) ByteSink.LONG.get(data, at) >>> offset;
      if (offset > 0 && offset + width > 64) {
        z |= (data[at + 8] & 0xffL) << (64 - offset);
      }
      z &= mask;
      out[from + i] = (((z >>> 1) ^ -(z & 1)) << shift) + centre;
    }
  }
}
