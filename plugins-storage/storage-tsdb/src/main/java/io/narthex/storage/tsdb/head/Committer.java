package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.head.CommitQueue.Commit;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Appends batches of many threads in rounds: all that wait are checked, written and forced once,
 * and applied. Thread-safe.
 */
final class Committer {
  private final Head head;
  private final CommitQueue queue = new CommitQueue();

  // for the thread that leads
  private final List<Commit> round = new ArrayList<>(CommitQueue.MAX_BATCHES);
  private final List<Commit> postponed = new ArrayList<>(CommitQueue.MAX_BATCHES);

  /** Series of the batches of a round. */
  private final BitSet claimed = new BitSet();

  Committer(Head head) {
    this.head = head;
  }

  /** Returns how many batches wait for the next round. */
  int waiting() {
    return queue.waiting();
  }

  AppendResult append(SampleBatch batch, long referenceBase, WriteAheadLog wal, boolean force) {
    Commit own = queue.add(batch, force);
    try {
      if (queue.awaitTurn(own)) {
        lead(referenceBase, wal);
      }
      return own.result();
    } finally {
      queue.release(own);
    }
  }

  /** Commits a round. Whatever happens in it, no thread is left waiting. */
  private void lead(long referenceBase, WriteAheadLog wal) {
    try {
      head.appendLock.lock();
      try {
        queue.take(round);
        commit(referenceBase, wal);
      } finally {
        head.appendLock.unlock();
      }
    } catch (Throwable e) {
      round.forEach(c -> c.fail(e));
    } finally {
      queue.end(round);
    }
  }

  private void commit(long referenceBase, WriteAheadLog wal) {
    if (round.size() > 1) {
      postponeShared(referenceBase);
    }
    long latest = head.beginRound();
    for (Commit c : round) {
      try {
        head.check(c, referenceBase, latest);
      } catch (Throwable e) {
        c.fail(e);
      }
    }
    write(round, referenceBase, wal);
    for (Commit c : round) {
      if (!c.hasFailed()) {
        try {
          head.apply(c, referenceBase);
        } catch (Throwable e) {
          c.fail(e);
        }
      }
    }
  }

  /**
   * Leaves to the next round what has a series in common with a batch before it: whether a sample
   * is taken depends on the one before.
   */
  private void postponeShared(long referenceBase) {
    boolean done = false;
    try {
      for (int i = 0; i < round.size(); i++) {
        Commit c = round.get(i);
        if (!claim(c.batch(), referenceBase) && i > 0) {
          postponed.add(c);
        }
      }
      done = true;
    } finally {
      if (!done) { // a lack of memory: the round fails, and the next one begins with none
        postponed.clear();
        claimed.clear();
      }
    }
    for (Commit c : round) {
      SampleBatch batch = c.batch();
      for (int row = 0; row < batch.size(); row++) {
        claimed.clear(idOrZero(batch, row, referenceBase));
      }
    }
    if (!postponed.isEmpty()) {
      round.removeAll(postponed);
      queue.giveBack(postponed);
      postponed.clear();
    }
  }

  /** Takes the series of a batch; returns false when another batch has one of them. */
  private boolean claim(SampleBatch batch, long referenceBase) {
    boolean free = true;
    int n = batch.size();
    for (int row = 0; free && row < n; row++) {
      free = !claimed.get(idOrZero(batch, row, referenceBase));
    }
    for (int row = 0; row < n; row++) {
      claimed.set(idOrZero(batch, row, referenceBase));
    }
    return free;
  }

  /** Returns the id that a row is of; that of some series when it is of none. */
  private int idOrZero(SampleBatch batch, int row, long referenceBase) {
    int id = (int) (batch.ref(row) - referenceBase);
    return head.page(id) == null ? 0 : id;
  }

  /**
   * Writes to the WAL what was accepted of some batches, all or nothing. One that cannot be encoded
   * fails alone.
   */
  private void write(List<Commit> some, long referenceBase, WriteAheadLog wal) {
    Commit encoded = null;
    try {
      boolean any = false;
      boolean force = false;
      for (Commit c : some) {
        if (!c.hasFailed()) {
          encoded = c;
          c.collected = false;
          c.collected = wal.batch(c.batch(), referenceBase, c.codes, c.exemplarCodes);
          any |= c.collected;
          force |= c.collected && c.force;
        }
      }
      encoded = null;
      if (any) {
        wal.write(force);
      }
    } catch (Throwable e) {
      wal.forget();
      if (encoded != null && some.size() > 1 && !(e instanceof StorageException)) {
        for (Commit c : some) {
          write(List.of(c), referenceBase, wal);
        }
        return;
      }
      for (Commit c : some) {
        if (!c.hasFailed() && c.isAccepted()) {
          head.counters.add("wal_writes_failed_total", 1);
          c.fail(e);
        }
      }
    }
  }
}
