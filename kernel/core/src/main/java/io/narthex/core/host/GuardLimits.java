package io.narthex.core.host;

import io.narthex.core.config.NarthexConfig.PluginLimits;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * Limits on failures and resources of plugins.
 *
 * @param failures failed calls in a row after which an instance is not called for a while
 * @param crashes crashes of a discovery in a row, without a result in between, after which the
 *     plugin is quarantined
 * @param starts failed starts in a row after which the plugin is quarantined
 * @param window how old a crash or failed start may be to count
 * @param restartPause pause after the first crash, and while a circuit is open; doubles each time
 * @param longestPause longest pause
 * @param probation how long an update is watched and rolled back if it fails; zero: not at all
 * @param targets maximum number of targets, and of groups, of a discovery block
 * @param targetBytes maximum memory of these targets, estimated
 * @param deadlines deadlines of calls that differ from those of {@link Operation}
 */
public record GuardLimits(
    int failures,
    int crashes,
    int starts,
    Duration window,
    Duration restartPause,
    Duration longestPause,
    Duration probation,
    int targets,
    long targetBytes,
    Map<Operation, Duration> deadlines) {
  /** Copies the map. */
  public GuardLimits {
    deadlines = Map.copyOf(deadlines);
  }

  /** Creates limits with the default deadlines. */
  public GuardLimits(
      int failures,
      int crashes,
      int starts,
      Duration window,
      Duration restartPause,
      Duration longestPause,
      Duration probation,
      int targets,
      long targetBytes) {
    this(
        failures,
        crashes,
        starts,
        window,
        restartPause,
        longestPause,
        probation,
        targets,
        targetBytes,
        Map.of());
  }

  /** Returns the limits in {@code narthex.yml}. */
  public static GuardLimits of(PluginLimits configured) {
    Map<Operation, Duration> deadlines = new EnumMap<>(Operation.class);
    deadlines.put(Operation.EVALUATE, configured.functionTimeout());
    deadlines.put(Operation.STORAGE_OPEN, configured.storageOpenTimeout());
    for (Operation call : Operation.ofStorages()) {
      deadlines.put(call, configured.storageCallTimeout());
    }
    return new GuardLimits(
        configured.circuitFailures(),
        configured.quarantineCrashes(),
        configured.quarantineStarts(),
        configured.quarantineWindow(),
        configured.retryPause(),
        configured.longestRetryPause(),
        configured.probation(),
        configured.maxTargets(),
        configured.maxTargetBytes(),
        deadlines);
  }

  /** The defaults. */
  public static final GuardLimits DEFAULT =
      new GuardLimits(
          5,
          10,
          3,
          Duration.ofHours(1),
          Duration.ofSeconds(5),
          Duration.ofMinutes(1),
          Duration.ofMinutes(10),
          100_000,
          256L << 20);

  /**
   * Returns the deadline of a call.
   *
   * @throws IllegalArgumentException for an operation without deadline
   */
  public Duration deadline(Operation operation) {
    Duration usual = deadlines.get(operation);
    if (usual == null) {
      usual = operation.deadline();
    }
    if (usual == null) {
      throw new IllegalArgumentException(operation + " has no deadline");
    }
    return usual;
  }

  /** Returns the pause after a number of failures in a row. */
  public Duration pauseAfter(int inARow) {
    long millis = restartPause.toMillis() << Math.min(Math.max(inARow - 1, 0), 20);
    return Duration.ofMillis(
        Math.min(millis, Math.max(longestPause.toMillis(), restartPause.toMillis())));
  }
}
