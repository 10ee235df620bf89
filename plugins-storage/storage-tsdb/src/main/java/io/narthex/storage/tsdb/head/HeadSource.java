package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.head.CapturedPage.Captured;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.select.SeriesSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/** Reads series of the head as they were when it was made; holds its pages until closed. */
public final class HeadSource extends SeriesSource {
  private final HeadChunks.Lease lease;
  private final HeadChunks.@Nullable Page[] pages;
  private final List<Captured> series;
  private final long minTimeMs;
  private final long maxTimeMs;
  private final ChunkCodec codec = new ChunkCodec();
  private final ByteSource bytes = new ByteSource();
  private final HeadChunks.Scratch scratch = new HeadChunks.Scratch();
  private final Tail.Reader tail = new Tail.Reader();
  private boolean sortPending;
  private int next;
  private @Nullable Captured current;
  private boolean ready; // the first rows of the current series are in rows already
  private long[] chain = new long[8];
  private int chainSize;
  private boolean openPending;

  HeadSource(
      HeadChunks.Lease lease,
      List<Captured> series,
      long minTimeMs,
      long maxTimeMs,
      boolean sorted) {
    sortPending = sorted;
    this.lease = lease;
    pages = lease.pages;
    this.series = series;
    this.minTimeMs = minTimeMs;
    this.maxTimeMs = maxTimeMs;
  }

  /**
   * Captures series of about one page. Under the head's state read lock; queries use {@link
   * HeadCapture}.
   *
   * @param ids the series wanted
   * @param sorted whether label order is needed
   * @param memory asked before it is used
   */
  public static HeadSource capture(
      Head head,
      RoaringBitmap ids,
      long minTimeMs,
      long maxTimeMs,
      boolean sorted,
      SelectMemory memory) {
    long min = Math.max(minTimeMs, head.minValidMs());
    int most = ids.getCardinality();
    memory.take(most * (long) Integer.BYTES);
    List<Captured> series = new ArrayList<>(most);
    if (min <= maxTimeMs) {
      int[] ofPage = new int[SeriesPage.SIZE];
      int n = 0;
      for (PeekableIntIterator i = ids.getIntIterator(); i.hasNext(); ) {
        ofPage[n++] = i.next();
        if (!i.hasNext() || i.peekNext() >>> SeriesPage.BITS != ofPage[0] >>> SeriesPage.BITS) {
          CapturedPage.capture(head, ofPage, n, min, maxTimeMs, false, memory, series);
          n = 0;
        }
      }
    }
    return new HeadSource(head.chunks().lease(), series, min, maxTimeMs, sorted);
  }

  /** Returns the id of the current series. */
  public int id() {
    Captured c = current;
    if (c == null) {
      throw new IllegalStateException("head: not on a series");
    }
    return c.id();
  }

  @Override
  public void nextSeries() {
    if (sortPending) {
      // by the reader's thread and without the lock
      sortPending = false;
      series.sort((a, b) -> HeadIndex.compare(a.pairs(), b.pairs()));
    }
    // a series is there only when it has a row in range: look before it is announced
    while (next < series.size()) {
      Captured c = series.get(next++);
      current = c;
      if (c.newest(rows)) {
        chainSize = 0;
        openPending = false;
        tail.reset(null, 0);
        ready = true;
        moved(true);
        return;
      }
      findChunks(c);
      tail.reset(c.tail(), c.tailBaseMs());
      openPending = true;
      ready = false;
      if (nextRows()) {
        ready = true;
        moved(true);
        return;
      }
    }
    current = null;
    moved(false);
  }

  @Override
  protected Labels makeLabels() {
    Captured c = current;
    if (c == null) {
      throw new IllegalStateException("head: not on a series");
    }
    return HeadIndex.labels(c.pairs());
  }

  @Override
  public void allowAnyOrder() {
    sortPending = false;
  }

  private void findChunks(Captured c) {
    chainSize = 0;
    long reference = c.chunk();
    while (HeadChunks.exists(pages, reference)) {
      long before = HeadChunks.open(pages, reference, bytes, scratch);
      long first = ChunkCodec.firstTime(bytes, HeadChunks.baseMs(pages, reference));
      if (first <= maxTimeMs) {
        if (chainSize == chain.length) {
          chain = Arrays.copyOf(chain, chainSize * 2);
        }
        chain[chainSize++] = reference;
      }
      if (first <= minTimeMs) {
        break;
      }
      reference = before;
    }
  }

  @Override
  public boolean nextRows() {
    Captured c = current;
    if (c == null) {
      return false;
    }
    if (ready) {
      ready = false;
      return true;
    }
    while (chainSize > 0) {
      long reference = chain[--chainSize];
      HeadChunks.open(pages, reference, bytes, scratch);
      codec.read(bytes, HeadChunks.baseMs(pages, reference), rows);
      keep(rows, minTimeMs, maxTimeMs, c.deleted());
      if (rows.size > 0) {
        return true;
      }
    }
    while (tail.next(codec, rows)) {
      keep(rows, minTimeMs, maxTimeMs, c.deleted());
      if (rows.size > 0) {
        return true;
      }
    }
    if (openPending) {
      openPending = false;
      if (!c.openRows(bytes, rows)) {
        return false;
      }
      keep(rows, minTimeMs, maxTimeMs, c.deleted());
      return rows.size > 0;
    }
    return false;
  }

  @Override
  public void close() {
    next = series.size();
    current = null;
    moved(false);
    chainSize = 0;
    lease.close();
  }
}
