package io.narthex.storage.tsdb.wal;

import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.chunks.Decimals;
import io.narthex.storage.tsdb.io.ByteSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads bodies of {@link RowsRecord}s, in the order they were written in. Where one is missing,
 * rows that refer to others are dropped and counted until their series has an absolute one: no
 * value is ever computed from a wrong base. Allocates nothing per row, but for histograms.
 */
final class RowsReader {
  private static final int LAST_DECIMAL = RowsRecord.DECIMAL + RowsRecord.MAX_SCALE;

  /** Takes rows. */
  interface Handler {
    void row(int id, long timeMs, double value, @Nullable NativeHistogram histogram, long startMs);
  }

  private final RowBases bases = new RowBases();
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows one = new ChunkRows();
  private final ByteSource padded = new ByteSource();
  private byte[] scratch = new byte[256];
  private final Handler handler;
  private long expected;
  private long dropped;

  private int id;
  private long timeMs;
  private long startMs; // the last one that was written
  private boolean startGiven; // for the next row

  RowsReader(Handler handler) {
    this.handler = handler;
  }

  /** Starts a segment, whose first record of rows has this sequence number. */
  void beginSegment(long sequence) {
    expected = sequence;
    bases.clear();
  }

  /** Returns the sequence number of the record of rows that should come next. */
  long expected() {
    return expected;
  }

  /** Returns how many rows were dropped because what they refer to is missing. */
  long dropped() {
    return dropped;
  }

  void read(ByteSource in) {
    long sequence = in.varint();
    if (sequence != expected) {
      bases.clear();
    }
    expected = sequence + 1;
    try {
      readTokens(in, false);
    } catch (ByteSource.Malformed e) {
      bases.clear();
      throw e;
    }
  }

  void readOutOfOrder(ByteSource in) {
    readTokens(in, true);
  }

  private void readTokens(ByteSource in, boolean alone) {
    timeMs = in.zigzag();
    startMs = timeMs;
    startGiven = false;
    id = 0;
    while (in.remaining() > 0) {
      int token = in.u8();
      if (token >= RowsRecord.ID && token <= RowsRecord.START) {
        context(token, in);
      } else if (token >= RowsRecord.DECIMAL && token < RowsRecord.ID) {
        independent(token, in, alone);
      } else if (alone) {
        throw new ByteSource.Malformed("a row out of order refers to another");
      } else if (token < RowsRecord.DELTA_13) {
        unchanged(token - RowsRecord.RUN + 1);
      } else if (token >= RowsRecord.DELTA_7) {
        difference(unzigzagged(token - RowsRecord.DELTA_7 + 1));
      } else {
        dependent(token, in);
      }
    }
  }

  private static long unzigzagged(long z) {
    return ByteSource.unzigzagged(z);
  }

  private void context(int token, ByteSource in) {
    long n = in.zigzag();
    if (token == RowsRecord.ID) {
      long next = id + n;
      if (next < 0 || next >= Integer.MAX_VALUE) {
        throw new ByteSource.Malformed("id is " + next);
      }
      id = (int) next;
    } else if (token == RowsRecord.TIME) {
      timeMs += n;
    } else {
      startMs += n;
      startGiven = true;
    }
  }

  /** Returns the start time of the row at hand: the given one, or else the expected one. */
  private long start(long expectedMs) {
    if (startGiven) {
      startGiven = false;
      return startMs;
    }
    return expectedMs;
  }

  private void emit(double value, @Nullable NativeHistogram h, long start) {
    handler.row(id, timeMs, value, h, start);
    id++;
  }

  private void independent(int token, ByteSource in, boolean alone) {
    if (token == RowsRecord.HISTOGRAM) {
      NativeHistogram h = readHistogram(in);
      emit(0, h, start(0));
      return;
    }
    if (token == RowsRecord.STALE) {
      emit(StaleMarker.VALUE, null, start(0));
      return;
    }
    byte scale = token > LAST_DECIMAL ? RowBases.RAW : (byte) (token - RowsRecord.DECIMAL);
    long base = scale == RowBases.RAW ? in.u64() : in.zigzag();
    long start = start(0);
    if (!alone) {
      RowBases.Page page = bases.page(id);
      int slot = id & RowBases.MASK;
      page.absolute(slot, scale, base);
      page.startMs(slot, start);
    }
    emit(value(scale, base), null, start);
  }

