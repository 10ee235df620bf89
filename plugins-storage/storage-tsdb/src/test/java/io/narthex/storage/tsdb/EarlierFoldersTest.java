package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.testkit.storage.StoredSeries;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Folders of format 2 that earlier versions wrote are read, and continued.
 *
 * <p>The first checkpoints held all rows and referred to no files of chunks: the files of
 * resources/whole-checkpoint were written at commit 459214c0 by {@link #fill}, a stop, a start, 20
 * more rows and a kill. Later ones had tails of up to seven small chunks, of which eight were
 * sealed at once: those of resources/long-tail were written at commit 81d645ab by {@link
 * #appendFloats} of 140 rows and a stop.
 */
class EarlierFoldersTest {
  private static final TsdbConfig CONFIG =
      TestDb.config(Duration.ofDays(400), 0, Duration.ofMinutes(10), 1 << 20);
  private static final Labels HISTOGRAM = Labels.of("__name__", "h");

  @TempDir Path dir;

  private static void append(TsdbStorage db, int from, int to) {
    SampleBatch batch = new SampleBatch(4);
    for (int k = from; k < to; k++) {
      long t = TestDb.T0 + k * 15_000L;
      batch.clear();
      for (int i = 0; i < 3; i++) {
        batch.add(db.resolve(TestDb.series("m", i)), t, (k * 7919L * k) % 977 + i);
      }
      batch.add(
          db.resolve(HISTOGRAM),
          t,
          NativeHistogram.builder()
              .schema(1)
              .count(3.0 * k)
              .sum(k)
              .positive(new int[] {0, 2}, new double[] {k, 2.0 * k})
              .build());
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  /** What was in the checkpoint: 280 rows, two late ones, and a range that is deleted. */
  private static void fill(TsdbStorage db) {
    append(db, 0, 280);
    for (int i = 0; i < 2; i++) {
      assertThat(TestDb.append(db, TestDb.series("m", i), TestDb.T0 + 270 * 15_000L + 1, 5))
          .isZero();
    }
    db.delete(List.of(List.of(Matcher.equal("i", "2"))), TestDb.T0 + 150_000, TestDb.T0 + 300_000);
    append(db, 280, 300);
  }

  /** The tails of the series end at different times. */
  private static void appendFloats(TsdbStorage db, int from, int to) {
    SampleBatch batch = new SampleBatch(8);
    for (int k = from; k < to; k++) {
      batch.clear();
      for (int i = 0; i < 8; i++) {
        batch.add(
            db.resolve(TestDb.series("m", i)),
            TestDb.T0 + k * 15_000L,
            (k * 7919L * k) % 977 + i / 8.0);
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  @Test
  void checkpointsWithAllRowsAreRead() throws IOException {
    isReadAndContinued(
        "whole-checkpoint",
        List.of("tsdb.version", "head/00000002.checkpoint", "wal/00000002.wal", "wal/00000003.wal"),
        db -> {
          fill(db);
          append(db, 280, 300);
        },
        db -> append(db, 300, 500));
  }

  @Test
  void tailsOfSevenChunksAreRead() throws IOException {
    isReadAndContinued(
        "long-tail",
        List.of("tsdb.version", "head/00000002.checkpoint", "wal/00000002.wal"),
        db -> appendFloats(db, 0, 140),
        db -> appendFloats(db, 140, 300));
  }

  private void isReadAndContinued(
      String folder, List<String> files, Consumer<TsdbStorage> written, Consumer<TsdbStorage> more)
      throws IOException {
    TsdbStorage fresh = TestDb.open(dir.resolve("fresh"), CONFIG);
    written.accept(fresh);
    List<StoredSeries> expected = TestDb.all(fresh);
    more.accept(fresh);
    List<StoredSeries> continued = TestDb.all(fresh);
    fresh.close();
    Path old = extract(folder, files);
    TsdbStorage db = TestDb.open(old, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(expected);
    more.accept(db);
    assertThat(TestDb.all(db)).isEqualTo(continued);
    db.close();
    db = TestDb.open(old, CONFIG);
    assertThat(TestDb.all(db)).isEqualTo(continued);
    assertThat(db.counters().get(Counters.damageOf("checkpoint"))).isZero();
    assertThat(db.counters().get(Counters.damageOf("wal"))).isZero();
    db.close();
  }

  private Path extract(String folder, List<String> files) throws IOException {
    Path to = dir.resolve("old");
    for (String name : files) {
      Path file = to.resolve(name);
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      try (InputStream in =
          Objects.requireNonNull(
              EarlierFoldersTest.class.getResourceAsStream("/" + folder + "/" + name))) {
        Files.copy(in, file);
      }
    }
    return to;
  }
}
