package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.NativeHistogram;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.frames.FormatPage;
import io.narthex.storage.tsdb.frames.MemoryDisk;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

class ChunkFilesTest {
  private static final Path FOLDER = Path.of("head");
  private static final int PAGE_BYTES = 100;
  private static final int SERIES = 3;
  private static final int CHUNKS = 16; // of each series

  private final MemoryDisk disk = new MemoryDisk();
  private final Counters counters = new Counters();
  private final ChunkCodec codec = new ChunkCodec();
  private final ByteSink scratch = new ByteSink(64);
  private final long[] newest = new long[SERIES];
  private final List<String> problems = new ArrayList<>();

  private ChunkFiles files() {
    return new ChunkFiles(disk, FOLDER, PAGE_BYTES, counters);
  }

  private static ChunkRows rows(int series, int chunk) {
    ChunkRows rows = new ChunkRows();
    rows.clear(false);
    Random random = new Random(series * 1000L + chunk);
    for (int i = 0; i < 4; i++) {
      rows.add(chunk * 1000L + i * 90L, random.nextInt(100_000), null, 0);
    }
    return rows;
  }

  private HeadChunks filled() {
    HeadChunks chunks = new HeadChunks(PAGE_BYTES);
    for (int c = 0; c < CHUNKS; c++) {
      for (int s = 0; s < SERIES; s++) {
        ChunkRows rows = rows(s, c);
        newest[s] = chunks.put(s, codec, rows, 0, rows.size, newest[s], scratch);
      }
    }
    chunks.endPage();
    return chunks;
  }

  private static ChunkFiles.Listing listing(HeadChunks chunks) {
    ByteSink list = new ByteSink(1024);
    for (HeadChunks.Page p : chunks.snapshot()) {
      if (p != null) {
        ChunkFiles.list(p, list, new TreeMap<>());
      }
    }
    ChunkFiles.Listing listing = new ChunkFiles.Listing();
    listing.read(new ByteSource(list.data, 0, list.size));
    return listing;
  }

  /** Maps what is listed into an empty head, and returns the chunks of each series. */
  private List<Set<Integer>> restored(ChunkFiles files, ChunkFiles.Listing listing) {
    problems.clear();
    List<ChunkFiles.Mapped> mapped =
        files.map(
            listing.pages.values(),
            (file, offset, reason, bytes) ->
                problems.add(file + " at byte " + offset + ": " + reason));
    HeadChunks chunks = new HeadChunks(PAGE_BYTES);
    chunks.restore(
        mapped.stream().map(ChunkFiles.Mapped::page).toList(),
        listing.pages.firstKey(),
        listing.pages.lastKey());
    ChunkChains chains =
        problems.isEmpty() ? null : ChunkChains.join(chunks, mapped, new RoaringBitmap());
    List<Set<Integer>> found = new ArrayList<>();
    for (int s = 0; s < SERIES; s++) {
      boolean whole = chains == null || chains.isWhole(newest[s]);
      found.add(chain(chunks, s, whole || chains == null ? newest[s] : chains.newest(s)));
    }
    chunks.dropBefore(Long.MAX_VALUE);
    chunks.freeDropped();
    return found;
  }

  /** Returns the numbers of the chunks of a series; each must have its own rows. */
  private Set<Integer> chain(HeadChunks chunks, int series, long reference) {
    HeadChunks.@Nullable Page[] pages = chunks.snapshot();
    ByteSource in = new ByteSource();
    HeadChunks.Scratch memory = new HeadChunks.Scratch();
    ChunkRows read = new ChunkRows();
    Set<Integer> found = new TreeSet<>();
    for (long at = reference; HeadChunks.exists(pages, at); ) {
      long before = HeadChunks.open(pages, at, in, memory);
      codec.read(in, HeadChunks.baseMs(pages, at), read);
      int number = (int) (read.timesMs[0] / 1000);
      ChunkRows expected = rows(series, number);
      assertThat(Arrays.copyOf(read.values, read.size))
          .isEqualTo(Arrays.copyOf(expected.values, expected.size));
      assertThat(found.add(number)).isTrue();
      at = before;
    }
    return found;
  }

  private static int lost(List<Set<Integer>> found) {
    return SERIES * CHUNKS - found.stream().mapToInt(Set::size).sum();
  }

  @Test
  void pagesComeBackWithTheirChains() throws IOException {
    HeadChunks chunks = filled();
    ChunkFiles files = files();
    files.write(chunks.full());
    assertThat(chunks.full()).isEmpty();
    assertThat(chunks.bytesInNoFile()).isZero();
    for (int s = 0; s < SERIES; s++) {
      assertThat(chain(chunks, s, newest[s])).hasSize(CHUNKS);
    }
    files.close();
    ChunkFiles again = files();
    assertThat(again.bytesOnDisk()).isEqualTo(files.bytesOnDisk()).isPositive();
    assertThat(lost(restored(again, listing(chunks)))).isZero();
    assertThat(problems).isEmpty();
  }

