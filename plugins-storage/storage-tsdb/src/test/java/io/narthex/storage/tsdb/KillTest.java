package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.testkit.storage.StoredSeries;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process that appends, for real. */
class KillTest {
  private static final int SERIES = 20;

  @TempDir Path dir;

  private final WalFiles files = new WalFiles(framed());

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  @BeforeEach
  void makeFolder() {
    files.prepare(dir);
  }

  /** Appends until it is killed and says how far it has come. */
  static final class Child {
    public static void main(String[] args) {
      TsdbStorage db = TestDb.open(Path.of(args[0]));
      for (int step = 0; ; step++) {
        for (int i = 0; i < SERIES; i++) {
          if (TestDb.append(db, TestDb.series("m", i), TestDb.T0 + step * 15_000L, step) != 0) {
            throw new IllegalStateException("refused");
          }
        }
        System.out.println(step);
        if (step % 500 == 499) {
          db.maintain();
        }
      }
    }
  }

  @Test
  void losesNothingThatWasAcknowledgedBeforeTheKill() throws IOException, InterruptedException {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                path,
                Child.class.getName(),
                dir.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int acknowledged = -1;
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(child.getInputStream(), StandardCharsets.US_ASCII))) {
      while (acknowledged < 3000) {
        String line = out.readLine();
        assertThat(line).as("the child ended early").isNotNull();
        acknowledged = Integer.parseInt(line);
      }
      child.destroyForcibly().waitFor();
    }
    TsdbStorage db = TestDb.open(dir);
    List<StoredSeries> all = TestDb.all(db);
    assertThat(all).hasSize(SERIES);
    for (StoredSeries s : all) {
      assertThat(s.samples()).hasSizeGreaterThan(acknowledged);
      for (int k = 0; k < s.samples().size(); k++) {
        assertThat(s.samples().get(k).value()).isEqualTo(k);
      }
    }
    assertThat(db.blocks().list()).isNotEmpty();
    assertThat(db.counters().get("wal_corruptions_total")).isZero();
    assertThat(db.counters().get("clean_start")).isZero();
    db.close();
  }
}
