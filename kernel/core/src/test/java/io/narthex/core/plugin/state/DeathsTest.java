package io.narthex.core.plugin.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeathsTest {
  @TempDir Path folder;
  private Deaths deaths;

  /** The process ends without a word, and another takes its place. */
  @BeforeEach
  void die() {
    deaths = new Deaths(folder.resolve("starting.properties"), Clock.systemUTC(), Duration.ZERO);
  }

  private void run(String id) {
    deaths.starting(id, "sha-" + id);
    deaths.started(id);
  }

  private boolean isBlamed(String id) {
    return deaths.tooMany(id, "sha-" + id, "1.0.0") != null;
  }

  @Test
  void twoDeathsInARowAreTooMany() {
    run("a");
    die();
    assertThat(isBlamed("a")).isFalse();
    run("a");
    die();
    assertThat(isBlamed("a")).isTrue();
    assertThat(deaths.tooMany("a", "another", "1.0.1")).isNull();
    deaths.free("a");
    assertThat(isBlamed("a")).isFalse();
  }

  @Test
  void lifeBetweenDeathsEndsTheRow() {
    run("a");
    die();
    run("a");
    deaths.settle(System.nanoTime());
    die();
    run("a");
    die();
    assertThat(isBlamed("a")).isFalse();
  }

  @Test
  void jarThatHasLivedIsNotBlamedForADeathWithoutAWord() {
    run("old");
    deaths.settle(System.nanoTime());
    for (int i = 0; i < 3; i++) {
      run("old");
      run("new");
      die();
    }
    assertThat(isBlamed("old")).isFalse();
    assertThat(isBlamed("new")).isTrue();
  }

  @Test
  void jarThatWasBeingStartedIsBlamedEvenIfItHasLived() {
    run("old");
    deaths.settle(System.nanoTime());
    for (int i = 0; i < 2; i++) {
      run("other");
      deaths.starting("old", "sha-old");
      die();
    }
    assertThat(isBlamed("old")).isTrue();
    assertThat(isBlamed("other")).isFalse();
  }

  @Test
  void stopInGoodOrderIsNoDeath() {
    for (int i = 0; i < 3; i++) {
      run("a");
      deaths.cleanStop();
      die();
    }
    for (int i = 0; i < 3; i++) {
      run("b");
      deaths.over("b");
      die();
    }
    assertThat(isBlamed("a")).isFalse();
    assertThat(isBlamed("b")).isFalse();
  }
}