  @Test
  void aFlippedBitCostsAtMostOneChunkAndIsNamed() throws IOException {
    HeadChunks chunks = filled();
    ChunkFiles files = files();
    files.write(chunks.full());
    files.close();
    Path file = files.path(1);
    byte[] whole = disk.bytes(file).clone();
    int damaged = 0;
    for (int at = 0; at < whole.length; at++) {
      byte[] bytes = whole.clone();
      bytes[at] ^= (byte) (1 << at % 8);
      disk.put(file, bytes);
      int lost = lost(restored(files(), listing(chunks)));
      assertThat(lost).as("flipped byte %s: %s", at, problems).isBetween(0, 1);
      assertThat(problems).as("byte %s", at).hasSize(lost);
      damaged += lost;
    }
    assertThat(damaged).isGreaterThan(whole.length / 2);
  }

  @Test
  void damageOfSeveralBytesCostsTheChunksItTouches() throws IOException {
    HeadChunks chunks = filled();
    ChunkFiles files = files();
    files.write(chunks.full());
    files.close();
    Path file = files.path(1);
    byte[] whole = disk.bytes(file).clone();
    for (int at = 0; at + 60 < whole.length; at += 13) {
      byte[] bytes = whole.clone();
      Arrays.fill(bytes, at, at + 60, (byte) (at % 2 == 0 ? 0 : 0x81));
      disk.put(file, bytes);
      assertThat(lost(restored(files(), listing(chunks)))).as("from byte %s", at).isBetween(0, 5);
    }
  }

  @Test
  void aMissingOrShortFileCostsItsPagesAndTheChainsContinue() throws IOException {
    HeadChunks chunks = filled();
    for (HeadChunks.Page p : chunks.full()) { // each into a file of its own
      ChunkFiles files = files();
      files.write(List.of(p));
      files.close();
    }
    int pages = chunks.snapshot().length;
    ChunkFiles.Listing all = listing(chunks);
    assertThat(all.pages.size()).isGreaterThan(4).isLessThanOrEqualTo(pages);
    for (int file = 1; file <= all.pages.size(); file++) {
      Path path = files().path(file);
      byte[] whole = disk.bytes(path);
      disk.delete(path);
      List<Set<Integer>> found = restored(files(), listing(chunks));
      assertThat(lost(found)).isBetween(1, 8);
      assertThat(problems).hasSize(1);
      assertThat(problems.getFirst()).contains(path + " at byte 0: is missing");
      disk.put(path, Arrays.copyOf(whole, 40));
      assertThat(restored(files(), listing(chunks))).isEqualTo(found);
      assertThat(problems.getFirst()).contains(path + " at byte 40: page ");
      disk.put(path, whole);
    }
  }

  @Test
  void pagesAreFoundWithoutTheirListing() throws IOException {
    HeadChunks chunks = filled();
    ChunkFiles files = files();
    files.write(chunks.full());
    files.close();
    ChunkFiles.Listing known = listing(chunks);
    int last = known.pages.lastKey();
    for (int removed : List.copyOf(known.pages.keySet())) {
      if (removed % 2 == 0) {
        known.pages.remove(removed);
      }
    }
    for (ChunkFiles.Listing some : List.of(known, new ChunkFiles.Listing())) {
      ChunkFiles again = files();
      again.find(some.pages, last);
      assertThat(lost(restored(again, some))).isZero();
    }
    ChunkFiles.Listing older = new ChunkFiles.Listing();
    files().find(older.pages, last - 1);
    assertThat(older.pages.lastKey()).isEqualTo(last - 1);
    byte[] bytes = disk.bytes(files.path(1));
    bytes[bytes.length / 2] ^= 1;
    ChunkFiles.Listing none = new ChunkFiles.Listing();
    ChunkFiles again = files();
    again.find(none.pages, last);
    assertThat(lost(restored(again, none))).isLessThanOrEqualTo(8);
  }

  @Test
  void aFailureLeavesPagesOnTheHeapAndTheNextTryUsesAnotherFile() throws IOException {
    HeadChunks chunks = filled();
    for (String operation : List.of("create", "write", "force")) {
      ChunkFiles files = files();
      disk.fails = operation::equals;
      assertThatThrownBy(() -> files.write(chunks.full())).isInstanceOf(IOException.class);
      disk.fails = _ -> false;
      assertThat(chunks.full()).isNotEmpty();
      assertThat(chain(chunks, 0, newest[0])).hasSize(CHUNKS);
    }
    ChunkFiles files = files();
    HeadChunks.Page first = chunks.full().getFirst();
    files.write(List.of(first));
    long good = files.bytesOnDisk();
    disk.fails = "force"::equals;
    assertThatThrownBy(() -> files.write(chunks.full())).isInstanceOf(IOException.class);
    disk.fails = _ -> false;
    assertThat(disk.size(files.path(1))).isEqualTo(good);
    files.write(chunks.full());
    assertThat(disk.exists(files.path(2))).isTrue();
    files.close();
    assertThat(lost(restored(files(), listing(chunks)))).isZero();
  }

