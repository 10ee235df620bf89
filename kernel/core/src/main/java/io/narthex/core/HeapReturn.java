package io.narthex.core;

import java.lang.ref.WeakReference;
import java.util.concurrent.TimeUnit;

/**
 * Makes the collector return memory to the operating system after a peak. G1 shrinks the heap only
 * when it has marked what is alive, and a server that makes little garbage in a large heap never
 * starts that.
 *
 * <p>Samples heap usage every few seconds. When the minimum of half a minute is far below the
 * committed size, or above what was left the last time, or the server rests after it has made much
 * garbage, requests a cycle, which runs concurrently, and a quarter of a minute later another one:
 * G1 shrinks to what is used when it has marked, and garbage among old objects goes with the
 * collections between the two. A server at rest has none then: garbage is made for them. When the
 * heap does not shrink, waits twice as long before the next one.
 */
final class HeapReturn {
  static final long EVERY_MS = 5000;
  private static final int SAMPLES = 6;
  private static final int BETWEEN = 3;
  private static final int MOST_ROUNDS = 120; // an hour

  // samples of a round before which young objects were collected
  private static final int BUSY = 4;
  private static final int RESTS = 1;

  /** Samples without such a collection after which there will be none. */
  private static final int QUIET = 2;

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

  /** A heap of young and old objects. */
  interface Generations extends Heap {
    /** Returns whether young objects have been collected since the last call. */
    boolean hasCollected();

    /** Has young objects collected some times, and old ones with them as a cycle has found them. */
    void sweep();
  }

  /** The JVM's own heap. */
  static final Generations JVM =
      new Generations() {
        private WeakReference<Object> young = new WeakReference<>(null);

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

        @Override
        public boolean hasCollected() {
          boolean collected = young.refersTo(null);
          young = new WeakReference<>(new Object());
          return collected;
        }

        @Override
        public void sweep() {
          YoungCollections.provoke();
        }
      };

  private final Generations heap;
  private long minimum = Long.MAX_VALUE;
  private int samples;
  private int collected; // samples of the round before which young objects were collected
  private int quiet; // samples since
  private boolean wasBusy; // since the last cycle that was requested for that
  private int untilSecond; // samples until the second cycle, 0 = none is to come
  private boolean settles; // the round after the cycles
  private long settled; // least that was used in that round, or in the first one; 0 = none yet
  private int roundsToWait;
  private int patience = 1;
  private long before; // committed bytes when the last cycle was requested, or 0

  HeapReturn(Generations heap) {
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

  /** Takes one sample; decides after each round of them. */
  void sample() {
    minimum = Math.min(minimum, heap.used());
    boolean hasCollected = heap.hasCollected();
    collected += hasCollected ? 1 : 0;
    quiet = hasCollected ? 0 : quiet + 1;
    if (untilSecond > 0 && --untilSecond == 0) {
      if (quiet >= QUIET) {
        heap.sweep();
      }
      heap.collect();
    }
    if (++samples < SAMPLES) {
      return;
    }
    long used = minimum;
    boolean rests = collected <= RESTS;
    wasBusy |= collected >= BUSY;
    samples = 0;
    collected = 0;
    minimum = Long.MAX_VALUE;
    if (settles || settled == 0) {
      settles = false;
      settled = used;
    }
    long committed = heap.committed();
    boolean isLarge = committed >= used * LARGER + SPARE;
    boolean hasGrown = settled > 0 && used > settled * GROWN + SPARE / 2;
    if (wasBusy && rests) {
      wasBusy = false;
      before = committed;
      begin();
      return;
    }
    if (!isLarge) {
      patience = 1;
      roundsToWait = 0;
      before = 0;
      if (hasGrown) {
        begin();
      }
      return;
    }
    if (roundsToWait > 0) {
      roundsToWait--;
      return;
    }
    if (before > 0 && committed > before / 10 * 9) {
      patience = Math.min(MOST_ROUNDS, patience * 2);
      roundsToWait = patience;
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
