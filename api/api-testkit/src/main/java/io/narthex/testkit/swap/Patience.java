package io.narthex.testkit.swap;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for actions of a plugin that give no signal. */
final class Patience {
  private static final long PAUSE_MS = 2;

  private Patience() {}

  /**
   * Checks a condition every two milliseconds until it is true.
   *
   * @return false when it was not true in time
   */
  static boolean until(BooleanSupplier condition, Duration longest) throws InterruptedException {
    long deadline = System.nanoTime() + longest.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      Thread.sleep(PAUSE_MS);
    }
    return true;
  }
}
