package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Batches that wait to be appended. One thread at a time leads: it commits all that wait as a
 * round, with one write and one force, and then the thread of the first that waits by then leads. A
 * batch waits for the round under way and its own, unless it has a series in common with one before
 * it, or more wait than a round takes.
 */
final class CommitQueue {
  /** Most batches and rows of a round, which bound how long the locks are held. */
  static final int MAX_BATCHES = 64;

  private static final int MAX_ROWS = 64 << 10;

  private static final int WAITS = 0;
  private static final int LEADS = 1;
  private static final int ENDED = 2;

  private static final int MAX_SPARE = 64;

  private final Object lock = new Object();

  // guarded by lock
  private @Nullable Commit first;
  private @Nullable Commit last;
  private int waiting;
  private boolean led;
  private final Deque<Commit> spare = new ArrayDeque<>(MAX_SPARE);

  /** A batch on its way. Its thread reads it once it has ended, before that the leader has it. */
  static final class Commit {
    private SampleBatch given = NONE;
    private SampleBatch batch = NONE; // with the zeros that it asks for
    private ZeroRows zeros = ZeroRows.NONE;
    private @Nullable Thread thread;
    private volatile int state;
    private @Nullable Commit next;
    private @Nullable Throwable failure;

    /** Whether it has to be forced. */
    boolean force;

    byte[] codes = new byte[0];
    byte[] exemplarCodes = new byte[0];
    boolean allOk;

    /** Whether something of it has been collected for the WAL. */
    boolean collected;

    int rejectedExemplars;

    SampleBatch batch() {
      return batch;
    }

    /** Adds the zeros that its rows ask for; {@link ZeroRows#expand} says which. */
    void expand(IntPredicate wanted) {
      if (zeros == ZeroRows.NONE) {
        zeros = new ZeroRows();
      }
      batch = zeros.expand(given, wanted);
      reserve();
    }

    /** Returns which rows of the batch are such zeros. */
    ZeroRows zeros() {
      return zeros;
    }

    private void begin(SampleBatch ofCaller, boolean forced) {
      given = ofCaller;
      batch = ofCaller;
      force = forced;
      thread = Thread.currentThread();
      state = WAITS;
      failure = null;
      collected = false;
      allOk = false;
      rejectedExemplars = 0;
      reserve();
    }

    private void reserve() {
      if (codes.length < batch.size()) {
        codes = new byte[batch.size()];
      }
      if (exemplarCodes.length < batch.exemplarCount()) {
        exemplarCodes = new byte[batch.exemplarCount()];
      }
    }

    void fail(Throwable e) {
      if (failure == null) {
        failure = e;
      }
    }

    boolean hasFailed() {
      return failure != null;
    }

    /** Returns whether something of it was accepted, which has to be in the WAL. */
    boolean isAccepted() {
      for (int row = 0; row < batch.size(); row++) {
        if (codes[row] == AppendResult.OK || codes[row] == WriteAheadLog.OUT_OF_ORDER) {
          return true;
        }
      }
      for (int i = 0; i < batch.exemplarCount(); i++) {
        if (exemplarCodes[i] == WriteAheadLog.TAKEN) {
          return true;
        }
      }
      return false;
    }

    /** Returns what has become of it, or throws why nothing has. */
    AppendResult result() {
      Throwable e = failure;
      if (e != null) {
        throw thrown(e);
      }
      if (allOk && rejectedExemplars == 0) {
        return AppendResult.ALL_OK;
      }
      byte[] result = new byte[given.size()];
      int at = 0;
      for (int i = 0; i < batch.size(); i++) {
        if (!zeros.isZero(i)) {
          result[at++] = codes[i] < 0 ? AppendResult.OK : codes[i];
        }
      }
      return AppendResult.of(result, rejectedExemplars);
    }

    /** A failure of a round is thrown by several threads: each gets one of its own. */
    private static RuntimeException thrown(Throwable e) {
      String message = String.valueOf(e.getMessage());
      return switch (e) {
        case StorageException.Failed failed -> new StorageException.Failed(message, failed);
        case StorageException.Closed _ -> new StorageException.Closed(message);
        case RuntimeException other -> other;
        case Error error -> throw error;
        default -> new IllegalStateException(e);
      };
    }
  }

  private static final SampleBatch NONE = new SampleBatch(0);

  /** Adds a batch of the calling thread, which calls {@link #awaitTurn} next. */
  Commit add(SampleBatch batch, boolean force) {
    Commit commit;
    synchronized (lock) {
      Commit used = spare.poll();
      commit = used == null ? new Commit() : used;
    }
    commit.begin(batch, force);
    synchronized (lock) {
      append(commit);
      if (!led) {
        led = true;
        commit.state = LEADS;
      }
    }
    return commit;
  }

  private void append(Commit commit) {
    if (last == null) {
      first = commit;
    } else {
      last.next = commit;
    }
    last = commit;
    waiting++;
  }

  /**
   * Waits until a commit has ended.
   *
   * @return true when it has not, and its thread has to lead: {@link #take} has it as the first
   */
  boolean awaitTurn(Commit commit) {
    boolean interrupted = false;
    while (commit.state == WAITS) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return commit.state == LEADS;
  }

  /** Takes a round, at least one. For the leader, who gives each back or ends it. */
  void take(List<Commit> round) {
    synchronized (lock) {
      long rows = 0;
      Commit c = first;
      while (c != null
          && round.size() < MAX_BATCHES
          && (round.isEmpty() || rows + c.batch.size() <= MAX_ROWS)) {
        round.add(c);
        rows += c.batch.size();
        first = c.next;
        c.next = null;
        waiting--;
        c = first;
      }
      if (first == null) {
        last = null;
      }
    }
  }

  /** Puts some back to the front, in their order. */
  void giveBack(List<Commit> commits) {
    synchronized (lock) {
      for (int i = commits.size() - 1; i >= 0; i--) {
        Commit c = commits.get(i);
        c.next = first;
        first = c;
        if (last == null) {
          last = c;
        }
        waiting++;
      }
    }
  }

  /** Ends a round, and leaves the next one to another thread. */
  void end(List<Commit> round) {
    for (int i = 0; i < round.size(); i++) {
      Commit c = round.get(i);
      Thread thread = c.thread;
      c.state = ENDED; // from here on it is its thread's
      if (thread != Thread.currentThread()) {
        LockSupport.unpark(thread);
      }
    }
    round.clear();
    synchronized (lock) {
      if (first == null) {
        led = false;
      } else {
        first.state = LEADS;
        LockSupport.unpark(first.thread);
      }
    }
  }

  /** Takes a commit back once its thread has seen the result. */
  void release(Commit commit) {
    commit.given = NONE; // what is spare keeps nothing of a plugin alive
    commit.batch = NONE;
    if (commit.zeros != ZeroRows.NONE) { // which all share
      commit.zeros.clear();
    }
    commit.thread = null;
    commit.failure = null;
    synchronized (lock) {
      if (spare.size() < MAX_SPARE && commit.codes.length <= MAX_ROWS) {
        spare.push(commit);
      }
    }
  }

  /** Returns how many wait for the next round. */
  int waiting() {
    synchronized (lock) {
      return waiting;
    }
  }
}