  @Test
  void filesEndAtTheirSizeAndGoWhenNothingNeedsThem() throws IOException {
    ChunkFiles files = new ChunkFiles(disk, FOLDER, 1, counters); // 256 bytes each
    HeadChunks chunks = filled();
    files.write(chunks.full());
    assertThat(disk.exists(files.path(4))).isTrue();
    files.keep(7, Map.of(1, 0L));
    files.deleteUnneeded(7, Set.of(2));
    assertThat(disk.exists(files.path(1))).isTrue();
    assertThat(disk.exists(files.path(2))).isTrue();
    assertThat(disk.exists(files.path(3))).isFalse();
    files.keep(8, Map.of(2, 0L));
    disk.create(FOLDER.resolve("00000007.checkpoint")).close();
    files.deleteUnneeded(8, Set.of());
    assertThat(disk.exists(files.path(1))).as("the one before is there").isTrue();
    disk.delete(FOLDER.resolve("00000007.checkpoint"));
    files.deleteUnneeded(8, Set.of());
    assertThat(disk.exists(files.path(1))).isFalse();
    assertThat(disk.exists(files.path(2))).isTrue();
    files.close();
  }

  @Test
  void whatAKilledProcessWroteAfterTheCheckpointIsCutOff() throws IOException {
    HeadChunks chunks = filled();
    ChunkFiles files = files();
    List<HeadChunks.Page> all = chunks.full();
    files.write(all.subList(0, 3));
    ByteSink list = new ByteSink(1024);
    for (HeadChunks.Page p : all.subList(0, 3)) {
      ChunkFiles.list(p, list, new TreeMap<>());
    }
    long length = disk.size(files.path(1));
    files.write(all.subList(3, all.size()));
    files.close();
    ChunkFiles second = files();
    HeadChunks other = filled();
    second.write(other.full());
    second.close();
    ChunkFiles.Listing listing = new ChunkFiles.Listing();
    listing.read(new ByteSource(list.data, 0, list.size));
    ChunkFiles again = files();
    again.keepAll(6);
    again.deleteUnlisted();
    assertThat(disk.exists(files.path(2))).as("what checkpoint 6 needs is not known").isTrue();
    again = files();
    again.keep(7, listing.files());
    again.deleteUnlisted();
    assertThat(disk.size(files.path(1))).isEqualTo(length);
    assertThat(disk.exists(files.path(2))).isFalse();
    assertThat(again.bytesOnDisk()).isEqualTo(length);
  }

  @Test
  void writesTheExampleOfTheFormatPage() throws IOException {
    HeadChunks chunks = new HeadChunks(PAGE_BYTES);
    long first = example(chunks, 0, 1_000_000, 0, 1, 1, 1, 1);
    example(chunks, 1, 1_000_000, 0, 20.5, 21, 20.5, 23);
    example(chunks, 0, 1_060_000, first, 1, 0, 1, 1);
    chunks.endPage();
    ChunkFiles files = files();
    files.write(chunks.full());
    files.close();
    assertThat(HexFormat.of().formatHex(disk.bytes(files.path(1))))
        .isEqualTo(FormatPage.example("head/00000001.chunks"));
  }

  private long example(HeadChunks into, int id, long timeMs, long before, double... values) {
    ChunkRows rows = new ChunkRows();
    rows.clear(false);
    for (int i = 0; i < values.length; i++) {
      rows.add(timeMs + i * 15_000L, values[i], null, 0);
    }
    return into.put(id, codec, rows, 0, rows.size, before, scratch);
  }

  @Test
  void aChunkOfMoreThanAFrameIsReadFromItsFile() throws IOException {
    Random random = new Random(5);
    double[] buckets = new double[1 << 20];
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = random.nextDouble();
    }
    NativeHistogram large =
        NativeHistogram.builder()
            .schema(1)
            .count(1)
            .positive(new int[] {0, buckets.length}, buckets)
            .negative(new int[] {0, buckets.length}, buckets)
            .build();
    ChunkRows rows = new ChunkRows();
    rows.clear(true);
    rows.add(1000, 0, large, 0);
    HeadChunks chunks = new HeadChunks(PAGE_BYTES);
    long reference = chunks.put(7, codec, rows, 0, 1, 0, scratch);
    assertThat(scratch.size).isGreaterThan(1 << 24);
    chunks.endPage();
    ChunkFiles files = files();
    files.write(chunks.full());
    files.close();
    ChunkFiles.Listing listing = listing(chunks);
    List<ChunkFiles.Mapped> mapped =
        files()
            .map(
                listing.pages.values(),
                (file, offset, reason, bytes) -> problems.add(file + ": " + reason));
    assertThat(problems).isEmpty();
    HeadChunks again = new HeadChunks(PAGE_BYTES);
    again.restore(mapped.stream().map(ChunkFiles.Mapped::page).toList(), 1, 1);
    ByteSource in = new ByteSource();
    HeadChunks.open(again.snapshot(), reference, in, new HeadChunks.Scratch());
    ChunkRows read = new ChunkRows();
    codec.read(in, HeadChunks.baseMs(again.snapshot(), reference), read);
    assertThat(read.histograms()[0]).isEqualTo(large);
  }
}
