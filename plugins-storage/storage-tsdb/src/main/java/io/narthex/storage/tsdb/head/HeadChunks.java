package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Sealed chunks of the head, in pages that are filled one after the other. The chunks of a series
 * form a chain from the newest to the oldest. As chunks are sealed in order of time, whole pages
 * fall out at the old end.
 *
 * <p>Full pages are moved by {@link #spill} into files that are mapped and have no name any more:
 * they leave the heap, the kernel may drop them from memory, and a crash leaves nothing behind. The
 * log is what makes the samples durable. A mapping ends when the page has been dropped and the last
 * reader who began before has ended: the collector would come too late for the disk, and for the
 * kernel's limit of mappings.
 *
 * <p>A reference is page number (from 1) times 2^32 plus the offset in the page; 0 is none. Bytes
 * below a page's use mark never change, so a reader may continue with the page array it took under
 * the head's lock.
 *
 * <pre>
 * varint 1 + pages back to the chunk before, or 0 = none | [varint its offset]
 * varint length | chunk, times relative to the page's base
 * </pre>
 */
public final class HeadChunks {
  static final int PAGE_BYTES = 256 << 10;
  public static final String SPILL_SUFFIX = ".spill";
  private static final int FIRST_READ = 1024;
  private static final AtomicLong SPILLED = new AtomicLong();

  /** Bytes with the base of their times. */
  static final class Page {
    final long baseMs;
    int used;
    long newestMs = Long.MIN_VALUE;
    int chunks;

    /** The bytes while they are on the heap. */
    private volatile byte @Nullable [] data;

    /** The bytes after that; set before {@link #data} is cleared. */
    private volatile @Nullable MemorySegment mapped;

    /** Ends the mapping, and frees the file, which has no name; null = there is none. */
    private volatile @Nullable Arena arena;

    Page(int bytes, long baseMs) {
      data = new byte[bytes + ChunkCodec.SLACK];
      this.baseMs = baseMs;
    }
  }

  /** Memory of a reader for chunks that are not on the heap. */
  static final class Scratch {
    private byte[] bytes = new byte[1024 + ChunkCodec.SLACK];

    private byte[] copy(MemorySegment from, long offset, int length) {
      if (bytes.length < length + ChunkCodec.SLACK) {
        bytes = new byte[length + ChunkCodec.SLACK];
      }
      try {
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, bytes, 0, length);
      } catch (InternalError e) { // an I/O error on a mapped page
        throw new StorageException.Corrupt(
            "head: a chunk that was moved to a file cannot be read at byte "
                + offset
                + ": "
                + e.getMessage()
                + "; restart to read it from the WAL");
      }
      return bytes;
    }
  }

  private @Nullable Page[] pages = new Page[8];
  private int count;
  private int first;
  private long bytes;
  private long chunks;
  private long dropped;
  private final ByteSink record = new ByteSink(1024);
  private final Readers readers = new Readers();

  /** Pages that have been dropped, oldest first, until nobody reads them. */
  private final Deque<Dropped> leaving = new ConcurrentLinkedDeque<>();

  private record Dropped(Page page, long moment) {}

  /** Keeps pages readable. Closed by any thread, once. */
  static final class Lease implements AutoCloseable {
    /** The pages as they were when it was taken. */
    final @Nullable Page[] pages;

    private final HeadChunks chunks;
    private final long ticket;
    private final AtomicBoolean open = new AtomicBoolean(true);

    private Lease(HeadChunks chunks) {
      this.chunks = chunks;
      ticket = chunks.readers.enter();
      pages = chunks.pages;
    }

    @Override
    public void close() {
      if (open.compareAndSet(true, false)) {
        chunks.readers.leave(ticket);
        chunks.freeDropped();
      }
    }
  }

  /** Keeps the pages there are readable until that is closed. Under one of the head's locks. */
  Lease lease() {
    return new Lease(this);
  }

  /** Ends the mappings of dropped pages that nobody reads any more. Takes long: without a lock. */
  void freeDropped() {
    Dropped oldest = leaving.peekFirst();
    while (oldest != null && readers.allBeganSince(oldest.moment())) {
      if (leaving.remove(oldest)) { // else another reader that has ended does it
        Arena arena = oldest.page().arena;
        if (arena != null) {
          arena.close();
        }
      }
      oldest = leaving.peekFirst();
    }
  }

  /** Returns how many dropped pages are still being read. */
  int leaving() {
    return leaving.size();
  }

  /** Seals rows and returns the reference of the chunk. */
  long put(ChunkCodec codec, ChunkRows rows, int from, int n, long before, ByteSink scratch) {
    Page page = count == 0 ? null : pages[count - 1];
    long base = page == null ? rows.timesMs[from] : page.baseMs;
    scratch.clear();
    codec.write(rows, from, n, base, scratch);
    int most = scratch.size + 24;
    byte[] data = page == null ? null : page.data;
    if (page == null || data == null || data.length - ChunkCodec.SLACK - page.used < most) {
      page = new Page(Math.max(PAGE_BYTES, most), rows.timesMs[from]);
      data = addPage(page);
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
    System.arraycopy(record.data, 0, data, page.used, record.size);
    long reference = ((long) count << 32) | page.used;
    page.used += record.size;
    page.newestMs = Math.max(page.newestMs, rows.timesMs[from + n - 1]);
    bytes += record.size;
    page.chunks++;
    chunks++;
    return reference;
  }

  private byte[] addPage(Page page) {
    if (count == pages.length) {
      pages = Arrays.copyOf(pages, count * 2);
    }
    pages[count++] = page;
    return Objects.requireNonNull(page.data);
  }

  /** Drops leading pages that hold nothing at or after {@code timeMs}; see {@link #freeDropped}. */
  void dropBefore(long timeMs) {
    List<Page> gone = new ArrayList<>();
    @Nullable Page[] kept = pages.clone(); // readers continue with the array they have
    while (first < count) {
      Page p = kept[first];
      if (p != null && p.newestMs >= timeMs) {
        break;
      }
      if (p != null) {
        bytes -= p.used;
        chunks -= p.chunks;
        dropped += p.chunks;
        gone.add(p);
      }
      kept[first++] = null;
    }
    pages = kept;
    long moment = readers.now(); // whoever begins now does not get them
    gone.forEach(p -> leaving.add(new Dropped(p, moment)));
  }

  /** Returns the full pages that are on the heap. */
  List<Page> full() {
    List<Page> full = new ArrayList<>();
    for (int i = first; i < count - 1; i++) {
      Page p = pages[i];
      if (p != null && p.data != null) {
        full.add(p);
      }
    }
    return full;
  }

  /** Moves a full page from the heap into a file without name in {@code folder}. Needs no lock. */
  static void spill(Disk disk, Page page, Path folder) throws IOException {
    byte[] data = page.data;
    if (data == null) {
      return;
    }
    Path file = folder.resolve("head" + SPILLED.incrementAndGet() + SPILL_SUFFIX);
    try {
      try (DiskFile out = disk.create(file)) {
        out.write(data, 0, page.used);
      }
      Arena arena = Arena.ofShared();
      try {
        page.mapped = disk.map(file, arena);
        page.arena = arena;
        page.data = null;
      } finally {
        if (page.arena == null) {
          arena.close();
        }
      }
    } finally {
      disk.delete(file);
    }
  }

  /** Returns the pages as they are now. */
  @Nullable Page[] snapshot() {
    return pages;
  }

  public long bytes() {
    return bytes;
  }

  public long chunks() {
    return chunks;
  }

  /** Returns how many chunks have been dropped. */
  public long dropped() {
    return dropped;
  }

  /** Returns whether the chunk still exists. */
  static boolean exists(@Nullable Page[] pages, long reference) {
    return reference != 0 && pages[(int) (reference >>> 32) - 1] != null;
  }

  /**
   * Sets {@code in} to the chunk and returns the reference of the one before it, 0 = none.
   *
   * @param pages taken when the chunk existed
   * @param scratch holds the chunk until the next call with it
   */
  static long open(@Nullable Page[] pages, long reference, ByteSource in, Scratch scratch) {
    int number = (int) (reference >>> 32);
    int offset = (int) reference;
    Page page = pages[number - 1];
    if (page == null) {
      throw new IllegalStateException("head chunk " + reference + ": has been dropped");
    }
    byte[] data = page.data;
    if (data != null) {
      in.reset(data, offset, data.length);
      return header(number, in);
    }
    MemorySegment mapped = Objects.requireNonNull(page.mapped);
    int rest = (int) (mapped.byteSize() - offset);
    int some = Math.min(rest, FIRST_READ);
    in.reset(scratch.copy(mapped, offset, some), 0, rest);
    long before = header(number, in);
    if (in.limit > some) {
      in.data = scratch.copy(mapped, offset, in.limit);
    }
    return before;
  }

  private static long header(int number, ByteSource in) {
    long back = in.varint();
    long before = back == 0 ? 0 : ((number - back + 1) << 32) | in.varint();
    int length = in.count(in.remaining());
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
