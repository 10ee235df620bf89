package io.narthex.storage.tsdb.wal;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameWriter;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The WAL of format 2.
 *
 * <p>Each segment can be read without those before it: a series is named again before its first row
 * in a segment, and that row is absolute. A new segment is begun where that is needed, too: behind
 * a write or a force that failed and could not be taken back. Its first record says how long the
 * one before it is, so that the reader takes no more of that, and notices when there is less.
 *
 * <p>A segment ends at its size, not counting the names of series: with a million series a segment
 * would hold little else, and each row would be the first of its series.
 */
public final class FramedWal implements WriteAheadLog {
  private static final Logger log = LoggerFactory.getLogger(FramedWal.class);
  private static final long LEAST_FOR_CHECKPOINT = 128L << 20;
  private static final int MOST_NAMES = 4; // times the size of a segment, all in all

  private final Disk disk;
  private final Path directory;
  private final Path headDirectory;
  private final long segmentBytes;
  private final Counters counters;
  private final IntFunction<Labels> labels;
  private final RowsWriter rows = new RowsWriter();
  private final SharedLabels names = new SharedLabels();
  private final ByteSink rowBytes = new ByteSink(4096);
  private final AtomicLong bytesOnDisk = new AtomicLong();
  private final Object fileLock = new Object();

  private @Nullable FrameWriter frames; // guarded by fileLock for closing
  private volatile int segment;
  private volatile boolean dirty;
  private volatile boolean suspect; // the segment may hold what was not acknowledged
  private volatile long sinceCheckpoint;
  private volatile long checkpointBytes;
  private long sequence;
  private int newRecords; // records of rows that are collected
  private boolean collected; // what is collected is not written yet
  private long end; // bytes of the current segment that count
  private boolean naming; // a record of series is begun
  private long nameBytes; // in the current segment

  /**
   * Begins a segment.
   *
   * @param labels gives those of a series
   */
  public FramedWal(
      Disk disk,
      Path directory,
      Path headDirectory,
      long segmentBytes,
      Position position,
      long bytesOnDisk,
      IntFunction<Labels> labels,
      Counters counters) {
    this.disk = disk;
    this.directory = directory;
    this.headDirectory = headDirectory;
    this.segmentBytes = segmentBytes;
    this.counters = counters;
    this.labels = labels;
    this.bytesOnDisk.set(bytesOnDisk);
    sequence = position.sequence();
    segment = position.segment() - 1;
    begin(position.previous(), position.previousLength());
  }

  /**
   * Where a WAL continues.
   *
   * @param segment number of the segment to begin
   * @param sequence number of its first record of rows
   * @param previous number of the segment before it, 0 = none
   */
  public record Position(int segment, long sequence, int previous, long previousLength) {
    /** The beginning of an empty WAL. */
    public static final Position FIRST = new Position(1, 1, 0, 0);
  }

  @Override
  public void series(int id, Labels ofSeries) {
    // written with the first row of each segment
  }

  @Override
  public boolean batch(SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes) {
    FrameWriter out = collect();
    boolean anything = writeRows(out, batch, referenceBase, codes, AppendResult.OK);
    anything |= writeRows(out, batch, referenceBase, codes, OUT_OF_ORDER);
    anything |= writeExemplars(out, batch, referenceBase, exemplarCodes);
    collected = anything;
    return anything;
  }

  private boolean writeRows(
      FrameWriter out, SampleBatch batch, long referenceBase, byte[] codes, byte wanted) {
    int n = batch.size();
    int row = 0;
    while (row < n && codes[row] != wanted) {
      row++;
    }
    if (row == n) {
      return false;
    }
    rowBytes.clear();
    boolean inOrder = wanted == AppendResult.OK;
    if (inOrder) {
      rows.begin(sequence + newRecords++, batch.timeMs(row), rowBytes);
    } else {
      rows.beginOutOfOrder(batch.timeMs(row), rowBytes);
    }
    for (; row < n; row++) {
      if (codes[row] == wanted) {
        int id = (int) (batch.ref(row) - referenceBase);
        name(out, id);
        rows.row(
            id, batch.timeMs(row), batch.value(row), batch.histogram(row), batch.startTimeMs(row));
      }
    }
    rows.end();
    endNames(out);
    out.begin(inOrder ? RecordType.ROWS : RecordType.OUT_OF_ORDER)
        .bytes(rowBytes.data, 0, rowBytes.size);
    out.end();
    if (rowBytes.data.length > 1 << 20) {
      rowBytes.data = new byte[4096];
    }
    return true;
  }

