package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameWriter;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The WAL of format 2.
 *
 * <p>Each segment can be read without those before it: a series is named again before its first row
 * in a segment, and that row is absolute. Its first record says how long the segment before it is,
 * so that the reader takes no more of that, and notices when there is less. A segment has a
 * temporary name until it is whole with its first record.
 *
 * <p>A segment ends at its size, not counting the names of series: with a million series a segment
 * would hold little else, and each row would be the first of its series.
 *
 * <h2>Failures</h2>
 *
 * A record that could not be written is cut off again; what follows names its series again. When
 * that fails too, and after a failed force, a new segment is begun, which says that the one before
 * counts up to its last forced record, and holds what was written to it since. Rows refer to others
 * of their segment, so that they cannot be copied: they are kept as records of format 1, which need
 * no other.
 */
public final class FramedWal implements WriteAheadLog {
  private static final Logger log = LoggerFactory.getLogger(FramedWal.class);

  /** Ends the name of a segment that is not begun yet. */
  public static final String TEMPORARY = ".tmp";

  private static final int MOST_NAMES = 4; // times the size of a segment, all in all
  private static final int MANY_BYTES = 1 << 20;

  /**
   * Bytes after which a checkpoint pays, or half of those of the last one if that is more. Sealed
   * chunks are in files of their own, so that it is small; and a start takes longer for a byte of
   * rows than for one of a checkpoint.
   */
  private static final long LEAST_FOR_CHECKPOINT = 8L << 20;

  private static final int USUAL_BYTES = 4096;
  private static final int KEPT_HEADER = 5; // u32 length, u8 type of format 1

  private final Disk disk;
  private final Path directory;
  private final Path headDirectory;
  private final long segmentBytes;
  private final Counters counters;
  private final Position position;
  private final SegmentRecords records;
  private final BatchRecord plain = new BatchRecord();
  private final AtomicLong bytesOnDisk = new AtomicLong();
  private volatile long sinceCheckpoint;
  private volatile long checkpointBytes;

  /** What is collected, as records that need no other. */
  private final ByteSink kept = new ByteSink(USUAL_BYTES);

  private int keptStart; // of the record at hand

  private boolean collecting; // something is collected and not written yet

  /** Held while the file is forced, replaced or closed; taken before {@link #written}. */
  private final Object fileLock = new Object();

  private @Nullable FrameWriter frames; // null until a first segment could be begun
  private volatile int segment;
  private boolean closed;

  /** Guards what {@link #sync} and {@link #write} share. */
  private final Object written = new Object();

  private final Unforced unforced = new Unforced();
  private long size; // bytes of the current segment that count
  private long forcedSize;
  private long sequence; // number of the next record of rows
  private long forcedSequence;

  /** Whether a new segment has to be begun before anything else is acknowledged. */
  private volatile boolean broken;

