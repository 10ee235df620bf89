package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads segments of the WAL of format 2, in their order. Where one is damaged, rows that depend on
 * what is missing are dropped and counted.
 */
public final class SegmentReader {
  /** Takes what segments hold, in the order it was written. */
  public interface Handler extends BatchRecord.Handler {
    /** Takes a series, most often one that is known. */
    void series(int id, Labels labels);

    /** Takes a record of them. */
    default void series(ByteSource record, SharedLabels reader) {
      reader.read(record, this::series);
    }

    void tombstones(TombstoneMap deleted);

    /** Notes that so many bytes have been read. */
    default void advance(int bytes) {
      // not everybody wants to know
    }

    /** Takes a damaged part, see {@link FrameReader.Handler#damage}. */
    void damage(Path segment, long offset, long length, String reason, MemorySegment bytes);
  }

  private final Disk disk;
  private final Path directory;
  private final Handler handler;
  private final SharedLabels names = new SharedLabels();
  private final PackedNames packed = new PackedNames();
  private final RowsReader rows;
  private boolean outOfOrder;

  public SegmentReader(Disk disk, Path directory, Handler handler) {
    this.disk = disk;
    this.directory = directory;
    this.handler = handler;
    rows = new RowsReader(this::row);
  }

  private void row(int id, long timeMs, double value, @Nullable NativeHistogram h, long startMs) {
    handler.row(id, timeMs, value, h, startMs, outOfOrder);
  }

  /**
   * Reads a segment.
   *
   * @param next number of the segment after it, 0 = it is the newest, and may end in a torn record
   * @return how many of its bytes count, and why no more
   */
  public FrameReader.End read(int number, int next) throws IOException {
    rows.beginSegment(rows.expected()); // should its first record be damaged
    Path path = directory.resolve(Frame.Kind.WAL.fileName(number));
    return frames(disk, directory, number, next, new Records(path));
  }

  /** Reads the frames of a segment, see {@link #read}. */
  public static FrameReader.End frames(
      Disk disk, Path directory, int number, int next, FrameReader.Handler records)
      throws IOException {
    Path path = directory.resolve(Frame.Kind.WAL.fileName(number));
    Previous previous = new Previous();
    if (next != 0) {
      Path following = directory.resolve(Frame.Kind.WAL.fileName(next));
      FrameReader.readFirst(disk, following, Frame.Kind.WAL, next, previous);
    }
    if (next == 0 || previous.number != number) {
      return FrameReader.read(disk, path, Frame.Kind.WAL, number, next == 0, records);
    }
    FrameReader.readUpTo(disk, path, Frame.Kind.WAL, number, previous.length, records);
    return new FrameReader.End(previous.length, null);
  }

  /** Returns the sequence number of the record of rows that would come next. */
  public long expectedSequence() {
    return rows.expected();
  }

  /** Returns how many rows were dropped because what they refer to is missing. */
  public long droppedRows() {
    return rows.dropped();
  }

  /** Finds out what the first record of a segment says about the one before. */
  private static final class Previous implements FrameReader.Handler {
    private long number;
    private long length;

    @Override
    public void record(int type, ByteSource body, long offset) {
      if (type == Frame.START && FrameReader.isStart(body, Frame.Kind.WAL)) {
        body.varint();
        number = body.varint();
        length = body.varint();
      }
    }

    @Override
    public void damage(long offset, long bytes, String reason, MemorySegment part) {
      // is reported when the segment is read
    }
  }

  private final class Records implements FrameReader.Handler {
    private final Path path;

    Records(Path path) {
      this.path = path;
    }

    @Override
    public void record(int type, ByteSource body, long offset) {
      handler.advance(body.remaining());
      switch (type) {
        case Frame.START -> {
          if (!FrameReader.isStart(body, Frame.Kind.WAL)) {
            throw new ByteSource.Malformed("no WAL of this version");
          }
          rows.beginSegment(body.varint());
        }
        case RecordType.SERIES -> handler.series(body, names);
        case RecordType.PACKED_SERIES -> handler.series(packed.read(body), names);
        case RecordType.ROWS -> {
          outOfOrder = false;
          rows.read(body);
        }
        case RecordType.OUT_OF_ORDER -> {
          outOfOrder = true;
          rows.readOutOfOrder(body);
        }
        case RecordType.EXEMPLARS -> {
          while (body.remaining() > 0) {
            BatchRecord.readExemplar(body, handler);
          }
        }
        case RecordType.TOMBSTONES -> {
          TombstoneMap deleted = new TombstoneMap();
          TombstoneRecord.read(body, deleted);
          handler.tombstones(deleted);
        }
        default -> throw new ByteSource.Malformed("unknown type");
      }
    }

    @Override
    public void damage(long offset, long length, String reason, MemorySegment bytes) {
      handler.damage(path, offset, length, reason, bytes);
    }
  }
}