  private boolean writeExemplars(
      FrameWriter out, SampleBatch batch, long referenceBase, byte[] exemplarCodes) {
    rowBytes.clear();
    for (int i = 0; i < batch.exemplarCount(); i++) {
      if (exemplarCodes[i] == TAKEN) {
        int id = (int) (batch.ref(batch.exemplarRow(i)) - referenceBase);
        name(out, id);
        Exemplar exemplar = batch.exemplar(i);
        BatchRecord.writeExemplar(id, exemplar, rowBytes);
      }
    }
    endNames(out);
    if (rowBytes.size == 0) {
      return false;
    }
    out.begin(RecordType.EXEMPLARS).bytes(rowBytes.data, 0, rowBytes.size);
    out.end();
    return true;
  }

  /** Names a series unless the segment has its name. */
  private void name(FrameWriter out, int id) {
    if (rows.isNew(id)) {
      if (!naming) {
        naming = true;
        names.begin();
        out.begin(RecordType.SERIES);
      }
      names.write(id, labels.apply(id), out.body());
    }
  }

  private void endNames(FrameWriter out) {
    if (naming) {
      naming = false;
      int before = out.waiting();
      out.end();
      nameBytes += out.waiting() - before;
    }
  }

  @Override
  public void tombstones(TombstoneMap deleted) {
    FrameWriter out = collect();
    deleted.forEach((id, _) -> name(out, id));
    endNames(out);
    TombstoneRecord.write(deleted, out.begin(RecordType.TOMBSTONES));
    out.end();
  }

  private FrameWriter open() {
    FrameWriter f = frames;
    if (f == null) {
      throw new StorageException.Closed("WAL " + directory + ": is closed");
    }
    return f;
  }

  /** Prepares for records, with nothing left of those that were collected and not written. */
  private FrameWriter collect() {
    open();
    if (collected) {
      rows.clear(); // they count rows that are not in the file
    }
    if (suspect) {
      begin(segment, end);
    }
    FrameWriter f = open();
    f.discard();
    naming = false;
    newRecords = 0;
    collected = true;
    return f;
  }

  @Override
  public void write(boolean force) {
    FrameWriter f = open();
    int bytes = f.waiting();
    boolean written = false;
    try {
      f.write();
      written = true;
      if (force) {
        long started = System.nanoTime();
        force();
        counters.fsynced(started);
      } else {
        dirty = true;
      }
    } catch (IOException e) {
      takeBack(f, written);
      throw new StorageException.Failed(
          "WAL "
              + path(segment)
              + (written ? ": cannot force to the disk after byte " : ": cannot write at byte ")
              + end
              + ": "
              + e.getMessage(),
          e);
    }
    collected = false;
    end = f.length();
    sequence += newRecords;
    newRecords = 0;
    bytesOnDisk.addAndGet(bytes);
    sinceCheckpoint = sinceCheckpoint + bytes; // one writer
    if (end - nameBytes >= segmentBytes || end >= MOST_NAMES * segmentBytes) {
      try {
        cut();
      } catch (StorageException.Failed e) {
        // what has been written is safe; the segment grows until a new one can be begun
        log.warn("{}", e.getMessage());
      }
    }
  }

  /** Makes the segment end where it did before a write: nothing of that was acknowledged. */
  private void takeBack(FrameWriter f, boolean written) {
    f.discard();
    newRecords = 0;
    try {
      f.cutTo(end);
    } catch (IOException e) {
      suspect = true; // the next segment says how much of this one counts
      return;
    }
    if (written) {
      suspect = true; // what a failed force leaves on the disk nobody knows
    }
  }

  @Override
  public int cut() {
    open();
    if (dirty) {
      sync();
    }
    return begin(segment, end);
  }

