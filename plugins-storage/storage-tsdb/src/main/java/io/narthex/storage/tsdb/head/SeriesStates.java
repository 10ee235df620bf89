package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import io.narthex.storage.tsdb.head.SeriesPage.HistogramTail;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * What a checkpoint holds of series apart from their chunks in files, whose number does not depend
 * on how many samples there are. One page of series at a time is captured as columns; nothing but
 * open rows is encoded or decoded. Holds scratch memory.
 *
 * <pre>
 * body of a record of states: zigzag base of tails, varint number of the last page of chunks that
 * the checkpoint refers to, then for each series:
 *   varint id - id before (the first: id) | u8 parts
 *   1 BORN    zigzag time of its first sample - base
 *   2 NEWEST  zigzag time of its newest sample - base
 *   4 VALUE   u64 newest value; without it, it is that of the last open row
 *   8 CHUNK   varint last page - page of its newest chunk, varint offset
 *   16 TAIL   varint length, tail, see Tail
 *   32 OPEN   varint length, chunk of its open rows
 *
 * body of a record of labels, see LabelNumbers, for each series:
 *   zigzag id - id before - 1 (the first: before = -1) | labels
 * body of a packed record of states, of the same series: as above, but for the parts
 *   1 BORN    zigzag time - that of the series before (the first: base)
 *   2 NEWEST  the same
 *   8 CHUNK   zigzag page - that of the series before (the first: last page), zigzag the same of
 *             the offset (the first: 0)
 *   16 TAIL   varint chunks, each as SharedBytes of the chunk in its place
 *   32 OPEN   as SharedBytes
 * </pre>
 */
public final class SeriesStates {
  private static final int BORN = 1;
  private static final int NEWEST = 2;
  private static final int VALUE = 4;
  private static final int CHUNK = 8;
  private static final int TAIL = 16;
  private static final int OPEN = 32;

  private static final HeadIndex.Pair[] NONE = {};

  private final Head head;
  private final int lastPosition;
  private final ChunkCodec codec = new ChunkCodec();
  private final ByteSink chunk = new ByteSink(512);
  private final ByteSource in = new ByteSource();
  private final HeadChunks.Scratch scratch = new HeadChunks.Scratch();
  private final ChunkRows rows = new ChunkRows();
  private final List<Long> references = new ArrayList<>();
  private final SharedBytes[] shared = sharedBytes();
  private final Before before = new Before();

  // what was captured
  private HeadChunks.@Nullable Page[] pages = new HeadChunks.Page[0];
  private int size;
  private final int[] ids = new int[SeriesPage.SIZE];
  private final HeadIndex.Pair[][] pairs = new HeadIndex.Pair[SeriesPage.SIZE][];
  private final SeriesPage columns = new SeriesPage(0);
  private final @Nullable ChunkRows[] waiting = new ChunkRows[SeriesPage.SIZE];
  private final @Nullable NativeHistogram[] newest = new NativeHistogram[SeriesPage.SIZE];

  /**
   * Creates one for a checkpoint.
   *
   * @param lastPosition of the pages of chunks that it refers to, see {@link Head#endPage}
   */
  public SeriesStates(Head head, int lastPosition) {
    this.head = head;
    this.lastPosition = lastPosition;
  }

  /**
   * Writes the pages that the checkpoint refers to; returns the files they are in, with the length
   * that each must have.
   */
  public Map<Integer, Long> list(int ofRecord, Records out) {
    Map<Integer, Long> files = new TreeMap<>();
    List<HeadChunks.Page> listed = listed();
    for (int from = 0; from < listed.size(); from += ofRecord) {
      ByteSink body = out.begin();
      for (HeadChunks.Page p : listed.subList(from, Math.min(listed.size(), from + ofRecord))) {
        ChunkFiles.list(p, body, files);
      }
      out.end();
    }
    return files;
  }

  private List<HeadChunks.Page> listed() {
    List<HeadChunks.Page> listed = new ArrayList<>();
    HeadChunks.@Nullable Page[] all = head.chunks().snapshot();
    for (int i = 0; i < lastPosition; i++) {
      HeadChunks.Page p = all[i];
      if (p != null) {
        listed.add(p);
      }
    }
    return listed;
  }

