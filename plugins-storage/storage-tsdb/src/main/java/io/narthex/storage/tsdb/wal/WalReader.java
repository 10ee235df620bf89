package io.narthex.storage.tsdb.wal;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads a segment or checkpoint up to its end or the first damage. */
public final class WalReader {
  private static final int MAX_RECORD = 1 << 30;

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

  public static End read(Path path, Handler handler) {
    long size;
    byte[] body = new byte[64 << 10];
    byte[] head = new byte[Wal.FRAME];
    CRC32C crc = new CRC32C();
    ByteSource source = new ByteSource();
    long at = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 20)) {
      size = Files.size(path);
      byte[] magic = in.readNBytes(Wal.MAGIC.length);
      if (!Arrays.equals(magic, Wal.MAGIC)) {
        boolean torn = magic.length < Wal.MAGIC.length;
        return new End(0, torn ? "file ends in its header" : "not a log of this version", torn);
      }
      at = magic.length;
      while (at < size) {
        if (in.readNBytes(head, 0, head.length) < head.length) {
          return new End(at, "record header is cut off", true);
        }
        int length = (int) ByteSink.INT.get(head, 0);
        int expected = (int) ByteSink.INT.get(head, 4);
        if (length <= 0 || length > MAX_RECORD) {
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
