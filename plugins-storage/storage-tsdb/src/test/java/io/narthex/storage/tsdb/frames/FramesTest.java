package io.narthex.storage.tsdb.frames;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FramesTest {
  private static final Path FILE = Path.of("00000007.wal");
  private static final int NUMBER = 7;
  private static final int TYPE = 3;

  private final MemoryDisk disk = new MemoryDisk();

  /** What a reader has given. */
  private static final class Found implements FrameReader.Handler {
    final List<byte[]> records = new ArrayList<>();
    final List<String> damage = new ArrayList<>();
    long damageOffset = -1;
    long damageEnd;

    @Override
    public void record(int type, ByteSource body, long offset) {
      byte[] bytes = Arrays.copyOfRange(body.data, body.position, body.limit);
      if (type == TYPE) {
        records.add(bytes);
      } else if (type != Frame.START) {
        throw new ByteSource.Malformed("unknown type");
      }
    }

    @Override
    public void damage(long offset, long length, String reason, MemorySegment bytes) {
      assertThat(bytes.byteSize()).isIn(length, 0L);
      damage.add(offset + "+" + length + ": " + reason);
      damageOffset = offset;
      damageEnd = offset + length;
    }
  }

  private static byte[] body(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Writes a file; returns where each record ends, the first of the list being the start's end. */
  private List<Long> write(List<byte[]> bodies) throws IOException {
    List<Long> ends = new ArrayList<>();
    try (FrameWriter writer = new FrameWriter(disk, FILE, Frame.Kind.WAL, NUMBER)) {
      writer.end();
      writer.write();
      ends.add(writer.length());
      for (byte[] b : bodies) {
        writer.begin(TYPE).bytes(b, 0, b.length);
        writer.end();
        writer.write();
        ends.add(writer.length());
      }
    }
    return ends;
  }

  private Found read(boolean newest) throws IOException {
    Found found = new Found();
    FrameReader.read(disk, FILE, Frame.Kind.WAL, NUMBER, newest, found);
    return found;
  }

  private static void assertRecords(Found found, List<byte[]> expected, String what) {
    assertThat(found.records).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(Arrays.equals(found.records.get(i), expected.get(i))).as(what).isTrue();
    }
  }

  private static List<byte[]> bodies(int... lengths) {
    Random random = new Random(5);
    List<byte[]> bodies = new ArrayList<>();
    for (int n : lengths) {
      bodies.add(body(random, n));
    }
    return bodies;
  }

  @Test
  void givesRecordsOfAllSizesBack(@TempDir Path dir) throws IOException {
    int max = Frame.MAX_BODY;
    List<byte[]> bodies = bodies(0, 1, 12, 5000, max - 1, max, max + 1, 2 * max + 7, 3);
    Path file = dir.resolve(Frame.Kind.WAL.fileName(NUMBER));
    try (FrameWriter writer = new FrameWriter(LocalDisk.INSTANCE, file, Frame.Kind.WAL, NUMBER)) {
      writer.end();
      for (byte[] b : bodies) {
        writer.begin(TYPE).text("forgotten");
        writer.begin(TYPE).bytes(b, 0, b.length);
        writer.end();
      }
      writer.write();
    }
    Found found = new Found();
    FrameReader.End end =
        FrameReader.read(LocalDisk.INSTANCE, file, Frame.Kind.WAL, NUMBER, true, found);
    assertThat(end).isEqualTo(new FrameReader.End(LocalDisk.INSTANCE.size(file), null));
    assertThat(found.damage).isEmpty();
    assertRecords(found, bodies, "all sizes");
  }

  @Test
  void aFlippedBitLosesItsFrameAloneAndIsNamed() throws IOException {
    List<byte[]> bodies = bodies(10, 0, 70, 33, 400);
    List<Long> ends = write(bodies);
    byte[] whole = disk.bytes(FILE);
    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] bytes = whole.clone();
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      disk.put(FILE, bytes);
      for (boolean newest : new boolean[] {false, true}) {
        Found found = read(newest);
        int frame = 0;
        while (ends.get(frame) <= bit / 8) {
          frame++;
        }
        List<byte[]> left = new ArrayList<>(bodies);
        if (frame > 0) {
          left.remove(frame - 1);
        }
        assertRecords(found, left, "bit " + bit);
        assertThat(found.damage).as("bit %s", bit).hasSize(1);
        assertThat(found.damageOffset).isEqualTo(frame == 0 ? 0 : ends.get(frame - 1));
        assertThat(found.damageEnd).isEqualTo(ends.get(frame));
      }
    }
  }

  @Test
  void aFileCutAtAnyByteKeepsItsWholeRecords() throws IOException {
    List<byte[]> bodies = bodies(10, 0, 70, 33, 400);
    List<Long> ends = write(bodies);
    byte[] whole = disk.bytes(FILE);
    for (int cut = 0; cut <= whole.length; cut++) {
      disk.put(FILE, Arrays.copyOf(whole, cut));
      int frames = 0;
      while (frames < ends.size() && ends.get(frames) <= cut) {
        frames++;
      }
      long good = frames == 0 ? 0 : ends.get(frames - 1);
      List<byte[]> left = bodies.subList(0, Math.max(0, frames - 1));
      Found torn = new Found();
      FrameReader.End end = FrameReader.read(disk, FILE, Frame.Kind.WAL, NUMBER, true, torn);
      assertRecords(torn, left, "cut at " + cut);
      assertThat(torn.damage).isEmpty();
      assertThat(end.length()).as("cut at %s: %s", cut, end).isEqualTo(good);
      assertThat(end.torn() == null).isEqualTo(good == cut);
      Found old = read(false);
      assertRecords(old, left, "cut at " + cut);
      assertThat(old.damage).hasSize(good == cut ? 0 : 1);
      Found known = new Found();
      FrameReader.readUpTo(disk, FILE, Frame.Kind.WAL, NUMBER, whole.length, known);
      assertRecords(known, left, "cut at " + cut);
      assertThat(known.damage.isEmpty()).isEqualTo(cut == whole.length);
    }
  }

  @Test
  void zerosAreATornEndOnlyWhereNothingFollows() throws IOException {
    List<byte[]> bodies = bodies(100, 2000, 900, 50);
    List<Long> ends = write(bodies);
    byte[] whole = disk.bytes(FILE);
    disk.put(FILE, Arrays.copyOf(whole, whole.length + 5000));
    Found found = read(true);
    assertThat(found.damage).isEmpty();
    assertRecords(found, bodies, "zeros behind");
    assertThat(read(false).damage).singleElement().asString().contains("no frame follows");
    // sectors that were not written, in a frame whose header was
    byte[] lost = Arrays.copyOf(whole, 4096);
    Arrays.fill(lost, 1024, 4096, (byte) 0);
    disk.put(FILE, lost);
    found = new Found();
    FrameReader.End end = FrameReader.read(disk, FILE, Frame.Kind.WAL, NUMBER, true, found);
    assertThat(end).isEqualTo(new FrameReader.End(ends.get(1), "the rest is zeros"));
    assertThat(found.damage).isEmpty();
    // a page in the middle
    byte[] hole = whole.clone();
    Arrays.fill(hole, 512, 1024, (byte) 0);
    disk.put(FILE, hole);
    found = read(true);
    assertRecords(found, List.of(bodies.get(0), bodies.get(2), bodies.get(3)), "hole");
    assertThat(found.damage).hasSize(1);
  }

  @Test
  void aCopyOfFramesInABodyIsNoFrame() throws IOException {
    List<byte[]> bodies = bodies(100, 200);
    write(bodies);
    byte[] copy = disk.bytes(FILE);
    byte[] body = new byte[copy.length * 3];
    System.arraycopy(copy, 0, body, copy.length - Frame.HEADER, copy.length);
    List<byte[]> all = new ArrayList<>(bodies);
    all.add(body);
    all.add(new byte[] {1});
    List<Long> ends = write(all);
    byte[] bytes = disk.bytes(FILE);
    bytes[ends.get(2).intValue()] ^= 1;
    disk.put(FILE, bytes);
    Found found = read(true);
    assertRecords(found, List.of(bodies.get(0), bodies.get(1), new byte[] {1}), "copy");
    // nor is a frame of another file
    Found other = new Found();
    FrameReader.read(disk, FILE, Frame.Kind.WAL, NUMBER + 1, false, other);
    assertThat(other.records).isEmpty();
    Found otherKind = new Found();
    FrameReader.read(disk, FILE, Frame.Kind.CHECKPOINT, NUMBER, false, otherKind);
    assertThat(otherKind.records).isEmpty();
  }

  @Test
  void aDamagedChainLosesItsRecordAlone() throws IOException {
    int max = Frame.MAX_BODY;
    List<byte[]> bodies = bodies(10, max + 20, 30);
    List<Long> ends = write(bodies);
    byte[] whole = disk.bytes(FILE);
    int chain = ends.get(1).intValue();
    int second = chain + Frame.HEADER + max;
    List<byte[]> left = List.of(bodies.get(0), bodies.get(2));
    for (int at : new int[] {chain, chain + 1000, second + 3, second + Frame.HEADER}) {
      byte[] bytes = whole.clone();
      bytes[at] ^= 0x11;
      disk.put(FILE, bytes);
      Found found = read(true);
      assertRecords(found, left, "flip at " + at);
      assertThat(found.damage).isNotEmpty();
      assertThat(found.damageEnd).isEqualTo(ends.get(2));
    }
    disk.put(FILE, Arrays.copyOf(whole, second + 20));
    Found torn = new Found();
    FrameReader.End end = FrameReader.read(disk, FILE, Frame.Kind.WAL, NUMBER, true, torn);
    assertThat(end.length()).isEqualTo(chain);
    assertThat(torn.damage).isEmpty();
    disk.put(FILE, Arrays.copyOf(whole, second));
    torn = new Found();
    end = FrameReader.read(disk, FILE, Frame.Kind.WAL, NUMBER, true, torn);
    assertThat(end.length()).isEqualTo(chain);
    assertThat(end.torn()).isNotNull();
    assertThat(read(false).damage).hasSize(1);
  }

  @Test
  void aRecordThatMakesNoSenseIsDamage() throws IOException {
    try (FrameWriter writer = new FrameWriter(disk, FILE, Frame.Kind.WAL, NUMBER)) {
      writer.end();
      writer.begin(TYPE + 1).u8(1);
      writer.end();
      writer.begin(TYPE).u8(2);
      writer.end();
      writer.write();
    }
    Found found = read(true);
    assertThat(found.damage).singleElement().asString().contains("type 4: unknown type");
    assertThat(found.records).hasSize(1);
  }

  /** Each offset costs one look at most, even if each looks like a header at first. */
  @Test
  void looksForTheNextFrameInLinearTime() throws IOException {
    ByteSink one = new ByteSink(16);
    byte[] hostile = new byte[8 << 20];
    Arrays.fill(hostile, (byte) TYPE);
    List<Long> ends = write(List.of(hostile, new byte[] {1}));
    byte[] bytes = disk.bytes(FILE);
    bytes[ends.get(0).intValue()] ^= 1;
    disk.put(FILE, bytes);
    one.u8(1);
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(60), () -> assertThat(read(true).records).hasSize(1));
  }

  @Test
  void takesBackWhatWasWrittenLast() throws IOException {
    try (FrameWriter writer = new FrameWriter(disk, FILE, Frame.Kind.WAL, NUMBER)) {
      writer.end();
      writer.write();
      long before = writer.length();
      writer.begin(TYPE).text("gone");
      writer.end();
      disk.fails = "write"::equals;
      Assertions.assertThrows(IOException.class, writer::write);
      disk.fails = _ -> false;
      writer.discard();
      writer.cutTo(before);
      writer.begin(TYPE).u8(5);
      writer.end();
      writer.write();
    }
    assertRecords(read(false), List.of(new byte[] {5}), "after the failure");
  }
}
