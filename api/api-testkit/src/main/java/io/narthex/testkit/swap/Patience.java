package io.narthex.testkit.swap;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for what a plugin does of itself and gives no signal of. */
final class Patience {
  private static final long PAUSE_MS = 2;

  private Patience() {}

  /**
   * Looks at a condition every other millisecond until it holds.
   *
   * @return false when it did not hold in time
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