  /** Returns how many pages the checkpoint refers to. */
  public int pages() {
    return listed().size();
  }

  /** Returns the number of the last page that the checkpoint refers to. */
  public int lastPage() {
    return head.chunks().base() + lastPosition;
  }

  // ---- capturing -------------------------------------------------------------------------------

  /**
   * Captures the series of a page. Under the head's state read lock.
   *
   * @param page position of the page
   */
  public void capture(int page) {
    size = 0;
    SeriesPage from = head.page(page << SeriesPage.BITS);
    if (from == null) {
      return;
    }
    pages = head.chunks().snapshot();
    columns.tailBaseMs = from.tailBaseMs;
    int n = SeriesPage.SIZE;
    System.arraycopy(from.bornMs, 0, columns.bornMs, 0, n);
    System.arraycopy(from.newestMs, 0, columns.newestMs, 0, n);
    System.arraycopy(from.newestValue, 0, columns.newestValue, 0, n);
    System.arraycopy(from.chunk, 0, columns.chunk, 0, n);
    System.arraycopy(from.tail, 0, columns.tail, 0, n);
    columns.open.copy(from.open);
    for (int slot = 0; slot < SeriesPage.SIZE; slot++) {
      HeadIndex.Pair[] labels = from.pairs[slot];
      if (labels != null) {
        ids[size] = from.firstId | slot;
        pairs[size] = labels;
        HistogramTail tail = from.histogramTail(slot);
        newest[size] = tail == null ? null : tail.newest;
        waiting[size] = tail == null || tail.rows.size == 0 ? null : copy(tail.rows);
        size++;
      }
    }
  }

  private static ChunkRows copy(ChunkRows from) {
    ChunkRows copy = new ChunkRows();
    copy.clear(true);
    for (int i = 0; i < from.size; i++) {
      copy.add(from, i);
    }
    return copy;
  }

  /** Returns how many series were captured. */
  public int size() {
    return size;
  }

  public int id(int i) {
    return ids[i];
  }

  public Labels labels(int i) {
    return HeadIndex.labels(pairs[i]);
  }

  // ---- writing ---------------------------------------------------------------------------------

  /** Writes the states of captured series. */
  public void write(int from, int to, ByteSink out) {
    long baseMs = columns.tailBaseMs;
    out.zigzag(baseMs);
    out.varint(lastPage());
    int before = 0;
    for (int i = from; i < to; i++) {
      out.varint(ids[i] - before);
      before = ids[i];
      write(ids[i] & SeriesPage.MASK, baseMs, out);
    }
  }

  private void write(int slot, long baseMs, ByteSink out) {
    int partsAt = out.size;
    out.u8(0);
    int parts = 0;
    if (columns.bornMs[slot] != SeriesPage.NEVER) {
      parts |= BORN;
      out.zigzag(columns.bornMs[slot] - baseMs);
    }
    if (columns.newestMs[slot] != SeriesPage.NEVER) {
      parts |= NEWEST;
      out.zigzag(columns.newestMs[slot] - baseMs);
      if (columns.open.count(slot) == 0) {
        parts |= VALUE;
        out.u64(Double.doubleToRawLongBits(columns.newestValue[slot]));
      }
    }
    long reference = listedChunk(slot);
    if (HeadChunks.exists(pages, reference)) {
      parts |= CHUNK;
      out.varint(lastPosition - HeadChunks.position(reference));
      out.varint((int) reference);
    }
    byte[] tail = columns.tail[slot];
    if (tail != null) {
      parts |= TAIL;
      out.varint(tail.length);
      out.bytes(tail, 0, tail.length);
    }
    if (columns.open.count(slot) > 0) {
      parts |= OPEN;
      columns.open.read(slot, in, rows);
      chunk.clear();
      codec.write(rows, 0, rows.size, baseMs, chunk);
      out.varint(chunk.size);
      out.bytes(chunk.data, 0, chunk.size);
    }
    out.data[partsAt] = (byte) parts;
  }

