package io.narthex.bench.torture;

import java.time.Instant;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Watches how late a thread of this process is woken. Targets that are scraped every second fail
 * when the machine stands still for a second; this tells that from a fault of the server.
 */
public final class StallMeter implements AutoCloseable {
  private static final long SLEEP_MS = 20;
  private static final double NOTED = 0.25; // seconds
  private static final int KEPT = 1000;

  private record Stall(long endMs, double seconds) {}

  private final Thread thread;
  private final Queue<Stall> stalls = new ConcurrentLinkedQueue<>();
  private volatile boolean stopping;
  private volatile double longest; // seconds
  private volatile Instant at = Instant.now();

  /** Begins to watch. */
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
        if (late > NOTED) {
          stalls.add(new Stall(System.currentTimeMillis(), late));
          if (stalls.size() > KEPT) {
            stalls.remove();
          }
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

  /** Returns the same for what ended after a time, in milliseconds; 0 for less than 0.25 s. */
  public double longestSince(long ms) {
    return stalls.stream().filter(s -> s.endMs > ms).mapToDouble(Stall::seconds).max().orElse(0);
  }

  /** Returns when the longest ended. */
  public Instant at() {
    return at;
  }

  @Override
  public void close() {
    stopping = true;
  }
}
