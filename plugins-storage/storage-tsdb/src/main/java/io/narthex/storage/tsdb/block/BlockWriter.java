package io.narthex.storage.tsdb.block;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.index.ValueDictionary;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.select.SeriesSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Writes a block into a temporary folder and gives it its name when it is whole. Series come in
 * label order; their numbers are that order, so lists of series are sorted by label for free.
 * Confined to one thread.
 */
public final class BlockWriter implements AutoCloseable {
  static final byte[] CHUNKS_MAGIC = {'N', 'X', 'C', 'H', 'N', 'K', 0, 1};
  static final byte[] INDEX_MAGIC = {'N', 'X', 'I', 'N', 'D', 'X', 0, 1};
  static final int SMALL_POSTINGS = 16;
  static final int CHUNK_CRC = 4;

  private final @Nullable Counters counters;
  private final BooleanSupplier stop;
  private final Disk disk;
  private final Path blocks;
  private final Path temporary;
  private final Path target;
  private @Nullable Path unfinished; // has its name, but may lose it with the power
  private final Buffered chunkOut;
  private long chunkOffset = CHUNKS_MAGIC.length;
  private final CRC32C crc = new CRC32C();
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows collected = new ChunkRows();
  private final ByteSink chunk = new ByteSink(4096);
  private final ByteSink crcBytes = new ByteSink(8);

  // the dictionary while series come in: numbers in order of appearance
  private final Map<String, Map<String, Integer>> names = new TreeMap<>(Labels::compareCodePoints);
  private int pairs;

  // series rows with these numbers, see addSeries
  private final ByteSink rows = new ByteSink(1 << 16);
  private final ByteSink chunkList = new ByteSink(256);
  private int chunkCount;
  private long firstChunkOffset;
  private long lastMaxMs;
  private int series;
  private long chunks;
  private long floats;
  private long histograms;

  /** Thrown when a writer has been asked to give up. */
  public static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;

