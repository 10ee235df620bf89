package io.narthex.core;

import java.util.concurrent.TimeUnit;

/**
 * Has the collector give memory back that a peak of work once took. G1 makes the heap smaller only
 * at the end of a cycle over all of it, and a server whose heap has grown begins none: little
 * garbage in a large heap never makes one due.
 *
 * <p>Looks every few seconds at how much of the heap is used. When the least that was used for a
 * minute is far less than what is taken, asks for a cycle, which runs beside everything else. When
 * that does not help, waits longer and longer.
 */
final class HeapReturn {
  static final long EVERY_MS = 5000;
  private static final int LOOKS = 12;
  private static final int MOST_MINUTES = 60;
  private static final double LARGER = 1.3;
  private static final long SPARE = 16L << 20;

  /** The heap, as the JVM shows it. */
  interface Heap {
    long committed();

    long used();

    /** Asks for a cycle of the collector. */
    void collect();
  }

  /** The JVM's own heap. */
  static final Heap JVM =
      new Heap() {
        @Override
        public long committed() {
          return Runtime.getRuntime().totalMemory();
        }

        @Override
        public long used() {
          return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
        }

        @Override
        public void collect() {
          System.gc();
        }
      };

  private final Heap heap;
  private long least = Long.MAX_VALUE;
  private int looks;
  private int minutesToWait;
  private int patience = 1;
  private long before; // what was taken when a cycle was asked for, or 0

  HeapReturn(Heap heap) {
    this.heap = heap;
  }

  /** Starts a thread for the JVM's own heap; it ends when it is interrupted. */
  static Thread start() {
    HeapReturn task = new HeapReturn(JVM);
    return Thread.ofPlatform()
        .daemon()
        .name("heap return")
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

  /** Looks once; every minute decides. */
  void look() {
    least = Math.min(least, heap.used());
    if (++looks < LOOKS) {
      return;
    }
    long used = least;
    looks = 0;
    least = Long.MAX_VALUE;
    long committed = heap.committed();
    if (committed < used * LARGER + SPARE) {
      patience = 1;
      minutesToWait = 0;
      before = 0;
      return;
    }
    if (minutesToWait > 0) {
      minutesToWait--;
      return;
    }
    if (before > 0 && committed > before / 10 * 9) {
      patience = Math.min(MOST_MINUTES, patience * 2);
      minutesToWait = patience;
    }
    before = committed;
    heap.collect();
  }
}
