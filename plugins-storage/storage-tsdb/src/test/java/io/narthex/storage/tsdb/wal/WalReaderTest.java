package io.narthex.storage.tsdb.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalReaderTest {
  @TempDir Path dir;

  private static void record(ByteSink out, int bytes) {
    int start = out.size;
    out.u64(0);
    out.u8(BatchRecord.TYPE);
    for (int i = 0; i < bytes; i++) {
      out.u8(i);
    }
    Wal.frame(out, start, new CRC32C());
  }

  private static ByteSink begun() {
    ByteSink out = new ByteSink(1 << 16);
    out.bytes(Wal.MAGIC, 0, Wal.MAGIC.length);
    return out;
  }

  private List<Integer> lengths(ByteSink out) throws IOException {
    Path file = dir.resolve("segment");
    Files.write(file, java.util.Arrays.copyOf(out.data, out.size));
    List<Integer> lengths = new ArrayList<>();
    WalReader.readAll(LocalDisk.INSTANCE, file, (_, in) -> lengths.add(in.remaining()), _ -> {});
    return lengths;
  }

  /** Many offsets look like headers of records of up to 4 MiB: the work was their product. */
  @Test
  void lookingForTheNextRecordTakesTimeInProportionToTheFile() {
    ByteSink out = begun();
    record(out, 5);
    Random random = new Random(1);
    out.u32(77); // a length of nothing that follows
    for (int i = 0; i < 16 << 20; i++) {
      out.u8(new int[] {0, 1, 63}[random.nextInt(3)]);
    }
    record(out, 6);
    record(out, 7);
    assertTimeoutPreemptively(
        Duration.ofSeconds(20), () -> assertThat(lengths(out)).containsExactly(5, 6, 7));
  }

  @Test
  void aWholeRecordBetweenTwoDamagedOnesIsFound() throws IOException {
    ByteSink out = begun();
    record(out, 50);
    int first = out.size;
    record(out, 60);
    record(out, 70);
    int second = out.size;
    record(out, 80);
    record(out, 90);
    for (int at : new int[] {first, second}) {
      out.data[at + 3] ^= 0x40; // the length
    }
    assertThat(lengths(out)).containsExactly(50, 70, 90);
  }

  @Test
  void aLargeRecordAfterDamageIsFound() throws IOException {
    ByteSink out = begun();
    int first = out.size;
    record(out, 60);
    record(out, 5 << 20);
    record(out, 8);
    out.data[first + 12] ^= 1;
    assertThat(lengths(out)).containsExactly(5 << 20, 8);
  }
}
