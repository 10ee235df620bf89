package io.narthex.storage.tsdb.head;

import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.HistogramRules;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import io.narthex.storage.tsdb.head.CommitQueue.Commit;
import io.narthex.storage.tsdb.io.Limits;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Decides what may be taken of batches, before it is logged. Under the append lock, but for the
 * room of out-of-order samples.
 */
final class BatchCheck {
  /** Prometheus takes samples up to half a block behind the newest one. */
  private static final int APPEND_WINDOW_DIVISOR = 2;

  private final Head head;
  private final IdPool ids;
  private final ClockJumps jumps;

  private long blockMs;
  private long outOfOrderWindowMs;

  /** End of the range that a block is being made of: in-order samples before it would be lost. */
  private long flushedToMs = Long.MIN_VALUE;

  /** Latest time that a sample of the round may have. */
  private long latest;

  /** What out-of-order samples take, with those of the round. */
  private long outOfOrderBytes;

  private volatile long outOfOrderRoom = Limits.OUT_OF_ORDER_BYTES;

  // of the batch at hand
  private byte[] codes = new byte[0];
  private byte[] exemplarCodes = new byte[0];

  /** Which of its rows are zeros that others ask for. */
  private ZeroRows zeros = ZeroRows.NONE;

  private final BatchTimes outOfOrderInBatch = new BatchTimes();

  BatchCheck(Head head, IdPool ids, ClockJumps jumps) {
    this.head = head;
    this.ids = ids;
    this.jumps = jumps;
  }

  /** See {@link Head#configure}. */
  void configure(long newBlockMs, long newOutOfOrderWindowMs) {
    blockMs = newBlockMs;
    outOfOrderWindowMs = newOutOfOrderWindowMs;
  }

  /** See {@link Head#takeOnlyFrom}. */
  void takeOnlyFrom(long timeMs) {
    flushedToMs = timeMs;
  }

  long outOfOrderWindowMs() {
    return outOfOrderWindowMs;
  }

  long outOfOrderRoom() {
    return outOfOrderRoom;
  }

  void outOfOrderRoom(long bytes) {
    outOfOrderRoom = bytes;
  }

  /** Begins a round of batches, of which no sample may be later than a time. */
  void begin(long latestMs) {
    latest = latestMs;
    outOfOrderBytes = head.outOfOrder().bytes();
  }

  /** Fills in the codes of a batch of the round. */
  void check(Commit c, long referenceBase) {
    SampleBatch given = c.batch();
    long lowest = lowestTime(given.size() == 0 ? 0 : given.timeMs(0));
    if (given.hasZeros()) {
      c.expand(row -> isZeroWanted(given, row, referenceBase, lowest));
    }
    codes = c.codes;
    exemplarCodes = c.exemplarCodes;
    zeros = c.zeros();
    c.allOk = check(c.batch(), referenceBase, lowest);
    checkExemplars(c.batch(), referenceBase);
  }

  /**
   * Fills {@link #codes}: a code of {@link AppendResult}, or {@link WriteAheadLog#KNOWN} for a
   * sample that is there already, or {@link WriteAheadLog#OUT_OF_ORDER} for one to be kept out of
   * order.
   */
  private boolean check(SampleBatch batch, long referenceBase, long lowest) {
    int n = batch.size();
    Arrays.fill(codes, 0, n, AppendResult.UNKNOWN_SERIES);
    try {
      return checkRows(batch, referenceBase, lowest);
    } finally { // whatever happens: a row that is left pending would be taken for the next batch's
      for (int row = 0; row < n; row++) {
        if (codes[row] == AppendResult.OK) {
          int id = (int) (batch.ref(row) - referenceBase);
          SeriesPage page = head.page(id);
          if (page != null) {
            page.pendingRow[id & SeriesPage.MASK] = 0;
          }
        }
      }
    }
  }

  private boolean checkRows(SampleBatch batch, long referenceBase, long lowest) {
    boolean allOk = true;
    int n = batch.size();
    long newest = Math.min(head.maxMs(), latest);
    boolean isBack = jumps.isBack(Math.max(head.maxMs(), head.minValidMs()), latest);
    outOfOrderInBatch.clear();
    for (int row = 0; row < n; row++) {
      long reference = batch.ref(row) - referenceBase;
      SeriesPage page = head.page((int) reference);
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
  private void checkExemplars(SampleBatch batch, long referenceBase) {
    int n = batch.exemplarCount();
    if (n == 0) {
      return;
    }
    head.exemplars().beginBatch();
    for (int i = 0; i < n; i++) {
      int row = batch.exemplarRow(i);
      boolean possible =
          codes[row] != AppendResult.UNKNOWN_SERIES && batch.exemplar(i).timestampMs() <= latest;
      exemplarCodes[i] =
          possible
              ? head.exemplars()
                  .checkNext((int) (batch.ref(row) - referenceBase), batch.exemplar(i))
              : ExemplarRing.REFUSED;
    }
  }

  private long lowestTime(long firstTimeMs) {
    // a sample of the future that an older version has taken must not lock out today's
    long newest = head.maxMs() == Long.MIN_VALUE ? firstTimeMs : Math.min(head.maxMs(), latest);
    long window = blockMs / APPEND_WINDOW_DIVISOR;
    long lowest = newest < Long.MIN_VALUE + window ? Long.MIN_VALUE : newest - window;
    return Math.max(Math.max(head.minValidMs(), flushedToMs), lowest);
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
    SeriesPage page = head.page((int) reference);
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
    if (head.outOfOrder().has(id, time) || !outOfOrderInBatch.add(batch.ref(row), time)) {
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
          head.counters.add(
              isFloat
                  ? "out_of_order_samples_total{type=\"float\"}"
                  : "out_of_order_samples_total{type=\"histogram\"}",
              1);
      case AppendResult.OUT_OF_BOUNDS, AppendResult.TOO_FAR_IN_FUTURE ->
          head.counters.add(
              isFloat
                  ? "out_of_bound_samples_total{type=\"float\"}"
                  : "out_of_bound_samples_total{type=\"histogram\"}",
              1);
      case AppendResult.TOO_OLD ->
          head.counters.add(
              isFloat
                  ? "too_old_samples_total{type=\"float\"}"
                  : "too_old_samples_total{type=\"histogram\"}",
              1);
      default -> {
        // the caller counts the others
      }
    }
  }
}