  /** Places of chunks: those of a tail, and open rows. */
  private static SharedBytes[] sharedBytes() {
    SharedBytes[] all = new SharedBytes[Tail.MOST_READ + 1];
    for (int i = 0; i < all.length; i++) {
      all[i] = new SharedBytes();
    }
    return all;
  }

  /** Writes the labels of captured series. */
  public void writeLabels(int from, int to, LabelNumbers numbers, ByteSink out) {
    int idBefore = -1;
    HeadIndex.Pair[] last = NONE;
    for (int i = from; i < to; i++) {
      out.zigzag((long) ids[i] - idBefore - 1);
      idBefore = ids[i];
      numbers.write(pairs[i], last, out);
      last = pairs[i];
    }
  }

  /** Writes the states of captured series in fewer bytes than {@link #write} does. */
  public void writePacked(int from, int to, ByteSink out) {
    long baseMs = columns.tailBaseMs;
    out.zigzag(baseMs);
    out.varint(lastPage());
    int idBefore = 0;
    for (SharedBytes s : shared) {
      s.clear();
    }
    before.begin(baseMs, lastPosition);
    for (int i = from; i < to; i++) {
      out.varint(ids[i] - idBefore);
      idBefore = ids[i];
      writePacked(ids[i] & SeriesPage.MASK, baseMs, out);
    }
  }

  private void writePacked(int slot, long baseMs, ByteSink out) {
    int partsAt = out.size;
    out.u8(0);
    int parts = 0;
    if (columns.bornMs[slot] != SeriesPage.NEVER) {
      parts |= BORN;
      out.zigzag(columns.bornMs[slot] - before.bornMs);
      before.bornMs = columns.bornMs[slot];
    }
    if (columns.newestMs[slot] != SeriesPage.NEVER) {
      parts |= NEWEST;
      out.zigzag(columns.newestMs[slot] - before.newestMs);
      before.newestMs = columns.newestMs[slot];
      if (columns.open.count(slot) == 0) {
        parts |= VALUE;
        out.u64(Double.doubleToRawLongBits(columns.newestValue[slot]));
      }
    }
    long reference = listedChunk(slot);
    if (HeadChunks.exists(pages, reference)) {
      parts |= CHUNK;
      out.zigzag(HeadChunks.position(reference) - before.position);
      out.zigzag((long) (int) reference - before.offset);
      before.position = HeadChunks.position(reference);
      before.offset = (int) reference;
    }
    byte[] tail = columns.tail[slot];
    if (tail != null) {
      parts |= TAIL;
      out.varint(tail[0]);
      in.reset(tail, 1, tail.length);
      for (int k = 0; k < tail[0]; k++) {
        int n = in.count(in.remaining());
        shared[k].write(tail, in.position, n, out);
        in.skip(n);
      }
    }
    if (columns.open.count(slot) > 0) {
      parts |= OPEN;
      columns.open.read(slot, in, rows);
      chunk.clear();
      codec.write(rows, 0, rows.size, baseMs, chunk);
      shared[Tail.MOST_READ].write(chunk.data, 0, chunk.size, out);
    }
    out.data[partsAt] = (byte) parts;
  }

  /** What the times and the chunk of a series are relative to. */
  private static final class Before {
    private long bornMs;
    private long newestMs;
    private int position;
    private int offset;

    void begin(long baseMs, int lastPosition) {
      bornMs = baseMs;
      newestMs = baseMs;
      position = lastPosition;
      offset = 0;
    }
  }

  /** Returns the newest chunk of a series that the checkpoint refers to, if there is one. */
  private long listedChunk(int slot) {
    long reference = columns.chunk[slot];
    while (HeadChunks.position(reference) > lastPosition) {
      reference = before(reference);
    }
    return reference;
  }

  private long before(long reference) {
    return HeadChunks.exists(pages, reference) ? HeadChunks.open(pages, reference, in, scratch) : 0;
  }

  /** Takes a chunk; its bytes are in the source. */
  public interface Chunks {
    void chunk(long baseMs, ByteSource bytes);
  }

