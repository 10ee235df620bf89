package io.narthex.storage.tsdb.frames;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Writes a file of frames. Records are collected in memory and written with one call by {@link
 * #write}. Used by one thread at a time, but for {@link #force}.
 */
public final class FrameWriter implements Closeable {
  private static final int USUAL_BUFFER = 64 << 10;
  private static final int LARGE_BUFFER = 1 << 20;

  private final DiskFile file;
  private final Frame.Check check;
  private final CRC32C crc = new CRC32C();
  private final ByteSink buffer = new ByteSink(USUAL_BUFFER);
  private long length;
  private int start; // of the record that is begun
  private int type;

  /** Creates the file, or empties the one that is there. */
  public FrameWriter(Disk disk, Path path, Frame.Kind kind, int number) throws IOException {
    file = disk.create(path);
    check = new Frame.Check(kind.id(number));
    begin(Frame.START).text(kind.text());
  }

  /**
   * Starts a record, whose body goes into the returned sink; one that was begun and not ended is
   * forgotten. The first one is begun already: what is written to {@link #body} follows the text.
   */
  public ByteSink begin(int recordType) {
    buffer.size = start;
    type = recordType;
    buffer.u64(0);
    buffer.u32(0);
    return buffer;
  }

  /** Returns where the body of the record that is begun goes. */
  public ByteSink body() {
    return buffer;
  }

  /** Ends the record. */
  public void end() {
    int body = buffer.size - start - Frame.HEADER;
    if (body <= Frame.MAX_BODY) {
      seal(start, body, type);
    } else {
      split(body);
    }
    start = buffer.size;
  }

  private void seal(int at, int body, int flaggedType) {
    crc.reset();
    crc.update(buffer.data, at + Frame.HEADER, body);
    ByteSink.INT.set(buffer.data, at, Frame.word(body, flaggedType));
    ByteSink.INT.set(buffer.data, at + 4, (int) crc.getValue());
  }

  /** Makes room for more headers in a long record, the last part first. */
  private void split(int body) {
    int last = (body - 1) / Frame.MAX_BODY;
    buffer.reserve(last * Frame.HEADER);
    buffer.size += last * Frame.HEADER;
    int first = start + Frame.HEADER;
    for (int i = last; i >= 0; i--) {
      int from = i * Frame.MAX_BODY;
      int part = Math.min(Frame.MAX_BODY, body - from);
      int at = start + i * (Frame.MAX_BODY + Frame.HEADER);
      System.arraycopy(buffer.data, first + from, buffer.data, at + Frame.HEADER, part);
      seal(at, part, type | (i > 0 ? Frame.CONTINUES : 0) | (i < last ? Frame.CONTINUED : 0));
    }
  }

  /** Returns how many bytes of ended records wait to be written. */
  public int waiting() {
    return start;
  }

  /** Forgets all records that were not written. */
  public void discard() {
    buffer.clear();
    start = 0;
    if (buffer.data.length > LARGE_BUFFER) {
      buffer.data = new byte[USUAL_BUFFER];
    }
  }

  /** Writes all ended records; after an exception some of their bytes may be in the file. */
  public void write() throws IOException {
    if (start == 0) {
      return;
    }
    // not before: only now is it known where they go
    for (int at = 0; at < start; ) {
      int word = (int) ByteSink.INT.get(buffer.data, at);
      int bodyCrc = (int) ByteSink.INT.get(buffer.data, at + 4);
      ByteSink.INT.set(buffer.data, at + 8, check.of(word, bodyCrc, length + at));
      at += Frame.HEADER + Frame.length(word);
    }
    file.write(buffer.data, 0, start);
    length += start;
    discard();
  }

  /** Takes back what a failed write may have left in the file, or what was written last. */
  public void cutTo(long newLength) throws IOException {
    file.setLength(newLength);
    length = newLength;
  }

  /** Returns the bytes in the file. */
  public long length() {
    return length;
  }

  /** Forces what has been written to the disk; may run alongside the other methods. */
  public void force() throws IOException {
    file.force();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
