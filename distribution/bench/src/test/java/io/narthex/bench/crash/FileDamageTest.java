package io.narthex.bench.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.crash.FileDamage.Act;
import io.narthex.bench.crash.FileDamage.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDamageTest {
  private static final int SIZE = 10_000;

  @TempDir private Path folder = Path.of("");

  private byte[] damaged(Act act) throws IOException {
    Path file = folder.resolve("00000003.wal");
    byte[] bytes = new byte[SIZE];
    new Random(1).nextBytes(bytes);
    Files.write(file, bytes);
    FileDamage damage = FileDamage.make(act, file, new Random(2));
    assertThat(damage.kind()).isEqualTo(Kind.WAL);
    byte[] now = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
    for (int i = 0; i < now.length; i++) {
      boolean inside = i >= damage.from() && i < damage.to();
      assertThat(now[i] == bytes[i] || inside).isTrue();
    }
    return now;
  }

  @Test
  void damagesWhatItNamesAndNothingElse() throws IOException {
    assertThat(damaged(Act.FLIP)).hasSize(SIZE);
    assertThat(damaged(Act.ZERO_PAGE)).hasSize(SIZE);
    assertThat(damaged(Act.CUT)).hasSizeLessThan(SIZE);
    assertThat(damaged(Act.MISSING)).isEmpty();
  }

  @Test
  void namesTheFileAndThePlace() throws IOException {
    Path block = Files.createDirectories(folder.resolve("01M83JN78QVR5BJDH05PRTM8QN"));
    Path file = Files.write(block.resolve("index"), new byte[1]);
    assertThat(FileDamage.make(Act.FLIP, file, new Random(1)))
        .hasToString("flip 01M83JN78QVR5BJDH05PRTM8QN/index at byte 0");
    assertThat(FileDamage.make(Act.MISSING, file, new Random(1)))
        .hasToString("missing 01M83JN78QVR5BJDH05PRTM8QN/index");
  }

  @Test
  void tellsSealedChunksOfTheHeadFromThoseOfABlock() {
    assertThat(Kind.of(folder.resolve("head/00000003.chunks"))).isEqualTo(Kind.HEAD_CHUNKS);
    assertThat(Kind.of(folder.resolve("head/00000007.checkpoint"))).isEqualTo(Kind.CHECKPOINT);
    assertThat(Kind.of(folder.resolve("chunks"))).isEqualTo(Kind.CHUNKS);
    assertThat(Kind.HEAD_CHUNKS.isOfBlock()).isFalse();
  }
}