  /** Gives the chunks of a series in pages behind those that the checkpoint refers to. */
  public void chunksBehind(int i, Chunks into) {
    references.clear();
    long reference = columns.chunk[ids[i] & SeriesPage.MASK];
    while (HeadChunks.position(reference) > lastPosition) {
      references.add(reference);
      reference = before(reference);
    }
    for (long r : references.reversed()) {
      HeadChunks.open(pages, r, in, scratch);
      into.chunk(HeadChunks.baseMs(pages, r), in);
    }
  }

  /** Returns the histograms of a series that wait to be sealed, null = none. */
  public @Nullable ChunkRows waiting(int i) {
    return waiting[i];
  }

  /** Returns the newest histogram of a series when it does not wait, null = there is none. */
  public @Nullable NativeHistogram newestSealed(int i) {
    return waiting[i] == null ? newest[i] : null;
  }

  /** Returns the time of the newest sample of a series. */
  public long newestMs(int i) {
    return columns.newestMs[ids[i] & SeriesPage.MASK];
  }

  // ---- reading ---------------------------------------------------------------------------------

  /** Reads the states of series that the head knows by their labels. */
  public static final class Reader {
    private final Head head;
    private final List<ChunkFiles.Mapped> mapped;
    private final @Nullable RoaringBitmap earlier;
    private @Nullable ChunkChains chains; // null = no damage has been found
    private final SeriesPage unknown = new SeriesPage(0);
    private final SharedBytes[] shared = sharedBytes();
    private final Before before = new Before();
    private final ByteSink scratch = new ByteSink(512);
    private final ByteSource openBytes = new ByteSource();
    private final byte[] openScratch = new byte[OpenRows.MOST_BYTES];
    private final ChunkCodec codec = new ChunkCodec();
    private final ChunkRows rows = new ChunkRows();

    /**
     * Creates one.
     *
     * @param mapped the pages of chunks, which the head has taken
     * @param damaged whether some of the chunks are damaged or missing
     * @param earlier ids that chunks have an earlier owner of; null = not known
     */
    Reader(
        Head head,
        List<ChunkFiles.Mapped> mapped,
        boolean damaged,
        @Nullable RoaringBitmap earlier) {
      this.head = head;
      this.mapped = mapped;
      this.earlier = earlier;
      chains = damaged ? ChunkChains.join(head.chunks(), mapped, earlier) : null;
    }

    /** Reads a record. */
    public void read(ByteSource in) {
      long baseMs = in.zigzag();
      int last = in.count(Integer.MAX_VALUE);
      int id = 0;
      while (in.remaining() > 0) {
        id = Math.addExact(id, in.count(Integer.MAX_VALUE - 1 - id));
        read(in, pageOf(id), id, baseMs, last - head.chunks().base());
      }
    }

    /** Reads a record that {@link #writePacked} wrote. */
    public void readPacked(ByteSource in) {
      long baseMs = in.zigzag();
      int lastPosition = in.count(Integer.MAX_VALUE) - head.chunks().base();
      for (SharedBytes s : shared) {
        s.clear();
      }
      before.begin(baseMs, lastPosition);
      int id = 0;
      while (in.remaining() > 0) {
        id = Math.addExact(id, in.count(Integer.MAX_VALUE - 1 - id));
        readPacked(in, pageOf(id), id, baseMs);
      }
    }

    /** Returns the page of a series, or one that nobody reads when its labels are damaged. */
    private SeriesPage pageOf(int id) {
      SeriesPage page = known(id);
      if (page == null) {
        head.counters.add("wal_replay_unknown_refs_total", 1);
        page = unknown;
        page.tailBaseMs = SeriesPage.NEVER;
      }
      return page;
    }

