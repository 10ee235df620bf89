package io.narthex.storage.tsdb.frames;

import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of a file of frames, past damage.
 *
 * <p>Where a header does not check out, the reader looks for the next offset where one does. That
 * costs a checksum of 24 bytes an offset at most, whatever the bytes are. Where only a body does
 * not, its length is right all the same, and the frame behind it is next.
 *
 * <p>The newest file may end in a frame that was not written whole, or in zeros, which is what a
 * power cut leaves: no damage, the file is as long as its whole records.
 */
public final class FrameReader {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  /** Bytes after a body that can be read: some decoders read beyond the end. */
  private static final int SLACK = 16;

  /** What a disk writes at once: zeros that begin at such a border were never written. */
  private static final long SECTOR = 512;

  /** What is lost when a mapped byte cannot be read. */
  private static final long PAGE = 4096;

  /** Takes what is in the file, in its order. */
  public interface Handler {
    /**
     * Takes a record.
     *
     * @param body valid during the call, with some readable bytes after its limit
     * @throws ByteSource.Malformed when it makes no sense; it is reported as damage then
     */
    void record(int type, ByteSource body, long offset);

    /**
     * Takes a damaged part.
     *
     * @param bytes of the part, valid during the call; empty when they cannot be read
     */
    void damage(long offset, long length, String reason, MemorySegment bytes);
  }

  /**
   * How a file ends.
   *
   * @param length bytes up to the end of the last whole record before a torn one
   * @param torn why the bytes behind it are no whole record, null when there are none
   */
  public record End(long length, @Nullable String torn) {}

  private final MemorySegment bytes;
  private final long size;
  private final boolean newest;
  private final Handler handler;
  private final Frame.Check check;
  private final CRC32C crc = new CRC32C();
  private final ByteSource source = new ByteSource();
  private byte[] body = new byte[64 << 10];
  private int bodySize;
  private long chain = -1; // where a record of several frames begins that is not whole yet
  private int chainType;
  private long zerosFrom = -1;
  private long looked; // offset that was looked at last
  private @Nullable End end;

  private FrameReader(MemorySegment bytes, long fileId, boolean newest, Handler handler) {
    this.bytes = bytes;
    this.newest = newest;
    this.handler = handler;
    size = bytes.byteSize();
    check = new Frame.Check(fileId);
  }

