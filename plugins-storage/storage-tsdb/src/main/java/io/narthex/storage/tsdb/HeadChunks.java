package io.narthex.storage.tsdb;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Sealed chunks of the head, in pages that are filled one after the other. The chunks of a series
 * form a chain from the newest to the oldest. As chunks are sealed in order of time, whole pages
 * fall out at the old end.
 *
 * <p>A reference is page number (from 1) times 2^32 plus the offset in the page; 0 is none. Bytes
 * below a page's use mark never change, so a reader may go on with the page array it took under the
 * head's lock.
 *
 * <pre>
 * varint 1 + pages back to the chunk before, or 0 = none | [varint its offset]
 * varint length | chunk, times relative to the page's base
 * </pre>
 */
final class HeadChunks {
  static final int PAGE_BYTES = 256 << 10;
  static final int SLACK = 16; // unpacking reads beyond the end of a chunk

  /** Bytes with the base of their times. */
  static final class Page {
    final byte[] data;
    final long baseMs;
    int used;
    long newestMs = Long.MIN_VALUE;

    Page(int bytes, long baseMs) {
      data = new byte[bytes + SLACK];
      this.baseMs = baseMs;
    }
  }

  private @Nullable Page[] pages = new Page[8];
  private int count;
  private int first;
  private long bytes;
  private long chunks;
  private final ByteSink record = new ByteSink(1024);

  /** Seals rows and returns the reference of the chunk. */
  long put(ChunkCodec codec, ChunkRows rows, int from, int n, long before, ByteSink scratch) {
    Page page = count == 0 ? null : pages[count - 1];
    long base = page == null ? rows.timesMs[from] : page.baseMs;
    scratch.clear();
    codec.write(rows, from, n, base, scratch);
    int most = scratch.size + 24;
    if (page == null || page.data.length - SLACK - page.used < most) {
      page = addPage(Math.max(PAGE_BYTES, most), rows.timesMs[from]);
      scratch.clear();
      codec.write(rows, from, n, page.baseMs, scratch);
    }
    record.clear();
    if (before == 0 || pages[(int) (before >>> 32) - 1] == null) {
      record.varint(0);
    } else {
      record.varint(count - (before >>> 32) + 1);
      record.varint(before & 0xffffffffL);
    }
    record.varint(scratch.size);
    record.bytes(scratch.data, 0, scratch.size);
    System.arraycopy(record.data, 0, page.data, page.used, record.size);
    long reference = ((long) count << 32) | page.used;
    page.used += record.size;
    page.newestMs = Math.max(page.newestMs, rows.timesMs[from + n - 1]);
    bytes += record.size;
    chunks++;
    return reference;
  }

  private Page addPage(int size, long baseMs) {
    if (count == pages.length) {
      pages = Arrays.copyOf(pages, count * 2);
    }
    Page page = new Page(size, baseMs);
    pages[count++] = page;
    return page;
  }

  /** Frees leading pages that hold nothing at or after {@code timeMs}. */
  void dropBefore(long timeMs) {
    @Nullable Page[] kept = pages.clone(); // readers go on with the array they have
    while (first < count) {
      Page p = kept[first];
      if (p != null && p.newestMs >= timeMs) {
        break;
      }
      if (p != null) {
        bytes -= p.used;
      }
      kept[first++] = null;
    }
    pages = kept;
  }

  /** Returns the pages as they are now. */
  @Nullable Page[] snapshot() {
    return pages;
  }

  long bytes() {
    return bytes;
  }

  long chunks() {
    return chunks;
  }

  /** Returns whether the chunk still exists. */
  static boolean exists(@Nullable Page[] pages, long reference) {
    return reference != 0 && pages[(int) (reference >>> 32) - 1] != null;
  }

  /**
   * Sets {@code in} to the chunk and returns the reference of the one before it, 0 = none.
   *
   * @param pages a snapshot in which the chunk exists
   */
  static long open(@Nullable Page[] pages, long reference, ByteSource in) {
    int number = (int) (reference >>> 32);
    Page page = pages[number - 1];
    if (page == null) {
      throw new IllegalStateException("head chunk " + reference + ": has been dropped");
    }
    in.reset(page.data, (int) reference, page.data.length);
    long back = in.varint();
    long before = back == 0 ? 0 : ((number - back + 1) << 32) | in.varint();
    int length = in.count(page.data.length);
    in.limit = in.position + length;
    return before;
  }

  static long baseMs(@Nullable Page[] pages, long reference) {
    Page page = pages[(int) (reference >>> 32) - 1];
    if (page == null) {
      throw new IllegalStateException("head chunk " + reference + ": has been dropped");
    }
    return page.baseMs;
  }
}
