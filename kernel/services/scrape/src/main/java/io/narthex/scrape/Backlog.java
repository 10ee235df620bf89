package io.narthex.scrape;

import io.narthex.format.exposition.CollectedMetrics;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The scrapes of one target that wait while a storage is replaced, the oldest first. They are kept
 * as they came and are read when the storage takes samples again, because only it knows the
 * references of series. Confined to the target's loop; the budget is shared by all loops.
 */
final class Backlog {
  /** How long the oldest may wait before further ones are turned away. */
  static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final long MOST_BYTES = 64L << 20;
  private static final int OVERHEAD = 100; // of an entry without body, in bytes

  /** What the backlogs of all loops hold, in bytes, within a limit. Thread-safe. */
  static final class Budget {
    private final AtomicLong used = new AtomicLong();
    private final long most;

    Budget() {
      this(MOST_BYTES);
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
   * A scrape as it came: its body, or what was collected in process.
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

  /**
   * Adds a scrape whose exposition lies in {@code scratch}; returns false when there is no room.
   */
  boolean add(ScrapeLoop.Fetched scrape, Scratch scratch, long nowNanos) {
    Entry oldest = entries.peekFirst();
    if (oldest != null && nowNanos - oldest.endNanos > MOST_NANOS) {
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
   * Returns the oldest with its exposition in {@code scratch}, or null. It stays, but can be read
   * once only.
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

  /** Forgets all. */
  void clear() {
    while (!entries.isEmpty()) {
      removeFirst();
    }
  }
}
