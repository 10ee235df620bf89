package io.narthex.storage.tsdb.wal;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads the records of a segment or checkpoint. */
public final class WalReader {
  private static final int MAX_RECORD = 1 << 30;

  /** Longest record that is looked for byte by byte after damage. */
  private static final int MAX_FOUND = 16 << 20;

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

  private WalReader() {}

  /** Reads up to the end or the first damage; for files that hold one record. */
  public static End read(Path path, Handler handler) {
    return read(path, 0, handler);
  }

  /**
   * Reads all whole records, past damaged ones.
   *
   * @param damage is given each damaged place that whole records follow
   * @return how the file ends: the last damage when nothing whole follows it
   */
  public static End readAll(Path path, Handler handler, Consumer<End> damage) {
    long from = 0;
    while (true) {
      End end = read(path, from, handler);
      from = end.problem() == null ? -1 : nextRecord(path, end.offset());
      if (from < 0) {
        return end;
      }
      damage.accept(end);
    }
  }

  /** Returns where the first whole record after a damaged one begins, or -1. */
  private static long nextRecord(Path path, long damaged) {
    CRC32C crc = new CRC32C();
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      long size = file.byteSize();
      if (damaged + Wal.FRAME < size) {
        // most likely the length is right
        long behind = damaged + Wal.FRAME + (file.get(INT, damaged) & 0xffffffffL);
        if (isRecord(file, behind, MAX_RECORD, crc)) {
          return behind;
        }
      }
      for (long at = damaged + 1; at + Wal.FRAME < size; at++) {
        if (isRecord(file, at, MAX_FOUND, crc)) {
          return at;
        }
      }
      return -1;
    } catch (IOException e) {
      throw new StorageException.Failed(
          "WAL " + path + ": cannot read after byte " + damaged + ": " + e.getMessage(), e);
    }
  }

  private static boolean isZero(InputStream in) throws IOException {
    byte[] some = new byte[8192];
    for (int n = in.read(some); n >= 0; n = in.read(some)) {
      for (int i = 0; i < n; i++) {
        if (some[i] != 0) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isRecord(MemorySegment file, long at, int most, CRC32C crc) {
    if (at + Wal.FRAME >= file.byteSize()) {
      return false;
    }
    int length = file.get(INT, at);
    int type = file.get(ValueLayout.JAVA_BYTE, at + Wal.FRAME);
    if (length <= 0
        || length > most
        || length > file.byteSize() - at - Wal.FRAME
        || type <= 0
        || type > MAX_TYPE) {
      return false;
    }
    crc.reset();
    crc.update(file.asSlice(at + Wal.FRAME, length).asByteBuffer());
    return (int) crc.getValue() == file.get(INT, at + 4);
  }

  private static End read(Path path, long from, Handler handler) {
    long size;
    byte[] body = new byte[64 << 10];
    byte[] head = new byte[Wal.FRAME];
    CRC32C crc = new CRC32C();
    ByteSource source = new ByteSource();
    long at = from;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 20)) {
      size = Files.size(path);
      if (from == 0) {
        byte[] magic = in.readNBytes(Wal.MAGIC.length);
        if (!Arrays.equals(magic, Wal.MAGIC)) {
          boolean torn = magic.length < Wal.MAGIC.length;
          return new End(0, torn ? "file ends in its header" : "not a WAL of this version", torn);
        }
        at = magic.length;
      } else {
        in.skipNBytes(from);
      }
      while (at < size) {
        if (in.readNBytes(head, 0, head.length) < head.length) {
          return new End(at, "record header is cut off", true);
        }
        int length = (int) ByteSink.INT.get(head, 0);
        int expected = (int) ByteSink.INT.get(head, 4);
        if (length <= 0 || length > MAX_RECORD) {
          if (length == 0 && expected == 0 && isZero(in)) {
            return new End(at, "the rest is zeros", true); // what a power cut may leave
          }
          return new End(at, "record length is " + length, false);
        }
        if (length > size - at - head.length) {
          return new End(at, "record of " + length + " bytes is cut off", true);
        }
        if (body.length < length + 16) {
          body = new byte[length + length / 2 + 16];
        }
        if (in.readNBytes(body, 0, length) < length) {
          return new End(at, "record of " + length + " bytes is cut off", true);
        }
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
        at += head.length + length;
      }
      return new End(at, null, false);
    } catch (IOException e) {
      throw new StorageException.Failed(
          "WAL " + path + ": cannot read at byte " + at + ": " + e.getMessage(), e);
    }
  }
}
