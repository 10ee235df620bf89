package io.narthex.core.updates;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * Watches a start with updates of the server's own bundles until the server is ready: a step that
 * hangs is reported, so that the next start runs without the updates that may be to blame.
 *
 * <p>Calls into plugins have deadlines of their own. So a step that calls them may take {@link
 * #PATIENT} times as long, and opening a storage, which may replay its WAL for minutes, does not
 * count.
 */
public final class BootWatch {
  /** How many times as long a step with calls into plugins may take. */
  static final int PATIENT = 5;

  private static final long LOOK_MILLIS = 200;

  /** Receives the report about a step that hangs. */
  public interface Report {
    /**
     * Ends the server.
     *
     * @param suspects returns, by id, whether an update may be to blame
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
   * Creates a watch that has not begun.
   *
   * @param limit how long a step may take
   * @param excused returns whether work with a deadline of its own is running
   */
  public BootWatch(Duration limit, BooleanSupplier excused, Report report) {
    this.limit = limit;
    this.excused = excused;
    this.report = report;
  }

  /** Starts watching, on a thread of its own. */
  public void begin() {
    Thread.ofPlatform().daemon().name("boot watch").start(this::watch);
  }

  /** Begins the next step; any update may be to blame if it hangs. */
  public void step(String next) {
    step(next, 1, id -> true);
  }

  /** As {@link #step}, for a step that calls plugins. */
  public void patientStep(String next) {
    step(next, PATIENT, id -> true);
  }

  /** Begins the trial of an update, or its rollback. */
  void trial(String next, String id, boolean back) {
    step(next, back ? PATIENT : 1, id::equals);
  }

  private synchronized void step(String next, int granted, Predicate<String> blame) {
    what = next;
    times = granted;
    suspects = blame;
    since = System.nanoTime();
  }

  /** Stops watching: the server is ready, or ends for a known reason. */
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
