package io.narthex.storage.tsdb.recovery;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import io.narthex.storage.tsdb.wal.BatchRecord;
import io.narthex.storage.tsdb.wal.SeriesRecord;

/** Takes the records of a checkpoint into a head. */
final class CheckpointRecords {
  private final Head head;
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows rows = new ChunkRows();
  private final ByteSource padded = new ByteSource();
  private byte[] scratch = new byte[1024];
  private boolean complete;

  CheckpointRecords(Head head) {
    this.head = head;
  }

  /** Returns whether the last record has come. */
  boolean isComplete() {
    return complete;
  }

  void record(int type, ByteSource in, BatchRecord.Handler exemplars) {
    switch (type) {
      case SeriesRecord.TYPE -> {
        int id = in.count(Integer.MAX_VALUE - 1);
        Labels labels = SeriesRecord.readLabels(in);
        if (!labels.isEmpty()) {
          head.bind(id, labels);
        }
      }
      // its out-of-order samples are those that were left, or have arrived since
      case TombstoneRecord.TYPE -> TombstoneRecord.read(in, head.tombstones());
      case Checkpoint.HEAD -> {
        head.minValidMs(in.zigzag());
        head.nextId(in.count(Integer.MAX_VALUE));
      }
      case Checkpoint.ROWS -> head.restore(readChunk(in), rows);
      case Checkpoint.OUT_OF_ORDER_ROWS -> {
        int id = readChunk(in);
        for (int i = 0; i < rows.size; i++) {
          head.replayOutOfOrder(
              id,
              rows.timesMs[i],
              rows.values[i],
              rows.isHistogram ? rows.histograms()[i] : null,
              rows.startTimeMs(i));
        }
      }
      case Checkpoint.EXEMPLAR -> BatchRecord.readExemplar(in, exemplars);
      case Checkpoint.END -> complete = true;
      default -> throw new ByteSource.Malformed("unknown type");
    }
  }

  private int readChunk(ByteSource in) {
    int id = in.count(Integer.MAX_VALUE - 1);
    int length = in.remaining();
    if (scratch.length < length + ChunkCodec.SLACK) {
      scratch = new byte[length * 2 + ChunkCodec.SLACK];
    }
    System.arraycopy(in.data, in.position, scratch, 0, length);
    padded.reset(scratch, 0, length);
    codec.read(padded, 0, rows);
    return id;
  }
}
