package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The write-ahead log of what is not in a block yet: numbered segments of records.
 *
 * <p>Records are collected in memory and written with one call by {@link #write}; only then may
 * their content become visible. A record is never split over two segments. A segment is forced to
 * the disk when it ends, the current one by {@link #sync}.
 *
 * <h2>Failures</h2>
 *
 * A record that could not be written is cut off again. When that fails too, and after a failed
 * force, the segment is not trusted any more: what has been written since the last successful force
 * is kept in memory and written to a new segment, and the old one is cut after its last forced
 * record. Until both have been done, no write succeeds: a record that was refused must not be found
 * at the next start in place of a later one. Each write, and each run of the task that forces,
 * tries again.
 *
 * <p>Concurrency: all methods but {@link #sync} and the counters are called under the head's append
 * lock.
 */
public final class Wal implements WriteAheadLog {
  private static final Logger log = LoggerFactory.getLogger(Wal.class);
  public static final byte[] MAGIC = {'N', 'X', 'L', 'O', 'G', 0, 0, 1};
  static final int FRAME = 8; // u32 length, u32 CRC32C
  public static final String SEGMENT_SUFFIX = ".log";
  public static final String CHECKPOINT_SUFFIX = ".snap";

  /** Bytes after which a checkpoint, which has all samples, pays, or those of the last one. */
  private static final long LEAST_FOR_CHECKPOINT = 128L << 20;

  private final Disk disk;
  private final Path directory;
  private final Counters counters;
  private final long segmentBytes;
  private final ByteSink buffer = new ByteSink(64 << 10);
  private final CRC32C crc = new CRC32C();
  private final BatchRecord record = new BatchRecord();
  private final AtomicLong bytesOnDisk = new AtomicLong();
  private int recordStart = -1;
  private int ended; // end of the records that are whole
  private int keepOnFailure; // end of the records that stay when a write fails
  private volatile long sinceCheckpoint;
  private volatile long checkpointBytes;

  /** Held while the file is forced, replaced or closed; taken before {@link #written}. */
  private final Object fileLock = new Object();

  private @Nullable DiskFile file; // null until a first segment could be begun
  private volatile int segment;
  private boolean closed;

  /** Guards what {@link #sync} and {@link #write} share. */
  private final Object written = new Object();

  private final Unforced unforced = new Unforced();
  private volatile long segmentSize;
  private long forcedSize;

  /** Whether the file is not trusted any more. */
  private volatile boolean broken;

  /** A segment that is to be cut before anything else is acknowledged; null = none. */
  private volatile @Nullable Cut pendingCut;

  private record Cut(Path segment, long length) {}

  public Wal(
      Disk disk,
      Path directory,
      long segmentBytes,
      int firstSegment,
      long bytesOnDisk,
      Counters counters) {
    this.disk = disk;
    this.counters = counters;
    this.directory = directory;
    this.segmentBytes = segmentBytes;
    this.bytesOnDisk.set(bytesOnDisk);
    segment = firstSegment - 1;
    try {
      cut();
    } catch (StorageException.Failed e) {
      // a full disk: what is there can be read, and each append tries again
      log.error("{}; appends fail until that is possible", e.getMessage());
    }
  }

  @Override
  public void series(int id, Labels labels) {
    SeriesRecord.write(id, labels, begin(SeriesRecord.TYPE));
    end(true);
  }

  @Override
  public boolean batch(SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes) {
    ByteSink out = begin(BatchRecord.TYPE);
    boolean anything = false;
    try {
      anything = record.write(batch, referenceBase, codes, exemplarCodes, out);
      return anything;
    } finally {
      if (anything) {
        end(false);
      } else {
        buffer.size = ended;
      }
    }
  }

  @Override
  public void tombstones(TombstoneMap deleted) {
    TombstoneRecord.write(deleted, begin(TombstoneRecord.TYPE));
    end(false);
  }

  /** Starts a record; its body goes into the returned buffer. */
  private ByteSink begin(int type) {
    buffer.size = ended; // an exception may have left half a record behind
    recordStart = buffer.size;
    buffer.u64(0);
    buffer.u8(type);
    return buffer;
  }

  /** Ends the record. One that only describes series is kept for later when a write fails. */
  private void end(boolean keep) {
    frame(buffer, recordStart, crc);
    ended = buffer.size;
    if (keep) {
      keepOnFailure = buffer.size;
    }
  }

  @Override
  public void forget() {
    buffer.size = keepOnFailure;
    ended = keepOnFailure;
  }

  /** Fills in length and checksum of the record that begins at {@code start}. */
  public static void frame(ByteSink buffer, int start, CRC32C crc) {
    int length = buffer.size - start - FRAME;
    crc.reset();
    crc.update(buffer.data, start + FRAME, length);
    ByteSink.INT.set(buffer.data, start, length);
    ByteSink.INT.set(buffer.data, start + 4, (int) crc.getValue());
  }

  @Override
  public void write(boolean force) {
    if (ended == 0) {
      return;
    }
    buffer.size = ended; // an exception may have left half a record behind
    boolean done = false;
    try {
      prepare();
      DiskFile f = file;
      if (f == null) {
        throw new StorageException.Closed("WAL " + directory + ": is closed");
      }
      writeBuffer(f);
      if (force) {
        forceBuffer();
      }
      done = true;
    } finally {
      if (!done) {
        forget();
      }
    }
    synchronized (written) {
      if (!force) {
        unforced.add(buffer.data, 0, buffer.size);
      }
      segmentSize += buffer.size;
      forcedSize = force ? segmentSize : forcedSize;
    }
    bytesOnDisk.addAndGet(buffer.size);
    sinceCheckpoint = sinceCheckpoint + buffer.size; // one writer
    buffer.clear();
    ended = 0;
    keepOnFailure = 0;
    if (buffer.data.length > 1 << 20) {
      buffer.data = new byte[64 << 10];
    }
  }

  /** Sees to it that there is a sound file with room for more. */
  private void prepare() {
    if (closed) {
      throw new StorageException.Closed("WAL " + directory + ": is closed");
    }
    repair();
    if (file == null) {
      cut();
    }
    try {
      if (unforcedBytes() > MAX_UNFORCED) {
        forceFile();
      }
      if (segmentSize >= segmentBytes) {
        cut();
      }
    } catch (StorageException.Failed e) {
      // else the segment grows until a new one can be begun: what has been written is safe
      log.warn("{}", e.getMessage());
      repair();
    }
  }

  private long unforcedBytes() {
    synchronized (written) {
      return unforced.size();
    }
  }

  private void writeBuffer(DiskFile f) {
    try {
      f.write(buffer.data, 0, buffer.size);
    } catch (IOException e) {
      try {
        f.setLength(segmentSize);
      } catch (IOException undo) {
        broken = true;
      }
      throw new StorageException.Failed(
          "WAL " + path(segment) + ": cannot write at byte " + segmentSize + ": " + e.getMessage(),
          e);
    }
  }

  /** Forces what has just been written, which is not counted as written yet. */
  private void forceBuffer() {
    long started = System.nanoTime();
    try {
      forceFile();
      if (broken) { // by a force of another thread since this was written
        throw new StorageException.Failed("WAL " + path(segment) + ": cannot force to the disk");
      }
      counters.fsynced(started);
    } catch (StorageException.Failed e) {
      try {
        repair();
      } catch (StorageException.Failed later) {
        e.addSuppressed(later); // the next write tries again
      }
      throw e;
    }
  }

  @Override
  public void writeIfLarge() {
    if (buffer.size > 256 << 10) {
      write(false);
    }
  }

  @Override
  public boolean isBroken() {
    return broken || pendingCut != null;
  }

  @Override
  public void repair() {
    if (!isBroken()) {
      return;
    }
    synchronized (fileLock) {
      if (broken) {
        Cut old = new Cut(path(segment), forcedSize);
        // else each append would fill what is left of a full disk before it fails
        disk.require(directory, MAGIC.length + unforced.size(), "a segment");
        begin();
        pendingCut = old;
        broken = false;
      }
      Cut cut = pendingCut;
      if (cut != null) {
        try (DiskFile f = disk.open(cut.segment)) {
          f.setLength(cut.length);
          f.force();
        } catch (IOException e) {
          throw new StorageException.Failed(
              "WAL " + cut.segment + ": cannot be cut: " + e.getMessage(), e);
        }
        pendingCut = null;
        log.info("WAL {}: continues in {}", cut.segment, path(segment));
      }
    }
  }

  @Override
  public int cut() {
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
    DiskFile f = null;
    boolean begun = false;
    try {
      f = disk.create(next);
      f.write(MAGIC, 0, MAGIC.length);
      unforced.writeTo(f);
      f.force();
      disk.forceDirectory(directory);
      begun = true;
    } catch (IOException e) {
      throw new StorageException.Failed(
          "WAL " + next + ": cannot begin a segment: " + e.getMessage(), e);
    } finally {
      if (!begun) {
        closeQuietly(f);
        removeQuietly(next);
      }
    }
    closeQuietly(file);
    file = f;
    segment = number;
    synchronized (written) {
      segmentSize = MAGIC.length + unforced.size();
      forcedSize = segmentSize;
      bytesOnDisk.addAndGet(segmentSize);
      unforced.dropFirst(unforced.size());
    }
  }

  /** Makes the next write fail, for tests. */
  public void breakFile() throws IOException {
    DiskFile f = file;
    if (f != null) {
      f.close();
    }
  }

  private void closeQuietly(@Nullable DiskFile f) {
    if (f != null) {
      try {
        f.close();
      } catch (IOException e) {
        log.debug("log {}: cannot close a file: {}", directory, e.toString());
      }
    }
  }

  private void removeQuietly(Path path) {
    try {
      disk.delete(path);
    } catch (IOException e) {
      log.debug("log {}: cannot delete: {}", path, e.toString());
    }
  }

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
      DiskFile f = file;
      if (f == null || broken) {
        return; // nothing was written, or it is written again by the repair
      }
      long size;
      long bytes;
      synchronized (written) {
        size = segmentSize;
        bytes = unforced.size();
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
        forcedSize = size;
        unforced.dropFirst(bytes);
      }
    }
  }

  @Override
  public int segment() {
    return segment;
  }

  @Override
  public long bytesOnDisk() {
    return bytesOnDisk.get();
  }

  @Override
  public Path path(int number) {
    return directory.resolve(name(number, SEGMENT_SUFFIX));
  }

  public static String name(int number, String suffix) {
    return String.format(Locale.ROOT, "%08d%s", number, suffix);
  }

  /** Returns whether a file is a segment or a checkpoint, be it unfinished. */
  public static boolean isFile(Path file) {
    String name = file.getFileName().toString();
    return name.matches("[0-9]{8}(\\.log|\\.snap|\\.snap\\.tmp)");
  }

  @Override
  public void checkpointBegun() {
    sinceCheckpoint = 0;
  }

  @Override
  public void deleteBelow(int number) {
    for (String suffix : new String[] {SEGMENT_SUFFIX, CHECKPOINT_SUFFIX}) {
      for (int n : numbers(disk, directory, suffix)) {
        if (n < number) {
          delete(directory.resolve(name(n, suffix)));
        }
      }
    }
  }

  private void delete(Path path) {
    try {
      long size = disk.size(path);
      disk.delete(path);
      bytesOnDisk.addAndGet(-size);
    } catch (IOException e) {
      throw new StorageException.Failed("WAL " + path + ": cannot delete: " + e.getMessage(), e);
    }
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

  /** Returns the numbers of the files with a suffix, rising. */
  public static List<Integer> numbers(Disk disk, Path directory, String suffix) {
    try {
      List<Integer> numbers = new ArrayList<>();
      for (Path p : disk.list(directory)) {
        String name = p.getFileName().toString();
        if (name.length() == 8 + suffix.length()
            && name.endsWith(suffix)
            && name.chars().limit(8).allMatch(c -> c >= '0' && c <= '9')
            && !disk.isDirectory(p)) {
          numbers.add(Integer.parseInt(name.substring(0, 8)));
        }
      }
      numbers.sort(Comparator.naturalOrder());
      return numbers;
    } catch (IOException e) {
      throw new StorageException.Failed("WAL " + directory + ": cannot list: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    synchronized (fileLock) {
      try {
        repair();
        sync();
      } finally {
        abandon();
      }
    }
  }

  @Override
  public void abandon() {
    synchronized (fileLock) {
      closed = true;
      closeQuietly(file);
      file = null;
    }
  }
}