  /**
   * Reads a file.
   *
   * @param newest whether a crash may have left it with a torn end
   */
  public static End read(
      Disk disk, Path path, Frame.Kind kind, int number, boolean newest, Handler handler)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return new FrameReader(disk.map(path, arena), kind.id(number), newest, handler).read();
    }
  }

  /**
   * Reads a file of which it is known how long it should be: what is behind was never acknowledged.
   */
  public static void readUpTo(
      Disk disk, Path path, Frame.Kind kind, int number, long length, Handler handler)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = disk.map(path, arena);
      long size = all.byteSize();
      new FrameReader(all.asSlice(0, Math.min(size, length)), kind.id(number), false, handler)
          .read();
      if (size < length) {
        String reason = (length - size) + " bytes are missing at the end";
        handler.damage(size, length - size, reason, MemorySegment.NULL);
      }
    }
  }

  /** Reads the first record of a file, as far as it is whole. */
  public static void readFirst(Disk disk, Path path, Frame.Kind kind, int number, Handler handler)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = disk.map(path, arena);
      if (all.byteSize() > 0) {
        new FrameReader(all, kind.id(number), true, handler).step(0);
      }
    }
  }

  private End read() {
    long at = 0;
    while (at < size) {
      try {
        at = step(at);
      } catch (InternalError e) { // how the JVM reports that a mapped page cannot be read
        at = unreadable(at, e);
      }
    }
    if (chain >= 0) {
      tail(size, "the last record is not whole");
    }
    return end == null ? new End(size, null) : end;
  }

  /** Takes the frame or the damage at an offset; returns where the next one begins. */
  private long step(long at) {
    looked = at;
    if (size - at < Frame.HEADER) {
      return tail(at, "the file ends in the header of a frame");
    }
    int word = bytes.get(INT, at);
    if (!isHeader(at, word)) {
      return resynchronise(at);
    }
    int length = Frame.length(word);
    long next = at + Frame.HEADER + length;
    if (next > size) {
      return tail(at, "a frame of " + length + " bytes is cut off");
    }
    int from = beginBody(at, Frame.type(word), length);
    if (from < 0) {
      return next;
    }
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at + Frame.HEADER, body, from, length);
    crc.reset();
    crc.update(body, from, length);
    int expected = bytes.get(INT, at + 4);
    if ((int) crc.getValue() != expected) {
      if (isNeverWritten(at, next)) {
        return torn(at, "the rest is zeros");
      }
      String found = Integer.toHexString((int) crc.getValue());
      damage(at, next, "CRC32C is " + found + ", expected " + Integer.toHexString(expected));
      return next;
    }
    if ((Frame.type(word) & Frame.CONTINUED) != 0) {
      if (chain < 0) {
        chain = at;
        chainType = Frame.type(word) & Frame.MAX_TYPE;
      }
      return next;
    }
    deliver(chain < 0 ? at : chain, next, Frame.type(word) & Frame.MAX_TYPE);
    return next;
  }

  /**
   * Makes room for the body of a frame behind those of its record; returns where it goes, or -1
   * when the frame does not belong here.
   */
  private int beginBody(long at, int type, int length) {
    boolean continues = (type & Frame.CONTINUES) != 0;
    if (continues
        && (chain < 0
            || chainType != (type & Frame.MAX_TYPE)
            || bodySize > Frame.MAX_RECORD - length)) {
      damage(at, at + Frame.HEADER + length, "the beginning of the record is missing");
      return -1;
    }
    if (!continues && chain >= 0) {
      damage(at, at, "the end of the record is missing");
    }
    int from = continues ? bodySize : 0;
    if (body.length < from + length + SLACK) {
      byte[] larger = new byte[from + length + (from + length) / 2 + SLACK];
      System.arraycopy(body, 0, larger, 0, from);
      body = larger;
    }
    bodySize = from + length;
    return from;
  }

  private void deliver(long at, long next, int type) {
    source.reset(body, 0, bodySize);
    chain = -1;
    try {
      handler.record(type, source, at);
    } catch (ByteSource.Malformed e) {
      damage(at, next, "record of type " + type + ": " + e.getMessage());
    }
  }

  private boolean isHeader(long at, int word) {
    return (Frame.type(word) & Frame.MAX_TYPE) != 0
        && check.of(word, bytes.get(INT, at + 4), at) == bytes.get(INT, at + 8);
  }

  private long resynchronise(long at) {
    for (long next = at + 1; next <= size - Frame.HEADER; next++) {
      looked = next;
      if (isHeader(next, bytes.get(INT, next))) {
        damage(at, next, "the checksum of a frame's header is wrong");
        return next;
      }
    }
    if (isNeverWritten(at, size)) {
      return torn(at, "the rest is zeros");
    }
    damage(at, size, "the checksum of a frame's header is wrong, and no frame follows");
    return size;
  }

  /** Returns whether a part up to {@code to} reaches into zeros that the newest file ends in. */
  private boolean isNeverWritten(long at, long to) {
    if (!newest) {
      return false;
    }
    if (zerosFrom < 0) {
      zerosFrom = size; // stays when a byte cannot be read
      zerosFrom = zerosFrom();
    }
    long border = (Math.max(zerosFrom, at) + SECTOR - 1) / SECTOR * SECTOR;
    return zerosFrom <= at || border < to;
  }

  private long zerosFrom() {
    long from = size;
    while (from >= Long.BYTES && bytes.get(LONG, from - Long.BYTES) == 0) {
      from -= Long.BYTES;
    }
    while (from > 0 && bytes.get(ValueLayout.JAVA_BYTE, from - 1) == 0) {
      from--;
    }
    return from;
  }

  private long tail(long at, String reason) {
    if (newest) {
      return torn(at, reason);
    }
    damage(at, size, reason);
    return size;
  }

  private long torn(long at, String reason) {
    end = new End(chain < 0 ? at : chain, reason);
    chain = -1;
    return size;
  }

  private long unreadable(long at, InternalError e) {
    long next = Math.min(size, (looked / PAGE + 1) * PAGE);
    chain = -1;
    handler.damage(at, next - at, "cannot be read: " + e.getMessage(), MemorySegment.NULL);
    return next;
  }

  /** Reports a part, with the frames of the record that it keeps from being whole. */
  private void damage(long at, long to, String reason) {
    long from = chain < 0 ? at : chain;
    chain = -1;
    handler.damage(from, to - from, reason, bytes.asSlice(from, to - from));
  }

  /** Returns whether the first record of a file is whole and says that it is of a kind. */
  public static boolean isOfKind(Disk disk, Path path, Frame.Kind kind, int number)
      throws IOException {
    boolean[] found = {false};
    readFirst(
        disk,
        path,
        kind,
        number,
        new Handler() {
          @Override
          public void record(int type, ByteSource body, long offset) {
            found[0] = type == Frame.START && offset == 0 && isStart(body, kind);
          }

          @Override
          public void damage(long offset, long length, String reason, MemorySegment part) {
            // it is not whole
          }
        });
    return found[0];
  }

  /** Returns whether a body begins with the text of a kind, and moves behind it. */
  public static boolean isStart(ByteSource start, Frame.Kind kind) {
    return start.text().equals(kind.text());
  }
}
