package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The short form of {@code ./narthex bench crash}: some of the points, another few each run. */
class CrashPointsTest {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.narthex.storage.tsdb");

  /** Points of a kind that are tried; -Dcrash.points=all tries every one. */
  private static final int POINTS = Integer.getInteger("crash.points", 50);

  @TempDir Path dir;

  @BeforeAll
  static void quiet() {
    LOGGER.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    LOGGER.setLevel(null);
  }

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  private CrashPoints points() {
    return new CrashPoints(dir, framed());
  }

  /** Tries points at equal distances, from a random one on. */
  private void tryPoints(LongFunction<List<String>> attempt) {
    CrashPoints points = points();
    long operations = points.operations();
    assertThat(operations).isGreaterThan(300);
    double distance = Math.max(1, operations / (double) POINTS);
    List<String> problems = new ArrayList<>();
    for (double at = 1 + new Random().nextDouble() * (distance - 1);
        at <= operations;
        at += distance) {
      problems.addAll(attempt.apply((long) at));
    }
    assertThat(problems).isEmpty();
  }

  @Test
  void aKillAtAnyOperationLosesNothing() {
    CrashPoints points = points();
    tryPoints(at -> points.stop(at, true, "1s"));
  }

  @Test
  void aFailureOfAnyOperationIsReportedAndLosesNothing() {
    CrashPoints points = points();
    tryPoints(at -> points.fail(at, 1, "1s"));
  }

  @Test
  void aFailureOfSeveralOperationsIsReportedAndLosesNothing() {
    CrashPoints points = points();
    tryPoints(at -> points.fail(at, 3, "always"));
  }

  @Test
  void aPowerCutLosesNothingThatWasAcknowledgedUnderAlways() {
    CrashPoints points = points();
    tryPoints(at -> points.powerCut(at, at, "always"));
  }

  @Test
  void aPowerCutLosesNothingThatWasForced() {
    CrashPoints points = points();
    tryPoints(at -> points.powerCut(at, at, "60m"));
  }
}
