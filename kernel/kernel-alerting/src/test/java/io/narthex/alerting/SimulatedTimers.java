package io.narthex.alerting;

import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that passes as fast as the test wants; actions run on the test's own thread. */
@org.jspecify.annotations.NullUnmarked
final class SimulatedTimers implements Timers {
  private record Due(Instant time, long number, Runnable action) {}

  private final PriorityQueue<Due> queue =
      new PriorityQueue<>(Comparator.comparing(Due::time).thenComparing(Due::number));
  private Instant now;
  private long numbers;

  SimulatedTimers(Instant start) {
    now = start;
  }

  @Override
  public Instant now() {
    return now;
  }

  @Override
  public Task at(Instant time, String name, Runnable action) {
    Due due = new Due(time.isBefore(now) ? now : time, numbers++, action);
    queue.add(due);
    return () -> queue.remove(due);
  }

  @Override
  public void run(String name, Runnable action) {
    at(now, name, action);
  }

  /** Lets time pass up to an instant, doing all that is due. */
  void advanceTo(Instant end) {
    while (!queue.isEmpty() && !queue.peek().time().isAfter(end)) {
      Due due = queue.poll();
      now = due.time().isBefore(now) ? now : due.time();
      due.action().run();
    }
    now = end.isBefore(now) ? now : end;
  }

  /** Makes the action that runs now take a while; what is due meanwhile comes later. */
  void spend(java.time.Duration duration) {
    now = now.plus(duration);
  }

  @Override
  public void close() {
    queue.clear();
  }
}
