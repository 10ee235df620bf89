package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.frames.Frame;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Sealed chunks of the head, in pages that are filled one after the other. The chunks of a series
 * form a chain from the newest to the oldest. As chunks are sealed in order of time, whole pages
 * fall out at the old end.
 *
 * <p>Pages that get no more chunks are moved into mapped files: they leave the heap, and the kernel
 * may drop them from memory. In folders of format 2 these are files that a checkpoint relies on,
 * see {@link ChunkFiles}; in those of format 1 {@link #spill} writes files that have no name any
 * more, and the WAL alone makes the samples durable. A mapping ends when its pages have been
 * dropped and the last reader who began before has ended: the collector would come too late for the
 * disk, and for the kernel's limit of mappings.
 *
 * <p>A reference is the position of the page (from 1) times 2^32 plus the offset in the page; 0 is
 * none. The number of a page, which it keeps over restarts, is its position plus {@link #base}.
 * Bytes below a page's use mark never change but for checksums, so a reader may continue with the
 * page array it took under the head's lock.
 *
 * <pre>
 * u32 CRC32C of u64 (page number * 2^32 + offset) and the rest, written when the page moves
 * varint id of the series | varint 1 + pages back to the chunk before, or 0 = none
 * [varint its offset] | varint length | chunk, times relative to the page's base
 * </pre>
 */
public final class HeadChunks {
  static final int PAGE_BYTES = 256 << 10;
  public static final String SPILL_SUFFIX = ".spill";
  private static final int FIRST_READ = 1024;

  /** Most bytes of a chunk before its own. */
  private static final int MOST_HEADER = 32;

  /** A page with less than this part in it is not ended for a checkpoint. */
  private static final int LITTLE = 4;

  private static final AtomicLong SPILLED = new AtomicLong();

  /** A mapped file, or a part of one, for as long as one of its pages is read. */
  static final class Mapping {
    private final Arena arena;
    private final AtomicInteger pages;

    Mapping(Arena arena, int pages) {
      this.arena = arena;
      this.pages = new AtomicInteger(pages);
    }

    void leave() {
      if (pages.decrementAndGet() == 0) {
        arena.close();
      }
    }
  }

  /**
   * Where the bytes of a page are.
   *
   * @param file number of the file
   * @param offset of the first byte
   * @param crc CRC32C of the bytes
   */
  record Place(int file, long offset, int crc) {}

  /** Bytes with the base of their times. */
  static final class Page {
    final int number;
    final long baseMs;
    int used;
    long newestMs = Long.MIN_VALUE;
    int chunks;

    /** The bytes while they are on the heap. */
    private volatile byte @Nullable [] data;

    /** The bytes after that; set before {@link #data} is cleared. */
    private volatile @Nullable MemorySegment mapped;

    /** What {@link #mapped} is a part of; null = there is none. */
    private volatile @Nullable Mapping mapping;

    /** Where the bytes are in a file of format 2; null = in none. */
    private volatile @Nullable Place place;

    /**
     * Chunks, by offset, whose chain continues with another chunk than they say, as that one is
     * damaged; null = none.
     */
    private @Nullable Map<Integer, Long> rejoined;

    Page(int number, int bytes, long baseMs) {
      this.number = number;
      data = new byte[bytes + ChunkCodec.SLACK];
      this.baseMs = baseMs;
    }

    /** A page of a file, see {@link #moved}. */
    Page(int number, int used, int chunks, long baseMs, long newestMs) {
      this.number = number;
      this.used = used;
      this.chunks = chunks;
      this.baseMs = baseMs;
      this.newestMs = newestMs;
      data = null;
    }

    byte @Nullable [] data() {
      return data;
    }

    /**
     * Returns a copy on the heap of a page that has been moved to a file without name.
     *
     * @throws IOException when that cannot be read
     */
    Page copyOnHeap() throws IOException {
      byte[] bytes = new byte[used + ChunkCodec.SLACK];
      try {
        copy(0, used, bytes);
      } catch (InternalError e) { // an I/O error on a mapped page
        throw new IOException("a page of chunks that was moved to a file cannot be read", e);
      }
      Page copy = new Page(number, used, chunks, baseMs, newestMs);
      copy.data = bytes;
      return copy;
    }

    @Nullable Place place() {
      return place;
    }

    /** Notes that the bytes are in a mapped file, and gives up those on the heap. */
    void moved(MemorySegment to, Mapping of, @Nullable Place at) {
      mapped = to;
      mapping = of;
      place = at;
      data = null;
    }

    /** Ends the mapping, if there is one, with the last of its pages. */
    void leave() {
      Mapping m = mapping;
      if (m != null) {
        m.leave();
      }
    }

    /** Lets the chain of a chunk continue with another one; 0 = none. */
    void rejoin(int offset, long before) {
      Map<Integer, Long> r = rejoined;
      if (r == null) {
        r = new HashMap<>();
        rejoined = r;
      }
      r.put(offset, before);
    }

    /**
     * Copies bytes that are mapped. Those of more than a frame have headers of frames in between.
     */
    void copy(long offset, int length, byte[] to) {
      MemorySegment from = Objects.requireNonNull(mapped);
      for (int done = 0; done < length; ) {
        long at = offset + done;
        long frame = place == null ? 0 : at / Frame.MAX_BODY;
        long end = place == null ? Long.MAX_VALUE : (frame + 1) * Frame.MAX_BODY;
        int n = (int) Math.min(length - done, end - at);
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, at + frame * Frame.HEADER, to, done, n);
        done += n;
      }
    }
  }

  /** Memory of a reader for chunks that are not on the heap. */
  static final class Scratch {
    private byte[] bytes = new byte[1024 + ChunkCodec.SLACK];

    private byte[] copy(Page page, long offset, int length) {
      if (bytes.length < length + ChunkCodec.SLACK) {
        bytes = new byte[length + ChunkCodec.SLACK];
      }
      try {
        page.copy(offset, length, bytes);
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

  private final int pageBytes;
  private @Nullable Page[] pages = new Page[8];
  private int base; // what the number of a page is more than its position
  private int count;
  private int first;
  private int ended; // pages up to this position get no more chunks
  private long bytes;
  private long chunks;
  private long dropped;
  private final ByteSink record = new ByteSink(1024);
  private final Readers readers = new Readers();

  /** Pages that have been dropped, oldest first, until nobody reads them. */
  private final Deque<Dropped> leaving = new ConcurrentLinkedDeque<>();

  private record Dropped(Page page, long moment) {}

  HeadChunks() {
    this(PAGE_BYTES);
  }

  /**
   * Creates one without chunks.
   *
   * @param pageBytes size of a page, unless a chunk needs more
   */
  HeadChunks(int pageBytes) {
    this.pageBytes = pageBytes;
  }

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
        oldest.page().leave();
      }
      oldest = leaving.peekFirst();
    }
  }

  /** Returns how many dropped pages are still being read. */
  int leaving() {
    return leaving.size();
  }

  /** Seals rows of a series and returns the reference of the chunk. */
  long put(
      int id, ChunkCodec codec, ChunkRows rows, int from, int n, long before, ByteSink scratch) {
    Page page = count == ended ? null : pages[count - 1];
    long baseMs = page == null ? rows.timesMs[from] : page.baseMs;
    scratch.clear();
    codec.write(rows, from, n, baseMs, scratch);
    int most = scratch.size + MOST_HEADER;
    byte[] data = page == null ? null : page.data;
    if (page == null || data == null || data.length - ChunkCodec.SLACK - page.used < most) {
      page = new Page(base + count + 1, Math.max(pageBytes, most), rows.timesMs[from]);
      data = addPage(page);
      scratch.clear();
      codec.write(rows, from, n, page.baseMs, scratch);
    }
    record.clear();
    record.u32(0); // see PageScan.seal
    record.varint(id);
    if (!exists(pages, before)) {
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

  /** Returns the pages on the heap that get no more chunks. */
  List<Page> full() {
    List<Page> full = new ArrayList<>();
    for (int i = first; i < Math.max(count - 1, ended); i++) {
      Page p = pages[i];
      if (p != null && p.data != null) {
        full.add(p);
      }
    }
    return full;
  }

  /** Returns the pages in files without names: what was moved while the folder had format 1. */
  List<Page> nameless() {
    List<Page> nameless = new ArrayList<>();
    for (int i = first; i < count; i++) {
      Page p = pages[i];
      if (p != null && p.data == null && p.place == null) {
        nameless.add(p);
      }
    }
    return nameless;
  }

  /** Lets pages take the place of those with the same numbers; see {@link #freeDropped}. */
  void replace(List<Page> by) {
    List<Page> gone = new ArrayList<>();
    @Nullable Page[] changed = pages.clone(); // readers continue with the array they have
    for (Page p : by) {
      int i = p.number - base - 1;
      Page old = changed[i];
      gone.add(old == null ? p : old);
      changed[i] = old == null ? null : p;
    }
    pages = changed;
    long moment = readers.now(); // whoever begins now does not get them
    gone.forEach(p -> leaving.add(new Dropped(p, moment)));
  }

  /**
   * Ends the page that is being filled, unless it has little in it: checkpoints would make many
   * small pages. Returns the position of the last page that gets no more chunks. Under the head's
   * locks.
   */
  int endPage() {
    Page page = count == ended ? null : pages[count - 1];
    ended = Math.max(ended, page == null || page.used >= pageBytes / LITTLE ? count : count - 1);
    return ended;
  }

  /**
   * Takes pages of files; there are none yet.
   *
   * @param first number of the first page there was
   * @param last number of the last one
   */
  void restore(List<Page> restored, int first, int last) {
    base = first - 1;
    count = last - base;
    ended = count;
    @Nullable Page[] taken = new Page[Math.max(pages.length, count)];
    for (Page p : restored) {
      taken[p.number - base - 1] = p;
      bytes += p.used;
      chunks += p.chunks;
    }
    pages = taken;
  }

  /** Returns the position of the oldest page. */
  int firstPosition() {
    return first + 1;
  }

  /** Returns the position of the newest page. */
  int lastPosition() {
    return count;
  }

  /** Returns what the number of a page is more than its position. */
  int base() {
    return base;
  }

  /** Returns how many bytes of chunks are in no file that a checkpoint could refer to. */
  long bytesInNoFile() {
    long sum = 0;
    for (int i = first; i < count; i++) {
      Page p = pages[i];
      sum += p != null && p.place == null ? p.used : 0;
    }
    return sum;
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
        page.moved(disk.map(file, arena), new Mapping(arena, 1), null);
      } finally {
        if (page.mapping == null) {
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

  /** Returns the position of the page of a chunk. */
  static int position(long reference) {
    return (int) (reference >>> 32);
  }

  static long reference(int position, int offset) {
    return (long) position << 32 | offset;
  }

  /** Returns whether the chunk still exists. */
  static boolean exists(@Nullable Page[] pages, long reference) {
    int position = position(reference); // of a page from before a restart it may be below 1
    return position > 0 && position <= pages.length && pages[position - 1] != null;
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
    long before;
    if (data != null) {
      in.reset(data, offset, data.length);
      before = header(number, in);
    } else {
      int rest = page.used - offset;
      int some = Math.min(rest, FIRST_READ);
      in.reset(scratch.copy(page, offset, some), 0, rest);
      before = header(number, in);
      if (in.limit > some) {
        in.data = scratch.copy(page, offset, in.limit);
      }
    }
    Map<Integer, Long> rejoined = page.rejoined;
    return rejoined == null ? before : rejoined.getOrDefault(offset, before);
  }

  private static long header(int number, ByteSource in) {
    in.skip(Integer.BYTES);
    in.varint(); // the series
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
