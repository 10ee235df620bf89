package io.narthex.storage.tsdb.head;

import java.util.ArrayList;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * Removes samples and series of a head that are in blocks, a slice at a time so that appends and
 * queries wait for little. For one thread at a time.
 */
public final class HeadTruncation {
  /** Out-of-order samples that are removed under one hold, and what a series counts for. */
  private static final int OUT_OF_ORDER_SLICE = 10_000;

  private static final int SERIES_WORK = 10;

  private final Head head;

  HeadTruncation(Head head) {
    this.head = head;
  }

  /**
   * Forgets samples before {@code timeMs}, which are in blocks now, and then what has none left. In
   * between a series without samples does no harm.
   *
   * @param swap makes the blocks visible at the moment at which the samples are not any more
   * @param flushed out-of-order samples that are in the blocks
   */
  public void truncate(long timeMs, Runnable swap, List<OutOfOrderSamples.Entry> flushed) {
    long started = System.nanoTime();
    head.dropBefore(timeMs, swap);
    removeOutOfOrder(flushed);
    removeIdle(timeMs);
    head.counters.add("head_truncations_total", 1);
    head.counters.headCollected(started);
  }

  /** Makes blocks of out-of-order samples visible, and removes the samples. */
  public void swapOutOfOrder(Runnable swap, List<OutOfOrderSamples.Entry> flushed) {
    head.locked(swap);
    removeOutOfOrder(flushed);
  }

  /**
   * Removes out-of-order samples that are in blocks now. Takes both locks for a slice at a time.
   */
  private void removeOutOfOrder(List<OutOfOrderSamples.Entry> flushed) {
    for (int from = 0; from < flushed.size(); ) {
      int to = from;
      long samples = 0;
      while (to < flushed.size() && samples < OUT_OF_ORDER_SLICE) {
        samples += SERIES_WORK + flushed.get(to++).samples().size();
      }
      List<OutOfOrderSamples.Entry> slice = flushed.subList(from, to);
      head.locked(() -> {
        for (OutOfOrderSamples.Entry e : slice) {
          head.beforeChange(e.id());
          head.outOfOrder().remove(e.id(), e.samples());
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
    for (int from = 0; from < head.pageCount(); from += Head.PAGES_SLICE) {
      head.locked(removeIdleOf(from, timeMs, removed));
    }
    forget(removed);
  }

  /** Takes series that were removed out of the lists of the index. */
  private void forget(RoaringBitmap removed) {
    if (removed.isEmpty()) {
      return;
    }
    head.index().removeFromLists(removed, head::locked);
    head.locked(() -> head.gone(removed));
    head.counters.add("head_series_removed_total", removed.getCardinality());
  }

  private Runnable removeIdleOf(int from, long timeMs, RoaringBitmap removed) {
    return () -> {
      int to = Math.min(from + Head.PAGES_SLICE, head.pageCount());
      for (int p = from; p < to; p++) {
        SeriesPage page = head.page(p << SeriesPage.BITS);
        if (page == null) {
          continue;
        }
        for (int slot = 0; slot < SeriesPage.SIZE; slot++) {
          int id = (p << SeriesPage.BITS) | slot;
          if (page.pairs[slot] != null
              && page.newestMs[slot] < timeMs
              && !head.outOfOrder().has(id)) {
            head.remove(page, slot, id);
            removed.add(id);
          } else if (head.tombstones().endsBefore(id, timeMs)) {
            head.beforeChange(id); // a query may still read the deleted samples
            head.tombstones().remove(id);
          }
        }
        head.dropIfEmpty(page, p);
      }
    };
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
      if (pairs != null && !head.outOfOrder().has(id)) {
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
      head.state.readLock().lock();
      try {
        more = p < head.pageCount();
        SeriesPage page = more ? head.page(p << SeriesPage.BITS) : null;
        for (int slot = 0; page != null && slot < SeriesPage.SIZE; slot++) {
          if (page.pairs[slot] != null && page.hasEnded(slot)) {
            action.accept(page, slot, (p << SeriesPage.BITS) | slot);
          }
        }
      } finally {
        head.state.readLock().unlock();
      }
    }
  }

  /**
   * Makes blocks of series that have ended visible, and removes those series that nothing has been
   * added to since. In between a query finds their samples in both, which is the same.
   */
  public void swapEnded(Runnable swap, List<Ended> written) {
    long started = System.nanoTime();
    head.locked(swap);
    RoaringBitmap removed = new RoaringBitmap();
    for (int from = 0; from < written.size(); from += SeriesPage.SIZE) {
      List<Ended> some = written.subList(from, Math.min(written.size(), from + SeriesPage.SIZE));
      head.locked(() -> {
        for (Ended e : some) {
          SeriesPage page = head.page(e.id());
          int slot = e.id() & SeriesPage.MASK;
          if (page != null
              && page.pairs[slot] == e.pairs()
              && page.newestMs[slot] == e.newestMs()
              && !head.outOfOrder().has(e.id())) {
            head.remove(page, slot, e.id());
            removed.add(e.id());
          }
        }
      });
    }
    forget(removed);
    head.counters.headCollected(started);
  }
}