    Stopped(Path block) {
      super(block + ": given up, the database closes", null, false, false);
    }
  }

  /**
   * Creates a writer of a new block.
   *
   * @param counters notes the chunks, for a block of the head; else null
   * @param stop asked at each series, and while the index is written, whether to give up
   */
  public BlockWriter(
      Disk disk, Path blocks, String id, @Nullable Counters counters, BooleanSupplier stop)
      throws IOException {
    this.disk = disk;
    this.blocks = blocks;
    this.counters = counters;
    this.stop = stop;
    temporary = blocks.resolve(id + Directories.TEMPORARY);
    target = blocks.resolve(id);
    disk.createDirectories(temporary);
    try {
      chunkOut = new Buffered(disk.create(temporary.resolve("chunks")));
    } catch (IOException e) {
      Directories.deleteTree(disk, temporary);
      throw e;
    }
    chunkOut.write(CHUNKS_MAGIC, 0, CHUNKS_MAGIC.length);
  }

  private void checkGoesOn() {
    if (stop.getAsBoolean()) {
      throw new Stopped(target);
    }
  }

  /** Collects small writes. */
  private static final class Buffered implements AutoCloseable {
    private static final int BYTES = 1 << 20;
    private final DiskFile file;
    private final ByteSink buffer = new ByteSink(64 << 10);

    Buffered(DiskFile file) {
      this.file = file;
    }

    void write(byte[] bytes, int from, int length) throws IOException {
      if (buffer.size + length > BYTES) {
        flush();
      }
      if (length > BYTES) {
        file.write(bytes, from, length);
      } else {
        buffer.bytes(bytes, from, length);
      }
    }

    private void flush() throws IOException {
      file.write(buffer.data, 0, buffer.size);
      buffer.clear();
    }

    void force() throws IOException {
      flush();
      file.force();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /** Adds all series of a source. */
  public void addAll(SeriesSource source) throws IOException {
    source.nextSeries();
    while (source.isOnSeries()) {
      while (source.nextRows()) {
        add(source.rows);
      }
      endSeries(source.labels());
      source.nextSeries();
    }
  }

  /** Takes rows of the series that {@link #endSeries} will name, newer than those before. */
  public void add(ChunkRows more) throws IOException {
    if (collected.isHistogram != more.isHistogram) {
      flush();
      collected.clear(more.isHistogram);
    }
    for (int i = 0; i < more.size; i++) {
      collected.add(more, i);
      if (collected.isFull()) {
        flush();
      }
    }
  }

  private void flush() throws IOException {
    for (int from = 0; from < collected.size; ) {
      int n = ChunkCodec.sameLayout(collected, from);
      chunk.clear();
      codec.write(collected, from, n, 0, chunk);
      long min = collected.timesMs[from];
      long max = collected.timesMs[from + n - 1];
      if (chunkCount == 0) {
        firstChunkOffset = chunkOffset;
        chunkList.zigzag(min);
      } else {
        chunkList.zigzag(min - lastMaxMs);
      }
      chunkList.varint(max - min);
      chunkList.varint(chunk.size);
      lastMaxMs = max;
      chunkCount++;
      crc.reset();
      crc.update(chunk.data, 0, chunk.size);
      crcBytes.clear();
      crcBytes.u32((int) crc.getValue());
      chunkOut.write(chunk.data, 0, chunk.size);
      chunkOut.write(crcBytes.data, 0, CHUNK_CRC);
      chunkOffset += chunk.size + CHUNK_CRC;
      if (counters != null) {
        counters.chunkCompacted(max - min, n, chunk.size);
      }
      if (collected.isHistogram) {
        histograms += n;
      } else {
        floats += n;
      }
      from += n;
    }
    collected.reset();
  }

  /**
   * Ends a series; one without rows is left out.
   *
   * @throws Stopped when the writer has to give up
   */
  public void endSeries(Labels labels) throws IOException {
    checkGoesOn();
    flush();
    if (chunkCount == 0) {
      return;
    }
    rows.varint(labels.size());
    for (int i = 0; i < labels.size(); i++) {
      Map<String, Integer> values = names.computeIfAbsent(labels.name(i), _ -> new HashMap<>());
      Integer number = values.get(labels.value(i));
      if (number == null) {
        number = pairs++;
        values.put(labels.value(i), number);
      }
      rows.varint(number);
    }
    rows.varint(chunkCount);
    rows.varint(firstChunkOffset);
    rows.varint(chunkList.size);
    rows.bytes(chunkList.data, 0, chunkList.size);
    chunks += chunkCount;
    chunkCount = 0;
    chunkList.clear();
    series++;
  }

  public boolean isEmpty() {
    return series == 0;
  }

  /**
   * Writes the index, forces all to the disk and gives the block its name.
   *
   * @throws Stopped when the writer has to give up
   */
  public BlockMeta finish(
      String id,
      long minTimeMs,
      long maxTimeMs,
      int level,
      boolean outOfOrder,
      List<String> sources,
      List<String> parents)
      throws IOException {
    chunkOut.force();
    chunkOut.close();
    BlockMeta meta =
        new BlockMeta(
            id,
            minTimeMs,
            maxTimeMs,
            level,
            outOfOrder,
            floats,
            histograms,
            series,
            chunks,
            sources,
            parents);
    try (Buffered file = new Buffered(disk.create(temporary.resolve("index")))) {
      writeIndex(meta, new IndexOut(file));
      file.force();
    }
    try (Buffered file = new Buffered(disk.create(temporary.resolve("meta.json")))) {
      byte[] json = meta.toJson().getBytes(StandardCharsets.UTF_8);
      file.write(json, 0, json.length);
      file.force();
    }
    disk.forceDirectory(temporary);
    disk.rename(temporary, target);
    unfinished = target;
    disk.forceDirectory(blocks);
    unfinished = null;
    return meta;
  }

  /** A file with sections, each with a checksum. */
  private static final class IndexOut {
    private final Buffered out;
    private final CRC32C crc = new CRC32C();
    private final ByteSink footer = new ByteSink(256);
    private long offset;
    private long sectionStart;

    IndexOut(Buffered out) throws IOException {
      this.out = out;
      out.write(INDEX_MAGIC, 0, INDEX_MAGIC.length);
      offset = INDEX_MAGIC.length;
    }

    void begin() {
      sectionStart = offset;
      crc.reset();
    }

    void write(byte[] bytes, int from, int length) throws IOException {
      out.write(bytes, from, length);
      crc.update(bytes, from, length);
      offset += length;
    }

    void write(ByteSink sink) throws IOException {
      write(sink.data, 0, sink.size);
    }

    void end() {
      footer.u64(sectionStart);
      footer.u64(offset - sectionStart);
      footer.u32((int) crc.getValue());
    }

    public void finish() throws IOException {
      CRC32C footerCrc = new CRC32C();
      footerCrc.update(footer.data, 0, footer.size);
      footer.u32((int) footerCrc.getValue());
      footer.bytes(INDEX_MAGIC, 0, INDEX_MAGIC.length);
      out.write(footer.data, 0, footer.size);
    }
  }

  private void writeIndex(BlockMeta meta, IndexOut out) throws IOException {
    ByteSink sink = new ByteSink(1 << 16);
    out.begin();
    meta.write(sink);
    out.write(sink);
    out.end();

    int[] numbers = writeDictionary(out);
    writeSeriesAndPostings(numbers, out);
    out.finish();
  }

  /**
   * Writes names, values and transducers; returns the final number of each pair: by name, then by
   * value.
   */
  private int[] writeDictionary(IndexOut out) throws IOException {
    int[] numbers = new int[pairs];
    ByteSink nameTable = new ByteSink(4096);
    ByteSink offsets = new ByteSink((pairs + 1) * 4);
    ByteSink values = new ByteSink(1 << 16);
    ByteSink transducers = new ByteSink(1 << 16);
    nameTable.varint(names.size());
    int next = 0;
    for (Map.Entry<String, Map<String, Integer>> e : names.entrySet()) {
      checkGoesOn();
      List<String> sorted = new ArrayList<>(e.getValue().keySet());
      sorted.sort(Labels::compareCodePoints);
      nameTable.text(e.getKey());
      nameTable.varint(sorted.size());
      int start = transducers.size;
      ValueDictionary.write(sorted, transducers);
      nameTable.varint(transducers.size - start);
      for (String value : sorted) {
        numbers[e.getValue().getOrDefault(value, 0)] = next++;
        offsets.u32(values.size);
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        values.bytes(utf8, 0, utf8.length);
      }
    }
    offsets.u32(values.size);
    for (ByteSink section : new ByteSink[] {nameTable, offsets, values, transducers}) {
      out.begin();
      out.write(section);
      out.end();
    }
    return numbers;
  }

  private void writeSeriesAndPostings(int[] numbers, IndexOut out) throws IOException {
    // one pass counts and writes the series, a second one fills the lists
    int[] counts = new int[pairs + 1];
    ByteSink offsets = new ByteSink((series + 1) * 8);
    ByteSink finalRows = new ByteSink(rows.size + 16);
    ByteSource in = new ByteSource(rows.data, 0, rows.size);
    for (int s = 0; s < series; s++) {
      checkGoesOn();
      offsets.u64(finalRows.size);
      int labels = in.count(rows.size);
      finalRows.varint(labels);
      int last = -1;
      for (int i = 0; i < labels; i++) {
        int pair = numbers[in.count(pairs)];
        finalRows.varint(pair - last);
        last = pair;
        counts[pair + 1]++;
      }
      finalRows.varint(in.varint());
      finalRows.varint(in.varint());
      int length = in.count(in.remaining());
      finalRows.bytes(in.data, in.position, length);
      in.skip(length);
    }
    offsets.u64(finalRows.size);
    out.begin();
    out.write(offsets);
    out.end();
    out.begin();
    out.write(finalRows);
    out.end();

    for (int p = 0; p < pairs; p++) {
      counts[p + 1] += counts[p];
    }
    int[] lists = new int[counts[pairs]];
    int[] fill = counts.clone();
    in.reset(rows.data, 0, rows.size);
    for (int s = 0; s < series; s++) {
      checkGoesOn();
      int labels = in.count(rows.size);
      for (int i = 0; i < labels; i++) {
        lists[fill[numbers[in.count(pairs)]]++] = s;
      }
      in.varint();
      in.varint();
      in.skip(in.count(in.remaining()));
    }
    writePostings(counts, lists, out);
  }

  private void writePostings(int[] starts, int[] lists, IndexOut out) throws IOException {
    ByteSink offsets = new ByteSink((pairs + 1) * 8);
    ByteSink bodies = new ByteSink(1 << 16);
    for (int p = 0; p < pairs; p++) {
      checkGoesOn();
      offsets.u64(bodies.size);
      int n = starts[p + 1] - starts[p];
      if (n <= SMALL_POSTINGS) {
        bodies.u8(n);
        int last = -1;
        for (int i = starts[p]; i < starts[p + 1]; i++) {
          bodies.varint(lists[i] - last);
          last = lists[i];
        }
      } else {
        RoaringBitmap bitmap =
            RoaringBitmap.bitmapOf(Arrays.copyOfRange(lists, starts[p], starts[p + 1]));
        bitmap.runOptimize();
        int length = bitmap.serializedSizeInBytes();
        bodies.u8(0);
        bodies.reserve(length);
        bitmap.serialize(
            ByteBuffer.wrap(bodies.data, bodies.size, length)
                .slice()
                .order(java.nio.ByteOrder.LITTLE_ENDIAN));
        bodies.size += length;
      }
    }
    offsets.u64(bodies.size);
    out.begin();
    out.write(offsets);
    out.end();
    out.begin();
    out.write(bodies);
    out.end();
  }

  /** Removes what is not finished. */
  @Override
  public void close() throws IOException {
    try {
      chunkOut.close();
    } finally {
      if (unfinished != null) {
        Directories.remove(disk, unfinished); // else the next start would take it for the newest
      }
      Directories.deleteTree(disk, temporary);
    }
  }
}
