package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.Threads;
import org.jspecify.annotations.Nullable;

/**
 * Has a second thread do the work while a head is filled at a start, in the same order: reading and
 * checking, which stay with the first one, take about as long. The second thread touches nothing
 * but tails, chunks and lists, which the first one leaves alone but between {@link #settle} and its
 * next call.
 *
 * <p>A few batches of calls wait at most. The thread starts with the first full one and ends with
 * this; what fails in it fails the next call of the other.
 */
public final class ReplayThread implements HeadWork, AutoCloseable {
  static final String NAME = "tsdb-replay";

  /** Calls in a batch, of sixteen rows most often: fewer wake the other thread too often. */
  static final int CALLS = 256;

  /**
   * Bytes of histograms in a batch. One call with more waits for those before, and is not put off.
   */
  private static final long HISTOGRAM_BYTES = 256 << 10;

  private static final int BATCHES = 16;

  private enum Kind {
    LIST,
    FLOATS,
    TAIL,
    CHUNK
  }

  private static final class Batch {
    private final Kind[] kinds = new Kind[CALLS];
    private final Object[] subjects = new Object[CALLS]; // a page, or the pairs of a series
    private final int[] numbers = new int[CALLS]; // slot in the page, or id
    private final ChunkRows[] rows = new ChunkRows[CALLS];
    private int size;
    private long histogramBytes;

    Batch() {
      for (int i = 0; i < CALLS; i++) {
        rows[i] = new ChunkRows();
      }
    }

    /** Adds a call; returns whether the batch is full. */
    boolean add(Kind kind, Object subject, int number) {
      kinds[size] = kind;
      subjects[size] = subject;
      numbers[size] = number;
      size++;
      return size == CALLS || histogramBytes >= HISTOGRAM_BYTES;
    }

    void run(DirectWork work) {
      int n = size;
      size = 0; // first: nothing is done twice, whatever happens
      histogramBytes = 0;
      for (int i = 0; i < n; i++) {
        run(i, work);
      }
    }

    private void run(int i, DirectWork work) {
      int slot = numbers[i];
      switch (kinds[i]) {
        case LIST -> work.list(numbers[i], (HeadIndex.Pair[]) subjects[i]);
        case FLOATS -> work.floats((SeriesPage) subjects[i], slot, rows[i]);
        case TAIL -> work.tail((SeriesPage) subjects[i], slot);
        case CHUNK -> {
          work.chunk((SeriesPage) subjects[i], slot, rows[i]);
          rows[i].reset(); // histograms are large
        }
      }
    }
  }

  private final DirectWork work;
  private final Threads threads;
  private final Runnable closed;
  private final @Nullable Batch[] batches = new Batch[BATCHES];
  private Batch filling;
  private @Nullable Thread thread;

  // guarded by this
  private long handed; // batches
  private long done;
  private boolean ended;
  private @Nullable Throwable failure;

  /**
   * Creates one.
   *
   * @param closed called when it has ended
   */
  ReplayThread(DirectWork work, Threads threads, Runnable closed) {
    this.work = work;
    this.threads = threads;
    this.closed = closed;
    filling = batch(0);
  }

  /** Returns a batch, which is made when it is needed first: most replays are short. */
  private Batch batch(long number) {
    int i = (int) (number % BATCHES);
    Batch b = batches[i];
    if (b == null) {
      b = new Batch();
      batches[i] = b;
    }
    return b;
  }

  // ---- the first thread ------------------------------------------------------------------------

  @Override
  public void list(int id, HeadIndex.Pair[] pairs) {
    add(Kind.LIST, pairs, id);
  }

  @Override
  public ChunkRows rows() {
    return filling.rows[filling.size];
  }

  @Override
  public void floats(SeriesPage page, int slot) {
    add(Kind.FLOATS, page, slot);
  }

  @Override
  public void tail(SeriesPage page, int slot) {
    add(Kind.TAIL, page, slot);
  }

  @Override
  public void chunk(SeriesPage page, int slot, ChunkRows rows) {
    ChunkRows copy = rows();
    copy.clear(rows.isHistogram);
    for (int i = 0; i < rows.size; i++) {
      copy.add(rows, i);
    }
    if (copy.histogramBytes() > HISTOGRAM_BYTES) {
      settle();
      work.chunk(page, slot, copy);
      copy.reset();
      return;
    }
    filling.histogramBytes += copy.histogramBytes();
    add(Kind.CHUNK, page, slot);
  }

  private void add(Kind kind, Object subject, int number) {
    if (filling.add(kind, subject, number)) {
      handOver();
    }
  }

  private void handOver() {
    if (thread == null) {
      thread = threads.start(NAME, this::run);
    }
    synchronized (this) {
      handed++;
      notifyAll();
    }
    await(BATCHES - 1);
    filling = batch(handed);
  }

  @Override
  public void settle() {
    await(0);
    filling.run(work);
  }

  /** Waits until so many batches are left at most. An interrupt is kept for later. */
  private synchronized void await(int most) {
    boolean interrupted = false;
    while (handed - done > most && failure == null) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw new StorageException.Failed("head: cannot be filled: " + failure, failure);
    }
  }

  /** Does what is left and ends the second thread. */
  @Override
  public void close() {
    try {
      settle();
    } finally {
      end();
      closed.run();
    }
  }

  private void end() {
    synchronized (this) {
      ended = true;
      notifyAll();
    }
    Thread t = thread;
    boolean interrupted = false;
    while (t != null && t.isAlive()) {
      try {
        t.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the second thread -----------------------------------------------------------------------

  private void run() {
    try {
      for (Batch b = next(); b != null; b = next()) {
        b.run(work);
        done();
      }
    } catch (Throwable e) { // an Error, too, has to end the start
      fail(e);
    }
  }

  private synchronized void done() {
    done++;
    notifyAll();
  }

  private synchronized void fail(Throwable e) {
    failure = e;
    notifyAll();
  }

  /** Waits for a batch; returns null when no more will come. */
  private synchronized @Nullable Batch next() throws InterruptedException {
    while (handed == done && !ended) {
      wait();
    }
    return ended ? null : batch(done);
  }
}
