package io.narthex.storage.tsdb.head;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.HistogramRules;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import io.narthex.storage.tsdb.head.CommitQueue.Commit;
import io.narthex.storage.tsdb.head.SeriesPage.HistogramTail;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.Limits;
import io.narthex.storage.tsdb.io.Threads;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest samples, in memory, backed by the WAL.
 *
 * <h2>Concurrency</h2>
 *
 * {@link #appendLock} orders writers: checking a batch, logging it and applying it happen under it.
 * The thread that has it does that for all batches that wait, with one write, see {@link
 * CommitQueue}. {@link #state} guards what readers see: a batch is applied under its write lock
 * after it has been logged, so readers never wait for the disk and see a batch whole or not at all.
 * A reader takes copies of open rows and references to sealed chunks under the read lock and
 * decodes without it.
 *
 * <h2>Series ids</h2>
 *
 * The id of a removed series is used again, the lowest first, so that pages stay full. A reference
 * has 8 bits of a generation above the id, which changes at each removal, so that a reference to a
 * forgotten series does not mean another one. The WAL uses the same ids; they survive a restart.
 * See {@link IdPool} for when an id may be used again.
 */
public final class Head {
  private static final Logger log = LoggerFactory.getLogger(Head.class);

  /** Prometheus takes samples up to half a block behind the newest one. */
  private static final int APPEND_WINDOW_DIVISOR = 2;

  /** Bytes of a series in a file, with its labels and what is not in sealed chunks yet. */
  private static final long SERIES_FILE_BYTES = 512;

  /** Pages of chunks that a checkpoint can refer to: a terabyte. */
  private static final int MOST_PAGES = 1 << 22;

  /** Usual size of a page of chunks. */
  public static final int CHUNK_PAGE_BYTES = HeadChunks.PAGE_BYTES;

  /** Pages of chunks that are copied to the heap at a time. */
  private static final int PAGES_COPIED = 32;

  /** Pages of series that are looked through under one hold of the locks. */
  private static final int PAGES_SLICE = 1;

  /** Out-of-order samples that are removed under one hold, and what a series counts for. */
  private static final int OUT_OF_ORDER_SLICE = 10_000;

  private static final int SERIES_WORK = 10;

  /** How often and how long a slice waits for appends at most. */
  private static final int PAUSES = 200;

  private static final long PAUSE_NANOS = 50_000;

  public final ReentrantLock appendLock = new ReentrantLock();
  public final ReentrantReadWriteLock state = new ReentrantReadWriteLock();
  public final Counters counters;

  // guarded by state, written under appendLock too
  private final HeadIndex index = new HeadIndex(this::pairs);
  private @Nullable SeriesPage[] pages = new SeriesPage[16];
  private final SeriesTable table = new SeriesTable(this::page);
  private final IdPool ids = new IdPool();
  private final HeadChunks chunks;

  /** Ids of series that have left the head before their chunks. */
  private final List<Left> left = new ArrayList<>();

  private RoaringBitmap leftLately = new RoaringBitmap();
  private final ExemplarRing exemplars = new ExemplarRing(0);
  private final OutOfOrderSamples outOfOrder = new OutOfOrderSamples();
  private final TombstoneMap tombstones = new TombstoneMap();
  private long minValidMs = Long.MIN_VALUE;
  private long minMs = Long.MAX_VALUE;
  private long maxMs = Long.MIN_VALUE;

  /** Time of the oldest sample since {@link #skipGap} began. */
  private long oldestSince = Long.MAX_VALUE;

  /** A query that is taking what it needs. */
  interface Capture {
    /** Keeps a series as it is, before it is changed. Under the state's write lock. */
    void beforeChange(int id);
  }

  /** Queries that are taking what they need; they come under the state's read lock. */
  private final List<Capture> captures = new CopyOnWriteArrayList<>();

  private final Readers viewers = new Readers();

  private final Committer committer = new Committer(this);

  // guarded by appendLock
  private final DirectWork direct;
  private HeadWork work;
  private final Clock clock;
  private final ClockJumps jumps = new ClockJumps(Limits.FUTURE_MS);

  /** Latest time that a sample of the last batch might have. */
  private volatile long latestMs = Long.MAX_VALUE;

  /** Codes of the batch at hand. */
  private byte[] codes = new byte[0];

  private byte[] exemplarCodes = new byte[0];

  /** Which of its rows are zeros that others ask for. */
  private ZeroRows zeros = ZeroRows.NONE;

  /** Out-of-order rows of the batch that is checked. */
  private final BatchTimes outOfOrderInBatch = new BatchTimes();

  private final ByteSource openBytes = new ByteSource();

  /** What out-of-order samples take, with those of the round. */
  private long outOfOrderBytes;

  private volatile long outOfOrderRoom = Limits.OUT_OF_ORDER_BYTES;

  /** Series that were removed while the head was filled. */
  private int removals;

  private long blockMs;
  private long outOfOrderWindowMs;

  /** End of the range that a block is being made of: in-order samples before it would be lost. */
  private long flushedToMs = Long.MIN_VALUE;

  /** Where pages of chunks are moved to in a folder of format 2; null = it has another format. */
  private volatile @Nullable ChunkFiles files;

  public Head(Counters counters, Clock clock) {
    this(counters, clock, CHUNK_PAGE_BYTES);
  }

  /**
   * Creates an empty one.
   *
   * @param pageBytes size of a page of chunks
   */
  public Head(Counters counters, Clock clock, int pageBytes) {
    this.clock = clock;
    this.counters = counters;
    chunks = new HeadChunks(pageBytes);
    direct = new DirectWork(index, chunks);
    work = direct;
  }

  /**
   * Has pages of chunks kept in files of format 2 from now on. Those that are in files without
   * names by then get there with the next {@link #moveChunks}.
   */
  public void keepChunksIn(ChunkFiles kept) {
    files = kept;
  }

  /**
   * Sets what depends on the configuration.
   *
   * @param newBlockMs length of a block made from the head
   * @param newOutOfOrderWindowMs how far behind the newest sample one may be out of order; 0 =
   *     refuse
   * @param maxExemplars over all series
   */
  public void configure(long newBlockMs, long newOutOfOrderWindowMs, int maxExemplars) {
    appendLock.lock();
    state.writeLock().lock();
    try {
      blockMs = newBlockMs;
      outOfOrderWindowMs = newOutOfOrderWindowMs;
      exemplars.resize(maxExemplars);
    } finally {
      state.writeLock().unlock();
      appendLock.unlock();
    }
  }

  /**
   * Refuses in-order samples before a time while a block is made of what came before it, whatever
   * the configuration says meanwhile.
   *
   * @param timeMs {@code Long.MIN_VALUE} to end that
   */
  public void takeOnlyFrom(long timeMs) {
    appendLock.lock();
    try {
      flushedToMs = timeMs;
    } finally {
      appendLock.unlock();
    }
  }

  // ---- series --------------------------------------------------------------------------------

  public @Nullable SeriesPage page(int id) {
    int p = id >>> SeriesPage.BITS;
    return id < 0 || p >= pages.length ? null : pages[p];
  }

  public HeadIndex.Pair @Nullable [] pairs(int id) {
    SeriesPage page = page(id);
    return page == null ? null : page.pairs[id & SeriesPage.MASK];
  }

  public Labels labels(int id) {
    HeadIndex.Pair[] pairs = pairs(id);
    return pairs == null ? Labels.EMPTY : HeadIndex.labels(pairs);
  }

  /** Returns the id that a reference means now, or -1. Under any of the two locks. */
  int id(long reference) {
    SeriesPage page = page((int) reference);
    boolean isThere = page != null && page.pairs[(int) reference & SeriesPage.MASK] != null;
    return isThere && ids.isCurrent(reference) ? (int) reference : -1;
  }

  /** Returns the id of a series, or -1. Under any of the two locks. */
  int find(Labels labels) {
    return table.find(labels);
  }

  /** Returns the reference of a series; a new one is logged with the next batch at the latest. */
  public long resolve(Labels labels, WriteAheadLog wal) {
    state.readLock().lock();
    try {
      int id = find(labels);
      if (id >= 0) {
        return ids.reference(id);
      }
    } finally {
      state.readLock().unlock();
    }
    appendLock.lock();
    try {
      int id = find(labels);
      if (id >= 0) {
        return ids.reference(id);
      }
      id = ids.next(viewers);
      wal.series(id, labels);
      insert(id, labels);
      counters.add("head_series_created_total", 1);
      wal.writeIfLarge(); // last: when it fails the id is taken all the same
      return ids.reference(id);
    } finally {
      appendLock.unlock();
    }
  }

  /** Returns how many batches wait while others are committed. */
  public int waitingBatches() {
    return committer.waiting();
  }

  /** Adds a series under a given id. Under the append lock. */
  public void insert(int id, Labels labels) {
    state.writeLock().lock();
    try {
      insert(id, index.pairs(labels), SeriesTable.hash(labels));
    } finally {
      state.writeLock().unlock();
    }
  }

  private void insert(int id, HeadIndex.Pair[] pairs, int hash) {
    state.writeLock().lock();
    try {
      int p = id >>> SeriesPage.BITS;
      if (p >= pages.length) {
        pages = Arrays.copyOf(pages, Math.max(p + 1, pages.length * 2));
      }
      SeriesPage page = pages[p];
      if (page == null) {
        page = new SeriesPage(p << SeriesPage.BITS);
        pages[p] = page;
      }
      int slot = id & SeriesPage.MASK;
      page.pairs[slot] = pairs;
      page.hashes[slot] = hash;
      work.list(id, pairs);
      page.used++;
      table.add(id, hash);
      ids.take(id);
    } finally {
      state.writeLock().unlock();
    }
  }

  // ---- appending -----------------------------------------------------------------------------

  /** Checks, logs and applies a batch, together with those of other threads that wait. */
  public AppendResult append(
      SampleBatch batch, long referenceBase, WriteAheadLog wal, boolean force) {
    return committer.append(batch, referenceBase, wal, force);
  }

  /** Begins a round of batches; returns the latest time that a sample may have. */
  long beginRound() {
    long latest = clock.millis() + Limits.FUTURE_MS;
    latestMs = latest;
    outOfOrderBytes = outOfOrder.bytes();
    return latest;
  }

  /** Fills in what may be taken of a batch. Under the append lock. */
  void check(Commit c, long referenceBase, long latest) {
    SampleBatch given = c.batch();
    long lowest = lowestTime(given.size() == 0 ? 0 : given.timeMs(0), latest);
    if (given.hasZeros()) {
      c.expand(row -> isZeroWanted(given, row, referenceBase, lowest));
    }
    use(c);
    c.allOk = check(c.batch(), referenceBase, lowest, latest);
    checkExemplars(c.batch(), referenceBase, latest);
  }

  /** Applies what was taken of a batch, and is in the WAL. Under the append lock. */
  void apply(Commit c, long referenceBase) {
    use(c);
    c.rejectedExemplars =
        c.collected ? apply(c.batch(), referenceBase) : refusedExemplars(c.batch());
  }

  private void use(Commit c) {
    codes = c.codes;
    exemplarCodes = c.exemplarCodes;
    zeros = c.zeros();
  }

  private int refusedExemplars(SampleBatch batch) {
    int refused = 0;
    for (int i = 0; i < batch.exemplarCount(); i++) {
      refused += exemplarCodes[i] == ExemplarRing.REFUSED ? 1 : 0;
    }
    return refused;
  }

  /**
   * Fills {@link #codes}: a code of {@link AppendResult}, or {@link WriteAheadLog#KNOWN} for a
   * sample that is there already, or {@link WriteAheadLog#OUT_OF_ORDER} for one to be kept out of
   * order.
   */
  private boolean check(SampleBatch batch, long referenceBase, long lowest, long latest) {
    int n = batch.size();
    Arrays.fill(codes, 0, n, AppendResult.UNKNOWN_SERIES);
    try {
      return checkRows(batch, referenceBase, lowest, latest);
    } finally { // whatever happens: a row that is left pending would be taken for the next batch's
      for (int row = 0; row < n; row++) {
        if (codes[row] == AppendResult.OK) {
          int id = (int) (batch.ref(row) - referenceBase);
          SeriesPage page = page(id);
          if (page != null) {
            page.pendingRow[id & SeriesPage.MASK] = 0;
          }
        }
      }
    }
  }

  private boolean checkRows(SampleBatch batch, long referenceBase, long lowest, long latest) {
    boolean allOk = true;
    int n = batch.size();
    long newest = Math.min(maxMs, latest);
    boolean isBack = jumps.isBack(Math.max(maxMs, minValidMs), latest);
    outOfOrderInBatch.clear();
    for (int row = 0; row < n; row++) {
      long reference = batch.ref(row) - referenceBase;
      SeriesPage page = page((int) reference);
      int slot = (int) reference & SeriesPage.MASK;
      byte code;
      if (page == null || page.pairs[slot] == null || !ids.isCurrent(reference)) {
        code = AppendResult.UNKNOWN_SERIES;
      } else {
        code =
            batch.timeMs(row) > latest
                ? AppendResult.TOO_FAR_IN_FUTURE
                : zeros.isZero(row) && batch.timeMs(row) <= newestMs(batch, page, slot)
                    ? WriteAheadLog.KNOWN
                    : checkRow(batch, row, page, slot, (int) reference, lowest, newest, isBack);
        if (code > 0 && zeros.isZero(row)) {
          code = WriteAheadLog.KNOWN; // nobody has sent it
        }
        if (code == AppendResult.OK) {
          codes[row] = code; // first: what is pending is cleared by it
          page.pendingRow[slot] = row + 1;
        }
      }
      codes[row] = code;
      if (code > 0) {
        allOk = false;
        countRefusal(code, batch.histogram(row) == null);
      }
    }
    return allOk;
  }

  /** Which of a batch's exemplars are logged and kept. */
  private void checkExemplars(SampleBatch batch, long referenceBase, long latest) {
    int n = batch.exemplarCount();
    if (n == 0) {
      return;
    }
    exemplars.beginBatch();
    for (int i = 0; i < n; i++) {
      int row = batch.exemplarRow(i);
      boolean possible =
          codes[row] != AppendResult.UNKNOWN_SERIES && batch.exemplar(i).timestampMs() <= latest;
      exemplarCodes[i] =
          possible
              ? exemplars.checkNext((int) (batch.ref(row) - referenceBase), batch.exemplar(i))
              : ExemplarRing.REFUSED;
    }
  }

  private long lowestTime(long firstTimeMs, long latest) {
    // a sample of the future that an older version has taken must not lock out today's
    long newest = maxMs == Long.MIN_VALUE ? firstTimeMs : Math.min(maxMs, latest);
    long window = blockMs / APPEND_WINDOW_DIVISOR;
    long lowest = newest < Long.MIN_VALUE + window ? Long.MIN_VALUE : newest - window;
    return Math.max(Math.max(minValidMs, flushedToMs), lowest);
  }

  private byte checkRow(
      SampleBatch batch,
      int row,
      SeriesPage page,
      int slot,
      int id,
      long lowest,
      long newest,
      boolean isBack) {
    NativeHistogram h = batch.histogram(row);
    if (h != null && (!HistogramRules.isValid(h) || !Limits.allows(h))) {
      return AppendResult.INVALID_HISTOGRAM;
    }
    long time = batch.timeMs(row);
    if (time >= lowest) {
      int pending = page.pendingRow[slot] - 1;
      long last = newestMs(batch, page, slot);
      if (time > last || last == SeriesPage.NEVER) {
        return AppendResult.OK;
      }
      if (time == last) {
        double lastValue = pending >= 0 ? batch.value(pending) : page.newestValue[slot];
        NativeHistogram lastHistogram =
            pending >= 0 ? batch.histogram(pending) : page.newestHistogram(slot);
        return same(batch.value(row), h, lastValue, lastHistogram)
            ? WriteAheadLog.KNOWN
            : AppendResult.DUPLICATE;
      }
    }
    if (isBack && jumps.continues(time)) {
      return checkOutOfOrder(batch, row, id, Long.MIN_VALUE);
    }
    if (outOfOrderWindowMs > 0) {
      return checkOutOfOrder(batch, row, id, newest);
    }
    return time < lowest ? AppendResult.OUT_OF_BOUNDS : AppendResult.OUT_OF_ORDER;
  }

  /** Returns the newest time of a series, with what a batch adds to it. */
  private static long newestMs(SampleBatch batch, SeriesPage page, int slot) {
    int pending = page.pendingRow[slot] - 1;
    return pending >= 0 ? batch.timeMs(pending) : page.newestMs[slot];
  }

  /** Returns whether the zero that a row asks for is newer than what its series has. */
  private boolean isZeroWanted(SampleBatch batch, int row, long referenceBase, long lowest) {
    long zeroMs = batch.zeroMs(row);
    long reference = batch.ref(row) - referenceBase;
    SeriesPage page = page((int) reference);
    return zeroMs != SampleBatch.NO_START_TIME
        && zeroMs < batch.timeMs(row)
        && zeroMs >= lowest
        && page != null
        && zeroMs > page.newestMs[(int) reference & SeriesPage.MASK];
  }

  private byte checkOutOfOrder(SampleBatch batch, int row, int id, long newest) {
    long time = batch.timeMs(row);
    if (newest != Long.MIN_VALUE && time < newest - outOfOrderWindowMs) {
      return AppendResult.TOO_OLD;
    }
    // a second value for a late time is dropped without a word, as Prometheus does: the first wins
    if (outOfOrder.has(id, time) || !outOfOrderInBatch.add(batch.ref(row), time)) {
      return WriteAheadLog.KNOWN;
    }
    outOfOrderBytes += SampleBytes.of(batch.histogram(row));
    return outOfOrderBytes > outOfOrderRoom ? AppendResult.NO_ROOM : WriteAheadLog.OUT_OF_ORDER;
  }

  private static boolean same(
      double a, @Nullable NativeHistogram ah, double b, @Nullable NativeHistogram bh) {
    if (ah != null || bh != null) {
      return ah != null && ah.equals(bh);
    }
    return Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b);
  }

  private void countRefusal(byte code, boolean isFloat) {
    switch (code) {
      case AppendResult.OUT_OF_ORDER ->
          counters.add(
              isFloat
                  ? "out_of_order_samples_total{type=\"float\"}"
                  : "out_of_order_samples_total{type=\"histogram\"}",
              1);
      case AppendResult.OUT_OF_BOUNDS, AppendResult.TOO_FAR_IN_FUTURE ->
          counters.add(
              isFloat
                  ? "out_of_bound_samples_total{type=\"float\"}"
                  : "out_of_bound_samples_total{type=\"histogram\"}",
              1);
      case AppendResult.TOO_OLD ->
          counters.add(
              isFloat
                  ? "too_old_samples_total{type=\"float\"}"
                  : "too_old_samples_total{type=\"histogram\"}",
              1);
      default -> {
        // the caller counts the others
      }
    }
  }

  private int apply(SampleBatch batch, long referenceBase) {
    int floats = 0;
    int histograms = 0;
    int outOfOrderFloats = 0;
    int outOfOrderHistograms = 0;
    int rejected = 0;
    state.writeLock().lock();
    try {
      int n = batch.size();
      boolean captured = !captures.isEmpty();
      for (int row = 0; row < n; row++) {
        if (codes[row] == AppendResult.OK || codes[row] == WriteAheadLog.OUT_OF_ORDER) {
          NativeHistogram h = batch.histogram(row);
          int id = (int) (batch.ref(row) - referenceBase);
          if (captured) {
            beforeChange(id);
          }
          if (codes[row] == AppendResult.OK) {
            add(id, batch.timeMs(row), batch.value(row), h, batch.startTimeMs(row));
          } else {
            addOutOfOrder(id, batch.timeMs(row), batch.value(row), h, batch.startTimeMs(row));
            outOfOrderFloats += h == null ? 1 : 0;
            outOfOrderHistograms += h == null ? 0 : 1;
          }
          if (h == null) {
            floats++;
          } else {
            histograms++;
          }
        }
      }
      for (int i = 0; i < batch.exemplarCount(); i++) {
        long id = batch.ref(batch.exemplarRow(i)) - referenceBase;
        boolean refused =
            exemplarCodes[i] == ExemplarRing.REFUSED
                || (exemplarCodes[i] == ExemplarRing.TAKEN
                    && !exemplars.add((int) id, labels((int) id), batch.exemplar(i)));
        if (refused) {
          rejected++;
        }
      }
    } finally {
      state.writeLock().unlock();
    }
    counters.appended(
        floats,
        histograms,
        outOfOrderFloats,
        outOfOrderHistograms,
        batch.exemplarCount() - rejected,
        rejected);
    return rejected;
  }

  /** Appends a sample newer than all of its series. Under both locks. */
  void add(int id, long timeMs, double value, @Nullable NativeHistogram h, long startTimeMs) {
    SeriesPage page = page(id);
    if (page == null) {
      return;
    }
    int slot = id & SeriesPage.MASK;
    if (h != null) {
      addHistogram(page, slot, timeMs, h, startTimeMs);
    } else {
      addFloat(page, slot, timeMs, value, startTimeMs);
    }
    if (page.bornMs[slot] == SeriesPage.NEVER) {
      page.bornMs[slot] = timeMs;
    }
    page.newestMs[slot] = timeMs;
    page.newestValue[slot] = value;
    cover(timeMs);
    if (page.open.count(slot) == SeriesPage.ROWS) {
      sealFloats(page, slot); // last: an error in it leaves the row where it is
    }
  }

  private void cover(long timeMs) {
    if (timeMs < minMs) {
      minMs = timeMs;
    }
    if (timeMs < oldestSince) {
      oldestSince = timeMs;
    }
    if (timeMs > maxMs) {
      if (maxMs != Long.MIN_VALUE) {
        jumps.gap(maxMs, maxMs, timeMs);
      }
      maxMs = timeMs;
    }
  }

  /**
   * Notes that blocks, and then the head, have no samples between two times. At the start.
   *
   * @param startMs begin of the block that ends with the first time
   */
  public void gap(long startMs, long newestMs, long nextMs) {
    jumps.gap(startMs, newestMs, nextMs);
  }

  /** Returns the gaps in the times of samples, see {@link #gap}: two times each. */
  public long[] gaps() {
    appendLock.lock();
    try {
      return jumps.gaps();
    } finally {
      appendLock.unlock();
    }
  }

  private void addFloat(SeriesPage page, int slot, long timeMs, double value, long startTimeMs) {
    HistogramTail tail = page.histogramTail(slot);
    if (tail != null) {
      sealHistograms(page, slot, tail);
      tail.newest = null;
    }
    if (!page.open.takes(slot, timeMs)) { // a full one is one that an error kept from being sealed
      sealFloats(page, slot);
    }
    page.open.add(slot, timeMs, value, startTimeMs, page.newestMs[slot], page.newestValue[slot]);
  }

  private void sealFloats(SeriesPage page, int slot) {
    if (page.open.count(slot) == 0) {
      return;
    }
    page.open.read(slot, openBytes, work.rows());
    work.floats(page, slot);
    page.open.clear(slot); // last: an error before it loses no row
  }

  /** Seals the open rows and the tail of a series, so that its chain is complete. */
  private void sealAllFloats(SeriesPage page, int slot) {
    sealFloats(page, slot);
    work.tail(page, slot);
  }

  private void addHistogram(
      SeriesPage page, int slot, long timeMs, NativeHistogram h, long startTimeMs) {
    sealAllFloats(page, slot);
    HistogramTail tail = page.createHistogramTail(slot);
    tail.rows.add(timeMs, 0, h, startTimeMs);
    tail.newest = h;
    tail.bytes += SampleBytes.of(h);
    if (tail.rows.size == SeriesPage.ROWS || tail.bytes > SeriesPage.HISTOGRAM_BYTES) {
      sealHistograms(page, slot, tail);
    }
  }

  private void sealHistograms(SeriesPage page, int slot, HistogramTail tail) {
    work.chunk(page, slot, tail.rows);
    tail.rows.reset();
    tail.bytes = 0;
  }

  private void addOutOfOrder(
      int id, long timeMs, double value, @Nullable NativeHistogram h, long startTimeMs) {
    outOfOrder.add(id, timeMs, value, h, startTimeMs);
    SeriesPage page = page(id);
    if (page != null) {
      int slot = id & SeriesPage.MASK;
      if (page.bornMs[slot] == SeriesPage.NEVER || timeMs < page.bornMs[slot]) {
        page.bornMs[slot] = timeMs;
      }
    }
  }

  // ---- recovery ------------------------------------------------------------------------------

  /** Begins a replay: until that is closed a second thread does part of the work. */
  public ReplayThread replayWith(Threads threads) {
    ReplayThread replay = new ReplayThread(direct, threads, () -> work = direct);
    work = replay;
    return replay;
  }

  /** Waits for the second thread, for what reads chunks and lists during a replay. */
  void settle() {
    work.settle();
  }

  /** Applies a sample from the WAL unless it is known or belongs to a block already. */
  public void replay(int id, long timeMs, double value, @Nullable NativeHistogram h, long startMs) {
    SeriesPage page = page(id);
    if (page == null || page.pairs[id & SeriesPage.MASK] == null) {
      counters.add("wal_replay_unknown_refs_total", 1);
      return;
    }
    if (timeMs >= minValidMs && timeMs > page.newestMs[id & SeriesPage.MASK]) {
      add(id, timeMs, value, h, startMs);
    }
  }

  public void replayOutOfOrder(
      int id, long timeMs, double value, @Nullable NativeHistogram h, long startMs) {
    if (pairs(id) != null && !outOfOrder.has(id, timeMs)) {
      addOutOfOrder(id, timeMs, value, h, startMs);
    }
  }

  public void replayExemplar(int id, Exemplar exemplar) {
    if (pairs(id) != null) {
      exemplars.add(id, labels(id), exemplar);
    }
  }

  /** Takes the rows of a checkpoint, which are newer than all of the series. */
  public void restore(int id, ChunkRows rows) {
    SeriesPage page = page(id);
    int slot = id & SeriesPage.MASK;
    if (page == null || page.pairs[slot] == null) {
      counters.add("wal_replay_unknown_refs_total", 1); // its series record is damaged
      return;
    }
    rows.dropBefore(Math.max(minValidMs, page.newestMs[slot] + 1));
    if (rows.size == 0) {
      return;
    }
    HistogramTail old = page.histogramTail(slot);
    if (old != null) {
      sealHistograms(page, slot, old);
      old.newest = null;
    }
    sealAllFloats(page, slot);
    work.chunk(page, slot, rows);
    int last = rows.size - 1;
    if (rows.isHistogram) {
      page.createHistogramTail(slot).newest = rows.histograms()[last];
    }
    if (page.bornMs[slot] == SeriesPage.NEVER) {
      page.bornMs[slot] = rows.timesMs[0];
    }
    page.newestMs[slot] = rows.timesMs[last];
    page.newestValue[slot] = rows.values[last];
    cover(rows.timesMs[0]);
    cover(rows.timesMs[last]);
  }

  /** Seals rows of a series behind its newest chunk. */
  void seal(SeriesPage page, int slot, ChunkRows rows) {
    work.chunk(page, slot, rows);
  }

  /** Notes the newest sample of a series that has been read from a checkpoint. */
  void coverRestored(long newestMs) {
    maxMs = Math.max(maxMs, newestMs);
  }

  /**
   * Takes the pages of chunks that a checkpoint refers to, and deletes those that none refers to.
   *
   * @param checkpoint its number
   * @param last number of the last page it refers to, {@code Integer.MAX_VALUE} = not known
   * @param expected how many there are; with another number the listing is damaged
   * @param earlier ids that chunks have an earlier owner of; null = not known
   */
  public SeriesStates.Reader restoreChunks(
      int checkpoint,
      ChunkFiles.Listing listing,
      int last,
      int expected,
      @Nullable RoaringBitmap earlier,
      ChunkFiles.Damage damage) {
    work.settle();
    ChunkFiles kept = Objects.requireNonNull(files);
    TreeMap<Integer, ChunkFiles.Listed> pages = listing.pages;
    boolean complete = pages.size() == expected;
    if (complete) {
      kept.keep(checkpoint, listing.files());
      kept.deleteUnlisted();
    } else {
      kept.keepAll(checkpoint);
      kept.find(pages, last);
    }
    int lastPage = last < Integer.MAX_VALUE ? last : pages.isEmpty() ? 0 : pages.lastKey();
    pages.headMap(lastPage - MOST_PAGES).clear(); // whoever makes the numbers up
    pages.tailMap(lastPage, false).clear();
    int first = pages.isEmpty() ? lastPage + 1 : pages.firstKey();
    boolean[] damaged = {!complete || pages.size() < lastPage - first + 1}; // once, or now
    List<ChunkFiles.Mapped> mapped =
        kept.map(
            pages.values(),
            (file, offset, reason, bytes) -> {
              damaged[0] = true;
              damage.damaged(file, offset, reason, bytes);
            });
    chunks.restore(mapped.stream().map(ChunkFiles.Mapped::page).toList(), first, lastPage);
    if (earlier != null && !earlier.isEmpty()) {
      left.add(new Left(earlier, lastPage - first + 1));
    }
    return new SeriesStates.Reader(this, mapped, damaged[0], earlier);
  }

  /**
   * Ends the reading of a checkpoint.
   *
   * @param oldestMs time of the oldest in-order sample when it was made
   */
  public void restored(long oldestMs) {
    work.settle();
    chunks.dropBefore(minValidMs);
    chunks.freeDropped();
    long oldest = Math.max(oldestMs, minValidMs);
    minMs = oldest > maxMs ? Long.MAX_VALUE : oldest;
  }

  public void minValidMs(long timeMs) {
    minValidMs = Math.max(minValidMs, timeMs);
  }

  public void nextId(int id) {
    ids.atLeast(id);
  }

  public int nextId() {
    return ids.end();
  }

  /**
   * Binds an id to a series as a record of the WAL or of a checkpoint says. The last record of an
   * id, and of a series, is what counts: nothing of an earlier owner shows under the new one.
   */
  public void bind(int id, Labels labels) {
    int before = find(labels);
    if (before == id) {
      return;
    }
    if (before >= 0) {
      unbind(before);
    }
    if (pairs(id) != null) {
      unbind(id);
    }
    insert(id, labels);
  }

  /**
   * The same, for labels that are in the index.
   *
   * @param n how many of the pairs the series has, in label order
   * @return its pairs
   */
  HeadIndex.Pair[] bind(int id, HeadIndex.Pair[] some, int n) {
    HeadIndex.Pair[] there = pairs(id);
    if (there != null && HeadIndex.same(there, some, n)) {
      return there;
    }
    HeadIndex.Pair[] pairs = Arrays.copyOf(some, n);
    int hash = SeriesTable.hash(pairs, n);
    if (there == null && table.find(pairs, n, hash) < 0) {
      insert(id, pairs, hash);
      return pairs;
    }
    bind(id, HeadIndex.labels(pairs)); // pairs may leave the index with a series that is removed
    return Objects.requireNonNull(pairs(id));
  }

  /** Returns how many series have been removed while the head was filled. */
  int removals() {
    return removals;
  }

  private void unbind(int id) {
    SeriesPage page = page(id);
    HeadIndex.Pair[] pairs = pairs(id);
    if (page != null && pairs != null) {
      removals++;
      work.settle();
      remove(page, id & SeriesPage.MASK, id);
      index.remove(pairs, id);
      outOfOrder.delete(id, Long.MIN_VALUE, Long.MAX_VALUE);
      exemplars.removeAll(id);
    }
  }

  /** Ends the recovery: ids that nothing has are used again in time. */
  public void recovered() {
    work.settle();
    ids.recovered(index.version(), viewers);
  }

  /**
   * Notes that a checkpoint begins; returns what {@link #checkpointWritten} is given when it is
   * complete. Under the append lock.
   */
  public long checkpointBegun() {
    return ids.checkpointBegun();
  }

  /** Notes that nothing on the disk is from before the checkpoint. */
  public void checkpointWritten(long begun) {
    appendLock.lock();
    try {
      ids.checkpointWritten(begun);
    } finally {
      appendLock.unlock();
    }
  }

  /** Returns whether an id belongs to a series with these labels. */
  public boolean isSeries(int id, Labels labels) {
    HeadIndex.Pair[] pairs = pairs(id);
    return pairs != null && HeadIndex.same(pairs, labels);
  }

  /**
   * Ends the page of chunks that is being filled, unless it has little in it. Returns the position
   * of the last page that a checkpoint can refer to, once {@link #moveChunks} has written it.
   */
  public int endPage() {
    state.writeLock().lock();
    try {
      return chunks.endPage();
    } finally {
      state.writeLock().unlock();
    }
  }

  /** Moves pages of chunks that get no more of them from the heap into mapped files. */
  public void moveChunks(Disk disk, Path folder) throws IOException {
    List<HeadChunks.Page> full;
    List<HeadChunks.Page> nameless;
    state.readLock().lock();
    try {
      full = chunks.full();
      nameless = chunks.nameless();
    } finally {
      state.readLock().unlock();
    }
    ChunkFiles kept = files;
    if (kept != null) {
      for (int from = 0; from < nameless.size(); from += PAGES_COPIED) {
        giveNames(nameless.subList(from, Math.min(nameless.size(), from + PAGES_COPIED)), kept);
      }
      kept.write(full);
      return;
    }
    for (HeadChunks.Page page : full) {
      HeadChunks.spill(disk, page, folder);
    }
  }

  /** Moves pages that are in files without names to those that a checkpoint can refer to. */
  private void giveNames(List<HeadChunks.Page> nameless, ChunkFiles to) throws IOException {
    List<HeadChunks.Page> copies = new ArrayList<>();
    try {
      for (HeadChunks.Page p : nameless) {
        copies.add(p.copyOnHeap());
      }
      to.write(copies);
    } finally { // a failure leaves the others where they are
      List<HeadChunks.Page> moved = copies.stream().filter(p -> p.place() != null).toList();
      locked(() -> chunks.replace(moved));
      chunks.freeDropped();
    }
  }

  /** Moves pages as far as that is possible. */
  public void spill(Disk disk, Path folder) {
    try {
      moveChunks(disk, folder);
    } catch (IOException e) {
      // the page stays on the heap; the next call tries again
      counters.add("mmap_chunks_failed_total", 1);
      log.debug("head: cannot move a page of chunks to {}: {}", folder, e.toString());
    }
  }

  // ---- deletes -------------------------------------------------------------------------------

  /**
   * Deletes the samples there are of a series in range, both ends inclusive. Those that came in
   * order are hidden until the head moves on; out-of-order ones go at once, so that what arrives
   * later for the range is kept. Under both locks, or while the WAL is replayed.
   */
  public void delete(int id, long minTimeMs, long maxTimeMs) {
    beforeChange(id);
    tombstones.add(id, minTimeMs, maxTimeMs);
    outOfOrder.delete(id, minTimeMs, maxTimeMs);
  }

  // ---- truncation ----------------------------------------------------------------------------

  /**
   * Forgets samples before {@code timeMs}, which are in blocks now, and then, a slice at a time,
   * what has none left. In between a series without samples does no harm. For one thread at a time.
   *
   * @param swap makes the blocks visible at the moment at which the samples are not any more
   * @param flushed out-of-order samples that are in the blocks
   */
  public void truncate(long timeMs, Runnable swap, List<OutOfOrderSamples.Entry> flushed) {
    long started = System.nanoTime();
    locked(() -> {
      minValidMs = Math.max(minValidMs, timeMs);
      if (maxMs != Long.MIN_VALUE) {
        minMs = Math.max(minMs, timeMs);
        if (minMs > maxMs) {
          minMs = Long.MAX_VALUE;
        }
      }
      chunks.dropBefore(timeMs);
      left.removeIf(l -> l.lastPosition() < chunks.firstPosition());
      swap.run();
    });
    chunks.freeDropped();
    removeOutOfOrder(flushed);
    removeIdle(timeMs);
    counters.add("head_truncations_total", 1);
    counters.headCollected(started);
  }

  /** Moves the oldest time to the first sample there is. For the thread that truncates. */
  public void skipGap() {
    work.settle();
    locked(() -> oldestSince = Long.MAX_VALUE);
    long[] oldest = {Long.MAX_VALUE};
    OldestSample sample = new OldestSample();
    int from = 0;
    boolean more = true;
    while (more) {
      state.readLock().lock();
      try {
        int end = Math.min(from + PAGES_SLICE, pages.length);
        for (; from < end; from++) {
          oldest[0] = Math.min(oldest[0], oldestKept(pages[from], sample));
        }
        more = from < pages.length;
      } finally {
        state.readLock().unlock();
      }
    }
    locked(() -> minMs = Math.min(oldest[0], oldestSince));
  }

  private long oldestKept(@Nullable SeriesPage page, OldestSample oldest) {
    long time = Long.MAX_VALUE;
    for (int slot = 0; page != null && slot < SeriesPage.SIZE; slot++) {
      if (page.pairs[slot] != null && page.newestMs[slot] >= minValidMs) {
        time = Math.min(time, oldest.find(page, slot, chunks.snapshot(), minValidMs));
      }
    }
    return time;
  }

  /** Makes blocks of out-of-order samples visible, and removes the samples. */
  public void swapOutOfOrder(Runnable swap, List<OutOfOrderSamples.Entry> flushed) {
    locked(swap);
    removeOutOfOrder(flushed);
  }

  /**
   * Removes out-of-order samples that are in blocks now. Takes both locks for a slice at a time.
   */
  public void removeOutOfOrder(List<OutOfOrderSamples.Entry> flushed) {
    for (int from = 0; from < flushed.size(); ) {
      int to = from;
      long samples = 0;
      while (to < flushed.size() && samples < OUT_OF_ORDER_SLICE) {
        samples += SERIES_WORK + flushed.get(to++).samples().size();
      }
      List<OutOfOrderSamples.Entry> slice = flushed.subList(from, to);
      locked(() -> {
        for (OutOfOrderSamples.Entry e : slice) {
          beforeChange(e.id());
          outOfOrder.remove(e.id(), e.samples());
        }
      });
      from = to;
    }
  }

  /**
   * Removes series without samples since {@code timeMs}. Takes both locks for a slice at a time.
   */
  private void removeIdle(long timeMs) {
    RoaringBitmap removed = new RoaringBitmap();
    for (int from = 0; from < pages.length; from += PAGES_SLICE) {
      locked(removeIdleOf(from, timeMs, removed));
    }
    forget(removed);
  }

  /** Takes series that were removed out of the lists of the index. */
  private void forget(RoaringBitmap removed) {
    if (removed.isEmpty()) {
      return;
    }
    index.removeFromLists(removed, this::locked);
    locked(() -> {
      table.shrink();
      index.optimize();
      ids.rest(removed, viewers); // no list has them any more
      if (!leftLately.isEmpty()) {
        left.add(new Left(leftLately, chunks.lastPosition()));
        leftLately = new RoaringBitmap();
      }
    });
    counters.add("head_series_removed_total", removed.getCardinality());
  }

  private Runnable removeIdleOf(int from, long timeMs, RoaringBitmap removed) {
    return () -> {
      for (int p = from; p < Math.min(from + PAGES_SLICE, pages.length); p++) {
        SeriesPage page = pages[p];
        if (page == null) {
          continue;
        }
        for (int slot = 0; slot < SeriesPage.SIZE; slot++) {
          int id = (p << SeriesPage.BITS) | slot;
          if (page.pairs[slot] != null && page.newestMs[slot] < timeMs && !outOfOrder.has(id)) {
            remove(page, slot, id);
            removed.add(id);
          } else if (tombstones.endsBefore(id, timeMs)) {
            beforeChange(id); // a query may still read the deleted samples
            tombstones.remove(id);
          }
        }
        if (page.used == 0 && (p + 1) << SeriesPage.BITS <= ids.end()) {
          pages[p] = null;
        }
      }
    };
  }

  /**
   * Ids of series that have left the head.
   *
   * @param lastPosition of the pages that may have chunks of them
   */
  private record Left(RoaringBitmap ids, int lastPosition) {}

  /**
   * Returns the ids that chunks in the head have an earlier owner of, at least. Under the state's
   * read lock.
   */
  public RoaringBitmap idsOfEarlierChunks() {
    RoaringBitmap all = leftLately.clone();
    left.forEach(l -> all.or(l.ids()));
    return all;
  }

  /** A series that has ended: its newest sample is a staleness marker. */
  public record Ended(int id, HeadIndex.Pair[] pairs, long newestMs) {}

  /** Returns how many series have ended. */
  public int endedCount() {
    int[] count = {0};
    forEachEnded((page, slot, id) -> count[0]++);
    return count[0];
  }

  /** Returns the series that have ended and have no out-of-order samples. */
  public List<Ended> ended() {
    List<Ended> found = new ArrayList<>();
    forEachEnded((page, slot, id) -> {
      HeadIndex.Pair[] pairs = page.pairs[slot];
      if (pairs != null && !outOfOrder.has(id)) {
        found.add(new Ended(id, pairs, page.newestMs[slot]));
      }
    });
    return found;
  }

  private interface SlotConsumer {
    void accept(SeriesPage page, int slot, int id);
  }

  /** Takes the state's read lock for a page at a time. */
  private void forEachEnded(SlotConsumer action) {
    boolean more = true;
    for (int p = 0; more; p++) {
      state.readLock().lock();
      try {
        more = p < pages.length;
        SeriesPage page = more ? pages[p] : null;
        for (int slot = 0; page != null && slot < SeriesPage.SIZE; slot++) {
          if (page.pairs[slot] != null && page.hasEnded(slot)) {
            action.accept(page, slot, (p << SeriesPage.BITS) | slot);
          }
        }
      } finally {
        state.readLock().unlock();
      }
    }
  }

  /**
   * Makes blocks of series that have ended visible, and removes those series that nothing has been
   * added to since. In between a query finds their samples in both, which is the same.
   */
  public void swapEnded(Runnable swap, List<Ended> written) {
    long started = System.nanoTime();
    locked(swap);
    RoaringBitmap removed = new RoaringBitmap();
    for (int from = 0; from < written.size(); from += SeriesPage.SIZE) {
      List<Ended> some = written.subList(from, Math.min(written.size(), from + SeriesPage.SIZE));
      locked(() -> {
        for (Ended e : some) {
          SeriesPage page = page(e.id());
          int slot = e.id() & SeriesPage.MASK;
          if (page != null
              && page.pairs[slot] == e.pairs()
              && page.newestMs[slot] == e.newestMs()
              && !outOfOrder.has(e.id())) {
            remove(page, slot, e.id());
            removed.add(e.id());
          }
        }
      });
    }
    forget(removed);
    counters.headCollected(started);
  }

  /** Takes a series out of all but the lists of the index. Under both locks. */
  private void remove(SeriesPage page, int slot, int id) {
    beforeChange(id);
    if (HeadChunks.exists(chunks.snapshot(), page.chunk[slot])) {
      leftLately.add(id);
    }
    table.remove(id, page.hashes[slot]);
    index.forget(id);
    ids.outdate(id);
    page.pairs[slot] = null;
    page.used--;
    page.open.remove(slot);
    page.tail[slot] = null;
    page.chunk[slot] = 0;
    page.bornMs[slot] = SeriesPage.NEVER;
    page.newestMs[slot] = SeriesPage.NEVER;
    if (page.histograms != null) {
      page.histograms[slot] = null;
    }
    tombstones.remove(id);
    exemplars.forget(id);
  }

  /**
   * Does a slice of a long work under both locks, once those who wait for them have been served.
   */
  private void locked(Runnable work) {
    // the locks are not fair: without a pause the next slice would begin before a waiter wakes up
    for (int i = 0; i < PAUSES && appendLock.hasQueuedThreads(); i++) {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    appendLock.lock();
    state.writeLock().lock();
    try {
      work.run();
    } finally {
      state.writeLock().unlock();
      appendLock.unlock();
    }
  }

  /** Frees what is on the disk, once nobody reads it any more. */
  public void close() {
    locked(() -> chunks.dropBefore(Long.MAX_VALUE));
    chunks.freeDropped();
    ChunkFiles kept = files;
    if (kept != null) {
      kept.close();
    }
  }

  // ---- for readers ---------------------------------------------------------------------------

  /** Begins to read lists of series without a lock; returns the ticket for {@link #leave}. */
  long enter() {
    return viewers.enter();
  }

  void leave(long ticket) {
    viewers.leave(ticket);
  }

  void begin(Capture capture) {
    captures.add(capture);
  }

  void end(Capture capture) {
    if (!captures.isEmpty()) {
      captures.remove(capture);
    }
  }

  /** Lets queries under way keep a series as it is. Under the state's write lock. */
  private void beforeChange(int id) {
    for (Capture capture : captures) {
      capture.beforeChange(id);
    }
  }

  /** Returns what matches of the exemplars there are. */
  public List<SeriesExemplars> exemplars(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    return ExemplarRing.select(exemplars.copy(state.readLock()), sets, minTimeMs, maxTimeMs);
  }

  // ---- for readers; under the state's read lock ------------------------------------------------

  public HeadIndex index() {
    return index;
  }

  public HeadChunks chunks() {
    return chunks;
  }

  public ExemplarRing exemplars() {
    return exemplars;
  }

  public OutOfOrderSamples outOfOrder() {
    return outOfOrder;
  }

  public TombstoneMap tombstones() {
    return tombstones;
  }

  public long minValidMs() {
    return minValidMs;
  }

  /** Returns the time of the oldest in-order sample, {@code Long.MAX_VALUE} when empty. */
  public long minMs() {
    return minMs;
  }

  /** Returns the time of the newest sample, {@code Long.MIN_VALUE} when there was none. */
  public long maxMs() {
    return maxMs;
  }

  /** Returns the newest time that was not ahead of the clock at the last append. */
  public long presentMs() {
    return Math.min(maxMs, latestMs);
  }

  /** Returns whether half of the room for out-of-order samples is used: they should go. */
  public boolean isOutOfOrderRoomShort() {
    return outOfOrder.bytes() > outOfOrderRoom / 2;
  }

  /** Sets how many bytes out-of-order samples may take; for tests. */
  public void outOfOrderRoom(long bytes) {
    outOfOrderRoom = bytes;
  }

  public long outOfOrderWindowMs() {
    return outOfOrderWindowMs;
  }

  /** Returns the time of the newest sample of a series, late ones included. */
  public long newestMs(int id) {
    SeriesPage page = page(id);
    long newest = page == null ? SeriesPage.NEVER : page.newestMs[id & SeriesPage.MASK];
    return Math.max(newest, outOfOrder.newestMs(id));
  }

  /** Returns the files that pages of chunks in the head are in. */
  public Set<Integer> chunkFiles() {
    HeadChunks.@Nullable Page[] pages;
    state.readLock().lock();
    try {
      pages = chunks.snapshot();
    } finally {
      state.readLock().unlock();
    }
    Set<Integer> used = new HashSet<>();
    for (HeadChunks.Page p : pages) {
      HeadChunks.Place at = p == null ? null : p.place();
      if (at != null) {
        used.add(at.file());
      }
    }
    return used;
  }

  /** Returns how many bytes the files of chunks have; 0 when there are none, as in format 1. */
  public long chunkFileBytes() {
    ChunkFiles kept = files;
    return kept == null ? 0 : kept.bytesOnDisk();
  }

  /** Returns about how many bytes a checkpoint would have. */
  public long checkpointBytes() {
    if (files == null) {
      return fileBytes();
    }
    state.readLock().lock();
    try {
      return chunks.bytesInNoFile() + index.seriesCount() * SERIES_FILE_BYTES + outOfOrder.bytes();
    } finally {
      state.readLock().unlock();
    }
  }

  /** Returns about how many bytes a block of everything, or a whole checkpoint, would have. */
  public long fileBytes() {
    state.readLock().lock();
    try {
      return chunks.bytes() + index.seriesCount() * SERIES_FILE_BYTES + outOfOrder.bytes();
    } finally {
      state.readLock().unlock();
    }
  }

  /** Returns whether a series may have samples in range, both ends inclusive. */
  public boolean mayHaveSamples(int id, long minTimeMs, long maxTimeMs) {
    return mayHaveSamples(id, minTimeMs, maxTimeMs, outOfOrder.ids());
  }

  /** The same without a lock, for a series that was there under it. */
  boolean mayHaveSamples(int id, long minTimeMs, long maxTimeMs, RoaringBitmap late) {
    SeriesPage page = page(id);
    if (page == null) {
      return false;
    }
    int slot = id & SeriesPage.MASK;
    if (page.bornMs[slot] == SeriesPage.NEVER || page.bornMs[slot] > maxTimeMs) {
      return false;
    }
    return page.newestMs[slot] >= minTimeMs || late.contains(id);
  }
}
