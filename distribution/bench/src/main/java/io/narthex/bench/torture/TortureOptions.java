package io.narthex.bench.torture;

import java.time.Duration;

/**
 * The options of a run.
 *
 * @param cycles update cycles; in each, one discovery, notifier, exporter and storage are replaced
 * @param kernelCycles update cycles of grammar and query engine after that; 0: none
 * @param targets stand-in targets, scraped every second
 * @param notificationsPerSecond notifications the alerts cause; half of them are of resolved alerts
 * @param endpointDelay how long the receiver of the notifications takes for each
 * @param warmUp how long the load is on before anything is counted
 * @param pause between two cycles
 * @param keep whether the folder of the run is kept
 */
public record TortureOptions(
    int cycles,
    int kernelCycles,
    int targets,
    int notificationsPerSecond,
    Duration endpointDelay,
    Duration warmUp,
    Duration pause,
    boolean keep) {

  /** Metaspace may grow by so many bytes between the baseline and the end. */
  static final long METASPACE_GROWTH = 5L << 20;

  /** The full run: 200 cycles, 100 targets, 50 notifications a second. */
  public static final TortureOptions FULL =
      new TortureOptions(
          200,
          50,
          100,
          50,
          Duration.ofMillis(300),
          Duration.ofSeconds(20),
          Duration.ofMillis(200),
          false);

  /** Checks the numbers. */
  public TortureOptions {
    if (cycles < 0 || kernelCycles < 0 || targets < 1 || notificationsPerSecond < 2) {
      throw new IllegalArgumentException(
          "torture: cycles must be 0 or more, targets 1 or more, notifications 2 or more a second");
    }
  }

  /**
   * Reads {@code --cycles=N --kernel-cycles=N --targets=N --notifications=N --endpoint-delay=MS
   * --warm=S --pause=MS --keep}; others are as in {@link #FULL}.
   *
   * @throws IllegalArgumentException for anything else; the message is for users
   */
  static TortureOptions parse(Iterable<String> arguments) {
    int cycles = FULL.cycles;
    int kernelCycles = FULL.kernelCycles;
    int targets = FULL.targets;
    int notifications = FULL.notificationsPerSecond;
    Duration delay = FULL.endpointDelay;
    Duration warmUp = FULL.warmUp;
    Duration pause = FULL.pause;
    boolean keep = false;
    for (String argument : arguments) {
      String name = argument.replaceFirst("=.*", "");
      String value = argument.substring(argument.indexOf('=') + 1);
      switch (name) {
        case "--cycles" -> cycles = number(argument, value);
        case "--kernel-cycles" -> kernelCycles = number(argument, value);
        case "--targets" -> targets = number(argument, value);
        case "--notifications" -> notifications = number(argument, value);
        case "--endpoint-delay" -> delay = Duration.ofMillis(number(argument, value));
        case "--warm" -> warmUp = Duration.ofSeconds(number(argument, value));
        case "--pause" -> pause = Duration.ofMillis(number(argument, value));
        case "--keep" -> keep = true;
        default ->
            throw new IllegalArgumentException(
                "torture: unknown option \""
                    + argument
                    + "\"; one of --cycles=N --kernel-cycles=N --targets=N --notifications=N"
                    + " --endpoint-delay=MS --warm=S --pause=MS --keep");
      }
    }
    return new TortureOptions(
        cycles, kernelCycles, targets, notifications, delay, warmUp, pause, keep);
  }

  private static int number(String argument, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "torture: a whole number is wanted, got \"" + argument + "\"", e);
    }
  }

  /** The cycle after which class loaders have settled and metaspace is first measured. */
  int baselineCycle() {
    return Math.min(20, Math.max(1, cycles / 2));
  }
}
