package io.narthex.core.updates;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * Watches a start with updates of the server's own bundles until the server is ready: a step that
 * does not end is reported, so that the next start does without the updates that may be to blame.
 *
 * <p>Plugins take their time, too, and each of their calls has a deadline of its own. So a step in
 * which they are called is granted {@link #PATIENT} times as much, and the opening of a storage,
 * which may replay for minutes, does not count.
 */
public final class BootWatch {
  /** How many times longer a step may take in which many calls have deadlines of their own. */
  static final int PATIENT = 5;

  private static final long LOOK_MILLIS = 200;

  /** Takes the report about a step that does not end. */
  public interface Report {
    /**
     * Ends the server.
     *
     * @param suspects tells by its id whether an update may be to blame
     */
    void hangs(String problem, Predicate<String> suspects);
  }

  private final Duration limit;
  private final BooleanSupplier excused;
  private final Report report;
  private String what = "a part of the server"; // this and the rest: guarded by this
  private Predicate<String> suspects = id -> true;
  private int times = 1;
  private long since = System.nanoTime();
  private boolean over;

  /**
   * Creates one; nothing is watched yet.
   *
   * @param limit how long a step may take
   * @param excused tells of work that has a deadline of its own and may take long
   */
  public BootWatch(Duration limit, BooleanSupplier excused, Report report) {
    this.limit = limit;
    this.excused = excused;
    this.report = report;
  }

  /** Watches on a thread of its own until the end. */
  public void begin() {
    Thread.ofPlatform().daemon().name("boot watch").start(this::watch);
  }

  /** The next step begins; any update may be to blame if it does not end. */
  public void step(String next) {
    step(next, 1, id -> true);
  }

  /** As {@link #step}, for one in which plugins are called. */
  public void patientStep(String next) {
    step(next, PATIENT, id -> true);
  }

  /** The trial of an update begins, or the way back from it. */
  void trial(String next, String id, boolean back) {
    step(next, back ? PATIENT : 1, id::equals);
  }

  private synchronized void step(String next, int granted, Predicate<String> blame) {
    what = next;
    times = granted;
    suspects = blame;
    since = System.nanoTime();
  }

  /** The server is ready, or ends for a reason that is known. */
  public synchronized void end() {
    over = true;
    notifyAll();
  }

  private boolean isExcused() {
    if (!excused.getAsBoolean()) {
      return false;
    }
    since = System.nanoTime();
    return true;
  }

  private boolean isInTime() {
    return System.nanoTime() - since <= limit.toNanos() * times;
  }

  private void watch() {
    String problem;
    Predicate<String> blame;
    synchronized (this) {
      try {
        while (!over && (isExcused() || isInTime())) {
          TimeUnit.MILLISECONDS.timedWait(this, LOOK_MILLIS);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      if (over) {
        return;
      }
      over = true;
      problem = what + " does not come up within " + limit.multipliedBy(times).toSeconds() + " s";
      blame = suspects;
    }
    report.hangs(problem, blame);
  }
}
