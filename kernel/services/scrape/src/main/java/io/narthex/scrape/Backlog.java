package io.narthex.scrape;

import io.narthex.exposition.CollectedMetrics;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The scrapes of one target that wait while a storage is replaced, the oldest first. This is the
 * only buffer before the storage: the storage gate has none. Scrapes are kept unparsed and are read
 * when the storage accepts samples again, because only the storage knows the references of its
 * series. Confined to the target's loop; the budget is shared by all loops.
 */
final class Backlog {
  /** Age of the oldest scrape above which further ones are refused. */
  static final long MAX_AGE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final long MAX_BYTES = 64L << 20;
  private static final int OVERHEAD = 100; // of an entry without body, in bytes

  /** Limits the bytes that the backlogs of all loops hold together. Thread-safe. */
  static final class Budget {
    private final AtomicLong used = new AtomicLong();
    private final long most;

    Budget() {
      this(MAX_BYTES);
    }

    Budget(long most) {
      this.most = most;
    }

    private boolean take(long bytes) {
      if (used.addAndGet(bytes) <= most) {
        return true;
      }
      used.addAndGet(-bytes);
      return false;
    }

    private void give(long bytes) {
      used.addAndGet(-bytes);
    }

    long used() {
      return used.get();
    }
  }

  /**
   * An unparsed scrape: its body, or what was collected in process.
   *
   * @param endNanos when the exposition had been read
   */
  private record Entry(
      ScrapeLoop.Fetched scrape,
      byte[] body,
      @Nullable CollectedMetrics collected,
      long bytes,
      long endNanos) {}

  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private final Budget budget;

  Backlog(Budget budget) {
    this.budget = budget;
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Adds a scrape whose exposition is in {@code scratch}; returns false when there is no room. */
  boolean add(ScrapeLoop.Fetched scrape, Scratch scratch, long nowNanos) {
    Entry oldest = entries.peekFirst();
    if (oldest != null && nowNanos - oldest.endNanos > MAX_AGE_NANOS) {
      return false;
    }
    boolean inProcess = scrape.exposed() && scrape.format() == null;
    int length = scrape.format() == null ? 0 : scratch.length;
    long bytes = OVERHEAD + length + (inProcess ? scratch.collected.used() : 0);
    if (!budget.take(bytes)) {
      return false;
    }
    entries.addLast(
        new Entry(
            scrape,
            Arrays.copyOf(scratch.body, length),
            inProcess ? scratch.collected.copy() : null,
            bytes,
            nowNanos));
    return true;
  }

  /**
   * Returns the oldest and copies its exposition into {@code scratch}, or null. It is not removed,
   * but can be read only once.
   */
  ScrapeLoop.@Nullable Fetched first(Scratch scratch) {
    Entry oldest = entries.peekFirst();
    if (oldest == null) {
      return null;
    }
    int length = oldest.body.length;
    if (scratch.body.length < length) {
      scratch.body = new byte[length];
    }
    System.arraycopy(oldest.body, 0, scratch.body, 0, length);
    scratch.length = length;
    if (oldest.collected != null) {
      scratch.collected.take(oldest.collected);
    }
    return oldest.scrape;
  }

  /** Removes the oldest. */
  void removeFirst() {
    budget.give(entries.removeFirst().bytes());
  }

  /** Removes all. */
  void clear() {
    while (!entries.isEmpty()) {
      removeFirst();
    }
  }
}
