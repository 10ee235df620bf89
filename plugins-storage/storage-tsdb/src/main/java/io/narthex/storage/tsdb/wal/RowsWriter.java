package io.narthex.storage.tsdb.wal;

import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.chunks.Decimals;
import io.narthex.storage.tsdb.io.ByteSink;
import org.jspecify.annotations.Nullable;

/**
 * Writes bodies of {@link RowsRecord}s. Allocates nothing per row, but for histograms. Used by one
 * thread at a time.
 */
final class RowsWriter {
  private static final long EXACT = 1L << 53;

  private final RowBases bases = new RowBases();
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows one = new ChunkRows();
  private final ByteSink histogram = new ByteSink(256);

  private ByteSink out = new ByteSink(0);
  private boolean alone; // rows refer to no others
  private int nextId;
  private long timeMs;
  private long startMs;
  private int run;

  /** Starts a record of rows in order. */
  void begin(long sequence, long firstTimeMs, ByteSink into) {
    into.varint(sequence);
    begin(firstTimeMs, into, false);
  }

  /** Starts a record of rows that came out of order. */
  void beginOutOfOrder(long firstTimeMs, ByteSink into) {
    begin(firstTimeMs, into, true);
  }

  private void begin(long firstTimeMs, ByteSink into, boolean refersToNone) {
    into.zigzag(firstTimeMs);
    out = into;
    alone = refersToNone;
    nextId = 0;
    timeMs = firstTimeMs;
    startMs = firstTimeMs;
    run = 0;
  }

  /** Ends the record. */
  void end() {
    endRun();
  }

  /** Makes the next row of each series absolute, and new to the segment. */
  void clear() {
    bases.clear();
  }

  /** Returns whether the series has to be named before what follows, and takes it as named. */
  boolean isNew(int id) {
    RowBases.Page page = bases.page(id);
    int slot = id & RowBases.MASK;
    if (page.state[slot] != RowBases.NEW) {
      return false;
    }
    page.state[slot] = RowBases.NO_BASE;
    return true;
  }

  void row(int id, long time, double value, @Nullable NativeHistogram h, long start) {
    place(id, time);
    if (h != null) {
      writeHistogram(h, start);
      return;
    }
    long bits = Double.doubleToRawLongBits(value);
    if (bits == StaleMarker.BITS) {
      start(start, 0);
      out.u8(RowsRecord.STALE);
      return;
    }
    if (alone) {
      start(start, 0);
      writeAbsolute(value, bits, Decimals.scale(value, RowsRecord.MAX_SCALE));
      return;
    }
    RowBases.Page page = bases.page(id);
    int slot = id & RowBases.MASK;
    int state = page.state[slot];
    if (state < RowBases.ABSOLUTE || state == RowBases.DUE) {
      boolean keepsScale = state == RowBases.DUE && fits(value, page.scale[slot]);
      int scale = keepsScale ? page.scale[slot] : Decimals.scale(value, RowsRecord.MAX_SCALE);
      absolute(page, slot, value, bits, scale, start);
    } else if (page.scale[slot] == RowBases.RAW) {
      afterRaw(page, slot, value, bits, start);
    } else {
      afterDecimal(page, slot, value, bits, start);
    }
  }

  private void place(int id, long time) {
    if (id != nextId) {
      endRun();
      out.u8(RowsRecord.ID);
      out.zigzag((long) id - nextId);
    }
    nextId = id + 1;
    if (time != timeMs) {
      endRun();
      out.u8(RowsRecord.TIME);
      out.zigzag(time - timeMs);
      timeMs = time;
    }
  }

  private void endRun() {
    if (run > 0) {
      out.u8(RowsRecord.RUN + run - 1);
      run = 0;
    }
  }

  private static boolean fits(double value, int scale) {
    return scale != RowBases.RAW && Decimals.fits(value, Decimals.mantissa(value, scale), scale);
  }

  /** Ends the run before a row, and writes the row's start time unless it is the expected one. */
  private void start(long start, long expected) {
    endRun();
    if (start != expected) {
      out.u8(RowsRecord.START);
      out.zigzag(start - startMs);
      startMs = start;
    }
  }

  /** Begins a row that refers to the previous one of its series. */
  private void refer(RowBases.Page page, int slot, long start) {
    start(start, page.startMs(slot));
    page.startMs(slot, start);
    page.state[slot]++;
  }

  private void unchanged(RowBases.Page page, int slot, long start) {
    if (start != page.startMs(slot) || run == RowsRecord.MAX_RUN) {
      start(start, page.startMs(slot));
      page.startMs(slot, start);
    }
    page.state[slot]++;
    run++;
  }

  private void absolute(
      RowBases.Page page, int slot, double value, long bits, int scale, long start) {
    start(start, 0);
    page.startMs(slot, start);
    writeAbsolute(value, bits, scale);
    if (scale == Decimals.NONE) {
      page.absolute(slot, RowBases.RAW, bits);
    } else {
      page.absolute(slot, (byte) scale, Decimals.mantissa(value, scale));
    }
  }