    private void readPacked(ByteSource in, SeriesPage page, int id, long baseMs) {
      int slot = id & SeriesPage.MASK;
      int parts = parts(in, id);
      if ((parts & BORN) != 0) {
        before.bornMs += in.zigzag();
        page.bornMs[slot] = before.bornMs;
      }
      if ((parts & NEWEST) != 0) {
        before.newestMs += in.zigzag();
        page.newestMs[slot] = before.newestMs;
      }
      if ((parts & VALUE) != 0) {
        page.newestValue[slot] = Double.longBitsToDouble(in.u64());
      }
      if ((parts & CHUNK) != 0) {
        before.position += (int) in.zigzag();
        before.offset += (int) in.zigzag();
        useChunk(page, id, before.position, before.offset);
      }
      if ((parts & TAIL) != 0) {
        int chunks = in.count(Tail.MOST_READ);
        scratch.clear();
        scratch.u8(chunks);
        for (int k = 0; k < chunks; k++) {
          shared[k].read(in);
          scratch.varint(shared[k].size);
          scratch.bytes(shared[k].bytes, 0, shared[k].size);
        }
        useTail(page, slot, baseMs, Arrays.copyOf(scratch.data, scratch.size));
      }
      if ((parts & OPEN) != 0) {
        SharedBytes open = shared[Tail.MOST_READ];
        open.read(in);
        openBytes.reset(open.bytes, 0, open.size);
        readOpenRows(openBytes, page, slot, baseMs);
      }
      if ((parts & NEWEST) != 0 && page != unknown) {
        head.coverRestored(page.newestMs[slot]);
      }
    }

    private static int parts(ByteSource in, int id) {
      int parts = in.u8();
      if (parts >= OPEN << 1) {
        throw new ByteSource.Malformed("series " + id + " has parts " + parts);
      }
      return parts;
    }

    private void useChunk(SeriesPage page, int id, int position, int offset) {
      if (offset < 0) {
        throw new ByteSource.Malformed("chunk at byte " + offset);
      }
      long reference = HeadChunks.reference(position, offset);
      page.chunk[id & SeriesPage.MASK] =
          chains == null || chains.isWhole(reference) ? reference : chains.newest(id);
    }

    private void read(ByteSource in, SeriesPage page, int id, long baseMs, int lastPosition) {
      int slot = id & SeriesPage.MASK;
      int parts = parts(in, id);
      if ((parts & BORN) != 0) {
        page.bornMs[slot] = baseMs + in.zigzag();
      }
      if ((parts & NEWEST) != 0) {
        page.newestMs[slot] = baseMs + in.zigzag();
      }
      if ((parts & VALUE) != 0) {
        page.newestValue[slot] = Double.longBitsToDouble(in.u64());
      }
      if ((parts & CHUNK) != 0) {
        long reference =
            HeadChunks.reference(
                lastPosition - in.count(Integer.MAX_VALUE), in.count(Integer.MAX_VALUE));
        page.chunk[slot] =
            chains == null || chains.isWhole(reference) ? reference : chains.newest(id);
      }
      if ((parts & TAIL) != 0) {
        readTail(in, page, slot, baseMs);
      }
      if ((parts & OPEN) != 0) {
        readOpen(in, page, slot, baseMs);
      }
      if ((parts & NEWEST) != 0 && page != unknown) {
        head.coverRestored(page.newestMs[slot]);
      }
    }

    private static void readTail(ByteSource in, SeriesPage page, int slot, long baseMs) {
      byte[] tail = new byte[in.count(in.remaining())];
      System.arraycopy(in.data, in.position, tail, 0, tail.length);
      in.skip(tail.length);
      useTail(page, slot, baseMs, tail);
    }

    private static void useTail(SeriesPage page, int slot, long baseMs, byte[] tail) {
      if (tail.length == 0 || tail[0] <= 0 || tail[0] > Tail.MOST_READ) {
        throw new ByteSource.Malformed("a tail of " + tail.length + " bytes is none");
      }
      if (page.tailBaseMs == SeriesPage.NEVER) {
        page.tailBaseMs = baseMs;
      } else if (page.tailBaseMs != baseMs) {
        throw new ByteSource.Malformed("tails of a page have several bases");
      }
      page.tail[slot] = tail;
    }

    private void readOpen(ByteSource in, SeriesPage page, int slot, long baseMs) {
      int end = in.count(in.remaining());
      int limit = in.limit;
      end += in.position;
      in.limit = end;
      readOpenRows(in, page, slot, baseMs);
      in.position = end;
      in.limit = limit;
    }

