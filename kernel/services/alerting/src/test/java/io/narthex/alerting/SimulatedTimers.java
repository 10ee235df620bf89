package io.narthex.alerting;

import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that passes as fast as the test wants; actions run on the test's own thread. */
@org.jspecify.annotations.NullUnmarked
class SimulatedTimers implements Timers {
  private record Due(Instant time, long number, Runnable action) {}

  private final PriorityQueue<Due> queue =
      new PriorityQueue<>(Comparator.comparing(Due::time).thenComparing(Due::number));
  private Instant now;
  private long numbers;

  SimulatedTimers(Instant start) {
    now = start;
  }

  @Override
  public synchronized Instant now() {
    return now;
  }

  @Override
  public synchronized Task at(Instant time, String name, Runnable action) {
    Due due = new Due(time.isBefore(now) ? now : time, numbers++, action);
    queue.add(due);
    return () -> forget(due);
  }

  private synchronized void forget(Due due) {
    queue.remove(due);
  }

  @Override
  public void run(String name, Runnable action) {
    at(now, name, action);
  }

  /** Lets time pass up to an instant, doing all that is due. */
  void advanceTo(Instant end) {
    Due due = next(end);
    while (due != null) {
      due.action().run();
      due = next(end);
    }
  }

  private synchronized Due next(Instant end) {
    Due due = queue.peek();
    if (due == null || due.time().isAfter(end)) {
      now = end.isBefore(now) ? now : end;
      return null;
    }
    queue.remove();
    now = due.time().isBefore(now) ? now : due.time();
    return due;
  }

  /** Makes the action that runs now take a while; what is due meanwhile comes later. */
  synchronized void spend(java.time.Duration duration) {
    now = now.plus(duration);
  }

  @Override
  public synchronized void close() {
    queue.clear();
  }
}
