package io.narthex.bench.siege;

import java.time.Duration;
import java.util.Locale;

/**
 * The options of a run.
 *
 * @param quiet how long the server is watched before
 * @param siege how long all attacks run
 * @param rest how long the server has to recover
 * @param series of all good targets
 * @param targets good targets
 * @param interval between scrapes of the good targets
 * @param memory bytes the server may take
 * @param seed of everything that is random
 * @param measured whether latency and memory are judged, which takes minutes to mean anything
 * @param keep whether the folder of the run is kept
 */
public record SiegeOptions(
    Duration quiet,
    Duration siege,
    Duration rest,
    int series,
    int targets,
    Duration interval,
    long memory,
    long seed,
    boolean measured,
    boolean keep) {
  private static final int SERIES_PER_TARGET = 2000;

  /** The form for continuous integration. */
  public static final SiegeOptions SHORT =
      new SiegeOptions(
          Duration.ofSeconds(3),
          Duration.ofSeconds(15),
          Duration.ofSeconds(3),
          4000,
          4,
          Duration.ofSeconds(2),
          1L << 30,
          1,
          false,
          false);

  /** Checks the numbers. */
  public SiegeOptions {
    if (series < targets || targets < 1 || memory < 256L << 20) {
      throw new IllegalArgumentException(
          "siege: at least one series for each target and 256m of memory are needed, got "
              + series
              + " series, "
              + targets
              + " targets, "
              + (memory >> 20)
              + "m");
    }
  }

  /**
   * Reads {@code --minutes=N --series=N --memory=SIZE --seed=N --keep}.
   *
   * @throws IllegalArgumentException for anything else; the message is for users
   */
  static SiegeOptions parse(Iterable<String> arguments) {
    long minutes = 30;
    int series = 100_000;
    long memory = 1L << 30;
    long seed = System.nanoTime() & 0xffffff;
    boolean keep = false;
    for (String argument : arguments) {
      String name = argument.replaceFirst("=.*", "");
      String value = argument.substring(argument.indexOf('=') + 1);
      try {
        switch (name) {
          case "--minutes" -> minutes = Math.max(1, Long.parseLong(value));
          case "--series" -> series = Integer.parseInt(value);
          case "--memory" -> memory = bytes(value);
          case "--seed" -> seed = Long.parseLong(value);
          case "--keep" -> keep = true;
          default ->
              throw new IllegalArgumentException(
                  "siege: unknown option \""
                      + argument
                      + "\"; one of --minutes=N --series=N --memory=1g --seed=N --keep");
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "siege: a number is wanted, got \"" + argument + "\"", e);
      }
    }
    return new SiegeOptions(
        Duration.ofSeconds(Math.clamp(minutes * 6, 45, 180)),
        Duration.ofMinutes(minutes),
        Duration.ofMinutes(5),
        series,
        Math.max(1, series / SERIES_PER_TARGET),
        Duration.ofSeconds(10),
        memory,
        seed,
        true,
        keep);
  }

  private static long bytes(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    int shift = lower.endsWith("g") ? 30 : lower.endsWith("m") ? 20 : 0;
    return Long.parseLong(shift == 0 ? lower : lower.substring(0, lower.length() - 1)) << shift;
  }
}
