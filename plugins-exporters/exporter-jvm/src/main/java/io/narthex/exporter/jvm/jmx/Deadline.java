package io.narthex.exporter.jvm.jmx;

import java.time.Duration;

/** The end of the time that a scrape may take. Also ends when its thread is interrupted. */
public final class Deadline {
  private final long end;
  private final Duration whole;

  private Deadline(long end, Duration whole) {
    this.end = end;
    this.whole = whole;
  }

  /** Returns a deadline so long after now. */
  public static Deadline after(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos(), time);
  }

  /** Returns the milliseconds that are left, at least 1. */
  public int millisLeft() throws JmxException, InterruptedException {
    check();
    return (int) Math.max(1, (end - System.nanoTime()) / 1_000_000);
  }

  /** Refuses to go on after the deadline. */
  public void check() throws JmxException, InterruptedException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedException();
    }
    if (isOver()) {
      throw new JmxException("no end within " + whole.toMillis() + " ms");
    }
  }

  boolean isOver() {
    return System.nanoTime() - end >= 0;
  }
}