  private int begin(int previous, long previousLength) {
    int number = segment + 1;
    while (disk.isDirectory(path(number))) {
      number++; // somebody else's
    }
    Path next = path(number);
    FrameWriter f = null;
    try {
      f = new FrameWriter(disk, next, Frame.Kind.WAL, number);
      ByteSink start = f.body();
      start.varint(sequence);
      start.varint(previous);
      start.varint(previousLength);
      f.end();
      f.write();
      f.force();
      disk.forceDirectory(directory);
    } catch (IOException e) {
      closeQuietly(f);
      removeQuietly(next);
      throw new StorageException.Failed(
          "WAL " + next + ": cannot begin a segment: " + e.getMessage(), e);
    }
    synchronized (fileLock) {
      closeQuietly(frames);
      frames = f;
      suspect = false;
      dirty = false;
    }
    rows.clear();
    nameBytes = 0;
    end = f.length();
    segment = number;
    bytesOnDisk.addAndGet(f.length());
    return number;
  }

  private void closeQuietly(@Nullable FrameWriter f) {
    if (f != null) {
      try {
        f.close();
      } catch (IOException e) {
        log.debug("WAL {}: cannot close a file: {}", directory, e.toString());
      }
    }
  }

  private void removeQuietly(Path path) {
    try {
      disk.delete(path);
    } catch (IOException e) {
      log.debug("WAL {}: cannot delete: {}", path, e.toString());
    }
  }

  @Override
  public void sync() {
    long started = System.nanoTime();
    if (dirty) {
      try {
        force();
      } catch (IOException e) {
        throw new StorageException.Failed(
            "WAL " + path(segment) + ": cannot force to the disk: " + e.getMessage(), e);
      }
    }
    counters.fsynced(started);
  }

  private void force() throws IOException {
    dirty = false;
    synchronized (fileLock) {
      FrameWriter f = frames;
      if (f != null) {
        try {
          f.force();
        } catch (IOException e) {
          suspect = true; // a later force proves nothing about what this one was for
          throw e;
        }
      }
    }
  }

  @Override
  public int segment() {
    return segment;
  }

  @Override
  public Path path(int number) {
    return directory.resolve(Frame.Kind.WAL.fileName(number));
  }

  @Override
  public long bytesOnDisk() {
    return bytesOnDisk.get();
  }

  @Override
  public void checkpointBegun() {
    sinceCheckpoint = 0;
  }

  @Override
  public void checkpointWritten(long bytes) {
    bytesOnDisk.addAndGet(bytes);
    checkpointBytes = bytes;
  }

  @Override
  public boolean checkpointDue() {
    return sinceCheckpoint > Math.max(LEAST_FOR_CHECKPOINT, checkpointBytes);
  }

  @Override
  public void deleteBelow(int number) {
    deleteBelow(directory, Frame.Kind.WAL, number);
    deleteBelow(headDirectory, Frame.Kind.CHECKPOINT, number);
  }

  private void deleteBelow(Path folder, Frame.Kind kind, int number) {
    for (int n : numbers(disk, folder, kind)) {
      if (n < number) {
        Path path = folder.resolve(kind.fileName(n));
        try {
          long size = disk.size(path);
          disk.delete(path);
          bytesOnDisk.addAndGet(-size);
        } catch (IOException e) {
          throw new StorageException.Failed(path + ": cannot delete: " + e.getMessage(), e);
        }
      }
    }
  }

  /** Returns the numbers of the files of a kind, rising. */
  public static List<Integer> numbers(Disk disk, Path folder, Frame.Kind kind) {
    List<Integer> numbers = new ArrayList<>();
    try {
      for (Path p : disk.list(folder)) {
        int number = kind.number(p.getFileName().toString());
        if (number >= 0 && !disk.isDirectory(p)) {
          numbers.add(number);
        }
      }
    } catch (IOException e) {
      throw new StorageException.Failed(folder + ": cannot list: " + e.getMessage(), e);
    }
    numbers.sort(null);
    return numbers;
  }

  @Override
  public void close() {
    synchronized (fileLock) {
      FrameWriter f = frames;
      frames = null;
      if (f != null) {
        try (f) {
          f.force();
        } catch (IOException e) {
          throw new StorageException.Failed(
              "WAL " + path(segment) + ": cannot close: " + e.getMessage(), e);
        }
      }
    }
  }
}
