package io.narthex.storage.tsdb.block;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.index.Postings;
import io.narthex.storage.tsdb.index.ValueDictionary;
import io.narthex.storage.tsdb.index.ValueTest;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WalReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.SoftReference;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An immutable block, mapped into memory. Readers {@link #retain} and {@link #release} it; the
 * files are unmapped, and deleted if that has been asked for, when the last one releases it.
 *
 * <p>Only the tombstones change: a delete writes a new file and swaps the map.
 */
public final class Block implements Postings, ValueDictionary.Values {
  /** A look at the value a series has costs about as much as a look at so many values. */
  private static final int LOOK_COST = 8;

  private static final Logger log = LoggerFactory.getLogger(Block.class);
  private static final int SECTIONS = 9;
  private static final int SECTION_ENTRY = 20; // u64 offset, u64 length, u32 CRC32C
  private static final int FOOTER = SECTIONS * SECTION_ENTRY + 4 + 8;
  private static final String TOMBSTONES = "tombstones";

  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Where the values of a label name are: pairs {@code first} to {@code first + count - 1}. */
  record Name(int first, int count, ValueDictionary dictionary) {}

  private final Disk disk;
  public final Path folder;
  public final BlockMeta meta;
  public final long bytes;
  private final Arena arena = Arena.ofShared();
  private final AtomicInteger users = new AtomicInteger(1);
  private final Map<String, Name> names = new LinkedHashMap<>();
  private final int pairCount;
  private final MemorySegment valueOffsets;
  private final MemorySegment values;
  private final MemorySegment seriesOffsets;
  private final MemorySegment series;
  private final MemorySegment postingOffsets;
  private final MemorySegment postings;
  private final MemorySegment chunks;
  private final long indexAddress;
  private volatile boolean deletePending;
  private final AtomicBoolean damaged = new AtomicBoolean();
  private volatile TombstoneMap tombstones;
  private volatile SoftReference<String[]> valueCache = new SoftReference<>(null);

  /** The series that have a label: the index has no list of them, only one for each value. */
  private volatile SoftReference<Map<String, RoaringBitmap>> withCache = new SoftReference<>(null);

  /** Opens a block and checks its index. */
  public Block(Disk disk, Path folder) {
    this.disk = disk;
    this.folder = folder;
    Path indexPath = folder.resolve("index");
    boolean opened = false;
    try {
      MemorySegment index = disk.map(indexPath, arena);
      indexAddress = index.address();
      MemorySegment[] sections = sections(index, indexPath);
      byte[] metaBytes = sections[0].toArray(ValueLayout.JAVA_BYTE);
      meta = BlockMeta.read(new ByteSource(metaBytes, 0, metaBytes.length));
      pairCount = readNames(sections[1], sections[4]);
      valueOffsets = sections[2];
      values = sections[3];
      seriesOffsets = sections[5];
      series = sections[6];
      postingOffsets = sections[7];
      postings = sections[8];
      chunks = disk.map(folder.resolve("chunks"), arena);
      checkMagic(chunks, BlockWriter.CHUNKS_MAGIC, folder.resolve("chunks"));
      tombstones = readTombstones(disk, folder.resolve(TOMBSTONES));
      bytes = Directories.bytesIn(disk, folder);
      opened = true;
    } catch (IOException e) {
      throw new StorageException.Failed("block " + folder + ": cannot open: " + e, e);
    } catch (ByteSource.Malformed e) {
      throw corrupt(indexPath, 0, e.getMessage());
    } catch (InternalError e) { // an I/O error on a mapped page
      throw new StorageException.Failed("block " + folder + ": cannot be read: " + e, e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  private static StorageException.Corrupt corrupt(
      Path path, long offset, @Nullable String problem) {
    return new StorageException.Corrupt(
        path + " at byte " + offset + ": " + problem + "; restore the block from a backup");
  }

  private static void checkMagic(MemorySegment file, byte[] magic, Path path) {
    if (file.byteSize() < magic.length
        || file.asSlice(0, magic.length).mismatch(MemorySegment.ofArray(magic)) >= 0) {
      throw corrupt(path, 0, "not a file of this format");
    }
  }

  private static MemorySegment[] sections(MemorySegment index, Path path) {
    checkMagic(index, BlockWriter.INDEX_MAGIC, path);
    long size = index.byteSize();
    long footerAt = size - FOOTER;
    if (footerAt < BlockWriter.INDEX_MAGIC.length) {
      throw corrupt(path, size, "the file is cut off");
    }
    byte[] footer = index.asSlice(footerAt, FOOTER).toArray(ValueLayout.JAVA_BYTE);
    CRC32C crc = new CRC32C();
    crc.update(footer, 0, SECTIONS * SECTION_ENTRY);
    ByteSource in = new ByteSource(footer, 0, FOOTER);
    MemorySegment[] sections = new MemorySegment[SECTIONS];
    int footerCrc = (int) ByteSink.INT.get(footer, SECTIONS * SECTION_ENTRY);
    MemorySegment end = index.asSlice(size - BlockWriter.INDEX_MAGIC.length);
    if ((int) crc.getValue() != footerCrc
        || end.mismatch(MemorySegment.ofArray(BlockWriter.INDEX_MAGIC)) >= 0) {
      throw corrupt(path, footerAt, "CRC32C of the footer is wrong");
    }
    for (int i = 0; i < SECTIONS; i++) {
      long offset = in.u64();
      long length = in.u64();
      int expected = in.u32();
      if (offset < 0 || length < 0 || offset + length > footerAt) {
        throw corrupt(path, footerAt, "section " + i + " lies outside the file");
      }
      sections[i] = index.asSlice(offset, length);
      crc.reset();
      crc.update(sections[i].asByteBuffer());
      if ((int) crc.getValue() != expected) {
        throw corrupt(path, offset, "CRC32C of section " + i + " is wrong");
      }
    }
    return sections;
  }

  private int readNames(MemorySegment table, MemorySegment transducers) {
    byte[] bytesOfNames = table.toArray(ValueLayout.JAVA_BYTE);
    ByteSource in = new ByteSource(bytesOfNames, 0, bytesOfNames.length);
    int n = in.count(in.remaining());
    int first = 0;
    long at = 0;
    for (int i = 0; i < n; i++) {
      String name = in.text();
      int count = in.count(Integer.MAX_VALUE);
      long length = in.varint();
      names.put(
          name,
          new Name(first, count, new ValueDictionary(this, first, count, transducers, at, length)));
      first += count;
      at += length;
    }
    return first;
  }

  // ---- life cycle ----------------------------------------------------------------------------

  /** Keeps the block readable until {@link #release}. Under the head's state lock. */
  void retain() {
    if (users.getAndIncrement() <= 0) {
      throw new IllegalStateException("block " + folder + ": is closed");
    }
  }

  public void release() {
    if (users.decrementAndGet() == 0) {
      arena.close();
      if (deletePending) {
        try {
          Directories.remove(disk, folder);
        } catch (IOException e) {
          log.warn("block {}: cannot delete, left behind: {}", folder, e.toString());
        }
      }
    }
  }

  /** Has the files deleted when the last reader releases the block. */
  public void deleteWhenReleased() {
    deletePending = true;
  }

  @Override
  public String toString() {
    return "block " + folder;
  }

  /** Returns whether a part of the block cannot be read or merged. */
  public boolean isDamaged() {
    return damaged.get();
  }

  /** Leaves the block out of compaction from now on; queries and retention still use it. */
  public void markDamaged(String problem) {
    if (damaged.compareAndSet(false, true)) {
      log.error(
          "block {}: {}; it is merged no more, and deleted when its time has come",
          folder,
          problem);
    }
  }

  boolean overlaps(long minTimeMs, long maxTimeMs) {
    return meta.minTimeMs() <= maxTimeMs && meta.maxTimeMs() > minTimeMs;
  }

  // ---- labels --------------------------------------------------------------------------------

  Map<String, Name> names() {
    return names;
  }

  int pairCount() {
    return pairCount;
  }

  @Override
  public int compareValue(int pair, byte[] utf8) {
    try {
      return compare(pair, utf8);
    } catch (InternalError e) {
      throw unreadable("the values", pair, e);
    }
  }

  private int compare(int pair, byte[] utf8) {
    long from = valueOffset(pair);
    long to = valueOffset(pair + 1);
    int n = (int) Math.min(to - from, utf8.length);
    for (int i = 0; i < n; i++) {
      int c = (values.get(ValueLayout.JAVA_BYTE, from + i) & 0xff) - (utf8[i] & 0xff);
      if (c != 0) {
        return c;
      }
    }
    return Long.compare(to - from, utf8.length);
  }

  private long valueOffset(int pair) {
    return valueOffsets.get(INT, 4L * pair) & 0xffffffffL;
  }

  @Override
  public String value(int pair) {
    String[] cache = valueCache.get();
    if (cache == null) {
      cache = new String[pairCount];
      valueCache = new SoftReference<>(cache);
    }
    String v = cache[pair];
    if (v == null) {
      try {
        long from = valueOffset(pair);
        byte[] utf8 =
            values.asSlice(from, valueOffset(pair + 1) - from).toArray(ValueLayout.JAVA_BYTE);
        v = new String(utf8, StandardCharsets.UTF_8);
      } catch (InternalError e) {
        throw unreadable("the values", pair, e);
      }
      cache[pair] = v;
    }
    return v;
  }

  @Override
  public RoaringBitmap all() {
    RoaringBitmap all = new RoaringBitmap();
    all.add(0L, meta.series());
    return all;
  }

  @Override
  public int valueCount(String name) {
    Name n = names.get(name);
    return n == null ? 0 : n.count();
  }

  @Override
  public long count(String name, String value) {
    Name n = names.get(name);
    int pair = n == null ? -1 : n.dictionary().find(value);
    if (pair < 0) {
      return 0;
    }
    long from = postingOffsets.get(LONG, 8L * pair);
    int few = postings.get(ValueLayout.JAVA_BYTE, from) & 0xff;
    // a bitmap has two bytes a series at most, so this is at most too small
    return few > 0 ? few : (postingOffsets.get(LONG, 8L * (pair + 1)) - from) / 2;
  }

  @Override
  public RoaringBitmap with(String name) {
    Name n = names.get(name);
    if (n == null) {
      return new RoaringBitmap();
    }
    Map<String, RoaringBitmap> cache = withCache.get();
    if (cache == null) {
      cache = new ConcurrentHashMap<>();
      withCache = new SoftReference<>(cache);
    }
    return cache.computeIfAbsent(name, _ -> joined(n)).clone();
  }

  private RoaringBitmap joined(Name n) {
    RoaringBitmap out = new RoaringBitmap();
    for (int i = 0; i < n.count(); i++) {
      addPostings(n.first() + i, out);
    }
    out.runOptimize();
    return out;
  }

  @Override
  public RoaringBitmap equal(String name, String value) {
    RoaringBitmap out = new RoaringBitmap();
    Name n = names.get(name);
    if (n != null) {
      try {
        int pair = n.dictionary().find(value);
        if (pair >= 0) {
          addPostings(pair, out);
        }
      } catch (InternalError e) {
        throw unreadable("the values", n.first(), e);
      }
    }
    return out;
  }

  @Override
  public RoaringBitmap where(String name, ValueTest test) {
    RoaringBitmap out = new RoaringBitmap();
    Name n = names.get(name);
    if (n != null) {
      try {
        n.dictionary().forEach(test, pair -> addPostings(pair, out));
      } catch (InternalError e) {
        throw unreadable("the values", n.first(), e);
      }
    }
    return out;
  }

  @Override
  public boolean retain(RoaringBitmap candidates, Matcher m) {
    Name n = names.get(m.name());
    int values = n == null ? 0 : n.dictionary().size();
    if (n == null || candidates.getCardinality() * LOOK_COST > values) {
      return false;
    }
    Row row = new Row();
    for (int id : candidates.toArray()) {
      row(id, row);
      String value = "";
      for (int p = 0; p < row.pairCount; p++) {
        if (n.dictionary().contains(row.pairs[p])) {
          value = value(row.pairs[p]);
        }
      }
      if (!m.matches(value)) {
        candidates.remove(id);
      }
    }
    return true;
  }

  /** Returns those of {@code series} that have a pair. */
  RoaringBitmap among(RoaringBitmap series, int pair) {
    RoaringBitmap list = new RoaringBitmap();
    addPostings(pair, list);
    list.and(series);
    return list;
  }

  private void addPostings(int pair, RoaringBitmap out) {
    try {
      readPostings(pair, out);
    } catch (InternalError e) {
      throw unreadable("the postings", pair, e);
    }
  }

  private void readPostings(int pair, RoaringBitmap out) {
    long from = postingOffsets.get(LONG, 8L * pair);
    long to = postingOffsets.get(LONG, 8L * (pair + 1));
    int n = postings.get(ValueLayout.JAVA_BYTE, from) & 0xff;
    if (n == 0) {
      RoaringBitmap list = new RoaringBitmap();
      try {
        list.deserialize(
            postings
                .asSlice(from + 1, to - from - 1)
                .asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN));
      } catch (IOException e) {
        throw corrupt(folder.resolve("index"), from, "postings of pair " + pair + ": " + e);
      }
      out.or(list);
      return;
    }
    byte[] few = postings.asSlice(from + 1, to - from - 1).toArray(ValueLayout.JAVA_BYTE);
    ByteSource in = new ByteSource(few, 0, few.length);
    int last = -1;
    for (int i = 0; i < n; i++) {
      last += in.count(Integer.MAX_VALUE);
      out.add(last);
    }
  }

  /** Returns how many series have a pair. */
  long postingCount(int pair) {
    RoaringBitmap list = new RoaringBitmap();
    addPostings(pair, list);
    return list.getCardinality();
  }

  // ---- series and chunks -----------------------------------------------------------------------

  /** A series as its row says; reused. */
  static final class Row {
    int[] pairs = new int[16];
    int pairCount;
    long[] minMs = new long[4];
    long[] maxMs = new long[4];
    long[] offset = new long[4];
    int[] length = new int[4];
    int chunkCount;
    byte[] bytes = new byte[256];
    final ByteSource in = new ByteSource();
  }

  /** Reads the row of series {@code number}. */
  void row(int number, Row row) {
    try {
      readRow(number, row);
    } catch (InternalError e) {
      throw unreadable("the series", number, e);
    }
  }

  private void readRow(int number, Row row) {
    long from = seriesOffsets.get(LONG, 8L * number);
    int size = (int) (seriesOffsets.get(LONG, 8L * (number + 1)) - from);
    if (row.bytes.length < size) {
      row.bytes = new byte[size * 2];
    }
    MemorySegment.copy(series, ValueLayout.JAVA_BYTE, from, row.bytes, 0, size);
    ByteSource in = row.in;
    in.reset(row.bytes, 0, size);
    int n = in.count(size);
    if (row.pairs.length < n) {
      row.pairs = new int[n * 2];
    }
    int pair = -1;
    for (int i = 0; i < n; i++) {
      pair += in.count(pairCount);
      row.pairs[i] = pair;
    }
    row.pairCount = n;
    int count = in.count(size);
    if (row.minMs.length < count) {
      row.minMs = new long[count * 2];
      row.maxMs = new long[count * 2];
      row.offset = new long[count * 2];
      row.length = new int[count * 2];
    }
    long offset = in.varint();
    long last = 0;
    for (int i = 0; i < count; i++) {
      row.minMs[i] = last + in.zigzag();
      row.maxMs[i] = row.minMs[i] + in.varint();
      row.length[i] = in.count(Integer.MAX_VALUE);
      row.offset[i] = offset;
      offset += row.length[i] + BlockWriter.CHUNK_CRC;
      last = row.maxMs[i];
    }
    row.chunkCount = count;
  }

  /** Returns the labels of a row. */
  Labels labels(Row row) {
    String[] texts = new String[row.pairCount * 2];
    int i = 0;
    int at = 0;
    String[] ordered = orderedNames();
    int[] firsts = firstPairs();
    for (int p = 0; p < row.pairCount; p++) {
      int pair = row.pairs[p];
      while (at + 1 < firsts.length && firsts[at + 1] <= pair) {
        at++;
      }
      texts[i++] = ordered[at];
      texts[i++] = value(pair);
    }
    return Labels.of(texts);
  }

  private @Nullable String @Nullable [] orderedNames;
  private int @Nullable [] firstPairs;

  private synchronized String[] orderedNames() {
    if (orderedNames == null) {
      orderedNames = names.keySet().toArray(new String[0]);
    }
    @SuppressWarnings("NullAway") // no name is null
    String[] result = orderedNames;
    return result;
  }

  private synchronized int[] firstPairs() {
    if (firstPairs == null) {
      firstPairs = names.values().stream().mapToInt(Name::first).toArray();
    }
    return firstPairs;
  }

  /** Returns the name of a pair. */
  String name(int pair) {
    int at = Arrays.binarySearch(firstPairs(), pair);
    return orderedNames()[at < 0 ? -at - 2 : at];
  }

  /** Scratch memory for reading chunks. */
  static final class ChunkReader {
    private byte[] bytes = new byte[1024];
    private final ByteSource in = new ByteSource();
    private final CRC32C crc = new CRC32C();
    private final ChunkCodec codec = new ChunkCodec();
  }

  /** Reads chunk {@code i} of a row. */
  void readChunk(Row row, int i, ChunkReader reader, ChunkRows out) {
    int length = row.length[i];
    long offset = row.offset[i];
    if (offset < 0 || offset + length + BlockWriter.CHUNK_CRC > chunks.byteSize()) {
      throw damagedChunk(offset, "a chunk lies outside the file");
    }
    if (reader.bytes.length < length + ChunkCodec.SLACK) {
      reader.bytes = new byte[length * 2 + ChunkCodec.SLACK];
    }
    int expected;
    try {
      MemorySegment.copy(chunks, ValueLayout.JAVA_BYTE, offset, reader.bytes, 0, length);
      expected = chunks.get(INT, offset + length);
    } catch (InternalError e) { // an I/O error on a mapped page
      throw damagedChunk(offset, "cannot be read: " + e.getMessage());
    }
    reader.crc.reset();
    reader.crc.update(reader.bytes, 0, length);
    if ((int) reader.crc.getValue() != expected) {
      throw damagedChunk(
          offset,
          "CRC32C is "
              + Integer.toHexString((int) reader.crc.getValue())
              + ", expected "
              + Integer.toHexString(expected));
    }
    reader.in.reset(reader.bytes, 0, length);
    try {
      reader.codec.read(reader.in, 0, out);
    } catch (ByteSource.Malformed e) {
      throw damagedChunk(offset, e.getMessage());
    }
  }

  /** Turns what the JVM makes of an I/O error on a mapped page into damage. */
  private StorageException.Corrupt unreadable(String part, int number, InternalError e) {
    String problem = part + ", entry " + number + ", cannot be read: " + e.getMessage();
    markDamaged("index: " + problem);
    return corrupt(folder.resolve("index"), sectionOffset(part), problem);
  }

  private long sectionOffset(String part) {
    MemorySegment section =
        switch (part) {
          case "the values" -> values;
          case "the postings" -> postings;
          default -> series;
        };
    return section.address() - indexAddress;
  }

  private StorageException.Corrupt damagedChunk(long offset, @Nullable String problem) {
    StorageException.Corrupt e = corrupt(folder.resolve("chunks"), offset, problem);
    markDamaged("chunks at byte " + offset + ": " + problem);
    return e;
  }

  // ---- tombstones ------------------------------------------------------------------------------

  public TombstoneMap tombstones() {
    return tombstones;
  }

  private static TombstoneMap readTombstones(Disk disk, Path path) {
    TombstoneMap map = new TombstoneMap();
    if (disk.exists(path)) {
      WalReader.End end = WalReader.read(disk, path, (_, in) -> TombstoneRecord.read(in, map));
      if (end.problem() != null) {
        throw corrupt(path, end.offset(), end.problem());
      }
    }
    return map;
  }

  /** Hides samples for good; {@code fresh} has series numbers of this block. */
  public void delete(TombstoneMap fresh) throws IOException {
    TombstoneMap merged = tombstones.copy();
    fresh.forEach((id, ranges) -> {
      for (int i = 0; i < ranges.length; i += 2) {
        merged.add(id, ranges[i], ranges[i + 1]);
      }
    });
    ByteSink out = new ByteSink(1024);
    out.bytes(Wal.MAGIC, 0, Wal.MAGIC.length);
    int start = out.size;
    out.u64(0);
    out.u8(TombstoneRecord.TYPE);
    TombstoneRecord.write(merged, out);
    Wal.frame(out, start, new CRC32C());
    Directories.write(disk, folder.resolve(TOMBSTONES), out.data, out.size);
    tombstones = merged;
  }

  /** Returns the series among {@code ids} whose chunks pass the test on the row. */
  static boolean anyChunk(Row row, long minTimeMs, long maxTimeMs) {
    for (int i = 0; i < row.chunkCount; i++) {
      if (row.minMs[i] <= maxTimeMs && row.maxMs[i] >= minTimeMs) {
        return true;
      }
    }
    return false;
  }

  /** Calls the test with the pairs of a row until it says stop. */
  static void forEachPair(Row row, IntPredicate more) {
    for (int i = 0; i < row.pairCount; i++) {
      if (!more.test(row.pairs[i])) {
        return;
      }
    }
  }
}
