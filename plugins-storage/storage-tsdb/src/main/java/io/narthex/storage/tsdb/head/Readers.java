package io.narthex.storage.tsdb.head;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Who reads at the moment, by the order in which they began: what has been taken out of sight is
 * used again, or freed, only when none is left that began before. Thread-safe.
 */
final class Readers {
  private final Set<Long> reading = new LinkedHashSet<>();
  private long next;

  /** Begins to read and returns the ticket for {@link #leave}. */
  synchronized long enter() {
    reading.add(next);
    return next++;
  }

  synchronized void leave(long ticket) {
    reading.remove(ticket);
  }

  /** Returns a moment for {@link #allBeganSince}: now. */
  synchronized long now() {
    return next;
  }

  /** Returns whether all who read began at or after a moment. */
  synchronized boolean allBeganSince(long moment) {
    return reading.isEmpty() || reading.iterator().next() >= moment;
  }
}
