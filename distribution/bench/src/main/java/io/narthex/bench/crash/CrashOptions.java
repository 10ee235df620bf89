package io.narthex.bench.crash;

import java.time.Duration;

/**
 * The options of a run.
 *
 * @param limit the run ends by then
 * @param kills of a real server
 * @param points most fault points of a kind; each is tried once when there are fewer
 * @param seed of everything that is random
 * @param keep whether the folder of the run is kept
 */
public record CrashOptions(Duration limit, int kills, int points, long seed, boolean keep) {
  static final int FULL_MINUTES = 38;
  private static final int FULL_KILLS = 200;

  /**
   * Reads {@code --minutes=N --kills=N --points=N --seed=N --keep}. With fewer minutes than 38
   * there are fewer kills, unless their number is given.
   *
   * @throws IllegalArgumentException for anything else; the message is for users
   */
  static CrashOptions parse(Iterable<String> arguments) {
    long minutes = FULL_MINUTES;
    int kills = -1;
    int points = Integer.MAX_VALUE;
    long seed = System.nanoTime() & 0xffffff;
    boolean keep = false;
    for (String argument : arguments) {
      String name = argument.replaceFirst("=.*", "");
      String value = argument.substring(argument.indexOf('=') + 1);
      try {
        switch (name) {
          case "--minutes" -> minutes = Math.max(1, Long.parseLong(value));
          case "--kills" -> kills = Math.max(0, Integer.parseInt(value));
          case "--points" -> points = Math.max(0, Integer.parseInt(value));
          case "--seed" -> seed = Long.parseLong(value);
          case "--keep" -> keep = true;
          default ->
              throw new IllegalArgumentException(
                  "crash: unknown option \""
                      + argument
                      + "\"; one of --minutes=N --kills=N --points=N --seed=N --keep");
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "crash: a whole number is wanted, got \"" + argument + "\"", e);
      }
    }
    if (kills < 0) {
      kills = (int) Math.min(FULL_KILLS, FULL_KILLS * minutes / FULL_MINUTES);
    }
    return new CrashOptions(Duration.ofMinutes(minutes), kills, points, seed, keep);
  }
}
