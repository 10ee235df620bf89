package io.narthex.core;

import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Measures how much of a small heap stays, for those who share out the rest of it: in 96 MiB,
 * 100,000 series leave less than the fixed share of work.
 *
 * <p>Looks twice a second at how much is used. While the least of the last looks is below a third
 * of the heap, nothing is limited and nothing is done. Above, what is used may be garbage, so it
 * asks for a collection and takes what that leaves; it asks less often while the result stays the
 * same.
 */
final class HeapRoom {
  /** The largest heap that is measured; of more, the fixed shares leave enough. */
  static final long SMALL = 256L << 20;

  private static final long EVERY_MS = 500;
  private static final int LOOKS = 3;
  private static final double BEGIN = 0.35;
  private static final double NEAR = 0.6;
  private static final int PAUSE = 10; // looks
  private static final int PAUSE_NEAR = 3;
  private static final int MOST_QUIET = 2;
  private static final int AGAIN = 120; // looks, for what has become garbage since
  private static final int STEP = 32; // of the heap; less is no change

  private final HeapReturn.Heap heap;
  private final long max;
  private final LongConsumer live;
  private final long[] last = new long[LOOKS];
  private int looks;
  private int since = PAUSE;
  private int quiet;
  private long known; // what the last collection left, or less

  /**
   * Creates it.
   *
   * @param max bytes that the heap may have
   * @param live takes what stays when that has changed
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
              task.look();
            }
          } catch (InterruptedException e) {
            // the server stops
          }
        });
  }

  /** Looks once. */
  void look() {
    long used = heap.used();
    last[looks++ % LOOKS] = used;
    since++;
    if (used < known) {
      known = used;
      live.accept(known);
    }
    long least = Long.MAX_VALUE;
    for (long l : last) {
      least = Math.min(least, l);
    }
    if (least <= max * BEGIN) {
      return;
    }
    int pause = (least > max * NEAR ? PAUSE_NEAR : PAUSE) << quiet;
    boolean more = least > known + max / STEP && since >= pause;
    if (more || (known > max * BEGIN && since >= AGAIN)) {
      measure();
    }
  }

  private void measure() {
    heap.collect();
    long left = heap.used();
    quiet = left > known + max / STEP ? 0 : Math.min(MOST_QUIET, quiet + 1);
    known = left;
    since = 0;
    live.accept(left);
  }
}
