package io.narthex.scrape;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A pool of reusable objects that shrinks after a peak: those that were unused for a whole minute
 * are released. Thread-safe.
 */
final class Spares<T> {
  private static final long WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final LongSupplier nanos;
  private final Deque<T> free = new ArrayDeque<>(); // the last one in is the first one out
  private int least; // fewest free ones in this window: so many were not needed
  private long windowBegan;

  Spares(LongSupplier nanos) {
    this.nanos = nanos;
    windowBegan = nanos.getAsLong();
  }

  synchronized @Nullable T take() {
    T taken = free.pollLast();
    least = Math.min(least, free.size());
    return taken;
  }

  /** Returns an object to the pool unless it holds {@code most}; returns whether it was kept. */
  synchronized boolean keep(T thing, int most) {
    if (free.size() >= most) {
      return false;
    }
    free.addLast(thing);
    return true;
  }

  /** Removes and returns the objects unused for a minute; non-empty at most once a minute. */
  synchronized List<T> unused() {
    long now = nanos.getAsLong();
    if (now - windowBegan < WINDOW_NANOS) {
      return List.of();
    }
    List<T> unused = new ArrayList<>(least);
    while (least > 0) {
      unused.add(free.removeFirst());
      least--;
    }
    windowBegan = now;
    least = free.size();
    return unused;
  }
}
