package io.narthex.storage.tsdb.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnforcedTest {
  @TempDir Path dir;

  @Test
  void keepsWhatWasAddedAndNotDropped() throws IOException {
    Random random = new Random(5);
    byte[] all = new byte[4 << 20];
    random.nextBytes(all);
    Unforced unforced = new Unforced();
    int from = 0;
    int to = 0;
    for (int i = 0; to < all.length; i++) {
      int n = Math.min(all.length - to, random.nextInt(1 << (i % 20)));
      unforced.add(all, to, n);
      to += n;
      if (i % 7 == 3) {
        int drop = i % 14 == 3 ? to - from : random.nextInt(to - from + 1);
        unforced.dropFirst(drop);
        from += drop;
      }
      assertThat(unforced.size()).isEqualTo(to - from);
      if (i % 5 == 0) {
        Path file = dir.resolve("f");
        try (DiskFile out = LocalDisk.INSTANCE.create(file)) {
          unforced.writeTo(out);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(Arrays.copyOfRange(all, from, to));
        assertThat(read(unforced, random)).isEqualTo(Arrays.copyOfRange(all, from, to));
      }
    }
  }

  private static byte[] read(Unforced unforced, Random random) {
    Unforced.Reader reader = unforced.new Reader();
    ByteSink read = new ByteSink(1 << 20);
    byte[] some = new byte[1 << 19];
    while (reader.left() > 0) {
      int n = (int) Math.min(reader.left(), random.nextInt(some.length));
      reader.read(some, n);
      read.bytes(some, 0, n);
    }
    return Arrays.copyOf(read.data, read.size);
  }
}
