package io.narthex.bench.torture;

import java.time.Instant;

/**
 * Measures how late a thread of this process is woken. Targets that are scraped every second fail
 * when the machine stalls for a second; this distinguishes that from a fault of the server.
 */
public final class StallMeter implements AutoCloseable {
  private static final long SLEEP_MS = 20;

  private final Thread thread;
  private volatile boolean stopping;
  private volatile double longest; // seconds
  private volatile Instant at = Instant.now();

  /** Starts to measure. */
  public StallMeter() {
    thread = Thread.ofPlatform().daemon().name("stalls").start(this::run);
  }

  private void run() {
    try {
      while (!stopping) {
        long before = System.nanoTime();
        Thread.sleep(SLEEP_MS);
        double late = (System.nanoTime() - before) / 1e9 - SLEEP_MS / 1e3;
        if (late > longest) {
          at = Instant.now();
          longest = late;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns by how many seconds the thread was late at most. */
  public double longest() {
    return longest;
  }

  /** Returns when that ended. */
  public Instant at() {
    return at;
  }

  @Override
  public void close() {
    stopping = true;
  }
}
