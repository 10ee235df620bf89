package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.head.OutOfOrderSamples.Entry;
import io.narthex.storage.tsdb.select.SeriesSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/** Reads the out-of-order samples of the head as they were when it was made. */
public final class OutOfOrderSource extends SeriesSource {
  /** Bytes of an entry with its labels; their strings belong to the head. */
  private static final int SERIES_BYTES = 200;

  private final List<Entry> series;
  private int next;
  private @Nullable Entry current;
  private int at;

  public OutOfOrderSource(List<Entry> series) {
    this.series = series;
  }

  /**
   * Captures the out-of-order samples of {@code ids} in range. Under the head's state read lock.
   *
   * @param memory asked before it is used
   */
  public static OutOfOrderSource capture(
      Head head, RoaringBitmap ids, long minTimeMs, long maxTimeMs, SelectMemory memory) {
    List<Entry> series = new ArrayList<>();
    for (PeekableIntIterator some = head.outOfOrder().among(ids).getIntIterator();
        some.hasNext(); ) {
      Entry e = entry(head, some.next(), minTimeMs, maxTimeMs, memory);
      if (e != null) {
        series.add(e);
      }
    }
    return of(series);
  }

  /** Captures all up to a time, a slice at a time: not of one moment. */
  public static OutOfOrderSource captureAll(Head head, long maxTimeMs) {
    RoaringBitmap ids;
    head.state.readLock().lock();
    try {
      ids = head.outOfOrder().ids();
    } finally {
      head.state.readLock().unlock();
    }
    List<Entry> entries = new ArrayList<>();
    for (PeekableIntIterator i = ids.getIntIterator(); i.hasNext(); ) {
      head.state.readLock().lock();
      try {
        for (int n = 0; n < SeriesPage.SIZE && i.hasNext(); n++) {
          Entry e = entry(head, i.next(), Long.MIN_VALUE, maxTimeMs, SelectMemory.UNCOUNTED);
          if (e != null) {
            entries.add(e);
          }
        }
      } finally {
        head.state.readLock().unlock();
      }
    }
    return of(entries);
  }

  /** Returns a source of entries in any order. */
  static OutOfOrderSource of(List<Entry> series) {
    series.sort(Comparator.comparing(Entry::labels));
    return new OutOfOrderSource(series);
  }

  /**
   * Captures the out-of-order samples of a series in range; null = none. Under the head's state
   * read lock.
   */
  static @Nullable Entry entry(
      Head head, int id, long minTimeMs, long maxTimeMs, SelectMemory memory) {
    List<OutOfOrderSamples.Sample> samples = head.outOfOrder().range(id, minTimeMs, maxTimeMs);
    if (samples.isEmpty()) {
      return null;
    }
    memory.take(SERIES_BYTES + samples.size() * (long) Integer.BYTES);
    return new Entry(id, head.labels(id), samples);
  }

  public List<Entry> entries() {
    return series;
  }

  @Override
  public void nextSeries() {
    current = next < series.size() ? series.get(next++) : null;
    moved(current != null);
    at = 0;
  }

  @Override
  protected Labels makeLabels() {
    Entry e = current;
    if (e == null) {
      throw new IllegalStateException("out-of-order samples: not on a series");
    }
    return e.labels();
  }

  @Override
  public boolean nextRows() {
    Entry e = current;
    if (e == null || at >= e.samples().size()) {
      return false;
    }
    boolean isHistogram = e.samples().get(at).histogram() != null;
    rows.clear(isHistogram);
    while (at < e.samples().size() && rows.size < ChunkCodec.MAX_ROWS) {
      OutOfOrderSamples.Sample s = e.samples().get(at);
      if ((s.histogram() != null) != isHistogram) {
        break;
      }
      rows.add(s.timeMs(), s.value(), s.histogram(), s.startTimeMs());
      at++;
    }
    return true;
  }

  @Override
  public void close() {
    next = series.size();
    current = null;
    moved(false);
  }
}