  private static double value(int scale, long base) {
    return scale == RowBases.RAW ? Double.longBitsToDouble(base) : Decimals.value(base, scale);
  }

  private void unchanged(int rows) {
    for (int i = 0; i < rows; i++) {
      RowBases.Page page = bases.page(id);
      refer(page, id & RowBases.MASK);
    }
  }

  /** Gives the row at hand its series' base as value, or drops it where that is unknown. */
  private void refer(RowBases.Page page, int slot) {
    if (page.state[slot] < RowBases.ABSOLUTE) {
      drop();
      return;
    }
    long start = start(page.startMs(slot));
    page.startMs(slot, start);
    emit(value(page.scale[slot], page.base[slot]), null, start);
  }

  private void drop() {
    startGiven = false;
    dropped++;
    id++;
  }

  private void difference(long n) {
    RowBases.Page page = bases.page(id);
    int slot = id & RowBases.MASK;
    if (page.state[slot] >= RowBases.ABSOLUTE && page.scale[slot] == RowBases.RAW) {
      throw new ByteSource.Malformed("difference to what is no decimal number");
    }
    page.base[slot] += n;
    refer(page, slot);
  }

  private void dependent(int token, ByteSource in) {
    if (token < RowsRecord.DELTA_20) {
      difference(unzigzagged((long) (token - RowsRecord.DELTA_13) << 8 | in.u8()));
    } else if (token < RowsRecord.DELTA_26) {
      difference(unzigzagged(readTwo(token - RowsRecord.DELTA_20, in)));
    } else if (token < RowsRecord.DELTA_KIB) {
      long low = in.u8() | in.u8() << 8 | in.u8() << 16;
      difference(unzigzagged((long) (token - RowsRecord.DELTA_26) << 24 | low));
    } else if (token < RowsRecord.DELTA) {
      difference(unzigzagged(readTwo(token - RowsRecord.DELTA_KIB, in)) << RowsRecord.KIB_BITS);
    } else if (token == RowsRecord.DELTA) {
      difference(in.zigzag());
    } else {
      raw(token, in);
    }
  }

  private static long readTwo(int high, ByteSource in) {
    return (long) high << 16 | in.u8() | in.u8() << 8;
  }

  /** A row whose bits are computed from those of the previous value. */
  private void raw(int token, ByteSource in) {
    RowBases.Page page = bases.page(id);
    int slot = id & RowBases.MASK;
    double before = value(page.scale[slot], page.base[slot]);
    if (token == RowsRecord.SUM) {
      page.base[slot] = Double.doubleToRawLongBits(before + in.zigzag() / RowsRecord.SUM_UNIT);
    } else if (token >= RowsRecord.XOR && token < RowsRecord.XOR_END) {
      long xor = 0;
      for (int i = 0; i <= token - RowsRecord.XOR; i++) {
        xor |= (long) in.u8() << 8 * i;
      }
      page.base[slot] = Double.doubleToRawLongBits(before) ^ xor;
    } else {
      throw new ByteSource.Malformed("token " + Integer.toHexString(token) + " is unknown");
    }
    page.scale[slot] = RowBases.RAW;
    refer(page, slot);
  }

  private NativeHistogram readHistogram(ByteSource in) {
    int length = in.count(in.remaining());
    if (scratch.length < length + ChunkCodec.SLACK) {
      scratch = new byte[length * 2 + ChunkCodec.SLACK];
    }
    System.arraycopy(in.data, in.position, scratch, 0, length);
    in.skip(length);
    padded.reset(scratch, 0, length);
    codec.read(padded, timeMs, one);
    if (!one.isHistogram) {
      throw new ByteSource.Malformed("a chunk of floats for a histogram");
    }
    return one.histograms()[0];
  }
}
