package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.frames.FrameWriter;
import io.narthex.storage.tsdb.head.HeadChunks.Mapping;
import io.narthex.storage.tsdb.head.HeadChunks.Page;
import io.narthex.storage.tsdb.head.HeadChunks.Place;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of pages of sealed chunks, format 2. A page is written once and forced before it leaves the
 * heap; a checkpoint then refers to it. A file is deleted when neither a checkpoint that is there
 * nor the head needs a page of it.
 *
 * <pre>
 * frames: START, then for each page:
 * PAGE    varint number, zigzag base, varint newest time - base, varint chunks, varint bytes
 * CHUNKS  the bytes of the page, see HeadChunks
 * </pre>
 *
 * Used by one thread at a time, but for {@link #bytesOnDisk}. A process never writes to a file of
 * another one.
 */
public final class ChunkFiles implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ChunkFiles.class);
  static final int PAGE = 1;
  static final int CHUNKS = 2;

  /** Pages of usual size after which a file ends at the latest. */
  static final long FILE_PAGES = 256;

  /** Pages of usual size that a file has at least. */
  private static final long LEAST_FILE_PAGES = 16;

  /** Share of the bytes of all files after which a file ends: it goes as a whole. */
  private static final int FILE_SHARE = 16;

  /** Records are collected up to so many bytes: arrays of a MiB would get regions of the heap. */
  private static final int MANY_BYTES = 256 << 10;

  private static final int PIECE = 64 << 10;

  private final Disk disk;
  private final Path folder;
  private final int pageBytes;
  private long fileBytes; // length at which the newest file ends
  private final Counters counters;
  private final TreeMap<Integer, Long> sizes = new TreeMap<>();
  private final AtomicLong bytesOnDisk = new AtomicLong();
  private final PageScan scan = new PageScan();
  private final CRC32C crc = new CRC32C();

  /** By checkpoint: the files it refers to, with the length that each must have. */
  private final TreeMap<Integer, Map<Integer, Long>> needed = new TreeMap<>();

  /** Checkpoints that may refer to any file. */
  private final Set<Integer> unknown = new HashSet<>();

  private int number; // of the newest file
  private @Nullable FrameWriter writer;
  private boolean named; // whether the folder's entry of the file has been forced

  /** Looks what is there; pages come with {@link #map}. */
  public ChunkFiles(Disk disk, Path folder, int pageBytes, Counters counters) {
    this.disk = disk;
    this.folder = folder;
    this.counters = counters;
    this.pageBytes = pageBytes;
    try {
      for (Path p : disk.list(folder)) {
        int n = Frame.Kind.CHUNKS.number(p.getFileName().toString());
        if (n >= 0) {
          number = Math.max(number, n);
          if (!disk.isDirectory(p)) {
            size(n, disk.size(p));
          }
        }
      }
    } catch (IOException e) {
      throw new StorageException.Failed(folder + ": cannot list: " + e.getMessage(), e);
    }
  }

  private void size(int file, long bytes) {
    Long before = bytes < 0 ? sizes.remove(file) : sizes.put(file, bytes);
    bytesOnDisk.addAndGet(Math.max(0, bytes) - (before == null ? 0 : before));
  }

  public long bytesOnDisk() {
    return bytesOnDisk.get();
  }

  Path path(int file) {
    return folder.resolve(Frame.Kind.CHUNKS.fileName(file));
  }

  // ---- writing ---------------------------------------------------------------------------------

  /** Writes pages that get no more chunks, forces them, and takes them off the heap. */
  void write(List<Page> pages) throws IOException {
    for (int from = 0; from < pages.size(); ) {
      from += writeSome(pages.subList(from, pages.size()));
    }
  }

  /** Writes as many pages as the file has room for; returns how many. */
  private int writeSome(List<Page> pages) throws IOException {
    FrameWriter out = writer == null ? begin() : writer;
    List<Place> places = new ArrayList<>();
    long before = out.length();
    boolean done = false;
    Arena arena = Arena.ofShared();
    try {
      for (Page p : pages) {
        if (out.length() + out.waiting() >= fileBytes) {
          break;
        }
        places.add(write(p, out));
      }
      out.write();
      out.force();
      if (!named) {
        disk.forceDirectory(folder);
        named = true;
      }
      MemorySegment all = disk.map(path(number), arena);
      Mapping mapping = new Mapping(arena, places.size());
      for (int i = 0; i < places.size(); i++) {
        Page p = pages.get(i);
        Place at = places.get(i);
        p.moved(all.asSlice(at.offset(), bytesInFile(p.used)), mapping, at);
        counters.add("mmap_chunks_total", p.chunks);
      }
      done = true;
    } finally {
      if (!done) {
        arena.close();
        abandon(out, before);
      }
    }
    size(number, out.length());
    if (out.length() >= fileBytes) {
      closeQuietly(out);
      writer = null;
    }
    return places.size();
  }

  private FrameWriter begin() throws IOException {
    do {
      number++;
    } while (disk.exists(path(number))); // somebody else's folder
    FrameWriter out = new FrameWriter(disk, path(number), Frame.Kind.CHUNKS, number);
    out.end();
    writer = out;
    named = false;
    fileBytes =
        Math.clamp(
            bytesOnDisk() / FILE_SHARE, LEAST_FILE_PAGES * pageBytes, FILE_PAGES * pageBytes);
    size(number, 0);
    return out;
  }

  private Place write(Page page, FrameWriter out) throws IOException {
    byte[] data = page.data();
    if (data == null) {
      throw new IllegalStateException("page " + page.number + " is in a file already");
    }
    scan.reset(data, page.used, page.number);
    scan.seal();
    ByteSink head = out.begin(PAGE);
    describe(page, head);
    out.end();
    long offset = out.length() + out.waiting() + Frame.HEADER;
    out.begin(CHUNKS).bytes(data, 0, page.used);
    out.end();
    crc.reset();
    crc.update(data, 0, page.used);
    if (out.waiting() >= MANY_BYTES) {
      out.write();
    }
    return new Place(number, offset, (int) crc.getValue());
  }

  private static void describe(Page page, ByteSink out) {
    out.varint(page.number);
    out.zigzag(page.baseMs);
    out.zigzag(page.newestMs - page.baseMs);
    out.varint(page.chunks);
    out.varint(page.used);
  }

  private static Page described(ByteSource in) {
    int page = in.count(Integer.MAX_VALUE);
    long baseMs = in.zigzag();
    long newestMs = baseMs + in.zigzag();
    int chunks = in.count(Integer.MAX_VALUE);
    int used = in.count(Frame.MAX_RECORD);
    if (page == 0) {
      throw new ByteSource.Malformed("page has number 0");
    }
    return new Page(page, used, chunks, baseMs, newestMs);
  }

  /** Returns how many bytes of a file a page takes, with the headers of frames in between. */
  private static long bytesInFile(long used) {
    return used == 0 ? 0 : used + (used - 1) / Frame.MAX_BODY * Frame.HEADER;
  }

  /**
   * Ends a file after a failure: what the kernel has of it can no longer be trusted, so that the
   * pages, which are still on the heap, go to another one. Those from before stay in it.
   */
  private void abandon(FrameWriter out, long length) {
    writer = null;
    try {
      if (length == 0) {
        disk.delete(path(number));
        size(number, -1);
      } else {
        out.cutTo(length);
      }
    } catch (IOException e) {
      log.debug("{}: cannot take back what was written: {}", path(number), e.toString());
    }
    closeQuietly(out);
  }

  private void closeQuietly(FrameWriter out) {
    try {
      out.close();
    } catch (IOException e) {
      log.debug("{}: cannot close: {}", path(number), e.toString());
    }
  }

  @Override
  public void close() {
    FrameWriter out = writer;
    writer = null;
    if (out != null) {
      closeQuietly(out);
    }
  }

  // ---- what a checkpoint refers to -------------------------------------------------------------

  /**
   * Writes which pages a checkpoint refers to: varint file, varint offset, u32 CRC32C of the bytes,
   * the page as in PAGE. Adds the file, with the length it must have.
   */
  static void list(Page page, ByteSink out, Map<Integer, Long> files) {
    Place at = page.place();
    if (at == null) {
      throw new IllegalStateException("page " + page.number + " is in no file");
    }
    out.varint(at.file());
    out.varint(at.offset());
    out.u32(at.crc());
    describe(page, out);
    files.merge(at.file(), at.offset() + bytesInFile(page.used), Math::max);
  }

  /** A page that a checkpoint refers to. */
  record Listed(Page page, Place place) {
    static Listed read(ByteSource in) {
      int file = in.count(Integer.MAX_VALUE);
      long offset = in.varint();
      int sum = in.u32();
      return new Listed(described(in), new Place(file, offset, sum));
    }
  }

  /** The pages that a checkpoint refers to. */
  public static final class Listing {
    /** By their numbers. */
    final TreeMap<Integer, Listed> pages = new TreeMap<>();

    /** Reads a record of them. */
    public void read(ByteSource in) {
      while (in.remaining() > 0) {
        Listed l = Listed.read(in);
        pages.put(l.page().number, l);
      }
    }

    /** Returns how many there are. */
    public int pages() {
      return pages.size();
    }

    /** Returns the files, with the length that each must have. */
    public Map<Integer, Long> files() {
      Map<Integer, Long> files = new TreeMap<>();
      for (Listed l : pages.values()) {
        files.merge(l.place().file(), l.place().offset() + bytesInFile(l.page().used), Math::max);
      }
      return files;
    }
  }

  /** Returns whether files are there, each as long as it must be. */
  public boolean has(Map<Integer, Long> files) {
    return files.entrySet().stream()
        .allMatch(f -> sizes.getOrDefault(f.getKey(), -1L) >= f.getValue());
  }

  /**
   * Keeps files from being deleted as long as a checkpoint is there, or may be.
   *
   * @param checkpoint its number
   * @param files what it refers to, with the length that each must have
   */
  public void keep(int checkpoint, Map<Integer, Long> files) {
    needed.put(checkpoint, Map.copyOf(files));
  }

  /** Keeps all files as long as a checkpoint is there: what it refers to is not known. */
  public void keepAll(int checkpoint) {
    unknown.add(checkpoint);
  }

  /**
   * Deletes the files that neither a checkpoint nor the head needs, once checkpoints before one
   * have been deleted.
   *
   * @param checkpoint the newest one, which is in place and forced
   * @param ofHead the files that pages in the head are in
   */
  public void deleteUnneeded(int checkpoint, Collection<Integer> ofHead) {
    needed.keySet().removeIf(n -> n != checkpoint && !hasCheckpoint(n));
    unknown.removeIf(n -> !hasCheckpoint(n));
    Set<Integer> unneeded = new HashSet<>(sizes.keySet());
    unneeded.removeAll(ofHead);
    needed.values().forEach(files -> unneeded.removeAll(files.keySet()));
    if (writer != null) {
      unneeded.remove(number);
    }
    if (unneeded.isEmpty() || !unknown.isEmpty()) {
      return;
    }
    try {
      disk.forceDirectory(folder); // or a power cut brings a checkpoint back without its files
    } catch (IOException e) {
      log.warn("{}: cannot be forced, files of chunks stay: {}", folder, e.toString());
      return;
    }
    unneeded.forEach(this::delete);
  }

  private boolean hasCheckpoint(int checkpoint) {
    return disk.exists(folder.resolve(Frame.Kind.CHECKPOINT.fileName(checkpoint)));
  }

  private void delete(int file) {
    try {
      disk.delete(path(file));
      size(file, -1);
    } catch (IOException e) {
      log.warn("{}: cannot be deleted, left for the next checkpoint: {}", path(file), e.toString());
    }
  }

  // ---- starting --------------------------------------------------------------------------------

  /** Takes what is damaged. */
  public interface Damage {
    void damaged(Path file, long offset, String reason, MemorySegment bytes);
  }

  /** A page of a file, and which of its chunks are whole: null = all. */
  record Mapped(Page page, @Nullable Set<Integer> whole) {}

  /** Maps the pages that a checkpoint lists; what cannot be used is reported, and left out. */
  List<Mapped> map(Collection<Listed> listed, Damage damage) {
    TreeMap<Integer, List<Listed>> byFile = new TreeMap<>();
    for (Listed l : listed) {
      byFile.computeIfAbsent(l.place().file(), _ -> new ArrayList<>()).add(l);
    }
    List<Mapped> mapped = new ArrayList<>();
    boolean done = false;
    try {
      byFile.forEach((file, pages) -> map(file, pages, mapped, damage));
      done = true;
    } finally {
      if (!done) {
        mapped.forEach(m -> m.page().leave());
      }
    }
    mapped.sort((a, b) -> Integer.compare(a.page().number, b.page().number));
    return mapped;
  }

  private void map(int file, List<Listed> pages, List<Mapped> into, Damage damage) {
    Path path = path(file);
    if (!sizes.containsKey(file)) {
      damage.damaged(path, 0, "is missing, and what it held", MemorySegment.NULL);
      return;
    }
    Arena arena = Arena.ofShared();
    List<Mapped> mapped = new ArrayList<>();
    try {
      MemorySegment all = disk.map(path, arena);
      List<Listed> there = new ArrayList<>();
      for (Listed l : pages) {
        long end = l.place().offset() + bytesInFile(l.page().used);
        if (l.place().offset() < 0 || end > all.byteSize()) {
          damage.damaged(
              path,
              all.byteSize(),
              "page " + l.page().number + " up to byte " + end + " is missing",
              MemorySegment.NULL);
        } else {
          there.add(l);
        }
      }
      Mapping mapping = new Mapping(arena, there.size());
      for (Listed l : there) {
        MemorySegment part = all.asSlice(l.place().offset(), bytesInFile(l.page().used));
        l.page().moved(part, mapping, l.place());
        mapped.add(new Mapped(l.page(), check(path, l, part, damage)));
      }
    } catch (IOException e) {
      // as for a checkpoint: it may be whole, and would be lost for good
      throw new StorageException.Failed(path + ": cannot be mapped: " + e.getMessage(), e);
    } finally {
      if (mapped.isEmpty()) {
        arena.close();
      }
    }
    into.addAll(mapped);
  }

  /** Returns which chunks of a page are whole, null when all are; reports what is not. */
  private @Nullable Set<Integer> check(Path path, Listed l, MemorySegment part, Damage damage) {
    Page page = l.page();
    try {
      crc.reset();
      byte[] piece = new byte[Math.min(PIECE, page.used)];
      for (int at = 0; at < page.used; at += piece.length) {
        int n = Math.min(piece.length, page.used - at);
        page.copy(at, n, piece);
        crc.update(piece, 0, n);
      }
      if ((int) crc.getValue() == l.place().crc()) {
        return null;
      }
      byte[] bytes = new byte[page.used + ChunkCodec.SLACK];
      page.copy(0, page.used, bytes);
      return wholeChunks(path, l, bytes, part, damage);
    } catch (InternalError e) { // an I/O error on a mapped page
      damage.damaged(
          path, l.place().offset(), "cannot be read: " + e.getMessage(), MemorySegment.NULL);
      return Set.of();
    }
  }

  private Set<Integer> wholeChunks(
      Path path, Listed l, byte[] bytes, MemorySegment part, Damage damage) {
    Set<Integer> whole = new HashSet<>();
    scan.reset(bytes, l.page().used, l.page().number);
    int at = 0;
    boolean more = true;
    while (more) {
      more = scan.nextWhole();
      int next = more ? scan.offset() : l.page().used;
      if (next > at) {
        counters.add("mmap_chunk_corruptions_total", 1);
        damage.damaged(
            path,
            l.place().offset() + at,
            (next - at) + " bytes of page " + l.page().number + " hold no whole chunk",
            part.asSlice(at, Math.min(next, part.byteSize()) - at));
      }
      if (more) {
        whole.add(scan.offset());
        at = scan.end();
      }
    }
    return whole;
  }

  /**
   * Finds pages by reading the files, for when the list of a checkpoint is damaged.
   *
   * @param listed those that are known, by their numbers; takes the others
   * @param last number of the last page that the checkpoint refers to
   */
  void find(TreeMap<Integer, Listed> listed, int last) {
    Set<Integer> known = new HashSet<>(listed.keySet());
    for (int file : sizes.keySet()) { // of two pages with a number the one of the later file
      try {
        FrameReader.read(
            disk,
            path(file),
            Frame.Kind.CHUNKS,
            file,
            true,
            new Finder(
                file,
                l -> {
                  if (l.page().number <= last && !known.contains(l.page().number)) {
                    listed.put(l.page().number, l);
                  }
                }));
      } catch (IOException e) {
        log.warn("{}: cannot be read: {}", path(file), e.toString());
      }
    }
  }

  /** Finds the pages of a file. */
  private final class Finder implements FrameReader.Handler {
    private final int file;
    private final Consumer<Listed> found;
    private @Nullable Page announced; // its bytes follow

    Finder(int file, Consumer<Listed> found) {
      this.file = file;
      this.found = found;
    }

    @Override
    public void record(int type, ByteSource body, long offset) {
      Page page = announced;
      announced = type == PAGE ? described(body) : null;
      if (type == CHUNKS && page != null && page.used == body.remaining()) {
        crc.reset();
        crc.update(body.data, body.position, body.remaining());
        found(page, offset, (int) crc.getValue());
      }
    }

    @Override
    public void damage(long offset, long length, String reason, MemorySegment bytes) {
      Page page = announced;
      announced = null;
      if (page != null && length >= Frame.HEADER + bytesInFile(page.used)) {
        found(page, offset, 0); // its chunks tell which of them are whole
      }
    }

    private void found(Page page, long offset, int sum) {
      found.accept(new Listed(page, new Place(file, offset + Frame.HEADER, sum)));
    }
  }

  /**
   * Deletes what no checkpoint refers to: files, and the ends of files, which a killed process has
   * written after it. At the start, when it is known what each refers to.
   */
  public void deleteUnlisted() {
    if (!unknown.isEmpty()) {
      return;
    }
    TreeMap<Integer, Long> ends = new TreeMap<>();
    needed.values().forEach(files -> files.forEach((f, end) -> ends.merge(f, end, Math::max)));
    new TreeMap<>(sizes)
        .forEach((file, size) -> {
          Long end = ends.get(file);
          if (end == null) {
            delete(file);
          } else if (size > end) {
            cut(file, end);
          }
        });
  }

  private void cut(int file, long end) {
    try (DiskFile f = disk.open(path(file))) {
      f.setLength(end);
      size(file, end);
    } catch (IOException e) {
      log.warn("{}: cannot be cut at byte {}: {}", path(file), end, e.toString());
    }
  }
}
