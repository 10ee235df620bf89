package io.narthex.storage.tsdb.wal;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
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
 * <p>Writing goes through {@link RandomAccessFile}, not through a channel: an interrupted thread
 * would close the channel for all others, and a written mapping would kill the process on a full
 * disk.
 *
 * <p>Concurrency: all methods but {@link #sync} and the counters are called under the head's append
 * lock.
 */
public final class Wal implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Wal.class);
  public static final byte[] MAGIC = {'N', 'X', 'L', 'O', 'G', 0, 0, 1};
  private static final long LEAST_FOR_CHECKPOINT = 128L << 20;
  static final int FRAME = 8; // u32 length, u32 CRC32C
  public static final String SEGMENT_SUFFIX = ".log";
  public static final String CHECKPOINT_SUFFIX = ".snap";

  private final Path directory;
  private final Counters counters;
  private final long segmentBytes;
  private final ByteSink buffer = new ByteSink(64 << 10);
  private final CRC32C crc = new CRC32C();
  private final AtomicLong bytesOnDisk = new AtomicLong();
  private final Object fileLock = new Object();
  private int recordStart = -1;
  private int keepOnFailure; // end of the records that stay when a write fails
  private volatile long sinceCheckpoint;

  private @Nullable RandomAccessFile file; // guarded by fileLock for closing
  private volatile int segment;
  private volatile long checkpointBytes;
  private long segmentSize;
  private volatile boolean dirty;
  private boolean suspect; // the last write failed and could not be undone

  public Wal(
      Path directory, long segmentBytes, int firstSegment, long bytesOnDisk, Counters counters) {
    this.counters = counters;
    this.directory = directory;
    this.segmentBytes = segmentBytes;
    this.bytesOnDisk.set(bytesOnDisk);
    segment = firstSegment - 1;
    cut();
  }

  /** Starts a record; its body goes into the returned buffer. */
  public ByteSink begin(int type) {
    buffer.size = keepOnFailure; // an exception may have left half a record behind
    recordStart = buffer.size;
    buffer.u64(0);
    buffer.u8(type);
    return buffer;
  }

  /** Ends the record. One that only describes series is kept for later when a write fails. */
  public void end(boolean keep) {
    frame(buffer, recordStart, crc);
    if (keep) {
      keepOnFailure = buffer.size;
    }
  }

  /** Fills in length and checksum of the record that begins at {@code start}. */
  public static void frame(ByteSink buffer, int start, CRC32C crc) {
    int length = buffer.size - start - FRAME;
    crc.reset();
    crc.update(buffer.data, start + FRAME, length);
    ByteSink.INT.set(buffer.data, start, length);
    ByteSink.INT.set(buffer.data, start + 4, (int) crc.getValue());
  }

  /** Drops the record that was begun but not written. */
  public void forget() {
    buffer.size = keepOnFailure;
  }

  /**
   * Writes all ended records to the file.
   *
   * @throws StorageException.Failed when that is not possible; the records are forgotten then
   */
  public void write() {
    if (buffer.size == 0) {
      return;
    }
    if (suspect) {
      cut();
    }
    RandomAccessFile f = file;
    if (f == null) {
      throw new StorageException.Closed("WAL " + directory + ": is closed");
    }
    try {
      f.write(buffer.data, 0, buffer.size);
    } catch (IOException e) {
      undoWrite(f);
      buffer.size = keepOnFailure;
      throw new StorageException.Failed(
          "WAL " + path(segment) + ": cannot write at byte " + segmentSize + ": " + e.getMessage(),
          e);
    }
    segmentSize += buffer.size;
    bytesOnDisk.addAndGet(buffer.size);
    sinceCheckpoint = sinceCheckpoint + buffer.size; // one writer
    buffer.clear();
    keepOnFailure = 0;
    dirty = true;
    if (buffer.data.length > 1 << 20) {
      buffer.data = new byte[64 << 10];
    }
    if (segmentSize >= segmentBytes) {
      try {
        cut();
      } catch (StorageException.Failed e) {
        // what has been written is safe; the segment grows until a new one can be begun
        log.warn("{}", e.getMessage());
      }
    }
  }

  /** Writes what has been collected if that is much; for records that nothing waits for. */
  public void writeIfLarge() {
    if (buffer.size > 256 << 10) {
      write();
    }
  }

  private void undoWrite(RandomAccessFile f) {
    try {
      f.setLength(segmentSize);
      f.seek(segmentSize);
    } catch (IOException e) {
      suspect = true; // the reader stops at the torn record; what follows goes to a new segment
    }
  }

  /** Ends the current segment and begins the next. Returns its number. */
  public int cut() {
    int number = segment + 1;
    while (Files.isDirectory(path(number))) {
      number++; // somebody else's
    }
    Path next = path(number);
    RandomAccessFile f = null;
    try {
      f = new RandomAccessFile(next.toFile(), "rw");
      f.setLength(0);
      f.write(MAGIC);
      Directories.sync(directory);
      synchronized (fileLock) {
        RandomAccessFile old = file;
        file = f;
        if (old != null) {
          end(old);
        }
      }
    } catch (IOException e) {
      closeQuietly(f);
      throw new StorageException.Failed(
          "WAL " + next + ": cannot begin a segment: " + e.getMessage(), e);
    }
    suspect = false;
    segment = number;
    segmentSize = MAGIC.length;
    bytesOnDisk.addAndGet(MAGIC.length);
    return segment;
  }

  /** Forces a full segment to the disk and closes it. */
  private void end(RandomAccessFile old) {
    try {
      if (!suspect) { // else a record that was not written whole is cut off when the WAL is read
        old.getFD().sync();
      }
    } catch (IOException e) {
      log.warn(
          "WAL {}: cannot force to the disk: {}; its end is lost if the power fails now",
          path(segment),
          e.getMessage());
    }
    closeQuietly(old);
  }

  /** Makes the next write fail, for tests. */
  public void breakFile() throws IOException {
    RandomAccessFile f = file;
    if (f != null) {
      f.close();
    }
  }

  private void closeQuietly(@Nullable RandomAccessFile f) {
    if (f != null) {
      try {
        f.close();
      } catch (IOException e) {
        log.debug("log {}: cannot close a file: {}", directory, e.toString());
      }
    }
  }

  /** Forces what has been written to the disk. May run concurrently with {@link #write}. */
  public void sync() {
    long started = System.nanoTime();
    if (dirty) {
      force();
    }
    counters.fsynced(started);
  }

  private void force() {
    dirty = false;
    synchronized (fileLock) {
      if (file != null) {
        try {
          file.getFD().sync();
        } catch (IOException e) {
          dirty = true;
          throw new StorageException.Failed(
              "WAL " + path(segment) + ": cannot force to the disk: " + e.getMessage(), e);
        }
      }
    }
  }

  public int segment() {
    return segment;
  }

  public long bytesOnDisk() {
    return bytesOnDisk.get();
  }

  public Path path(int number) {
    return directory.resolve(name(number, SEGMENT_SUFFIX));
  }

  public static String name(int number, String suffix) {
    return String.format(Locale.ROOT, "%08d%s", number, suffix);
  }

  /** Resets the count of what a checkpoint would replace. Under the append lock. */
  public void checkpointBegun() {
    sinceCheckpoint = 0;
  }

  /** Deletes segments and checkpoints with numbers below {@code number}. */
  public void deleteBelow(int number) {
    for (String suffix : new String[] {SEGMENT_SUFFIX, CHECKPOINT_SUFFIX}) {
      for (int n : numbers(directory, suffix)) {
        if (n < number) {
          delete(directory.resolve(name(n, suffix)));
        }
      }
    }
  }

  private void delete(Path path) {
    try {
      long size = Files.size(path);
      Files.delete(path);
      bytesOnDisk.addAndGet(-size);
    } catch (IOException e) {
      throw new StorageException.Failed("WAL " + path + ": cannot delete: " + e.getMessage(), e);
    }
  }

  /** Accounts for a checkpoint that was written next to the segments. */
  public void checkpointWritten(long bytes) {
    bytesOnDisk.addAndGet(bytes);
    checkpointBytes = bytes;
  }

  /** Returns whether enough has been logged for a checkpoint to pay. */
  public boolean checkpointDue() {
    return sinceCheckpoint > Math.max(LEAST_FOR_CHECKPOINT, checkpointBytes);
  }

  /** Returns the numbers of the files with a suffix, rising. */
  public static List<Integer> numbers(Path directory, String suffix) {
    try (Stream<Path> files = Files.list(directory)) {
      List<Integer> numbers = new ArrayList<>();
      for (Path p : files.toList()) {
        String name = p.getFileName().toString();
        if (name.length() == 8 + suffix.length()
            && Files.isRegularFile(p)
            && name.endsWith(suffix)
            && name.chars().limit(8).allMatch(c -> c >= '0' && c <= '9')) {
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
      RandomAccessFile f = file;
      file = null;
      if (f != null) {
        try {
          f.getFD().sync();
          f.close();
        } catch (IOException e) {
          throw new StorageException.Failed(
              "WAL " + path(segment) + ": cannot close: " + e.getMessage(), e);
        }
      }
    }
  }
}
