package io.narthex.storage.tsdb.head;

import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import java.util.Arrays;
import java.util.BitSet;
import org.roaringbitmap.RoaringBitmap;

/** Looks for samples of a batch among those that came into the head in order. */
public final class StoredRows {
  /** Series that are captured under one hold of the head's state lock. */
  private static final int SLICE = SeriesPage.SIZE;

  private final Head head;
  private final SampleBatch batch;
  private final BitSet found = new BitSet();

  private StoredRows(Head head, SampleBatch batch) {
    this.head = head;
    this.batch = batch;
  }

  /**
   * Returns which rows the head has with the same time and bits.
   *
   * @param rows the rows to look for
   * @param referenceBase what references have more than the head's own
   */
  public static BitSet find(Head head, SampleBatch batch, BitSet rows, long referenceBase) {
    StoredRows look = new StoredRows(head, batch);
    long[] keys = look.keys(rows, referenceBase);
    for (int from = 0; from < keys.length; ) {
      int to = from;
      RoaringBitmap ids = new RoaringBitmap();
      while (to < keys.length && (ids.getCardinality() < SLICE || ids.contains(id(keys[to])))) {
        ids.add(id(keys[to++]));
      }
      look.slice(Arrays.copyOfRange(keys, from, to), ids);
      from = to;
    }
    return look.found;
  }

  private static int id(long key) {
    return (int) (key >>> Integer.SIZE);
  }

  /** Returns id and row of each row whose series is there, in ascending order. */
  private long[] keys(BitSet rows, long referenceBase) {
    long[] keys = new long[rows.cardinality()];
    int n = 0;
    head.state.readLock().lock();
    try {
      for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
        int id = head.id(batch.ref(row) - referenceBase);
        if (id >= 0) {
          keys[n++] = (long) id << Integer.SIZE | row;
        }
      }
    } finally {
      head.state.readLock().unlock();
    }
    long[] sorted = Arrays.copyOf(keys, n);
    Arrays.sort(sorted);
    return sorted;
  }

  private void slice(long[] keys, RoaringBitmap ids) {
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    for (long key : keys) {
      min = Math.min(min, batch.timeMs((int) key));
      max = Math.max(max, batch.timeMs((int) key));
    }
    HeadSource source;
    head.state.readLock().lock();
    try {
      source = HeadSource.capture(head, ids, min, max, false, bytes -> {}); // of few series
    } finally {
      head.state.readLock().unlock();
    }
    try {
      int from = 0;
      for (source.nextSeries(); source.isOnSeries(); source.nextSeries()) {
        while (id(keys[from]) < source.id()) {
          from++;
        }
        while (source.nextRows()) {
          for (int i = from; i < keys.length && id(keys[i]) == source.id(); i++) {
            compare((int) keys[i], source.rows);
          }
        }
      }
    } finally {
      source.close();
    }
  }

  private void compare(int row, ChunkRows stored) {
    int at = Arrays.binarySearch(stored.timesMs, 0, stored.size, batch.timeMs(row));
    if (at < 0) {
      return;
    }
    NativeHistogram sent = batch.histogram(row);
    boolean same =
        stored.isHistogram
            ? stored.histograms()[at].equals(sent)
            : sent == null
                && Double.doubleToRawLongBits(stored.values[at])
                    == Double.doubleToRawLongBits(batch.value(row));
    if (same) {
      found.set(row);
    }
  }
}
