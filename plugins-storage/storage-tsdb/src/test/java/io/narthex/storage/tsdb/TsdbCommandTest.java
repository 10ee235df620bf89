package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.testkit.storage.StoredSeries;
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
  private String errors = "";

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  @BeforeEach
  void makeFolder() {
    new WalFiles(framed()).prepare(folder);
  }

  private String run(String... args) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteArrayOutputStream bad = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(bad, true, StandardCharsets.UTF_8)) {
      status = new TsdbCommand(out, err).run(List.of(args));
    }
    errors = bad.toString(StandardCharsets.UTF_8);
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

      for (String command : List.of("repair", "upgrade")) {
        assertThatThrownBy(() -> run(command, folder.toString()))
            .isInstanceOf(StorageException.Unusable.class)
            .hasMessageContaining("another server uses this folder");
      }
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

    assertThat(run("verify", folder.toString())).contains("damaged  " + chunks + " at byte ");
    assertThat(status).isEqualTo(1);

    run("dump", folder.toString());
    assertThat(status).isEqualTo(1);
    assertThat(errors).contains(chunks + " at byte ");

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
  void looksIntoAFolderOfWhichABlockAndTheWalAreDamaged() throws IOException {
    long all;
    String id;
    try (TsdbStorage db = filled()) {
      all = TestDb.all(db).stream().mapToLong(s -> s.samples().size()).sum();
      id = db.blocks().list().getFirst().meta.id();
    }
    flip(folder.resolve("blocks").resolve(id).resolve("index"), 300);
    flip(checkpoint(), 300);

    String list = run("list", folder.toString());
    assertThat(list).doesNotContain(id).contains("head: ");
    assertThat(errors)
        .isEqualTo(
            "narthex tsdb: "
                + folder
                + ": damaged parts are left out; narthex tsdb verify names them\n");
    assertThat(run("analyze", folder.toString())).contains("head: ");
    assertThat(run("dump", folder.toString()).lines().count()).isBetween(all / 4, all - 1);
    assertThat(status).isZero();
    assertThat(folder.resolve("blocks").resolve(id)).isDirectory(); // nothing has been changed
  }

  private Path checkpoint() {
    WalFiles files = new WalFiles(framed());
    return files.head(folder).resolve(files.checkpoint(files.checkpoints(folder).getLast()));
  }

  @Test
  void dumpsWholeHistograms() throws IOException {
    NativeHistogram exponential =
        NativeHistogram.builder()
            .schema(3)
            .zeroBucket(0.001, 2)
            .count(16)
            .sum(18.25)
            .positive(new int[] {-2, 2, 3, 1}, new double[] {1, 4, 7})
            .negative(new int[] {5, 1}, new double[] {2})
            .resetHint(NativeHistogram.ResetHint.GAUGE)
            .build();
    NativeHistogram custom =
        NativeHistogram.builder()
            .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
            .count(3)
            .sum(0.5)
            .positive(new int[] {0, 2}, new double[] {1, 2})
            .customBounds(new double[] {0.1, 2.5})
            .build();
    try (TsdbStorage db = TestDb.open(folder)) {
      SampleBatch batch = new SampleBatch(4);
      batch.add(db.resolve(TestDb.series("h", 0)), TestDb.T0, exponential);
      batch.add(db.resolve(TestDb.series("h", 1)), TestDb.T0, custom);
      batch.add(db.resolve(TestDb.series("h", 2)), TestDb.T0, NativeHistogram.stale());
      batch.add(db.resolve(TestDb.series("h", 3)), TestDb.T0, StaleMarker.VALUE);
      assertThat(db.append(batch).allOk()).isTrue();
    }
    assertThat(run("dump", folder.toString()).lines())
        .containsExactly(
            "{__name__=\"h\", i=\"0\"} {schema:3 count:16 sum:18.25 z_bucket:2 z_bucket_w:0.001"
                + " buckets:[-2:1 -1:4 3:7] n_buckets:[5:2] counter_reset_hint:gauge} "
                + TestDb.T0,
            "{__name__=\"h\", i=\"1\"} {schema:-53 count:3 sum:0.5 buckets:[0:1 1:2]"
                + " custom_values:[0.1 2.5]} "
                + TestDb.T0,
            "{__name__=\"h\", i=\"2\"} stale " + TestDb.T0,
            "{__name__=\"h\", i=\"3\"} stale " + TestDb.T0);
  }

  @Test
  void refusesWrongOptionsBeforeItDoesAnything() throws IOException {
    filled().close();
    flip(chunksOfABlock(), 20);
    assertThatThrownBy(() -> run("repair", "--yes=1", folder.toString()))
        .hasMessage("repair has no option --yes");
    assertThatThrownBy(() -> run("repair", "-y", folder.toString()))
        .hasMessage("repair has no option -y");
    assertThat(run("verify", folder.toString())).contains("damaged  "); // not repaired
    Path none = folder.resolve("none");
    assertThatThrownBy(() -> run("lst", none.toString()))
        .hasMessage("unknown command \"lst\"; see narthex tsdb --help");
    assertThatThrownBy(() -> run("analyze", "--limit=-1", none.toString()))
        .hasMessage("--limit: a number from 1 on is needed, got -1");
    assertThatThrownBy(() -> run("dump", "--match==x", none.toString()))
        .hasMessage("--match: NAME=VALUE is needed, got =x");
    assertThatThrownBy(() -> run("dump", "--max-time=99999999999999999999", none.toString()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> run("repair", none.toString()))
        .hasMessage(none + ": there is no such folder");
    assertThat(none).doesNotExist();
  }

  @Test
  void rewritesAFolderOfFormat1() throws IOException {
    List<StoredSeries> before;
    try (TsdbStorage db = filled()) {
      before = TestDb.all(db);
    }
    assertThat(run("upgrade", folder.toString()))
        .startsWith(framed() ? "has format 3 already" : "has format 3 now");
    assertThat(status).isZero();
    assertThat(folder.resolve("tsdb.version")).hasContent("narthex tsdb 3");
    assertThat(folder.resolve("log")).doesNotExist();
    assertThat(run("upgrade", folder.toString())).startsWith("has format 3 already");
    try (TsdbStorage db = TestDb.open(folder)) {
      assertThat(TestDb.all(db)).isEqualTo(before);
    }
  }

  @Test
  void saysWhatIsWrongWithTheCommandLine() throws IOException {
    assertThat(run()).startsWith("usage: narthex tsdb list");
    assertThat(status).isEqualTo(2);
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThatThrownBy(() -> run("list", empty.toString()))
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
