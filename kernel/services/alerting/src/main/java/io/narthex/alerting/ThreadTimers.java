package io.narthex.alerting;

import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Real time: one virtual thread waits for the next due action, each action runs on a virtual thread
 * of its own.
 */
final class ThreadTimers implements Timers {
  private static final Logger LOG = LoggerFactory.getLogger(ThreadTimers.class);

  private final Clock clock = Clock.systemUTC();
  private final DelayQueue<Waiting> queue = new DelayQueue<>();
  private final Thread watcher;
  private volatile boolean closed;

  ThreadTimers() {
    watcher = Thread.ofVirtual().name("alerting-timers").start(this::watch);
  }

  private void watch() {
    try {
      while (true) {
        Waiting next = queue.take();
        run(next.name, next.action);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  @Override
  public Instant now() {
    return clock.instant();
  }

  @Override
  public Task at(Instant time, String name, Runnable action) {
    Waiting waiting = new Waiting(time, name, action);
    queue.add(waiting);
    return () -> queue.remove(waiting);
  }

  @Override
  public void run(String name, Runnable action) {
    Thread.ofVirtual().name(name).uncaughtExceptionHandler(this::failed).start(action);
  }

  /** Logs a failed action; while the server shuts down that is no fault of the action. */
  private void failed(Thread thread, Throwable problem) {
    if (closed) {
      LOG.debug("{}: interrupted by the end of the server", thread.getName(), problem);
    } else {
      LOG.error("{}: failed", thread.getName(), problem);
    }
  }

  @Override
  public void close() {
    closed = true;
    watcher.interrupt();
    queue.clear();
  }

  /** An action with its time. Equality is identity, as the queue needs it. */
  private static final class Waiting implements Delayed {
    final Instant time;
    final String name;
    final Runnable action;
    private final long dueNanos;

    Waiting(Instant time, String name, Runnable action) {
      this.time = time;
      this.name = name;
      this.action = action;
      long delay = java.time.Duration.between(Instant.now(), time).toNanos();
      this.dueNanos = System.nanoTime() + Math.max(0, delay);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(dueNanos, ((Waiting) other).dueNanos);
    }
  }
}
