package io.narthex.storage.tsdb.wal;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.chunks.Decimals;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import org.jspecify.annotations.Nullable;

/**
 * WAL record of a batch: everything that became visible at one moment. Holds scratch memory; used
 * under the append lock or by one reader.
 *
 * <pre>
 * varint rows, each as below | varint out-of-order rows, the same
 * | varint exemplars, each: varint id, labels, u64 value, zigzag time
 *
 * row: u8 token: low 5 bits 0..18 = decimal number of that scale, 29 = histogram, 30 = staleness
 *        marker, 31 = 8 bytes; 0x20 = start time follows; 0x40 = another time than the row before;
 *        0x80 = id of the row before plus one
 *      [zigzag id difference] [zigzag time difference] [zigzag time - start time]
 *      zigzag mantissa | u64 | varint length, chunk of one row
 * </pre>
 */
public final class BatchRecord {
  public static final int TYPE = 2;

  private static final int HISTOGRAM = 29;
  private static final int STALE = 30;
  private static final int RAW = 31;
  private static final int START = 0x20;
  private static final int OTHER_TIME = 0x40;
  private static final int NEXT_ID = 0x80;
  // looking for longer fractions costs more than the bytes it saves
  private static final int MAX_LOG_SCALE = 6;

  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows one = new ChunkRows();
  private final ByteSink histogramBytes = new ByteSink(256);
  private byte[] padded = new byte[256];
  private final ByteSource histogramSource = new ByteSource();

  /** Receives what a record holds. */
  public interface Handler {
    void row(
        int id,
        long timeMs,
        double value,
        @Nullable NativeHistogram histogram,
        long startTimeMs,
        boolean outOfOrder);

    void exemplar(int id, Exemplar exemplar);
  }

  /**
   * Writes the accepted rows and the exemplars that the ring takes; returns false when there is
   * nothing to write.
   */
  public boolean write(
      SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes, ByteSink out) {
    int rows = writeRows(batch, referenceBase, codes, AppendResult.OK, out);
    int outOfOrder = writeRows(batch, referenceBase, codes, WriteAheadLog.OUT_OF_ORDER, out);
    int exemplars = 0;
    for (int i = 0; i < batch.exemplarCount(); i++) {
      exemplars += exemplarCodes[i] == WriteAheadLog.TAKEN ? 1 : 0;
    }
    out.varint(exemplars);
    for (int i = 0; i < batch.exemplarCount(); i++) {
      int row = batch.exemplarRow(i);
      if (exemplarCodes[i] == WriteAheadLog.TAKEN) {
        writeExemplar((int) (batch.ref(row) - referenceBase), batch.exemplar(i), out);
      }
    }
    return rows + outOfOrder + exemplars > 0;
  }

  public static void writeExemplar(int id, Exemplar exemplar, ByteSink out) {
    out.varint(id);
    SeriesRecord.writeLabels(exemplar.labels(), out);
    out.u64(Double.doubleToRawLongBits(exemplar.value()));
    out.zigzag(exemplar.timestampMs());
  }

  private int writeRows(
      SampleBatch batch, long referenceBase, byte[] codes, byte wanted, ByteSink out) {
    int n = batch.size();
    int rows = 0;
    for (int row = 0; row < n; row++) {
      if (codes[row] == wanted) {
        rows++;
      }
    }
    out.varint(rows);
    int lastId = -1;
    long lastTime = 0;
    for (int row = 0; rows > 0 && row < n; row++) {
      if (codes[row] == wanted) {
        int id = (int) (batch.ref(row) - referenceBase);
        long time = batch.timeMs(row);
        writeRow(batch, row, id, time, lastId, lastTime, out);
        lastId = id;
        lastTime = time;
      }
    }
    return rows;
  }

  private void writeRow(
      SampleBatch batch, int row, int id, long time, int lastId, long lastTime, ByteSink out) {
    NativeHistogram h = batch.histogram(row);
    double value = batch.value(row);
    int kind;
    if (h != null) {
      kind = HISTOGRAM;
    } else if (StaleMarker.is(value)) {
      kind = STALE;
    } else {
      int scale = Decimals.scale(value, MAX_LOG_SCALE);
      kind = scale == Decimals.NONE ? RAW : scale;
    }
    long start = batch.startTimeMs(row);
    out.u8(
        kind
            | (start != 0 ? START : 0)
            | (time != lastTime ? OTHER_TIME : 0)
            | (id == lastId + 1 ? NEXT_ID : 0));
    if (id != lastId + 1) {
      out.zigzag((long) id - lastId);
    }
    if (time != lastTime) {
      out.zigzag(time - lastTime);
    }
    if (start != 0) {
      out.zigzag(time - start);
    }
    if (h != null) {
      one.clear(true);
      one.add(time, 0, h, 0);
      histogramBytes.clear();
      codec.write(one, 0, 1, time, histogramBytes);
      out.varint(histogramBytes.size);
      out.bytes(histogramBytes.data, 0, histogramBytes.size);
    } else if (kind == RAW) {
      out.u64(Double.doubleToRawLongBits(value));
    } else if (kind != STALE) {
      out.zigzag(Decimals.mantissa(value, kind));
    }
  }

  public void read(ByteSource in, Handler handler) {
    readRows(in, false, handler);
    readRows(in, true, handler);
    int exemplars = in.count(in.remaining());
    for (int i = 0; i < exemplars; i++) {
      readExemplar(in, handler);
    }
  }

  public static void readExemplar(ByteSource in, Handler handler) {
    int id = in.count(Integer.MAX_VALUE);
    Labels labels = SeriesRecord.readLabels(in);
    double value = Double.longBitsToDouble(in.u64());
    handler.exemplar(id, new Exemplar(labels, value, in.zigzag(), true));
  }

  private void readRows(ByteSource in, boolean outOfOrder, Handler handler) {
    int rows = in.count(in.remaining());
    int id = -1;
    long time = 0;
    for (int i = 0; i < rows; i++) {
      int token = in.u8();
      id += (token & NEXT_ID) != 0 ? 1 : (int) in.zigzag();
      if ((token & OTHER_TIME) != 0) {
        time += in.zigzag();
      }
      long start = (token & START) != 0 ? time - in.zigzag() : 0;
      int kind = token & 31;
      double value = 0;
      NativeHistogram h = null;
      if (kind == HISTOGRAM) {
        h = readHistogram(in, time);
      } else if (kind == STALE) {
        value = StaleMarker.VALUE;
      } else if (kind == RAW) {
        value = Double.longBitsToDouble(in.u64());
      } else if (kind <= Decimals.MAX_SCALE) {
        value = Decimals.value(in.zigzag(), kind);
      } else {
        throw new ByteSource.Malformed("kind of row is " + kind);
      }
      handler.row(id, time, value, h, start, outOfOrder);
    }
  }

  private NativeHistogram readHistogram(ByteSource in, long time) {
    int length = in.count(in.remaining());
    if (padded.length < length + ChunkCodec.SLACK) {
      padded = new byte[length * 2 + ChunkCodec.SLACK];
    }
    System.arraycopy(in.data, in.position, padded, 0, length);
    in.skip(length);
    histogramSource.reset(padded, 0, length);
    codec.read(histogramSource, time, one);
    return one.histograms()[0];
  }
}