  /**
   * Begins a segment, now or with the first record.
   *
   * @param labels gives those of a series, none when the head does not have it any more
   * @param isPacked whether the folder has format 3, which names series in fewer bytes
   */
  public FramedWal(
      Disk disk,
      Path directory,
      Path headDirectory,
      long segmentBytes,
      Position position,
      long bytesOnDisk,
      IntFunction<Labels> labels,
      BooleanSupplier isPacked,
      Counters counters) {
    this.disk = disk;
    this.directory = directory;
    this.headDirectory = headDirectory;
    this.segmentBytes = segmentBytes;
    this.counters = counters;
    records = new SegmentRecords(labels, this::collector, isPacked);
    this.position = position;
    this.bytesOnDisk.set(bytesOnDisk);
    sequence = position.sequence();
    forcedSequence = sequence;
    segment = position.segment() - 1;
    try {
      cut();
    } catch (StorageException.Failed e) {
      // a full disk: what is there can be read, and each append tries again
      log.error("{}; appends fail until that is possible", e.getMessage());
    }
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

  // ---- collecting ------------------------------------------------------------------------------

  @Override
  public void series(int id, Labels ofSeries) {
    // written with the first row of each segment
  }

  @Override
  public void writeIfLarge() {
    // nothing is collected without a batch
  }

  @Override
  public boolean batch(SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes) {
    boolean done = false;
    try {
      boolean anything = records.batch(batch, referenceBase, codes, exemplarCodes);
      if (anything) {
        beginKept(BatchRecord.TYPE);
        plain.write(batch, referenceBase, codes, exemplarCodes, kept);
        endKept();
      }
      done = true;
      return anything;
    } finally {
      if (!done) {
        forget();
      }
    }
  }

  @Override
  public void tombstones(TombstoneMap deleted) {
    forget();
    boolean done = false;
    try {
      records.tombstones(collector(), deleted);
      beginKept(TombstoneRecord.TYPE);
      TombstoneRecord.write(deleted, kept);
      endKept();
      done = true;
    } finally {
      if (!done) {
        forget();
      }
    }
  }

  private void beginKept(int type) {
    keptStart = kept.size;
    kept.u32(0);
    kept.u8(type);
  }

  private void endKept() {
    ByteSink.INT.set(kept.data, keptStart, kept.size - keptStart - KEPT_HEADER);
  }

  /** Returns where records are collected, in a segment that is sound and has room for more. */
  private FrameWriter collector() {
    if (!collecting) {
      prepare();
      collecting = true;
    }
    FrameWriter f = frames;
    if (f == null) {
      throw new StorageException.Closed("WAL " + directory + ": is closed");
    }
    return f;
  }

  private void prepare() {
    if (closed) {
      throw new StorageException.Closed("WAL " + directory + ": is closed");
    }
    repair();
    if (frames == null) {
      cut();
    }
    try {
      if (unforcedBytes() > MAX_UNFORCED) {
        forceFile();
      }
      if (size - records.nameBytes() >= segmentBytes || size >= MOST_NAMES * segmentBytes) {
        cut();
      }
    } catch (StorageException.Failed e) {
      // else the segment grows until a new one can be begun: what has been written is safe
      log.warn("{}", e.getMessage());
      repair();
    }
  }

  @Override
  public void forget() {
    if (!collecting) {
      return;
    }
    collecting = false;
    SegmentRecords.shrink(kept);
    records.forget(sequence);
    FrameWriter f = frames;
    if (f != null) {
      f.discard();
    }
  }

  private long unforcedBytes() {
    synchronized (written) {
      return unforced.size();
    }
  }

  // ---- writing ---------------------------------------------------------------------------------

  @Override
  public void write(boolean force) {
    if (!collecting) {
      return;
    }
    FrameWriter f = collector();
    int bytes = f.waiting();
    boolean done = false;
    try {
      writeCollected(f);
      if (force) {
        forceCollected();
      }
      done = true;
    } finally {
      if (!done) {
        forget();
      }
    }
    synchronized (written) {
      size = f.length();
      records.written();
      sequence = records.nextSequence();
      if (force) {
        forcedSize = size;
        forcedSequence = sequence;
      } else {
        unforced.add(kept.data, 0, kept.size);
      }
    }
    collecting = false;
    SegmentRecords.shrink(kept);
    bytesOnDisk.addAndGet(bytes);
    sinceCheckpoint = sinceCheckpoint + bytes; // one writer
  }

  private void writeCollected(FrameWriter f) {
    try {
      f.write();
    } catch (IOException e) {
      try {
        f.cutTo(size);
      } catch (IOException undo) {
        broken = true;
      }
      throw new StorageException.Failed(
          "WAL " + path(segment) + ": cannot write at byte " + size + ": " + e.getMessage(), e);
    }
  }

  /** Forces what has just been written, which is not counted as written yet. */
  private void forceCollected() {
    long started = System.nanoTime();
    try {
      forceFile();
      if (broken) { // by a force of another thread meanwhile
        throw new StorageException.Failed("WAL " + path(segment) + ": cannot force to the disk");
      }
      counters.fsynced(started);
    } catch (StorageException.Failed e) {
      forget();
      try {
        repair();
      } catch (StorageException.Failed later) {
        e.addSuppressed(later); // the next write tries again
      }
      throw e;
    }
  }

  @Override
  public boolean isBroken() {
    return broken;
  }

  @Override
  public void repair() {
    if (!broken) {
      return;
    }
    synchronized (fileLock) {
      // else each append would fill what is left of a full disk before it fails
      disk.require(directory, Frame.HEADER + unforcedBytes(), "a segment");
      int before = segment;
      begin();
      broken = false;
      log.info("WAL {}: continues in {}", path(before), path(segment));
    }
  }

  @Override
  public int cut() {
    forget();
    repair();
    forceUnforced();
    synchronized (fileLock) {
      begin();
    }
    return segment;
  }

  /** Begins a segment with what has been written but not forced. Under the file lock. */
  private void begin() {
    int number = segment + 1;
    while (disk.isDirectory(path(number))) {
      number++; // somebody else's
    }
    Path next = path(number);
    Path temporary = next.resolveSibling(next.getFileName() + TEMPORARY);
    FrameWriter f = null;
    boolean named = false;
    boolean begun = false;
    long length;
    try {
      f = new FrameWriter(disk, temporary, Frame.Kind.WAL, number);
      synchronized (written) {
        records.beginSegment(forcedSequence);
        ByteSink start = f.body();
        start.varint(forcedSequence);
        start.varint(frames == null ? position.previous() : segment);
        start.varint(frames == null ? position.previousLength() : forcedSize);
      }
      f.end();
      writeAgain(f);
      f.write();
      f.force();
      length = f.length();
      named = true; // perhaps, once this has failed
      disk.rename(temporary, next);
      disk.forceDirectory(directory);
      begun = true;
    } catch (IOException e) {
      throw new StorageException.Failed(
          "WAL " + next + ": cannot begin a segment: " + e.getMessage(), e);
    } finally {
      if (!begun) {
        records.beginSegment(sequence);
        closeQuietly(f);
        removeQuietly(temporary);
        if (named) {
          // it may be there after a power cut, and says how much of this segment counts
          broken = true;
          removeQuietly(next);
        }
      }
    }
    closeQuietly(frames);
    frames = f;
    segment = number;
    records.written();
    synchronized (written) {
      size = length;
      forcedSize = length;
      sequence = records.nextSequence();
      forcedSequence = sequence;
      unforced.dropFirst(unforced.size());
    }
    bytesOnDisk.addAndGet(length);
  }

  // ---- writing again ---------------------------------------------------------------------------

  /** Writes what was written to the segment before and not forced. */
  private void writeAgain(FrameWriter out) throws IOException {
    Unforced.Reader in = unforced.new Reader();
    byte[] bytes = new byte[USUAL_BYTES];
    ByteSource source = new ByteSource();
    while (in.left() > 0) {
      in.read(bytes, KEPT_HEADER);
      int length = (int) ByteSink.INT.get(bytes, 0);
      int type = bytes[KEPT_HEADER - 1];
      if (bytes.length < length) {
        bytes = new byte[length + length / 2];
      }
      in.read(bytes, length);
      source.reset(bytes, 0, length);
      if (type == BatchRecord.TYPE) {
        records.again(out, plain, source);
      } else {
        TombstoneMap deleted = new TombstoneMap();
        TombstoneRecord.read(source, deleted);
        records.tombstones(out, deleted);
      }
      if (out.waiting() >= MANY_BYTES) {
        out.write();
      }
    }
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

  // ---- forcing ---------------------------------------------------------------------------------

  @Override
  public void sync() {
    long started = System.nanoTime();
    forceUnforced();
    counters.fsynced(started);
  }

  private void forceUnforced() {
    if (unforcedBytes() > 0) {
      forceFile();
    }
  }

  private void forceFile() {
    synchronized (fileLock) {
      FrameWriter f = frames;
      if (f == null || broken) {
        return; // nothing was written, or it is written again by the repair
      }
      long bytes;
      long upTo;
      long next;
      synchronized (written) {
        bytes = unforced.size();
        upTo = size;
        next = sequence;
      }
      try {
        f.force();
      } catch (IOException e) {
        broken = true;
        counters.add("narthex_tsdb_fsync_failures_total", 1);
        throw new StorageException.Failed(
            "WAL " + path(segment) + ": cannot force to the disk: " + e.getMessage(), e);
      }
      synchronized (written) {
        forcedSize = upTo;
        forcedSequence = next;
        unforced.dropFirst(bytes);
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
    return sinceCheckpoint > Math.max(LEAST_FOR_CHECKPOINT, checkpointBytes / 2);
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

  /** Returns whether a file has the name of a segment, or of one that is not begun yet. */
  public static boolean isSegment(Path file) {
    String name = file.getFileName().toString();
    boolean temporary = name.endsWith(TEMPORARY);
    return Frame.Kind.WAL.number(
            temporary ? name.substring(0, name.length() - TEMPORARY.length()) : name)
        >= 0;
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
      if (closed) {
        return;
      }
      try {
        repair();
        sync();
      } finally {
        abandon();
      }
    }
  }

  /** Makes the next write fail, for tests. */
  public void breakFile() throws IOException {
    FrameWriter f = frames;
    if (f != null) {
      f.close();
    }
  }

  @Override
  public void abandon() {
    synchronized (fileLock) {
      closed = true;
      closeQuietly(frames);
      frames = null;
    }
  }
}
