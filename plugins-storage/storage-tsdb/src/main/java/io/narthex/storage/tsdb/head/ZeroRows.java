package io.narthex.storage.tsdb.head;

import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SampleBatch;
import java.util.BitSet;
import java.util.function.IntPredicate;

/**
 * The zeros that rows of a batch ask for, as rows of their own before them. Most batches need none:
 * a series begins once. Used by one thread at a time.
 */
final class ZeroRows {
  /** Of a batch without zeros. Nothing is ever expanded with it. */
  static final ZeroRows NONE = new ZeroRows();

  private static final int MAX_KEPT = 1 << 14;

  private SampleBatch rows = new SampleBatch(16);
  private final BitSet zeros = new BitSet();

  /**
   * Returns a batch with the zeros that are wanted, or the given one when none is.
   *
   * @param wanted whether the zero that a row asks for may be needed
   */
  SampleBatch expand(SampleBatch batch, IntPredicate wanted) {
    int first = 0;
    while (first < batch.size() && !wanted.test(first)) {
      first++;
    }
    if (first == batch.size()) {
      return batch;
    }
    int[] moved = new int[batch.size()];
    for (int row = 0; row < batch.size(); row++) {
      if (row >= first && wanted.test(row)) {
        addZero(batch, row);
      }
      NativeHistogram h = batch.histogram(row);
      long ref = batch.ref(row);
      long time = batch.timeMs(row);
      moved[row] = h == null ? rows.add(ref, time, batch.value(row)) : rows.add(ref, time, h);
      if (batch.startTimeMs(row) != SampleBatch.NO_START_TIME) {
        rows.startTime(moved[row], batch.startTimeMs(row));
      }
    }
    for (int i = 0; i < batch.exemplarCount(); i++) {
      rows.exemplar(moved[batch.exemplarRow(i)], batch.exemplar(i));
    }
    return rows;
  }

  private void addZero(SampleBatch batch, int row) {
    NativeHistogram h = batch.histogram(row);
    long time = batch.zeroMs(row);
    zeros.set(
        h == null
            ? rows.add(batch.ref(row), time, 0)
            : rows.add(batch.ref(row), time, SampleBatch.zeroOf(h)));
  }

  /** Returns whether a row of the batch last returned is a zero. */
  boolean isZero(int row) {
    return zeros.get(row);
  }

  /** Forgets the rows. */
  void clear() {
    if (rows.size() > MAX_KEPT) {
      rows = new SampleBatch(16);
    } else if (rows.size() > 0) {
      rows.clear();
    }
    zeros.clear();
  }
}
