package io.narthex.storage.tsdb.frames;

import io.narthex.storage.tsdb.io.ByteSink;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * Layout of a frame, and who a file is.
 *
 * <pre>
 * u32 length of the body (low 24 bits), type (6 bits), 0x40 = continues the record of the frame
 *     before, 0x80 = the record continues in the next frame
 * u32 CRC32C of the body
 * u32 CRC32C of the 8 bytes before, u64 id of the file, u64 offset of the frame
 * body
 * </pre>
 *
 * The third field makes the length trustworthy, and a frame recognisable at any offset. Kind and
 * number of the file and the offset are part of it, so that bytes of another file or a copy inside
 * a body are never taken for a frame.
 */
public final class Frame {
  /** Bytes before the body. */
  public static final int HEADER = 12;

  /** Most bytes of a body; a longer record is a chain of frames. */
  public static final int MAX_BODY = (1 << 24) - 1;

  /** Most bytes of a record. */
  public static final int MAX_RECORD = 1 << 30;

  /** Types are 1 to this. */
  public static final int MAX_TYPE = 0x3f;

  /** Type of the first frame of each file: a text that names kind and version, then its own. */
  public static final int START = 9;

  static final int CONTINUES = 0x40;
  static final int CONTINUED = 0x80;

  /** What a file of the database is. */
  public enum Kind {
    WAL(".wal"),
    CHECKPOINT(".checkpoint"),
    CHUNKS(".chunks");

    private static final int DIGITS = 8;

    private final String suffix;

    Kind(String suffix) {
      this.suffix = suffix;
    }

    public String suffix() {
      return suffix;
    }

    /** Returns the text that a file of this kind begins with. */
    public String text() {
      return "narthex" + suffix.replace('.', ' ') + " 2\n";
    }

    public String fileName(int number) {
      return String.format(Locale.ROOT, "%08d%s", number, suffix);
    }

    /** Returns the number in the name of a file of this kind, -1 for other names. */
    public int number(String fileName) {
      return fileName.length() == DIGITS + suffix.length()
              && fileName.endsWith(suffix)
              && fileName.chars().limit(DIGITS).allMatch(c -> c >= '0' && c <= '9')
          ? Integer.parseInt(fileName.substring(0, DIGITS))
          : -1;
    }

    /** Returns the id of a file in the checksums of its frames. */
    long id(int number) {
      return (ordinal() + 1L) << 32 | number;
    }
  }

  private Frame() {}

  static int word(int length, int type) {
    return length | type << 24;
  }

  static int length(int word) {
    return word & MAX_BODY;
  }

  static int type(int word) {
    return word >>> 24;
  }

  /** Computes the third fields of headers. Holds scratch memory. */
  static final class Check {
    private static final int BYTES = 24;
    private final CRC32C crc = new CRC32C();
    private final byte[] scratch = new byte[BYTES];

    Check(long fileId) {
      ByteSink.LONG.set(scratch, 8, fileId);
    }

    int of(int word, int bodyCrc, long offset) {
      ByteSink.INT.set(scratch, 0, word);
      ByteSink.INT.set(scratch, 4, bodyCrc);
      ByteSink.LONG.set(scratch, 16, offset);
      crc.reset();
      crc.update(scratch, 0, BYTES);
      return (int) crc.getValue();
    }
  }
}
