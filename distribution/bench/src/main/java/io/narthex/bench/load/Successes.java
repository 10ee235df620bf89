package io.narthex.bench.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a client has seen: how long what succeeded took, how long nothing succeeded, and what was
 * wrong. Thread-safe.
 */
final class Successes {
  private final List<Long> nanos = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private long last = System.nanoTime();
  private long gap;
  private long failed;

  /**
   * What was seen in a while.
   *
   * @param p99 nanoseconds
   * @param longest nanoseconds
   * @param gap longest time between two that succeeded, nanoseconds
   * @param failed how many failed and were tried again
   * @param problems what was refused or wrong
   */
  record Seen(int count, long p99, long longest, long gap, long failed, List<String> problems) {
    String latencies() {
      return String.format(
          Locale.ROOT,
          "%d requests, p99 %.0f ms, longest %.0f ms, %d failed",
          count,
          p99 / 1e6,
          longest / 1e6,
          failed);
    }
  }

  /** Notes that something succeeded. */
  synchronized void success(long begunNanos) {
    long now = System.nanoTime();
    nanos.add(now - begunNanos);
    gap = Math.max(gap, now - last);
    last = now;
  }

  /** Notes that something failed that is tried again. */
  synchronized void failure() {
    failed++;
  }

  /** Notes what must not be. */
  synchronized void problem(String text) {
    problems.add(text);
  }

  /** Returns what was seen since the last call. */
  synchronized Seen take() {
    List<Long> sorted = new ArrayList<>(nanos);
    sorted.sort(null);
    int n = sorted.size();
    Seen seen =
        new Seen(
            n,
            n == 0 ? 0 : sorted.get((int) Math.ceil(n * 0.99) - 1),
            n == 0 ? 0 : sorted.getLast(),
            Math.max(gap, System.nanoTime() - last),
            failed,
            List.copyOf(problems));
    nanos.clear();
    problems.clear();
    gap = 0;
    failed = 0;
    return seen;
  }
}
