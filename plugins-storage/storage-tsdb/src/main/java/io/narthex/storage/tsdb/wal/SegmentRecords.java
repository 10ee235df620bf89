package io.narthex.storage.tsdb.wal;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.frames.FrameWriter;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the records of a segment of format 2: names a series before its first row, and rows as
 * differences to the previous ones. Used by one thread at a time.
 */
final class SegmentRecords {
  private static final int USUAL_BYTES = 4096;
  private static final int MANY_BYTES = 1 << 20;

  private final IntFunction<Labels> labels;
  private final Supplier<FrameWriter> target;
  private final RowsWriter rows = new RowsWriter();
  private final BooleanSupplier isPacked;
  private final SharedLabels names = new SharedLabels();
  private final PackedNames packed = new PackedNames();
  private final ByteSink seriesBytes = new ByteSink(USUAL_BYTES);
  private final ByteSink rowBytes = new ByteSink(USUAL_BYTES);
  private boolean naming; // a record of series is begun
  private long nameBytes; // in the segment, or collected for it
  private long writtenNameBytes;
  private long nextSequence;

  /**
   * Creates one; {@link #beginSegment} comes first.
   *
   * @param labels gives those of a series, none when the head does not have it any more
   * @param target is asked for where records go when there are any
   * @param isPacked whether the folder has format 3
   */
  SegmentRecords(
      IntFunction<Labels> labels, Supplier<FrameWriter> target, BooleanSupplier isPacked) {
    this.labels = labels;
    this.target = target;
    this.isPacked = isPacked;
  }

  /** Begins a segment, of which nothing is named. */
  void beginSegment(long sequence) {
    writtenNameBytes = 0;
    forget(sequence);
  }

  /** Notes that what was collected is in the file. */
  void written() {
    writtenNameBytes = nameBytes;
  }

  /** Continues where some of the names and rows are not in the file. */
  void forget(long sequence) {
    rows.clear();
    nameBytes = writtenNameBytes;
    naming = false;
    nextSequence = sequence;
  }

  /** Returns the number of the next record of rows. */
  long nextSequence() {
    return nextSequence;
  }

  /** Returns the bytes of names in the segment. */
  long nameBytes() {
    return nameBytes;
  }

  /** Writes what is taken of a batch; returns whether there is any. */
  boolean batch(SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes) {
    boolean anything = rows(batch, referenceBase, codes, AppendResult.OK);
    anything |= rows(batch, referenceBase, codes, WriteAheadLog.OUT_OF_ORDER);
    anything |= exemplars(batch, referenceBase, exemplarCodes);
    return anything;
  }

  private boolean rows(SampleBatch batch, long referenceBase, byte[] codes, byte wanted) {
    int n = batch.size();
    int row = 0;
    while (row < n && codes[row] != wanted) {
      row++;
    }
    if (row == n) {
      return false;
    }
    FrameWriter out = target.get();
    boolean late = wanted == WriteAheadLog.OUT_OF_ORDER;
    beginRows(late, batch.timeMs(row));
    for (; row < n; row++) {
      if (codes[row] == wanted) {
        int id = (int) (batch.ref(row) - referenceBase);
        name(id);
        rows.row(
            id, batch.timeMs(row), batch.value(row), batch.histogram(row), batch.startTimeMs(row));
      }
    }
    endRows(out, late);
    return true;
  }

  private boolean exemplars(SampleBatch batch, long referenceBase, byte[] exemplarCodes) {
    rowBytes.clear();
    for (int i = 0; i < batch.exemplarCount(); i++) {
      if (exemplarCodes[i] == WriteAheadLog.TAKEN) {
        int id = (int) (batch.ref(batch.exemplarRow(i)) - referenceBase);
        name(id);
        BatchRecord.writeExemplar(id, batch.exemplar(i), rowBytes);
      }
    }
    if (rowBytes.size == 0) {
      return false;
    }
    endExemplars(target.get());
    return true;
  }

  /** Writes deleted ranges. */
  void tombstones(FrameWriter out, TombstoneMap deleted) {
    deleted.forEach((id, _) -> name(id));
    endNames(out);
    TombstoneRecord.write(deleted, out.begin(RecordType.TOMBSTONES));
    out.end();
  }

  private void beginRows(boolean late, long timeMs) {
    rowBytes.clear();
    if (late) {
      rows.beginOutOfOrder(timeMs, rowBytes);
    } else {
      rows.begin(nextSequence++, timeMs, rowBytes);
    }
  }

  private void endRows(FrameWriter out, boolean late) {
    rows.end();
    endNames(out);
    out.begin(late ? RecordType.OUT_OF_ORDER : RecordType.ROWS)
        .bytes(rowBytes.data, 0, rowBytes.size);
    out.end();
    shrink(rowBytes);
  }

  private void endExemplars(FrameWriter out) {
    endNames(out);
    out.begin(RecordType.EXEMPLARS).bytes(rowBytes.data, 0, rowBytes.size);
    out.end();
    shrink(rowBytes);
  }

  static void shrink(ByteSink sink) {
    sink.clear();
    if (sink.data.length > MANY_BYTES) {
      sink.data = new byte[USUAL_BYTES];
    }
  }

  /** Names a series unless the segment has its name. */
  private void name(int id) {
    if (rows.isNew(id)) {
      if (!naming) {
        naming = true;
        names.begin();
        seriesBytes.clear();
      }
      names.write(id, labels.apply(id), seriesBytes);
    }
  }

  private void endNames(FrameWriter out) {
    if (naming) {
      naming = false;
      int before = out.waiting();
      if (!(isPacked.getAsBoolean()
          && packed.write(seriesBytes, out.begin(RecordType.PACKED_SERIES)))) {
        out.begin(RecordType.SERIES).bytes(seriesBytes.data, 0, seriesBytes.size);
      }
      out.end();
      shrink(seriesBytes);
      nameBytes += out.waiting() - before;
    }
  }

  /** Writes what a record of a batch of format 1 holds. */
  void again(FrameWriter out, BatchRecord reader, ByteSource record) {
    Again again = new Again(out);
    reader.read(record, again);
    again.endRecord();
  }

  /** Makes records of this format of one of format 1. */
  private final class Again implements BatchRecord.Handler {
    private final FrameWriter out;
    private int type; // of the record that is begun, 0 = none

    Again(FrameWriter out) {
      this.out = out;
    }

    @Override
    public void row(
        int id,
        long timeMs,
        double value,
        @Nullable NativeHistogram histogram,
        long startTimeMs,
        boolean outOfOrder) {
      if (hasLeft(id)) {
        return;
      }
      int wanted = outOfOrder ? RecordType.OUT_OF_ORDER : RecordType.ROWS;
      if (type != wanted) {
        endRecord();
        beginRows(outOfOrder, timeMs);
        type = wanted;
      }
      name(id);
      rows.row(id, timeMs, value, histogram, startTimeMs);
    }

    /** A series that has left the head has its rows in a block. */
    private boolean hasLeft(int id) {
      return labels.apply(id).isEmpty();
    }

    @Override
    public void exemplar(int id, Exemplar exemplar) {
      if (hasLeft(id)) {
        return;
      }
      if (type != RecordType.EXEMPLARS) {
        endRecord();
        rowBytes.clear();
        type = RecordType.EXEMPLARS;
      }
      name(id);
      BatchRecord.writeExemplar(id, exemplar, rowBytes);
    }

    void endRecord() {
      if (type == RecordType.EXEMPLARS) {
        endExemplars(out);
      } else if (type != 0) {
        endRows(out, type == RecordType.OUT_OF_ORDER);
      }
      type = 0;
    }
  }
}
