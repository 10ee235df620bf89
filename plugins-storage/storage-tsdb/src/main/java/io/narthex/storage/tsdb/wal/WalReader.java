package io.narthex.storage.tsdb.wal;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads the records of a segment or checkpoint. Confined to one thread. */
public final class WalReader {
  private static final int MAX_RECORD = 1 << 30;

  /** Longest record that is looked for byte by byte after damage. */
  private static final int MAX_FOUND = 16 << 20;

  /** Longest such record when nothing that looks like another follows it. */
  private static final int MAX_FOUND_ALONE = 1 << 20;

  /**
   * Bytes that the search may checksum beside those of the file: once, and per byte it has seen.
   */
  private static final long SEARCH_BYTES = 4 << 20;

  private static final int SEARCH_FACTOR = 8;

  private static final int MAX_TYPE = 31;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Takes a record. */
  public interface Handler {
    /**
     * Takes a record; the source is positioned after the type.
     *
     * @throws ByteSource.Malformed when the record makes no sense
     */
    void record(int type, ByteSource body);
  }

  /**
   * Where and why reading stopped.
   *
   * @param offset of the first byte that is not part of a good record
   * @param problem null at a clean end of file
   * @param torn whether the file just ends too early
   */
  public record End(long offset, @Nullable String problem, boolean torn) {}

  private final MemorySegment file;
  private final CRC32C crc = new CRC32C();
  private final ByteSource source = new ByteSource();
  private byte[] body = new byte[64 << 10];
  private long position;

  /** What is left to be checksummed of what looks like a record before another, and alone. */
  private long budget;

  private long budgetAlone;

  private WalReader(MemorySegment file) {
    this.file = file;
    budget = SEARCH_BYTES + file.byteSize();
    budgetAlone = budget;
  }

  /** Reads up to the end or the first damage; for files that hold one record. */
  public static End read(Disk disk, Path path, Handler handler) {
    return open(disk, path, reader -> reader.read(0, handler));
  }

  /**
   * Reads all whole records, past damaged ones.
   *
   * @param damage is given each damaged place that whole records follow
   * @return how the file ends: the last damage when nothing whole follows it
   * @throws StorageException.Failed when the file cannot be opened
   * @throws StorageException.Corrupt when a part of it cannot be read
   */
  public static End readAll(Disk disk, Path path, Handler handler, Consumer<End> damage) {
    return open(
        disk,
        path,
        reader -> {
          long from = 0;
          while (true) {
            End end = reader.read(from, handler);
            from = end.problem() == null ? -1 : reader.nextRecord(end.offset());
            if (from < 0) {
              return end;
            }
            damage.accept(end);
          }
        });
  }

  private static End open(Disk disk, Path path, Function<WalReader, End> work) {
    try (Arena arena = Arena.ofConfined()) {
      WalReader reader = new WalReader(disk.map(path, arena));
      try {
        return work.apply(reader);
      } catch (InternalError e) { // an I/O error on a mapped page
        throw new StorageException.Corrupt(
            path + " at byte " + reader.position + ": cannot be read: " + e.getMessage());
      }
    } catch (IOException e) {
      throw new StorageException.Failed("WAL " + path + ": cannot read: " + e.getMessage(), e);
    }
  }

  /**
   * Returns where the first whole record after a damaged one begins, or -1. The work is bounded by
   * the bytes looked at, whatever they are: lengths that a broken disk or a hostile label value
   * makes up are not followed for ever.
   */
  private long nextRecord(long damaged) {
    long size = file.byteSize();
    if (damaged + Wal.FRAME < size) {
      // most likely the length is right
      long behind = damaged + Wal.FRAME + (file.get(INT, damaged) & 0xffffffffL);
      if (isRecord(behind, MAX_RECORD, MAX_RECORD)) {
        return behind;
      }
    }
    for (long at = damaged + 1; at + Wal.FRAME < size; at++) {
      budget += SEARCH_FACTOR;
      budgetAlone += SEARCH_FACTOR;
      if (isRecord(at, MAX_FOUND, MAX_FOUND_ALONE)) {
        return at;
      }
    }
    return -1;
  }

  private boolean isRecord(long at, int most, int mostAlone) {
    if (!isHeader(at, most)) {
      return false;
    }
    int length = file.get(INT, at);
    long behind = at + Wal.FRAME + length;
    if (behind == file.byteSize() || isHeader(behind, MAX_RECORD)) {
      if (length > budget) {
        return false;
      }
      budget -= length;
      return hasChecksum(at, length);
    }
    if (length > Math.min(mostAlone, budgetAlone)) {
      return false;
    }
    budgetAlone -= length;
    return hasChecksum(at, length);
  }

  /** Returns whether a length and a type that are possible stand there. */
  private boolean isHeader(long at, int most) {
    if (at + Wal.FRAME >= file.byteSize()) {
      return false;
    }
    int length = file.get(INT, at);
    int type = file.get(ValueLayout.JAVA_BYTE, at + Wal.FRAME);
    return length > 0
        && length <= most
        && length <= file.byteSize() - at - Wal.FRAME
        && type > 0
        && type <= MAX_TYPE;
  }

  private boolean hasChecksum(long at, int length) {
    crc.reset();
    crc.update(file.asSlice(at + Wal.FRAME, length).asByteBuffer());
    return (int) crc.getValue() == file.get(INT, at + 4);
  }

  private boolean isZero(long from) {
    for (long at = from; at < file.byteSize(); at++) {
      if (file.get(ValueLayout.JAVA_BYTE, at) != 0) {
        return false;
      }
    }
    return true;
  }

  private End read(long from, Handler handler) {
    long size = file.byteSize();
    long at = from;
    if (from == 0) {
      if (size < Wal.MAGIC.length) {
        return new End(0, "file ends in its header", true);
      }
      if (file.asSlice(0, Wal.MAGIC.length).mismatch(MemorySegment.ofArray(Wal.MAGIC)) >= 0) {
        boolean torn = isZero(0); // what a power cut may leave
        return new End(0, torn ? "the file is zeros" : "not a WAL of this version", torn);
      }
      at = Wal.MAGIC.length;
    }
    while (at < size) {
      position = at;
      if (size - at < Wal.FRAME) {
        return new End(at, "record header is cut off", true);
      }
      int length = file.get(INT, at);
      int expected = file.get(INT, at + 4);
      if (length <= 0 || length > MAX_RECORD) {
        if (length == 0 && expected == 0 && isZero(at)) {
          return new End(at, "the rest is zeros", true); // what a power cut may leave
        }
        return new End(at, "record length is " + length, false);
      }
      if (length > size - at - Wal.FRAME) {
        return new End(at, "record of " + length + " bytes is cut off", true);
      }
      if (body.length < length + 16) {
        body = new byte[length + length / 2 + 16];
      }
      MemorySegment.copy(file, ValueLayout.JAVA_BYTE, at + Wal.FRAME, body, 0, length);
      crc.reset();
      crc.update(body, 0, length);
      if ((int) crc.getValue() != expected) {
        return new End(
            at,
            "CRC32C is "
                + Integer.toHexString((int) crc.getValue())
                + ", expected "
                + Integer.toHexString(expected),
            false);
      }
      source.reset(body, 1, length);
      try {
        handler.record(body[0] & 0xff, source);
      } catch (ByteSource.Malformed e) {
        return new End(at, "record of type " + body[0] + ": " + e.getMessage(), false);
      }
      at += Wal.FRAME + length;
    }
    return new End(at, null, false);
  }
}
