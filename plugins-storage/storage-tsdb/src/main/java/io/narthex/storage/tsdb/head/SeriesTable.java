package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Finds the id of a series by its labels: a hash table with open addressing of ids alone, as the
 * pages of series have hashes and labels. Guarded by the head's locks.
 */
final class SeriesTable {
  private static final int FIRST = 1 << 12;

  private final IntFunction<@Nullable SeriesPage> pages;
  private int[] slots = new int[FIRST]; // id + 1, 0 = free
  private int used;

  /**
   * Creates an empty table.
   *
   * @param pages finds the page of an id
   */
  SeriesTable(IntFunction<@Nullable SeriesPage> pages) {
    this.pages = pages;
  }

  /** Returns the hash that {@link SeriesPage#hashes} has for a series. */
  static int hash(Labels labels) {
    return mixed(labels.hashCode());
  }

  /** Returns the same for a series of the first so many of some pairs. */
  static int hash(HeadIndex.Pair[] pairs, int n) {
    int h = 1;
    for (int i = 0; i < n; i++) { // as label sets do
      h = (31 * h + pairs[i].name().hashCode()) * 31 + pairs[i].value.hashCode();
    }
    return mixed(h);
  }

  private static int mixed(int hash) {
    int h = hash * 0x9e3779b9;
    return h ^ (h >>> 15);
  }

  /** Returns the id of a series, or -1. */
  int find(Labels labels) {
    int hash = hash(labels);
    int mask = slots.length - 1;
    for (int i = hash & mask; slots[i] != 0; i = (i + 1) & mask) {
      int id = slots[i] - 1;
      SeriesPage page = pages.apply(id);
      if (page != null && page.hashes[id & SeriesPage.MASK] == hash) {
        HeadIndex.Pair[] pairs = page.pairs[id & SeriesPage.MASK];
        if (pairs != null && HeadIndex.same(pairs, labels)) {
          return id;
        }
      }
    }
    return -1;
  }

  /** Returns the id of a series of the first so many of some pairs of the index, or -1. */
  int find(HeadIndex.Pair[] pairs, int n, int hash) {
    int mask = slots.length - 1;
    for (int i = hash & mask; slots[i] != 0; i = (i + 1) & mask) {
      int id = slots[i] - 1;
      SeriesPage page = pages.apply(id);
      if (page != null && page.hashes[id & SeriesPage.MASK] == hash) {
        HeadIndex.Pair[] there = page.pairs[id & SeriesPage.MASK];
        if (there != null && HeadIndex.same(there, pairs, n)) {
          return id;
        }
      }
    }
    return -1;
  }

  /** Adds a series that is not in the table. */
  void add(int id, int hash) {
    if ((used + 1) * 3L > slots.length * 2L) {
      resize(slots.length * 2);
    }
    place(slots, id, hash);
    used++;
  }

  private static void place(int[] into, int id, int hash) {
    int mask = into.length - 1;
    int i = hash & mask;
    while (into[i] != 0) {
      i = (i + 1) & mask;
    }
    into[i] = id + 1;
  }

  /** Frees a place, and moves up what would not be found any more behind it. */
  void remove(int id, int hash) {
    int mask = slots.length - 1;
    int free = hash & mask;
    while (slots[free] != id + 1) {
      if (slots[free] == 0) {
        return;
      }
      free = (free + 1) & mask;
    }
    used--;
    for (int i = (free + 1) & mask; slots[i] != 0; i = (i + 1) & mask) {
      int home = hashOf(slots[i] - 1) & mask;
      if (((i - home) & mask) >= ((i - free) & mask)) {
        slots[free] = slots[i];
        free = i;
      }
    }
    slots[free] = 0;
  }

  /** Gives memory back after many removals. */
  void shrink() {
    int capacity = slots.length;
    while (capacity > FIRST && used * 8L < capacity) {
      capacity /= 2;
    }
    if (capacity < slots.length) {
      resize(capacity);
    }
  }

  private void resize(int capacity) {
    int[] resized = new int[capacity];
    for (int slot : slots) {
      if (slot != 0) {
        place(resized, slot - 1, hashOf(slot - 1));
      }
    }
    slots = resized;
  }

  /** A series stays in its page until it is not in the table any more. */
  private int hashOf(int id) {
    SeriesPage page = pages.apply(id);
    if (page == null) {
      throw new IllegalStateException("series " + id + " has no page");
    }
    return page.hashes[id & SeriesPage.MASK];
  }
}
