package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeadChunksTest {
  @TempDir Path dir;

  private final HeadChunks chunks = new HeadChunks();
  private final ChunkCodec codec = new ChunkCodec();
  private final ByteSink scratch = new ByteSink(64);
  private final Random random = new Random(3);

  private long put(long before, int number) {
    ChunkRows rows = new ChunkRows();
    rows.clear(false);
    int n = number % 50 == 0 ? 1000 : 20;
    for (int i = 0; i < n; i++) {
      rows.add(number * 100_000L + i * 90L, random.nextGaussian(), null, 0);
    }
    return chunks.put(number, codec, rows, 0, n, before, scratch);
  }

  private int chainLength(HeadChunks.@Nullable Page[] pages, long newest) {
    ByteSource in = new ByteSource();
    HeadChunks.Scratch memory = new HeadChunks.Scratch();
    ChunkRows rows = new ChunkRows();
    int n = 0;
    for (long at = newest; HeadChunks.exists(pages, at); n++) {
      long before = HeadChunks.open(pages, at, in, memory);
      codec.read(in, HeadChunks.baseMs(pages, at), rows);
      assertThat(rows.timesMs[1] - rows.timesMs[0]).isEqualTo(90);
      at = before;
    }
    return n;
  }

  @Test
  void givesChainsBackFromHeapAndFiles() throws IOException {
    long a = 0;
    long b = 0;
    for (int i = 0; i < 5000; i++) {
      a = put(a, i);
      b = put(b, i);
    }
    assertThat(chainLength(chunks.snapshot(), a)).isEqualTo(5000);
    HeadChunks.@Nullable Page[] before = chunks.snapshot();
    assertThat(chunks.full()).hasSizeGreaterThan(5);
    for (HeadChunks.Page p : chunks.full()) {
      HeadChunks.spill(LocalDisk.INSTANCE, p, dir);
    }
    assertThat(chunks.full()).isEmpty();
    assertThat(dir).isEmptyDirectory();
    assertThat(chainLength(chunks.snapshot(), a)).isEqualTo(5000);
    assertThat(chainLength(before, b)).isEqualTo(5000);
    for (int i = 5000; i < 5100; i++) {
      a = put(a, i);
    }
    assertThat(chainLength(chunks.snapshot(), a)).isEqualTo(5100);
    chunks.dropBefore(2500 * 100_000L);
    assertThat(chainLength(chunks.snapshot(), a)).isBetween(2600, 3400);
    assertThat(chainLength(before, b)).isEqualTo(5000);
    chunks.dropBefore(Long.MAX_VALUE);
    assertThat(chunks.bytes()).isZero();
    assertThat(chunks.chunks()).isZero();
    assertThat(chainLength(chunks.snapshot(), put(a, 6000))).isEqualTo(1);
  }

  @Test
  void droppedPagesAreFreedWhenTheLastReaderWhoBeganBeforeHasEnded() throws IOException {
    long newest = 0;
    for (int i = 0; i < 5000; i++) {
      newest = put(newest, i);
    }
    for (HeadChunks.Page p : chunks.full()) {
      HeadChunks.spill(LocalDisk.INSTANCE, p, dir);
    }
    HeadChunks.Lease early = chunks.lease();
    HeadChunks.Lease late = chunks.lease();
    chunks.dropBefore(2500 * 100_000L);
    chunks.freeDropped();
    HeadChunks.Lease after = chunks.lease();
    int leaving = chunks.leaving();
    assertThat(leaving).isPositive();
    early.close();
    early.close();
    assertThat(chunks.leaving()).isEqualTo(leaving);
    assertThat(chainLength(late.pages, newest)).isEqualTo(5000);
    late.close();
    assertThat(chunks.leaving()).isZero();
    assertThat(chainLength(after.pages, newest)).isBetween(2600, 3400);
    ByteSource in = new ByteSource();
    HeadChunks.Scratch memory = new HeadChunks.Scratch();
    assertThatThrownBy(() -> HeadChunks.open(late.pages, 1L << 32, in, memory))
        .isInstanceOf(IllegalStateException.class);
    after.close();
  }
}
