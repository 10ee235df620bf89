package io.narthex.core;

import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Measures how much of a small heap is live, so that {@code WorkMemory} can divide the rest: with
 * 96 MiB, 100,000 series leave less than its fixed share.
 *
 * <p>Samples heap usage twice a second. While the minimum of the last samples is below a third of
 * the heap, nothing is limited and nothing is done. Above, usage may be garbage, so it requests a
 * collection and measures what remains; it does so less often while the result stays the same.
 */
final class HeapRoom {
  /** The largest heap that is measured; in larger ones the fixed shares leave enough. */
  static final long SMALL = 256L << 20;

  private static final long EVERY_MS = 500;
  private static final int SAMPLES = 3;
  private static final double BEGIN = 0.35;
  private static final double NEAR = 0.6;
  private static final int PAUSE = 10; // samples
  private static final int PAUSE_NEAR = 3;
  private static final int MAX_QUIET = 2;
  private static final int AGAIN = 120; // samples; live data may have become garbage since
  private static final int STEP = 32; // a change of less than 1/32 of the heap does not count

  private final HeapReturn.Heap heap;
  private final long max;
  private final LongConsumer live;
  private final long[] last = new long[SAMPLES];
  private int samples;
  private int since = PAUSE;
  private int quiet;
  private long known; // live bytes after the last collection, or less

  /**
   * Creates it.
   *
   * @param max maximum size of the heap, bytes
   * @param live receives the live bytes when they have changed
   */
  HeapRoom(HeapReturn.Heap heap, long max, LongConsumer live) {
    this.heap = heap;
    this.max = max;
    this.live = live;
  }

  /** Starts a thread for the JVM's own heap; it ends when it is interrupted. */
  static Thread start(long max, LongConsumer live) {
    HeapRoom task = new HeapRoom(HeapReturn.JVM, max, live);
    return Thread.ofPlatform()
        .daemon()
        .name("heap room")
        .start(() -> {
          try {
            while (true) {
              TimeUnit.MILLISECONDS.sleep(EVERY_MS);
              task.sample();
            }
          } catch (InterruptedException e) {
            // the server stops
          }
        });
  }

  /** Takes one sample. */
  void sample() {
    long used = heap.used();
    last[samples++ % SAMPLES] = used;
    since++;
    if (used < known) {
      known = used;
      live.accept(known);
    }
    long minimum = Long.MAX_VALUE;
    for (long l : last) {
      minimum = Math.min(minimum, l);
    }
    if (minimum <= max * BEGIN) {
      return;
    }
    int pause = (minimum > max * NEAR ? PAUSE_NEAR : PAUSE) << quiet;
    boolean more = minimum > known + max / STEP && since >= pause;
    if (more || (known > max * BEGIN && since >= AGAIN)) {
      measure();
    }
  }

  private void measure() {
    heap.collect();
    long left = heap.used();
    quiet = left > known + max / STEP ? 0 : Math.min(MAX_QUIET, quiet + 1);
    known = left;
    since = 0;
    live.accept(left);
  }
}