  private void writeAbsolute(double value, long bits, int scale) {
    if (scale == Decimals.NONE) {
      out.u8(RowsRecord.RAW);
      out.u64(bits);
    } else {
      out.u8(RowsRecord.DECIMAL + scale);
      out.zigzag(Decimals.mantissa(value, scale));
    }
  }

  private void afterDecimal(RowBases.Page page, int slot, double value, long bits, long start) {
    int scale = page.scale[slot];
    long mantissa = Decimals.mantissa(value, scale);
    if (Decimals.fits(value, mantissa, scale)) {
      long difference = mantissa - page.base[slot];
      if (difference == 0) {
        unchanged(page, slot, start);
      } else {
        refer(page, slot, start);
        writeDifference(difference);
        page.base[slot] = mantissa;
      }
      return;
    }
    int better = Decimals.scale(value, RowsRecord.MAX_SCALE);
    if (better != Decimals.NONE) {
      absolute(page, slot, value, bits, better, start);
      return;
    }
    refer(page, slot, start);
    writeXor(bits ^ Double.doubleToRawLongBits(Decimals.value(page.base[slot], scale)));
    page.scale[slot] = RowBases.RAW;
    page.base[slot] = bits;
  }

  private void afterRaw(RowBases.Page page, int slot, double value, long bits, long start) {
    long before = page.base[slot];
    if (bits == before) {
      unchanged(page, slot, start);
      return;
    }
    // a series with a long fraction most likely has another one: looking for a short one costs more
    boolean search = !Double.isFinite(Double.longBitsToDouble(before));
    int scale = Decimals.scale(value, search ? RowsRecord.MAX_SCALE : 0);
    if (scale != Decimals.NONE) {
      absolute(page, slot, value, bits, scale, start);
      return;
    }
    refer(page, slot, start);
    writeSumOrXor(value, bits, before);
    page.base[slot] = bits;
  }

  /** A sum of seconds grows by whole nanoseconds, but for what it is rounded by. */
  private void writeSumOrXor(double value, long bits, long before) {
    double previous = Double.longBitsToDouble(before);
    double grown = value - previous;
    long units = Math.round(grown * RowsRecord.SUM_UNIT);
    long zigzag = ByteSink.zigzagged(units);
    long xor = bits ^ before;
    if (Double.isFinite(grown) // else NaNs would be computed with, and that is no exact science
        && units < EXACT
        && units > -EXACT
        && Double.doubleToRawLongBits(previous + units / RowsRecord.SUM_UNIT) == bits
        && (bitsOf(zigzag) + 6) / 7 <= bytesOf(xor)) {
      out.u8(RowsRecord.SUM);
      out.varint(zigzag);
    } else {
      writeXor(xor);
    }
  }

  private static int bitsOf(long n) {
    return Long.SIZE - Long.numberOfLeadingZeros(n);
  }

  private static int bytesOf(long n) {
    return (bitsOf(n) + 7) / 8;
  }

  private void writeXor(long xor) {
    int n = bytesOf(xor);
    out.u8(RowsRecord.XOR + n - 1);
    out.reserve(Long.BYTES);
    ByteSink.LONG.set(out.data, out.size, xor);
    out.size += n;
  }

  private void writeDifference(long difference) {
    long z = ByteSink.zigzagged(difference);
    if (Long.compareUnsigned(z, 1 << 20) < 0) {
      if (z <= 0x80) {
        out.u8((int) (RowsRecord.DELTA_7 + z - 1));
      } else if (z < 1 << 13) {
        out.u8((int) (RowsRecord.DELTA_13 + (z >>> 8)));
        out.u8((int) z);
      } else {
        writeTwo(RowsRecord.DELTA_20, z);
      }
      return;
    }
    long inKib = ByteSink.zigzagged(difference >> RowsRecord.KIB_BITS);
    if ((difference & ((1 << RowsRecord.KIB_BITS) - 1)) == 0 && inKib < 1 << 18) {
      writeTwo(RowsRecord.DELTA_KIB, inKib);
    } else if (z >= 0 && z < 1 << 26) {
      out.u8((int) (RowsRecord.DELTA_26 + (z >>> 24)));
      out.u8((int) z);
      out.u8((int) (z >>> 8));
      out.u8((int) (z >>> 16));
    } else {
      out.u8(RowsRecord.DELTA);
      out.varint(z);
    }
  }

  private void writeTwo(int token, long z) {
    out.u8((int) (token + (z >>> 16)));
    out.u8((int) z);
    out.u8((int) (z >>> 8));
  }

  private void writeHistogram(NativeHistogram h, long start) {
    start(start, 0);
    one.clear(true);
    one.add(timeMs, 0, h, 0);
    histogram.clear();
    codec.write(one, 0, 1, timeMs, histogram);
    one.reset();
    out.u8(RowsRecord.HISTOGRAM);
    out.varint(histogram.size);
    out.bytes(histogram.data, 0, histogram.size);
  }
}
