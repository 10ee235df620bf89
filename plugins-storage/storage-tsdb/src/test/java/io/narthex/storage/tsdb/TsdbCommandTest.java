package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.storage.StorageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TsdbCommandTest {
  private static final int SERIES = 20;
  private static final long STEP = 60_000;

  @TempDir private Path folder = Path.of("");
  private int status;

  /** Whether the folder has format 2, as new ones do. */
  boolean framed() {
    return true;
  }

  @BeforeEach
  void makeFolder() {
    new WalFiles(framed()).prepare(folder);
  }

  private String run(String... args) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      status = new TsdbCommand(out).run(List.of(args));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Five hours of samples: blocks, and a head with the rest. */
  private TsdbStorage filled() {
    TsdbStorage db =
        TestDb.open(folder, TestDb.config(Duration.ofDays(15), 0, Duration.ZERO, 64 << 10));
    for (long t = 0; t < 5 * TestDb.HOUR; t += STEP) {
      for (int i = 0; i < SERIES; i++) {
        TestDb.append(db, TestDb.series("m", i), TestDb.T0 + t, i + t / 1000.0);
      }
    }
    db.maintain();
    assertThat(db.blocks().list()).isNotEmpty();
    return db;
  }

  private Path chunksOfABlock() throws IOException {
    try (Stream<Path> blocks = Files.list(folder.resolve("blocks"))) {
      return blocks.sorted().findFirst().orElseThrow().resolve("chunks");
    }
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 4;
    Files.write(file, bytes);
  }

  @Test
  void looksIntoTheFolderOfARunningServer() throws IOException {
    try (TsdbStorage db = filled()) {
      String list = run("list", folder.toString());
      for (var block : db.blocks().list()) {
        assertThat(list).contains(block.meta.id());
      }
      assertThat(list).contains("head: " + SERIES + " series, ");

      assertThat(run("verify", folder.toString())).contains("ok ").doesNotContain("damaged");
      assertThat(status).isZero();

      assertThat(run("analyze", "--limit=3", folder.toString()))
          .contains(String.format("%10d  m%n", SERIES), String.format("%10d  i%n", SERIES));

      String dump = run("dump", folder.toString());
      assertThat(dump.lines().count())
          .isEqualTo(TestDb.all(db).stream().mapToLong(s -> s.samples().size()).sum());
      assertThat(dump).contains("{__name__=\"m\", i=\"3\"} 63 " + (TestDb.T0 + STEP) + "\n");
      assertThat(
              run(
                      "dump",
                      "--match=m",
                      "--match=i=7",
                      "--min-time=" + (TestDb.T0 + STEP) / 1000,
                      "--max-time=" + (TestDb.T0 + 2 * STEP) / 1000,
                      folder.toString())
                  .lines())
          .containsExactly(
              "{__name__=\"m\", i=\"7\"} 67 " + (TestDb.T0 + STEP),
              "{__name__=\"m\", i=\"7\"} 127 " + (TestDb.T0 + 2 * STEP));

      assertThatThrownBy(() -> run("repair", folder.toString()))
          .isInstanceOf(StorageException.Unusable.class)
          .hasMessageContaining("another server uses this folder");
    }
  }

  @Test
  void damageIsFoundAndRepairedAndTheRestIsServed() throws IOException {
    long all;
    try (TsdbStorage db = filled()) {
      all = TestDb.all(db).stream().mapToLong(s -> s.samples().size()).sum();
    }
    Path chunks = chunksOfABlock();
    flip(chunks, 20);

    assertThat(run("verify", folder.toString())).contains("damaged", chunks + " at byte ");
    assertThat(status).isEqualTo(1);

    assertThat(run("repair", folder.toString())).contains("1 damaged chunks left out");
    assertThat(status).isZero();
    assertThat(run("verify", folder.toString())).doesNotContain("damaged  ");
    assertThat(status).isZero();
    try (TsdbStorage db = TestDb.open(folder)) {
      long left = TestDb.all(db).stream().mapToLong(s -> s.samples().size()).sum();
      assertThat(left).isBetween(all - 128, all - 1);
    }
  }

  @Test
  void saysWhatIsWrongWithTheCommandLine() throws IOException {
    assertThat(run()).startsWith("usage: narthex tsdb list");
    assertThat(status).isEqualTo(2);
    assertThatThrownBy(() -> run("list", folder.resolve("none").toString()))
        .hasMessageContaining("holds no database");
    TestDb.open(folder).close();
    assertThatThrownBy(() -> run("list", "--limit=3", folder.toString()))
        .hasMessage("list has no option --limit");
    assertThatThrownBy(() -> run("lst", folder.toString()))
        .hasMessageStartingWith("unknown command \"lst\"");
    assertThatThrownBy(() -> run("dump", "--min-time=soon", folder.toString()))
        .hasMessageEndingWith("got soon");
  }
}
