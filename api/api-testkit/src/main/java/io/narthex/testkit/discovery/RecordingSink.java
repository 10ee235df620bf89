package io.narthex.testkit.discovery;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.TargetSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Records what a discovery publishes. Thread-safe. */
public final class RecordingSink implements TargetSink {
  private static final long RECHECK_MS = 50;

  private final Map<String, TargetGroup> groups = new LinkedHashMap<>();
  private final List<String> failures = new ArrayList<>();
  private int updates;

  @Override
  public synchronized void update(List<TargetGroup> changed) {
    for (TargetGroup g : changed) {
      if (g.targets().isEmpty()) {
        groups.remove(g.source());
      } else {
        groups.put(g.source(), g);
      }
    }
    updates++;
    notifyAll();
  }

  @Override
  public synchronized void refreshFailed(String reason) {
    failures.add(reason);
    notifyAll();
  }

  /** Returns all groups that have targets. */
  public synchronized List<TargetGroup> groups() {
    return List.copyOf(groups.values());
  }

  /** Returns the reasons of failed refreshes. */
  public synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  /** Returns the number of updates. */
  public synchronized int updates() {
    return updates;
  }

  /**
   * Waits until a condition on this sink is true.
   *
   * @throws AssertionError when it is not true in time
   */
  public synchronized void await(String what, Duration patience, BooleanSupplier condition)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!condition.getAsBoolean()) {
      if (deadline - System.nanoTime() <= 0) {
        throw new AssertionError(
            "waited "
                + patience
                + " for "
                + what
                + "; groups "
                + groups
                + ", failures "
                + failures);
      }
      wait(RECHECK_MS); // the condition may depend on more than this sink
    }
  }
}
