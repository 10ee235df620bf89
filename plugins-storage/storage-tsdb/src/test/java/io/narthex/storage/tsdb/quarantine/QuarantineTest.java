package io.narthex.storage.tsdb.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.storage.tsdb.frames.MemoryDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuarantineTest {
  @TempDir Path dir;

  private static MemorySegment part(int length, int value) {
    byte[] bytes = new byte[length];
    java.util.Arrays.fill(bytes, (byte) value);
    return MemorySegment.ofArray(bytes);
  }

  private List<String> kept() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void keepsTheNewestPartsUpToItsBytes() throws IOException {
    Quarantine quarantine = new Quarantine(LocalDisk.INSTANCE, dir, 1000);
    Files.writeString(dir.resolve("notes.txt"), "somebody's");
    Path wal = Path.of("wal", "00000003.wal");
    for (int i = 1; i <= 6; i++) {
      quarantine.keep(wal, i * 512L, part(240, i));
    }
    assertThat(kept())
        .containsExactly(
            "00000003-00000003.wal-1536",
            "00000004-00000003.wal-2048",
            "00000005-00000003.wal-2560",
            "00000006-00000003.wal-3072",
            "notes.txt");
    assertThat(Files.readAllBytes(dir.resolve("00000004-00000003.wal-2048")))
        .hasSize(240)
        .containsOnly(4);
    new Quarantine(LocalDisk.INSTANCE, dir, 1000).keep(wal, 9, part(100_000, 9));
    assertThat(kept())
        .contains("00000007-00000003.wal-9")
        .doesNotContain("00000003-00000003.wal-1536");
    assertThat(Files.size(dir.resolve("00000007-00000003.wal-9"))).isEqualTo(250);
  }

  @Test
  void whatCannotBeKeptStopsNobody() {
    MemoryDisk disk = new MemoryDisk();
    disk.fails = _ -> true;
    new Quarantine(disk, dir, 1000).keep(Path.of("x.wal"), 0, part(10, 1));
    assertThat(disk.list(dir)).isEmpty();
  }

  @Test
  void keepsAThousandFilesAtMost() {
    MemoryDisk disk = new MemoryDisk();
    Quarantine quarantine = new Quarantine(disk, dir, 1 << 20);
    for (int i = 0; i < 1100; i++) {
      quarantine.keep(Path.of("x.wal"), i, part(1, 1));
    }
    assertThat(disk.list(dir)).hasSize(1000);
  }
}
