package io.narthex.core.host;

import io.narthex.spi.storage.StorageException;
import java.time.Duration;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the deadlines of calls into one opened storage, which run on their callers' threads.
 *
 * <p><b>An overrun.</b> The thread is interrupted, and the call counts as a timeout and is reported
 * as a problem until it returns; then the interrupt flag is cleared, as the interrupt was not meant
 * for the caller. While {@link #MAX_OVERDUE} calls are overdue, further ones fail at once instead
 * of queueing behind them.
 *
 * <p><b>Cost.</b> None per call: a thread checks the calls that are inside, several times within
 * the shortest deadline.
 */
final class CallWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CallWatch.class);

  /** The number of overdue calls at which further ones are rejected. */
  static final int MAX_OVERDUE = 8;

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  /** A call that is inside, or a cursor that is open. Guarded by itself where not volatile. */
  final class Inside {
    private final String what;
    private final long deadlineNanos;
    private final CallStats stats;
    private final AtomicLong step = new AtomicLong(); // odd: inside the plugin
    private volatile boolean overdue;
    private volatile Thread thread = Thread.currentThread(); // the one inside
    private long seen; // step at the last check; of the watching thread
    private volatile long since = System.nanoTime(); // when that step was first seen

    Inside(String what, Duration deadline, CallStats stats) {
      this.what = what;
      deadlineNanos = deadline.toNanos();
      this.stats = stats;
    }

    /** The thread enters the plugin. */
    void enter() {
      Thread now = Thread.currentThread();
      if (thread != now) {
        thread = now;
      }
      step.lazySet(step.getPlain() + 1); // one thread at a time
    }

    /** The thread has left the plugin; returns whether it was interrupted for taking too long. */
    boolean leave() {
      step.set(step.getPlain() + 1); // published before overdue is read
      return overdue && wasInterrupted();
    }

    private synchronized boolean wasInterrupted() {
      boolean was = overdue; // a check may have come too late
      overdue = false;
      if (was) {
        boolean _ = Thread.interrupted(); // not meant for the caller
      }
      return was;
    }

    private void check(long now) {
      long current = step.get();
      if (current != seen) {
        seen = current;
        since = now;
      }
      if ((current & 1) == 0 || overdue || now - since < deadlineNanos) {
        return;
      }
      synchronized (this) {
        overdue = true;
        if (step.get() != current) { // it has just returned
          overdue = false;
          return;
        }
        stats.timeouts.increment(); // before the caller continues, which may look at it
        thread.interrupt();
      }
      LOG.warn(
          "{} has not returned within {} s",
          what,
          TimeUnit.NANOSECONDS.toMillis(deadlineNanos) / 1000.0);
    }
  }

  private final Set<Inside> inside = ConcurrentHashMap.newKeySet();
  private final String name;
  private final Duration pause;
  private final AtomicBoolean began = new AtomicBoolean();
  private volatile boolean closed;

  /**
   * Creates a watch without calls.
   *
   * @param name of what is called, for messages and the thread's name
   * @param shortest of the deadlines
   */
  CallWatch(String name, Duration shortest) {
    this.name = name;
    Duration quarter = shortest.dividedBy(4);
    pause = quarter.compareTo(LONGEST_PAUSE) < 0 ? quarter : LONGEST_PAUSE;
  }

  /**
   * Starts watching a call.
   *
   * @throws StorageException.Failed when too many calls are overdue
   */
  Inside begin(String operation, Duration deadline, CallStats stats) {
    if (overdue() >= MAX_OVERDUE) {
      stats.rejected.increment();
      throw new StorageException.Failed(
          name
              + " has "
              + MAX_OVERDUE
              + " calls that do not come back; there are no others until they do");
    }
    return watch(operation, deadline, stats);
  }

  /** Starts watching a call that is never rejected. */
  Inside watch(String operation, Duration deadline, CallStats stats) {
    if (!began.getPlain() && began.compareAndSet(false, true)) {
      PluginGuard.hostThread(name + " deadlines", this::run).start();
    }
    Inside call = new Inside(name + ": " + operation, deadline, stats);
    inside.add(call);
    return call;
  }

  /** Stops watching a call. */
  void end(Inside call) {
    inside.remove(call);
  }

  private long overdue() {
    long n = 0;
    for (Inside call : inside) {
      n += call.overdue ? 1 : 0;
    }
    return n;
  }

  /** Returns the current problem, or empty. */
  String problem() {
    @Nullable Inside oldest =
        inside.stream().filter(i -> i.overdue).min(Comparator.comparing(i -> i.since)).orElse(null);
    return oldest == null
        ? ""
        : overdue()
            + " calls have not come back in time; "
            + oldest.what
            + " for "
            + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - oldest.since)
            + " s";
  }

  private void run() {
    while (!closed || !inside.isEmpty()) {
      long now = System.nanoTime();
      inside.forEach(i -> i.check(now));
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** Stops watching as soon as no call is inside. */
  @Override
  public void close() {
    closed = true;
  }
}
