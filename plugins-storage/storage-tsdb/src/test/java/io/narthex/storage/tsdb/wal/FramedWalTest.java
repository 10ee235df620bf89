package io.narthex.storage.tsdb.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.NodeLikeData;
import io.narthex.storage.tsdb.frames.FormatPage;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.frames.MemoryDisk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FramedWalTest {
  private static final long SEED =
      Long.getLong("tests.seed", new Random().nextLong() & 0xffffffffL);

  /** Whether each bit is flipped, which takes minutes, or a part of them. */
  private static final boolean THOROUGH = Boolean.getBoolean("tests.thorough");

  private static final Path FOLDER = Path.of("wal");
  private static final Path HEAD = Path.of("head");
  private static final long T0 = 1_700_000_000_000L;
  private static final int SERIES = 40;

  private final Random random = new Random(SEED);
  private final MemoryDisk disk = new MemoryDisk();

  /** What was written or read, as texts in order; rows of each series by themselves. */
  private static final class Content implements SegmentReader.Handler {
    final Map<Integer, Labels> series = new HashMap<>();
    final Map<Integer, List<Row>> rows = new HashMap<>();
    final List<String> others = new ArrayList<>();
    final List<String> damage = new ArrayList<>();
    int rowCount;

    @Override
    public void series(int id, Labels labels) {
      series.put(id, labels);
    }

    @Override
    public void row(
        int id,
        long timeMs,
        double value,
        @Nullable NativeHistogram histogram,
        long startTimeMs,
        boolean outOfOrder) {
      if (outOfOrder) {
        others.add(id + " " + timeMs + " " + Double.doubleToRawLongBits(value) + histogram);
      } else {
        rows.computeIfAbsent(id, _ -> new ArrayList<>())
            .add(new Row(timeMs, Double.doubleToRawLongBits(value), histogram, startTimeMs));
        rowCount++;
      }
    }

    @Override
    public void exemplar(int id, Exemplar exemplar) {
      others.add(id + " " + exemplar);
    }

    @Override
    public void tombstones(TombstoneMap deleted) {
      deleted.forEach((id, ranges) -> others.add(id + " without " + Arrays.toString(ranges)));
    }

    @Override
    public void damage(Path segment, long offset, long length, String reason, MemorySegment bytes) {
      damage.add(segment + " at byte " + offset + ": " + reason);
    }
  }

  record Row(long timeMs, long bits, @Nullable NativeHistogram histogram, long startMs) {}

  /** Whether the folder has format 3. */
  private boolean packed;

  private static Labels labels(int id) {
    return NodeLikeData.labels(1, id);
  }

  private FramedWal open(FramedWal.Position position, long segmentBytes) {
    return new FramedWal(
        disk,
        FOLDER,
        HEAD,
        segmentBytes,
        position,
        0,
        FramedWalTest::labels,
        () -> packed,
        new Counters());
  }

  private Path path(int segment) {
    return FOLDER.resolve(Frame.Kind.WAL.fileName(segment));
  }

  /** Reads all segments; returns where the WAL continues. */
  private FramedWal.Position read(Content content) throws IOException {
    List<Integer> segments = FramedWal.numbers(disk, FOLDER, Frame.Kind.WAL);
    SegmentReader reader = new SegmentReader(disk, FOLDER, content);
    long length = 0;
    for (int i = 0; i < segments.size(); i++) {
      int next = i + 1 < segments.size() ? segments.get(i + 1) : 0;
      length = reader.read(segments.get(i), next).length();
    }
    int last = segments.getLast();
    return new FramedWal.Position(last + 1, reader.expectedSequence(), last, length);
  }

  private double value(int id, int step) {
    return switch (id % 8) {
      case 0, 1 -> id;
      case 2 -> step * 17.0 * id;
      case 3 -> step * 0.25;
      case 4 -> random.nextGaussian();
      case 5 -> 4096.0 * random.nextInt(100_000);
      case 6 -> random.nextInt(9) == 0 ? StaleMarker.VALUE : step;
      default -> step / 1e9 + id / 3.0;
    };
  }

  /** Fills a batch and what is expected of it; the codes say which rows are taken. */
  private void fill(SampleBatch batch, byte[] codes, byte[] exemplarCodes, int step, Content into) {
    batch.clear();
    long time = T0 + step * 15_000L;
    int n = 0;
    for (int id = random.nextInt(10); id < SERIES; id += random.nextInt(12) == 0 ? 2 : 1) {
      boolean late = random.nextInt(30) == 0;
      long t = late ? time - 1_000_000 : time + (random.nextInt(20) == 0 ? 5 : 0);
      long start = id % 9 == 0 ? T0 - 77 : 0;
      int row;
      NativeHistogram h = null;
      double value = 0;
      if (id % 10 == 7) {
        h = NativeHistogram.builder().count(step).sum(step * 0.5).build();
        row = batch.add(id, t, h);
      } else {
        value = value(id, step);
        row = batch.add(id, t, value);
      }
      if (start != 0) {
        batch.startTime(row, start);
      }
      codes[n++] = random.nextInt(25) == 0 ? WriteAheadLog.KNOWN : late ? -2 : AppendResult.OK;
      if (codes[row] == AppendResult.OK) {
        into.row(id, t, value, h, start, false);
      }
    }
    for (int i = 0; i < n; i++) {
      if (codes[i] == WriteAheadLog.OUT_OF_ORDER) {
        into.row((int) batch.ref(i), batch.timeMs(i), batch.value(i), batch.histogram(i), 0, true);
      }
    }
    if (step % 5 == 0) {
      Exemplar e = new Exemplar(Labels.of("trace", "t" + step), step, time, true);
      batch.exemplar(0, e);
      batch.exemplar(0, e);
      exemplarCodes[0] = WriteAheadLog.TAKEN;
      exemplarCodes[1] = 1;
      into.exemplar((int) batch.ref(0), e);
    }
  }

  private static void add(Content to, Content what) {
    what.rows.forEach(
        (id, rows) -> to.rows.computeIfAbsent(id, _ -> new ArrayList<>()).addAll(rows));
    to.others.addAll(what.others);
    to.rowCount += what.rowCount;
  }

  /** Writes batches and deletes; what is acknowledged goes into {@code into}. */
  private void write(FramedWal wal, int from, int to, boolean force, Content into) {
    write(wal, from, to, force, into, false);
  }

  private void write(
      FramedWal wal, int from, int to, boolean force, Content into, boolean throwing) {
    SampleBatch batch = new SampleBatch(SERIES);
    byte[] codes = new byte[SERIES];
    byte[] exemplarCodes = new byte[2];
    for (int step = from; step < to; step++) {
      Content content = new Content();
      fill(batch, codes, exemplarCodes, step, content);
      try {
        assertThat(wal.batch(batch, 0, codes, exemplarCodes)).isTrue();
        wal.write(force);
        add(into, content);
        if (step % 20 == 7) {
          TombstoneMap deleted = new TombstoneMap();
          deleted.add(step % SERIES, T0, T0 + step);
          wal.tombstones(deleted);
          wal.write(force);
          into.tombstones(deleted);
        }
      } catch (StorageException.Failed e) {
        assertThat(e.getMessage()).contains("WAL wal");
        if (throwing) {
          throw e;
        }
      }
    }
  }

  private static void assertSame(Content found, Content expected, String what) {
    assertThat(found.rows).as(what).isEqualTo(expected.rows);
    assertThat(found.others).as(what).isEqualTo(expected.others);
    assertThat(found.damage).as(what).isEmpty();
    assertThat(found.series.entrySet())
        .as(what)
        .allMatch(e -> e.getValue().equals(labels(e.getKey())));
    assertThat(found.series.keySet()).containsAll(found.rows.keySet());
  }

  @Test
  void everythingThatIsWrittenIsReadFromEachSegment() throws IOException {
    Content expected = new Content();
    FramedWal wal = open(FramedWal.Position.FIRST, 5000);
    write(wal, 0, 200, false, expected);
    wal.close();
    Content found = new Content();
    FramedWal.Position position = read(found);
    assertSame(found, expected, "seed " + SEED);
    assertThat(position.segment()).isGreaterThan(3);
    FramedWal again = open(position, 5000);
    write(again, 200, 220, false, expected);
    again.close();
    found = new Content();
    read(found);
    assertSame(found, expected, "seed " + SEED);
  }

  /** Whatever fails, what was acknowledged is there, in order, and nothing else. */
  @Test
  void writesAndForcesThatFailLeaveNoTrace() throws IOException {
    for (int round = 0; round < 40; round++) {
      FramedWal wal = open(FramedWal.Position.FIRST, 3000);
      Content expected = new Content();
      boolean force = round % 2 == 0;
      for (int step = 0; step < 100; step++) {
        boolean failing = random.nextInt(5) == 0;
        disk.fails = failing ? operation -> random.nextInt(3) == 0 : _ -> false;
        write(wal, step, step + 1, force, expected);
      }
      disk.fails = _ -> false;
      write(wal, 100, 101, force, expected);
      wal.close();
      Content found = new Content();
      read(found);
      assertSame(found, expected, "seed " + SEED + " round " + round);
      for (int n : FramedWal.numbers(disk, FOLDER, Frame.Kind.WAL)) {
        disk.delete(path(n));
      }
    }
  }

  private static void assertFails(Runnable work) {
    assertThatThrownBy(work::run)
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("WAL wal");
  }

  /** Rows refer to others that the disk may have lost: they cannot be copied. */
  @Test
  void whatCouldNotBeForcedIsWrittenAgainWithoutWhatItRefersTo() throws IOException {
    Content expected = new Content();
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
    int start = disk.bytes(path(1)).length;
    write(wal, 0, 50, false, expected);
    disk.fails = "force"::equals;
    assertFails(wal::sync);
    assertThat(wal.isBroken()).isTrue();
    assertFails(wal::repair);
    disk.fails = _ -> false;
    wal.repair();
    assertThat(wal.isBroken()).isFalse();
    disk.put(path(1), Arrays.copyOf(disk.bytes(path(1)), start));
    write(wal, 50, 60, false, expected);
    wal.close();
    Content found = new Content();
    read(found);
    assertSame(found, expected, "seed " + SEED);
  }

  /** What was forced counts in the old segment, and nothing else of it. */
  @Test
  void onlyWhatWasNotForcedIsWrittenAgain() throws IOException {
    Content expected = new Content();
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
    write(wal, 0, 50, false, expected);
    wal.sync();
    int forced = disk.bytes(path(1)).length;
    write(wal, 50, 60, false, expected);
    disk.fails = "force"::equals;
    assertFails(() -> write(wal, 60, 61, true, expected, true));
    disk.fails = _ -> false;
    write(wal, 61, 62, true, expected);
    byte[] old = disk.bytes(path(1));
    assertThat(old.length).isGreaterThan(forced);
    Arrays.fill(old, forced, old.length, (byte) 7);
    disk.put(path(1), old);
    wal.close();
    Content found = new Content();
    read(found);
    assertSame(found, expected, "seed " + SEED);
    assertThat(disk.bytes(path(2)).length).isLessThan(forced);
  }

  /** It says how much of the segment before counts, so that nothing may be added there. */
  @Test
  void aSegmentThatMayComeBackAfterAPowerCutIsBegunBeforeAnythingElseIsWritten()
      throws IOException {
    Content expected = new Content();
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
    write(wal, 0, 10, true, expected);
    int[] forces = {0};
    disk.fails = operation -> operation.equals("force") && ++forces[0] == 2; // that of the folder
    assertFails(wal::cut);
    assertThat(wal.isBroken()).isTrue();
    int length = disk.bytes(path(1)).length;
    write(wal, 10, 20, true, expected);
    assertThat(wal.segment()).isEqualTo(2);
    assertThat(disk.bytes(path(1))).hasSize(length);
    wal.close();
    Content found = new Content();
    read(found);
    assertSame(found, expected, "seed " + SEED);
  }

  @Test
  void theFirstSegmentIsBegunOnceThereIsRoom() throws IOException {
    disk.fails = "write"::equals;
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
    assertThat(FramedWal.numbers(disk, FOLDER, Frame.Kind.WAL)).isEmpty();
    assertFails(() -> write(wal, 0, 1, true, new Content(), true));
    disk.fails = _ -> false;
    Content expected = new Content();
    write(wal, 1, 10, true, expected);
    assertThat(wal.segment()).isEqualTo(1);
    wal.close();
    Content found = new Content();
    read(found);
    assertSame(found, expected, "seed " + SEED);
  }

  @Test
  void aBatchThatWasCollectedAndNotWrittenLeavesNoTrace() throws IOException {
    Content expected = new Content();
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
    write(wal, 0, 10, false, expected);
    SampleBatch batch = new SampleBatch(SERIES);
    byte[] codes = new byte[SERIES];
    fill(batch, codes, new byte[2], 11, new Content());
    wal.batch(batch, 0, codes, new byte[2]);
    wal.forget();
    write(wal, 12, 20, false, expected);
    wal.close();
    Content found = new Content();
    read(found);
    assertSame(found, expected, "seed " + SEED);
  }

  @Test
  void batchesThatAreCollectedTogetherAreWrittenAtOnceAndAgain() throws IOException {
    for (boolean failing : new boolean[] {false, true}) {
      Content expected = new Content();
      FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
      write(wal, 0, 10, true, expected);
      byte[] codes = new byte[SERIES];
      byte[] exemplarCodes = new byte[2];
      long before = wal.bytesOnDisk();
      for (int step = 10; step < 15; step++) {
        SampleBatch batch = new SampleBatch(SERIES);
        Content content = new Content();
        fill(batch, codes, exemplarCodes, step, content);
        assertThat(wal.batch(batch, 0, codes, exemplarCodes)).isTrue();
        add(expected, content);
      }
      assertThat(wal.bytesOnDisk()).isEqualTo(before);
      wal.write(false);
      if (failing) {
        disk.fails = "force"::equals;
        assertFails(wal::sync);
        disk.fails = _ -> false;
        wal.repair();
        assertThat(wal.segment()).isEqualTo(2);
      }
      write(wal, 20, 25, false, expected);
      wal.close();
      Content found = new Content();
      read(found);
      assertSame(found, expected, "seed " + SEED);
      for (int n : FramedWal.numbers(disk, FOLDER, Frame.Kind.WAL)) {
        disk.delete(path(n));
      }
    }
  }

  /** A file with each type of record; returns where its frames begin, and its end. */
  private List<Long> file(int bytes, Content expected) throws IOException {
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 30);
    int step = 0;
    while (disk.bytes(path(1)).length < bytes) {
      write(wal, step, ++step, false, expected);
    }
    wal.close();
    List<Long> frames = new ArrayList<>();
    Content found = new Content();
    read(found);
    assertSame(found, expected, "seed " + SEED);
    boolean[] types = new boolean[Frame.MAX_TYPE];
    FrameReader.read(
        disk,
        path(1),
        Frame.Kind.WAL,
        1,
        true,
        new FrameReader.Handler() {
          @Override
          public void record(int type, io.narthex.storage.tsdb.io.ByteSource body, long offset) {
            frames.add(offset);
            types[type] = true;
          }

          @Override
          public void damage(long offset, long length, String reason, MemorySegment part) {
            throw new AssertionError(reason);
          }
        });
    for (int type = 1; type <= RecordType.EXEMPLARS; type++) {
      assertThat(types[type]).as("type %s", type).isTrue();
    }
    frames.add((long) disk.bytes(path(1)).length);
    return frames;
  }

  /**
   * What a reader gives of an intact file, in order, to be compared with what it gives of others.
   */
  private static final class Original implements SegmentReader.Handler {
    record Item(int id, boolean independent, Row row) {}

    final List<Item> items = new ArrayList<>();
    final List<Object> others = new ArrayList<>();

    @Override
    public void series(int id, Labels labels) {
      others.add(labels);
    }

    @Override
    public void row(
        int id,
        long timeMs,
        double value,
        @Nullable NativeHistogram h,
        long startMs,
        boolean late) {
      Row row = new Row(timeMs, Double.doubleToRawLongBits(value), h, startMs);
      items.add(new Item(id, late || h != null || StaleMarker.is(value), row));
    }

    @Override
    public void exemplar(int id, Exemplar exemplar) {
      others.add(exemplar);
    }

    @Override
    public void tombstones(TombstoneMap deleted) {
      others.add(deleted.size());
    }

    @Override
    public void damage(Path segment, long offset, long length, String reason, MemorySegment part) {
      throw new AssertionError(reason);
    }
  }

  /**
   * Checks that what a reader gives of a damaged file are the original rows, without those of one
   * record, and without those after them up to the next absolute one of their series. Markers,
   * histograms and late rows depend on nothing.
   */
  private static final class Compared implements SegmentReader.Handler {
    private final Original original;
    private final String what;
    private final int[] gap = new int[SERIES];
    private final boolean[] ended = new boolean[SERIES];
    private int at;
    private int missing;
    private int otherAt;
    private int otherMissing;
    private String damage = "";
    private long damageOffset;
    private long damageEnd;

    Compared(Original original, String what) {
      this.original = original;
      this.what = what;
    }

    private void check(boolean right, String problem) {
      if (!right) {
        throw new AssertionError(what + ": " + problem);
      }
    }

    @Override
    public void row(
        int id,
        long timeMs,
        double value,
        @Nullable NativeHistogram h,
        long startMs,
        boolean late) {
      long bits = Double.doubleToRawLongBits(value);
      while (true) {
        check(at < original.items.size(), "a row of series " + id + " is not as written");
        Original.Item item = original.items.get(at++);
        Row row = item.row();
        if (item.id() == id
            && row.timeMs() == timeMs
            && row.bits() == bits
            && row.startMs() == startMs
            && Objects.equals(row.histogram(), h)) {
          ended[id] |= gap[id] > 0 && !item.independent();
          return;
        }
        missing(item);
      }
    }

    private void missing(Original.Item item) {
      missing++;
      if (!item.independent()) {
        int id = item.id();
        check(!ended[id], "a row is missing behind an absolute one");
        check(++gap[id] <= RowBases.ROWS, "more rows are missing than depend on each other");
      }
    }

    private void other(Object found) {
      while (true) {
        check(otherAt < original.others.size(), found + " is not as written");
        if (original.others.get(otherAt++).equals(found)) {
          return;
        }
        otherMissing++;
      }
    }

    void end(long from, long to, long dropped) {
      while (at < original.items.size()) {
        missing(original.items.get(at++));
      }
      check(missing >= dropped && missing <= dropped + SERIES, missing + " rows are missing");
      otherMissing += original.others.size() - otherAt;
      check(otherMissing <= SERIES, otherMissing + " other things are missing");
      check(damageOffset == from && damageEnd == to, damage);
      check(damage.startsWith("wal/00000001.wal at byte " + from + ": "), damage);
    }

    @Override
    public void series(int id, Labels labels) {
      other(labels);
    }

    @Override
    public void exemplar(int id, Exemplar exemplar) {
      other(exemplar);
    }

    @Override
    public void tombstones(TombstoneMap deleted) {
      other(deleted.size());
    }

    @Override
    public void damage(Path segment, long offset, long length, String reason, MemorySegment part) {
      check(damage.isEmpty(), damage + ", and " + reason);
      damage = segment + " at byte " + offset + ": " + reason;
      damageOffset = offset;
      damageEnd = offset + length;
    }
  }

  private Original original() throws IOException {
    Original original = new Original();
    new SegmentReader(disk, FOLDER, original).read(1, 0);
    return original;
  }

  private void flip(byte[] whole, int bit, List<Long> frames, Original original)
      throws IOException {
    int frame = 0;
    while (frames.get(frame + 1) <= bit / 8) {
      frame++;
    }
    byte[] bytes = whole.clone();
    bytes[bit / 8] ^= (byte) (1 << bit % 8);
    disk.put(path(1), bytes);
    Compared found = new Compared(original, "seed " + SEED + " bit " + bit + " frame " + frame);
    SegmentReader reader = new SegmentReader(disk, FOLDER, found);
    reader.read(1, 0);
    found.end(frames.get(frame), frames.get(frame + 1), reader.droppedRows());
  }

  @Test
  void aFlippedBitLosesItsRecordAndWhatDependsOnItAndIsNamed() throws IOException {
    List<Long> frames = file(16 << 10, new Content());
    Original original = original();
    byte[] whole = disk.bytes(path(1));
    for (int bit = 0; bit < whole.length * 8; bit += THOROUGH ? 1 : 1 + random.nextInt(59)) {
      flip(whole, bit, frames, original);
    }
  }

  @Test
  void aFlippedBitInALongSegmentLosesItsRecordAndWhatDependsOnIt() throws IOException {
    List<Long> frames = file(256 << 10, new Content());
    Original original = original();
    byte[] whole = disk.bytes(path(1));
    for (int at = 0; at < whole.length; at += THOROUGH ? 1 : 1 + random.nextInt(4000)) {
      flip(whole, at * 8 + random.nextInt(8), frames, original);
    }
  }

  @Test
  void aSegmentCutAtAnyByteKeepsItsWholeRecords() throws IOException {
    Content expected = new Content();
    List<Long> frames = file(16 << 10, expected);
    byte[] whole = disk.bytes(path(1));
    int last = 0;
    for (int cut = 0; cut < whole.length; cut += THOROUGH ? 1 : 1 + random.nextInt(40)) {
      disk.put(path(1), Arrays.copyOf(whole, cut));
      Content found = new Content();
      FrameReader.End end = new SegmentReader(disk, FOLDER, found).read(1, 0);
      long good = 0;
      for (long f : frames) {
        good = f <= cut ? f : good;
      }
      assertThat(found.damage).as("cut at %s", cut).isEmpty();
      assertThat(end.length()).as("cut at %s", cut).isEqualTo(good);
      assertThat(found.rowCount).isBetween(last, expected.rowCount);
      last = found.rowCount;
      found.rows.forEach((id, rows) ->
          assertThat(rows)
              .isEqualTo(expected.rows.getOrDefault(id, List.of()).subList(0, rows.size())));
    }
  }

  @Test
  void aSegmentThatEndsEarlyIsNoticedAndOneThatIsTooLongIsNotReadFurther() throws IOException {
    Content expected = new Content();
    FramedWal wal = open(FramedWal.Position.FIRST, 4000);
    write(wal, 0, 100, false, expected);
    wal.close();
    List<Integer> segments = FramedWal.numbers(disk, FOLDER, Frame.Kind.WAL);
    assertThat(segments).hasSizeGreaterThan(2);
    byte[] first = disk.bytes(path(1));
    disk.put(path(1), Arrays.copyOf(first, first.length + 1000));
    Content found = new Content();
    read(found);
    assertSame(found, expected, "not acknowledged");
    disk.put(path(1), Arrays.copyOf(first, first.length - 10));
    found = new Content();
    read(found);
    assertThat(found.damage).isNotEmpty().allSatisfy(d -> assertThat(d).contains("00000001.wal"));
    assertThat(found.rowCount + found.others.size())
        .isLessThan(expected.rowCount + expected.others.size());
  }

  @Test
  void aLostSeriesRecordIsMendedByTheNextSegment() throws IOException {
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
    Content expected = new Content();
    write(wal, 0, 30, false, expected);
    wal.cut();
    write(wal, 30, 60, false, expected);
    wal.close();
    Content found = new Content();
    new SegmentReader(disk, FOLDER, found).read(2, 0);
    // a series of which only an exemplar was taken is there, too
    assertThat(found.series.keySet()).containsAll(found.rows.keySet());
    assertThat(found.rows).hasSizeGreaterThan(SERIES / 2);
    assertThat(found.damage).isEmpty();
  }

  /** The file that the page of the format explains byte by byte. */
  @Test
  void writesTheExampleOfTheFormatPage() {
    FramedWal wal =
        new FramedWal(
            disk,
            FOLDER,
            HEAD,
            1 << 20,
            FramedWal.Position.FIRST,
            0,
            id -> Labels.of("__name__", "up", "instance", id == 0 ? "a" : "b"),
            () -> true,
            new Counters());
    SampleBatch batch = new SampleBatch(2);
    for (int i = 0; i < 2; i++) {
      batch.clear();
      batch.add(0, 1_000_000 + i * 15_000, 1);
      batch.add(1, 1_000_000 + i * 15_000, 20.5 + i * 0.5);
      wal.batch(batch, 0, new byte[2], new byte[0]);
      wal.write(false);
    }
    wal.close();
    assertThat(HexFormat.of().formatHex(disk.bytes(path(1))))
        .isEqualTo(FormatPage.example("wal/00000001.wal"));
  }

  @Test
  void aClosedWalSaysSo() {
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
    wal.close();
    wal.close();
    assertThatThrownBy(() -> write(wal, 0, 1, false, new Content()))
        .isInstanceOf(StorageException.Closed.class);
  }

  /** The names of series alone must not end a segment: each row would need its name again. */
  @Test
  void aSegmentHoldsManyRowsOfEachSeriesHoweverManyThereAre() throws IOException {
    FramedWal wal = open(FramedWal.Position.FIRST, 20_000);
    int series = 2000;
    SampleBatch batch = new SampleBatch(series);
    byte[] codes = new byte[series];
    for (int step = 0; step < 60; step++) {
      batch.clear();
      for (int id = 0; id < series; id++) {
        batch.add(id, T0 + step * 15_000L, step * (double) id);
      }
      wal.batch(batch, 0, codes, new byte[0]);
      wal.write(false);
    }
    wal.close();
    int segments = FramedWal.numbers(disk, FOLDER, Frame.Kind.WAL).size();
    Content found = new Content();
    read(found);
    assertThat(found.rowCount).isEqualTo(60 * series);
    assertThat(segments).isBetween(2, 20);
  }

  @Test
  void aFolderOfFormat3HasTheNamesOfABatchInFewBytes() throws IOException {
    SampleBatch batch = new SampleBatch(1000);
    for (int i = 0; i < 1000; i++) {
      batch.add(i, T0, 1);
    }
    int[] bytes = new int[2];
    for (int k = 0; k < 2; k++) {
      packed = k == 1;
      disk.delete(path(1));
      FramedWal wal = open(FramedWal.Position.FIRST, 1 << 20);
      wal.batch(batch, 0, new byte[1000], new byte[0]);
      wal.write(false);
      wal.abandon();
      bytes[k] = disk.bytes(path(1)).length;
      Content content = new Content();
      read(content);
      assertThat(content.damage).isEmpty();
      assertThat(content.rowCount).isEqualTo(1000);
      for (int i = 0; i < 1000; i++) {
        assertThat((Object) content.series.get(i)).isEqualTo(labels(i));
      }
    }
    assertThat(bytes[1]).isLessThan(bytes[0] / 2);
  }

  @Test
  void aCheckpointIsDueAfterHalfItsBytes() {
    FramedWal wal = open(FramedWal.Position.FIRST, 1 << 30);
    SampleBatch batch = new SampleBatch(10_000);
    wal.checkpointBegun();
    wal.checkpointWritten(20 << 20);
    long at = 0;
    long first = 0;
    while (at < 12 << 20) {
      boolean due = wal.checkpointDue();
      assertThat(due).as("byte %s", at).isEqualTo(at > 10 << 20);
      first = first == 0 && due ? at : first;
      batch.clear();
      for (int i = 0; i < 10_000; i++) {
        batch.add(i % SERIES, T0 + at + i, random.nextDouble());
      }
      wal.batch(batch, 0, new byte[10_000], new byte[0]);
      long before = disk.bytes(path(1)).length;
      wal.write(false);
      at += disk.bytes(path(1)).length - before;
    }
    assertThat(first).isPositive();
    wal.abandon();
  }
}
