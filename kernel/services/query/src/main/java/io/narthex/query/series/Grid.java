package io.narthex.query.series;

/**
 * The steps of an evaluation.
 *
 * @param startMs time of the first step
 * @param stepMs distance of the steps; any value above zero when there is one step only
 * @param size number of steps, at least 0
 */
public record Grid(long startMs, long stepMs, int size) {
  public static Grid instant(long timeMs) {
    return new Grid(timeMs, 1, 1);
  }

  public long time(int i) {
    return startMs + i * stepMs;
  }

  public long endMs() {
    return startMs + (size - 1) * stepMs;
  }

  public Grid first() {
    return instant(startMs);
  }

  /** Returns the first multiple of {@code step} after a time. */
  public static long firstStep(long after, long step) {
    long start = step * (after / step);
    return start <= after ? start + step : start;
  }
}