    private void readOpenRows(ByteSource in, SeriesPage page, int slot, long baseMs) {
      codec.read(in, baseMs, rows);
      int n = rows.size;
      if (rows.isHistogram) {
        throw new ByteSource.Malformed("open rows are histograms");
      }
      long[] times = rows.timesMs;
      boolean fit = n <= SeriesPage.ROWS;
      for (int i = 1; i < n; i++) {
        fit &= times[i] > times[i - 1] && times[i] - times[0] >= 0; // or too far for a long
      }
      if (!fit || times[n - 1] - times[0] > Integer.MAX_VALUE) {
        throw new ByteSource.Malformed(n + " open rows are too many, or out of order");
      }
      page.open.set(slot, rows, openScratch);
      page.newestMs[slot] = times[n - 1];
      page.newestValue[slot] = rows.values[n - 1];
    }

    /** Takes histograms that waited to be sealed. */
    public void histograms(int id, ChunkRows waited) {
      SeriesPage page = known(id);
      if (page == null || !waited.isHistogram || waited.size == 0) {
        return;
      }
      HistogramTail tail = page.createHistogramTail(id & SeriesPage.MASK);
      for (int i = 0; i < waited.size; i++) {
        NativeHistogram h = waited.histograms()[i];
        tail.rows.add(waited, i);
        tail.newest = h;
        tail.bytes += SampleBytes.of(h);
      }
      noteTimes(page, id & SeriesPage.MASK, waited);
    }

    /** Takes the newest histogram, which is in a chunk, too. */
    public void newest(int id, ChunkRows one) {
      SeriesPage page = known(id);
      if (page != null && one.isHistogram && one.size == 1) {
        page.createHistogramTail(id & SeriesPage.MASK).newest = one.histograms()[0];
      }
    }

    /** Takes a chunk that is newer than those in files. */
    public void sealed(int id, ChunkRows ofChunk) {
      SeriesPage page = known(id);
      if (page != null && ofChunk.size > 0) {
        head.seal(page, id & SeriesPage.MASK, ofChunk);
        noteTimes(page, id & SeriesPage.MASK, ofChunk);
      }
    }

    private @Nullable SeriesPage known(int id) {
      SeriesPage page = head.page(id);
      return page == null || page.pairs[id & SeriesPage.MASK] == null ? null : page;
    }

    /** For when the record of the series' state is damaged. */
    private void noteTimes(SeriesPage page, int slot, ChunkRows of) {
      if (page.bornMs[slot] == SeriesPage.NEVER) {
        page.bornMs[slot] = of.timesMs[0];
      }
      if (page.newestMs[slot] < of.timesMs[of.size - 1]) {
        page.newestMs[slot] = of.timesMs[of.size - 1];
        page.newestValue[slot] = of.values[of.size - 1];
        head.coverRestored(page.newestMs[slot]);
      }
    }

    /**
     * Gives series whose state is lost the chunks that are in files. For when a checkpoint is
     * damaged.
     */
    public void useChunksOfLostStates() {
      head.settle();
      ChunkChains all = chains == null ? ChunkChains.join(head.chunks(), mapped, earlier) : chains;
      chains = all;
      ByteSource in = new ByteSource();
      HeadChunks.Scratch scratch = new HeadChunks.Scratch();
      HeadChunks.@Nullable Page[] pages = head.chunks().snapshot();
      for (int id = 0; id < head.nextId(); id++) {
        SeriesPage page = known(id);
        int slot = id & SeriesPage.MASK;
        long reference = all.newest(id);
        if (page == null || page.newestMs[slot] != SeriesPage.NEVER || reference == 0) {
          continue;
        }
        page.chunk[slot] = reference;
        HeadChunks.open(pages, reference, in, scratch);
        codec.read(in, HeadChunks.baseMs(pages, reference), rows);
        noteTimes(page, slot, rows);
        if (rows.isHistogram) {
          page.createHistogramTail(slot).newest = rows.histograms()[rows.size - 1];
        }
        while (HeadChunks.exists(pages, reference)) {
          long before = HeadChunks.open(pages, reference, in, scratch);
          page.bornMs[slot] = ChunkCodec.firstTime(in, HeadChunks.baseMs(pages, reference));
          reference = before;
        }
      }
    }
  }
}
