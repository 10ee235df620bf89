package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.zip.CRC32C;

/**
 * Goes through the chunks of a page in their order, without decoding them. Where a page is damaged,
 * the next whole chunk is found by its checksum, which is bound to page and offset. Holds scratch
 * memory.
 */
final class PageScan {
  /** Bytes that may be summed up to find chunks, as times of the page: a bound on the time. */
  private static final long MOST_SUMMED = 256;

  private static final int IDENTITY = Long.BYTES;

  private final ByteSource in = new ByteSource();
  private final CRC32C crc = new CRC32C();
  private final byte[] identity = new byte[IDENTITY];
  private byte[] data = new byte[0];
  private int used;
  private int page;

  // the chunk found last
  private int offset;
  private int end;
  private int id;
  private long back;
  private int beforeOffset;

  /**
   * Begins with a page.
   *
   * @param number of the page
   */
  void reset(byte[] bytes, int length, int number) {
    data = bytes;
    used = length;
    page = number;
    offset = 0;
    end = 0;
  }

  /** Returns where the chunk begins. */
  int offset() {
    return offset;
  }

  /** Returns where the chunk ends, 0 before the first. */
  int end() {
    return end;
  }

  /** Returns the series of the chunk. */
  int id() {
    return id;
  }

  /** Returns how many pages further back the chunk before it is, -1 = there is none. */
  long back() {
    return back - 1;
  }

  /** Returns where the chunk before it begins in its page. */
  int beforeOffset() {
    return beforeOffset;
  }

  /** Moves to the next chunk of a page that is whole; returns false at the end. */
  boolean next() {
    if (end >= used) {
      return false;
    }
    if (!parse(end)) {
      throw new ByteSource.Malformed("page " + page + " has no chunk at " + end);
    }
    return true;
  }

  /** Moves to the next whole chunk of a page that may be damaged; returns false at the end. */
  boolean nextWhole() {
    long left = MOST_SUMMED * used;
    int before = end;
    for (int at = end; at < used && left > 0; at++) {
      if (parse(at)) {
        left -= end - at;
        if (checksum() == (int) ByteSink.INT.get(data, at)) {
          return true;
        }
      }
    }
    end = before;
    return false;
  }

  private boolean parse(int at) {
    in.reset(data, at, used);
    try {
      in.skip(Integer.BYTES);
      long series = in.varint();
      long pages = in.varint();
      int before = pages == 0 ? 0 : in.count(Integer.MAX_VALUE);
      int length = in.count(in.remaining());
      if (series < 0 || series >= Integer.MAX_VALUE || pages < 0 || pages > page || length == 0) {
        return false;
      }
      id = (int) series;
      back = pages;
      beforeOffset = before;
      offset = at;
      end = in.position + length;
      return true;
    } catch (ByteSource.Malformed e) {
      return false;
    }
  }

  private int checksum() {
    ByteSink.LONG.set(identity, 0, (long) page << 32 | offset);
    crc.reset();
    crc.update(identity, 0, IDENTITY);
    crc.update(data, offset + Integer.BYTES, end - offset - Integer.BYTES);
    return (int) crc.getValue();
  }

  /** Writes the checksums of all chunks of a page that is still on the heap. */
  void seal() {
    while (next()) {
      ByteSink.INT.set(data, offset, checksum());
    }
  }
}
