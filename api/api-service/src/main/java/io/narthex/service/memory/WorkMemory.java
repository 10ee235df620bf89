package io.narthex.service.memory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Budget of the heap for work on data from outside: running queries, bodies of scrapes, requests of
 * remote write, forms. It is two fifths of the heap; the rest is for the storage, the alerts and
 * the garbage collector. Callers reserve memory before they allocate much. Thread-safe.
 *
 * <p>Each {@link Use} has a share that no other use can take, and a maximum that it cannot exceed;
 * memory between the two is first come, first served. So one kind of load cannot starve the others,
 * and all together cannot fill the heap.
 *
 * <p>In a small heap live data may leave less than that. {@link #live} reports their measured size;
 * the budget is then what is left of the heap, in the same proportions, but never less than a small
 * minimum.
 *
 * <p>Waiters of one use are served in order. A holder of memory must not wait for more: holders
 * would wait for each other.
 */
public final class WorkMemory {
  private static final double ALL = 0.4;

  /**
   * Share of the heap that stays free when live data leave less than {@link #ALL}: for the
   * collector, and for what is not counted, such as the list of a query's series before it reads.
   */
  private static final double SPARE = 0.25;

  /** Least share: without any query nobody could see what fills the heap. */
  private static final double LEAST = 0.04;

  /**
   * Memory needed on top of live data, below which no more of these may be added: a factor for each
   * series, which a query lists before its memory is counted, and a constant for the rest.
   */
  private static final double FULL_FACTOR = 1.4;

  private static final long FULL_REST = 18L << 20;

  /** Uses of memory. */
  public enum Use {
    /** Running queries and responses that are being written. */
    QUERIES(0.12, 0.30, 0),
    /** Bodies of scrapes above 64 KiB. */
    SCRAPES(0.06, 0.20, 17 << 20),
    /** Requests of remote write. */
    WRITES(0.02, 0.10, 2 << 20),
    /** Forms above 64 KiB. */
    REQUESTS(0.02, 0.10, 2 << 20);

    private final double own;
    private final double most;
    private final long least;

    Use(double own, double most, long least) {
      this.own = own;
      this.most = most;
      this.least = least;
    }
  }

  private static final class Account {
    final long own;
    final long most;
    final Deque<Condition> waiting = new ArrayDeque<>();
    long held;

    Account(long own, long most) {
      this.own = own;
      this.most = most;
    }
  }

  private final long heap;
  private final long share;
  private final long most; // of live data
  private long all; // guarded by lock
  private volatile long live;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Use, Account> accounts = new EnumMap<>(Use.class); // contents guarded by lock

  /**
   * Creates it.
   *
   * @param heap size of the whole heap in bytes
   */
  public WorkMemory(long heap) {
    this.heap = heap;
    share = (long) (heap * ALL);
    all = share;
    most = (long) (Math.max(heap / 2, heap - FULL_REST) / FULL_FACTOR);
    for (Use use : Use.values()) {
      long most = Math.max(use.least, (long) (heap * use.most));
      accounts.put(use, new Account(Math.min(most, (long) (heap * use.own)), most));
    }
  }

  /** Returns the most bytes that a use may hold. */
  public long most(Use use) {
    return account(use).most;
  }

  /**
   * Reports the heap in use after a garbage collection. What exceeds the memory of running work is
   * live data, by which the budget shrinks.
   *
   * @param bytes in use in the whole heap
   */
  public void live(long bytes) {
    lock.lock();
    try {
      long held = 0;
      for (Account a : accounts.values()) {
        held += a.held;
      }
      limit(Math.max(0, bytes - held));
      accounts.values().forEach(WorkMemory::wake);
    } finally {
      lock.unlock();
    }
  }

  private void limit(long stays) {
    live = stays;
    long left = (long) (heap * (1 - SPARE)) - stays;
    all = Math.min(share, Math.max((long) (heap * LEAST), left));
  }

  /** Returns the bytes of live data; 0 before the first measurement. */
  public long live() {
    return live;
  }

  /** Returns whether there is no memory for more live data, for example new series. */
  public boolean full() {
    return live > most;
  }

  /**
   * Reserves memory for new live data, for example new series. It counts immediately, until it is
   * measured: much can be added between two measurements.
   *
   * @return false when there is no memory for it; always true before the first measurement
   */
  public boolean add(long bytes) {
    if (live == 0) {
      return true;
    }
    lock.lock();
    try {
      if (live + bytes > most) {
        return false;
      }
      limit(live + bytes);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the bytes that a use could hold now if no other held more than its share. */
  public long reach(Use use) {
    lock.lock();
    try {
      Account account = account(use);
      long others = 0;
      for (Account a : accounts.values()) {
        others += a == account ? 0 : own(a);
      }
      return Math.max(own(account), Math.min(account.most, all - others));
    } finally {
      lock.unlock();
    }
  }

  private long own(Account account) {
    return all == share ? account.own : (long) ((double) account.own * all / share);
  }

  /** Returns the bytes that a use holds. */
  public long held(Use use) {
    lock.lock();
    try {
      return account(use).held;
    } finally {
      lock.unlock();
    }
  }

  /** Takes bytes if they are available; returns whether they were. */
  public boolean tryTake(Use use, long bytes) {
    lock.lock();
    try {
      return tryTake(account(use), bytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes bytes if they are there and nobody waits for some of the same use; returns whether they
   * were taken.
   */
  public boolean tryTakeUncontended(Use use, long bytes) {
    lock.lock();
    try {
      Account account = account(use);
      return account.waiting.isEmpty() && tryTake(account, bytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes bytes; waits until they are available and earlier waiters are served.
   *
   * @param nanos longest wait in nanoseconds
   * @return whether they were taken; never when {@code bytes} exceed {@link #most}
   */
  public boolean take(Use use, long bytes, long nanos) throws InterruptedException {
    Account account = account(use);
    long deadline = System.nanoTime() + nanos;
    lock.lockInterruptibly();
    try {
      if (bytes > account.most) {
        return false;
      }
      Condition turn = lock.newCondition();
      account.waiting.add(turn);
      try {
        while (account.waiting.peek() != turn || !tryTake(account, bytes)) {
          long left = deadline - System.nanoTime();
          if (left <= 0) {
            return false;
          }
          turn.await(left, TimeUnit.NANOSECONDS);
        }
        return true;
      } finally {
        account.waiting.remove(turn);
        wake(account);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Releases bytes. */
  public void give(Use use, long bytes) {
    lock.lock();
    try {
      Account account = account(use);
      if (bytes < 0 || bytes > account.held) {
        throw new IllegalArgumentException(
            "memory of " + use + ": " + account.held + " bytes are held, got back " + bytes);
      }
      account.held -= bytes;
      accounts.values().forEach(WorkMemory::wake);
    } finally {
      lock.unlock();
    }
  }

  private static void wake(Account account) {
    Condition next = account.waiting.peek();
    if (next != null) {
      next.signal();
    }
  }

  private boolean tryTake(Account account, long bytes) {
    if (account.held + bytes > account.most) {
      return false;
    }
    long taken = bytes;
    for (Account a : accounts.values()) {
      taken += a == account ? a.held : Math.max(a.held, own(a));
    }
    if (account.held + bytes > own(account) && taken > all) {
      return false;
    }
    account.held += bytes;
    return true;
  }

  private Account account(Use use) {
    Account account = accounts.get(use);
    if (account == null) {
      throw new IllegalArgumentException("unknown use of memory: " + use);
    }
    return account;
  }
}
