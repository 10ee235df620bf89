package io.narthex.core;

import java.util.concurrent.TimeUnit;

/**
 * Makes the collector return memory to the operating system after a peak. G1 shrinks the heap only
 * when it has marked what is alive, and a server that makes little garbage in a large heap never
 * starts that.
 *
 * <p>Samples heap usage every few seconds. When the minimum of a minute is far below the committed
 * size, or above what was left the last time, requests a cycle, which runs concurrently, and half a
 * minute later another one: G1 shrinks to what is used when it has marked, and garbage among old
 * objects goes with the collections after that. When the heap does not shrink, waits twice as long
 * before the next one.
 */
final class HeapReturn {
  static final long EVERY_MS = 5000;
  private static final int SAMPLES = 12;
  private static final int BETWEEN = 6;
  private static final int MAX_MINUTES = 60;
  private static final double LARGER = 1.3;
  private static final double GROWN = 1.15;
  private static final long SPARE = 16L << 20;

  /** The heap, as the JVM shows it. */
  interface Heap {
    long committed();

    long used();

    /** Requests a collection cycle. */
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
  private long minimum = Long.MAX_VALUE;
  private int samples;
  private int untilSecond; // samples until the second cycle, 0 = none is to come
  private boolean settles; // the minute after the cycles
  private long settled; // least that was used in that minute; 0 = there was none
  private int minutesToWait;
  private int patience = 1;
  private long before; // committed bytes when the last cycle was requested, or 0

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
              task.sample();
            }
          } catch (InterruptedException e) {
            // the server stops
          }
        });
  }

  /** Takes one sample; decides once a minute. */
  void sample() {
    minimum = Math.min(minimum, heap.used());
    if (untilSecond > 0 && --untilSecond == 0) {
      heap.collect();
    }
    if (++samples < SAMPLES) {
      return;
    }
    long used = minimum;
    samples = 0;
    minimum = Long.MAX_VALUE;
    if (settles) {
      settles = false;
      settled = used;
    }
    long committed = heap.committed();
    boolean isLarge = committed >= used * LARGER + SPARE;
    boolean hasGrown = settled > 0 && used > settled * GROWN + SPARE / 2;
    if (!isLarge) {
      patience = 1;
      minutesToWait = 0;
      before = 0;
      if (hasGrown) {
        begin();
      }
      return;
    }
    if (minutesToWait > 0) {
      minutesToWait--;
      return;
    }
    if (before > 0 && committed > before / 10 * 9) {
      patience = Math.min(MAX_MINUTES, patience * 2);
      minutesToWait = patience;
    }
    before = committed;
    begin();
  }

  private void begin() {
    heap.collect();
    untilSecond = BETWEEN;
    settles = true;
  }
}
