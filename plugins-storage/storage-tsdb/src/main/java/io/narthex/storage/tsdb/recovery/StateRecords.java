package io.narthex.storage.tsdb.recovery;

import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.head.ChunkFiles;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.NumberedLabels;
import io.narthex.storage.tsdb.head.SeriesNames;
import io.narthex.storage.tsdb.head.SeriesStates;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.wal.BatchRecord;
import io.narthex.storage.tsdb.wal.SeriesRecord;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/** Takes the records of a checkpoint of format 2 into a head. */
final class StateRecords {
  private final Head head;
  private final ChunkFiles.Damage damage;
  private final CheckpointRecords others;
  private final SeriesNames names;
  private final NumberedLabels numbers;
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows rows = new ChunkRows();
  private final ChunkFiles.Listing pages = new ChunkFiles.Listing();
  private final RoaringBitmap earlier = new RoaringBitmap();
  private SeriesStates.@Nullable Reader states; // null until all pages have been listed
  private Checkpoint.@Nullable Top top; // null = it is damaged, or has not come
  private int number;

  /**
   * Creates one.
   *
   * @param names binds series to their ids
   * @param damage takes what is damaged in files of chunks
   */
  StateRecords(Head head, SeriesNames names, ChunkFiles.Damage damage) {
    this.head = head;
    this.names = names;
    numbers = new NumberedLabels(head);
    this.damage = damage;
    others = new CheckpointRecords(head);
  }

  /**
   * Begins with a checkpoint.
   *
   * @param newNumber in the name of the file
   */
  void begin(int newNumber) {
    number = newNumber;
  }

  /** Returns whether the last record has come. */
  boolean isComplete() {
    return others.isComplete();
  }

  void record(int type, ByteSource in, BatchRecord.Handler exemplars) {
    switch (type) {
      case Checkpoint.HEAD -> {
        top = Checkpoint.Top.read(in);
        head.minValidMs(top.minValidMs());
        head.nextId(top.nextId());
      }
      case Checkpoint.GAPS -> {
        while (in.remaining() > 0) {
          long from = in.zigzag();
          head.gap(from, from, in.zigzag());
        }
      }
      case Checkpoint.EARLIER -> {
        int id = 0;
        while (in.remaining() > 0) {
          id = Math.addExact(id, in.count(Integer.MAX_VALUE - 1 - id));
          earlier.add(id);
        }
      }
      case Checkpoint.PAGES -> pages.read(in);
      case Checkpoint.LABELS -> names.read(in);
      case Checkpoint.STATES -> states().read(in);
      case Checkpoint.NUMBERS -> numbers.read(in);
      case Checkpoint.SERIES -> numbers.readSeries(in);
      case Checkpoint.PACKED -> states().readPacked(in);
      case Checkpoint.SEALED -> {
        int id = in.count(Integer.MAX_VALUE - 1);
        codec.read(in, in.zigzag(), rows);
        states().sealed(id, rows);
      }
      case Checkpoint.HISTOGRAMS -> states().histograms(readRows(in), rows);
      case Checkpoint.NEWEST -> states().newest(readRows(in), rows);
      case SeriesRecord.TYPE, Checkpoint.ROWS -> {
        states(); // there are no pages
        others.record(type, in, exemplars);
      }
      default -> others.record(type, in, exemplars);
    }
  }

  private int readRows(ByteSource in) {
    int id = in.count(Integer.MAX_VALUE - 1);
    codec.read(in, 0, rows);
    return id;
  }

  private SeriesStates.Reader states() {
    SeriesStates.Reader s = states;
    if (s == null) {
      Checkpoint.Top t = top;
      s =
          head.restoreChunks(
              number,
              pages,
              t == null ? Integer.MAX_VALUE : t.lastPage(),
              t == null ? -1 : t.pages(),
              t == null || t.earlier() != earlier.getCardinality() ? null : earlier,
              damage);
      states = s;
    }
    return s;
  }

  /** Ends the reading. */
  void end(boolean damaged) {
    SeriesStates.Reader s = states();
    if (damaged) {
      s.useChunksOfLostStates();
    }
    Checkpoint.Top t = top;
    head.restored(t == null || t.hasRows() ? head.minMs() : t.oldestMs());
    if (t == null) {
      head.skipGap();
    }
  }
}
