package io.narthex.core.host;

import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/** Statistics of one operation of one plugin. Thread-safe; a call costs a few uncontended adds. */
final class CallStats {
  /** Upper bounds of the duration buckets, seconds. */
  static final double[] BOUNDS = {0.001, 0.01, 0.1, 1, 10};

  private static final long[] BOUND_NANOS = {
    1_000_000L, 10_000_000L, 100_000_000L, 1_000_000_000L, 10_000_000_000L
  };

  final LongAdder started = new LongAdder();
  final LongAdder exceptions = new LongAdder();
  final LongAdder timeouts = new LongAdder();
  final LongAdder rejected = new LongAdder();
  private final LongAdder nanos = new LongAdder();
  private final LongAdder[] buckets = new LongAdder[BOUND_NANOS.length + 1];
  private final LongAccumulator longest = new LongAccumulator(Math::max, 0);

  CallStats() {
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = new LongAdder();
    }
  }

  /** Records the begin of a call; returns the time to pass to {@link #end}. */
  long begin() {
    started.increment();
    return System.nanoTime();
  }

  /** Records the end of a call. */
  void end(long beganNanos) {
    long took = System.nanoTime() - beganNanos;
    nanos.add(took);
    int i = 0;
    while (i < BOUND_NANOS.length && took > BOUND_NANOS[i]) {
      i++;
    }
    buckets[i].increment();
    if (took > longest.get()) {
      longest.accumulate(took);
    }
  }

  /** Returns how many calls have ended, per bucket, not cumulative. */
  long[] counts() {
    long[] out = new long[buckets.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = buckets[i].sum();
    }
    return out;
  }

  /** Returns how many calls have ended. */
  long ended() {
    long sum = 0;
    for (LongAdder bucket : buckets) {
      sum += bucket.sum();
    }
    return sum;
  }

  /** Returns how many calls are in flight. */
  long inFlight() {
    long over = ended(); // read first: a call that ends now must not make this negative
    return Math.max(0, started.sum() - over);
  }

  /** Returns the time spent in ended calls, seconds. */
  double seconds() {
    return nanos.sum() / 1e9;
  }

  /** Returns the longest ended call, seconds. */
  double longestSeconds() {
    return longest.get() / 1e9;
  }
}
