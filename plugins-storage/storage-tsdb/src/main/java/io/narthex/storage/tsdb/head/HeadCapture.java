package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.SelectMemory;
import io.narthex.storage.tsdb.head.CapturedPage.Captured;
import io.narthex.storage.tsdb.io.Interruption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * What a query takes of the head: all of one moment, and yet in slices, so that appends never wait
 * for more than {@link #SLICE} series. While it is under way, whoever changes a series that has not
 * been reached takes a copy of it first, see {@link #beforeChange}.
 */
public final class HeadCapture implements Head.Capture, AutoCloseable {
  static final int SLICE = 2048;

  private final Head head;
  private final RoaringBitmap ids;
  private final long minTimeMs;
  private final long maxTimeMs;
  private final boolean newest;
  private final SelectMemory memory;
  private final HeadChunks.Lease lease;
  private final List<Captured> series;
  private final List<OutOfOrderSamples.Entry> outOfOrder = new ArrayList<>();
  private final int[] ofPage = new int[SeriesPage.SIZE];
  private final long minInOrderMs;
  private final long first; // memory of the first slice
  private boolean handedOver;

  // guarded by the head's state lock
  private final PeekableIntIterator rest;
  private int reached; // series with lower ids have been taken
  private final Map<Integer, Early> early = new HashMap<>();

  private long used; // memory that has not been asked for yet

  /** A series as it was before it was changed; nothing, where it had no samples in range. */
  private record Early(List<Captured> series, List<OutOfOrderSamples.Entry> outOfOrder) {}

  /**
   * Begins, at the moment that will be seen. Under the head's state read lock, or with nobody else.
   *
   * @param ids the series wanted
   * @param newest whether only the newest sample of each is needed, see {@link CapturedPage}
   * @param memory asked for what has been taken with each slice, without a lock
   */
  public HeadCapture(
      Head head,
      RoaringBitmap ids,
      long minTimeMs,
      long maxTimeMs,
      boolean newest,
      SelectMemory memory) {
    this.head = head;
    this.ids = ids;
    this.minTimeMs = minTimeMs;
    this.maxTimeMs = maxTimeMs;
    this.newest = newest;
    this.memory = memory;
    lease = head.chunks().lease();
    rest = ids.getIntIterator();
    minInOrderMs = Math.max(minTimeMs, head.minValidMs());
    series = new ArrayList<>(ids.getCardinality());
    slice();
    first = takeUsed() + ids.getCardinality() * (long) Integer.BYTES;
    if (rest.hasNext()) {
      head.begin(this);
    }
  }

  /** Takes what is left, in slices. Without a lock. */
  public void finish() {
    try {
      memory.take(first);
      Interruption interruption = new Interruption("selection of series");
      while (rest.hasNext()) {
        interruption.checkEnd();
        long more;
        head.state.readLock().lock();
        try {
          slice();
          more = takeUsed();
          if (!rest.hasNext()) {
            head.end(this); // what is appended from now on need not be kept from it
          }
        } finally {
          head.state.readLock().unlock();
        }
        memory.take(more);
      }
    } finally {
      head.end(this);
    }
  }

  private void slice() {
    int taken = 0;
    while (rest.hasNext() && taken < SLICE) {
      int n = 0;
      int page = rest.peekNext() >>> SeriesPage.BITS;
      while (rest.hasNext() && rest.peekNext() >>> SeriesPage.BITS == page) {
        int id = rest.next();
        Early before = early.isEmpty() ? null : early.remove(id);
        if (before == null) {
          ofPage[n++] = id;
        } else {
          series.addAll(before.series());
          outOfOrder.addAll(before.outOfOrder());
        }
        taken++;
        reached = id + 1;
      }
      if (n > 0) {
        take(ofPage, n, series, outOfOrder);
      }
    }
  }

  private void take(
      int[] wanted, int n, List<Captured> into, List<OutOfOrderSamples.Entry> lateInto) {
    if (minInOrderMs <= maxTimeMs) {
      CapturedPage.capture(
          head, wanted, n, minInOrderMs, maxTimeMs, newest, bytes -> used += bytes, into);
    }
    if (!head.outOfOrder().isEmpty()) {
      for (int i = 0; i < n; i++) {
        OutOfOrderSamples.Entry e =
            OutOfOrderSource.entry(head, wanted[i], minTimeMs, maxTimeMs, bytes -> used += bytes);
        if (e != null) {
          lateInto.add(e);
        }
      }
    }
  }

  private long takeUsed() {
    long n = used;
    used = 0;
    return n;
  }

  @Override
  public void beforeChange(int id) {
    if (id >= reached && ids.contains(id) && !early.containsKey(id)) {
      Early e = new Early(new ArrayList<>(1), new ArrayList<>(0));
      take(new int[] {id}, 1, e.series(), e.outOfOrder());
      early.put(id, e);
    }
  }

  /** Returns what came in order, in label order; holds the pages from now on. */
  public HeadSource source() {
    handedOver = true;
    return new HeadSource(lease, series, minInOrderMs, maxTimeMs, true);
  }

  /** Returns the out-of-order samples, in label order. */
  public OutOfOrderSource outOfOrderSource() {
    return OutOfOrderSource.of(outOfOrder);
  }

  /** Returns whether there are out-of-order samples. */
  public boolean hasOutOfOrder() {
    return !outOfOrder.isEmpty();
  }

  /** Ends it, finished or not. */
  @Override
  public void close() {
    head.end(this);
    if (!handedOver) {
      lease.close();
    }
  }
}
