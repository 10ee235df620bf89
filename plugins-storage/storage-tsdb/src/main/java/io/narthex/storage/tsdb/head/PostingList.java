package io.narthex.storage.tsdb.head;

import java.util.Arrays;
import org.roaringbitmap.RoaringBitmap;

/**
 * A list of series as versions: one writer at a time replaces what there is, readers need no lock
 * and keep what they have read.
 *
 * <p>A short list is an array, replaced by each change: a bitmap costs 200 bytes even for one. A
 * longer one is a bitmap that is never changed, and an array of those added since, which readers
 * see up to its count; a copy of the bitmap for each new series would make a million of them cost
 * the square.
 */
class PostingList {
  private static final int FEW = 16;

  /** A list that shrinks becomes an array below this; not at {@link #FEW}, to and fro costs. */
  private static final int FEW_AGAIN = 8;

  private static final int MAX_RECENT = 4096;
  private static final int[] NONE = {};

  /** An {@code int[]}, or {@link Many}. */
  private volatile Object list = NONE;

  /** Creates an empty list. */
  PostingList() {}

  /** Creates a list with the series of another one, whose writer this thread is. */
  PostingList(PostingList of) {
    list = of.list instanceof Many many ? new Many(many.toBitmap()) : of.list;
  }

  private static final class Many {
    /** Never changed. */
    final RoaringBitmap base;

    /** Series that are not in the bitmap; entries below {@link #count} are never changed. */
    final int[] recent;

    volatile int count;

    Many(RoaringBitmap base) {
      this.base = base;
      recent = new int[Math.max(4, Math.min(MAX_RECENT, base.getCardinality() / 8))];
    }

    RoaringBitmap toBitmap() {
      RoaringBitmap all = base.clone();
      addRecent(all);
      return all;
    }

    void addRecent(RoaringBitmap into) {
      int n = count;
      for (int i = 0; i < n; i++) {
        into.add(recent[i]);
      }
    }
  }

  /** Adds a series that is not in the list. For one writer at a time. */
  final void add(int series) {
    if (list instanceof Many many) {
      int n = many.count;
      if (n == many.recent.length) {
        RoaringBitmap all = many.toBitmap();
        all.add(series);
        if (n == MAX_RECENT) {
          all.runOptimize();
        }
        list = new Many(all);
      } else {
        many.recent[n] = series;
        many.count = n + 1;
      }
      return;
    }
    int[] few = (int[]) list;
    if (few.length == FEW) {
      RoaringBitmap all = RoaringBitmap.bitmapOf(few);
      all.add(series);
      list = new Many(all);
      return;
    }
    int[] more = Arrays.copyOf(few, few.length + 1);
    more[few.length] = series;
    list = more;
  }

  /** Takes series out; returns whether none are left. For one writer at a time. */
  final boolean removeAll(RoaringBitmap gone) {
    if (list instanceof Many many) {
      RoaringBitmap left = many.toBitmap();
      left.andNot(gone);
      if (left.getCardinality() <= FEW_AGAIN) {
        list = left.toArray();
      } else {
        left.runOptimize();
        list = new Many(left);
      }
      return left.isEmpty();
    }
    int[] few = (int[]) list;
    int[] left = new int[few.length];
    int n = 0;
    for (int series : few) {
      if (!gone.contains(series)) {
        left[n++] = series;
      }
    }
    if (n < few.length) {
      list = n == 0 ? NONE : Arrays.copyOf(left, n);
    }
    return n == 0;
  }

  /** Returns how many there are. */
  final int count() {
    Object now = list;
    return now instanceof Many many
        ? many.base.getCardinality() + many.count
        : ((int[]) now).length;
  }

  final void addTo(RoaringBitmap out) {
    Object now = list;
    if (now instanceof Many many) {
      out.or(many.base);
      many.addRecent(out);
    } else {
      out.add((int[]) now);
    }
  }

  /** Returns whether any of the series is in the list. */
  final boolean intersects(RoaringBitmap series) {
    Object now = list;
    int[] some;
    int n;
    if (now instanceof Many many) {
      if (RoaringBitmap.intersects(many.base, series)) {
        return true;
      }
      some = many.recent;
      n = many.count;
    } else {
      some = (int[]) now;
      n = some.length;
    }
    for (int i = 0; i < n; i++) {
      if (series.contains(some[i])) {
        return true;
      }
    }
    return false;
  }
}
