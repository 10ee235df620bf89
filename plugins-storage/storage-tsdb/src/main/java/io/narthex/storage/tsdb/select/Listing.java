package io.narthex.storage.tsdb.select;

import io.narthex.storage.tsdb.io.Interruption;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The first entries of a listing, in order: it holds no more of them than its limit, says when
 * there is nothing left to find, and ends when the caller does not wait any more. Not thread-safe.
 */
public final class Listing<T> {
  private final Comparator<? super T> order;
  private final TreeSet<T> entries;
  private final int limit;
  private final Interruption interruption;

  /**
   * Creates an empty listing.
   *
   * @param what is listed, for messages
   * @param limit most entries; 0 = no limit
   */
  public Listing(String what, Comparator<? super T> order, int limit) {
    this.order = order;
    entries = new TreeSet<>(order);
    this.limit = limit;
    interruption = new Interruption(what);
  }

  /** Notes a step of the work; ends it when the thread is interrupted. */
  public void step() {
    interruption.step();
  }

  /** Returns the last entry when there are as many as wanted: only one before it still matters. */
  public @Nullable T lastIfFull() {
    return limit > 0 && entries.size() >= limit ? entries.last() : null;
  }

  /** Adds an entry; returns whether one that comes after it can still matter. */
  public boolean add(T entry) {
    step();
    T last = lastIfFull();
    if (last == null) {
      entries.add(entry);
      return true;
    }
    if (order.compare(entry, last) >= 0) {
      return false;
    }
    if (entries.add(entry)) {
      entries.pollLast();
    }
    return true;
  }

  public List<T> list() {
    return List.copyOf(entries);
  }
}
