package io.narthex.storage.tsdb.wal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the rows of a segment refer to: the previous value of each series in it. Writer and reader
 * take the same steps, so what the one has left out the other knows. Columns in pages of series
 * with consecutive ids, ten bytes a series; a page is made when one of its series has a row.
 */
final class RowBases {
  /** Rows after which one has to be absolute. */
  static final int ROWS = 64;

  /** State of a series that has no row in the segment. */
  static final int NEW = 0;

  /** State of a series that has, but none that another can refer to. */
  static final int NO_BASE = 1;

  /** State after an absolute row; each row that refers to it adds one. */
  static final int ABSOLUTE = 2;

  /** State in which the next row has to be absolute. */
  static final int DUE = ABSOLUTE + ROWS - 1;

  /** Scale of a value that is no decimal number of few digits: its base is its bits. */
  static final byte RAW = -1;

  private static final int BITS = 9;
  private static final int SIZE = 1 << BITS;
  static final int MASK = SIZE - 1;

  /** The series with the same id but for the low bits. */
  static final class Page {
    final byte[] state = new byte[SIZE];
    final byte[] scale = new byte[SIZE];

    /** Mantissa, or bits of the double. */
    final long[] base = new long[SIZE];

    /** Start times; null until a series here has one. */
    long @Nullable [] startMs;

    long startMs(int slot) {
      return startMs == null ? 0 : startMs[slot];
    }

    void startMs(int slot, long ms) {
      if (ms != 0 && startMs == null) {
        startMs = new long[SIZE];
      }
      if (startMs != null) {
        startMs[slot] = ms;
      }
    }

    void absolute(int slot, byte newScale, long newBase) {
      state[slot] = ABSOLUTE;
      scale[slot] = newScale;
      base[slot] = newBase;
    }
  }

  private @Nullable Page[] pages = new Page[16];

  Page page(int id) {
    int p = id >>> BITS;
    if (p >= pages.length) {
      pages = Arrays.copyOf(pages, Math.max(p + 1, pages.length * 2));
    }
    Page page = pages[p];
    if (page == null) {
      page = new Page();
      pages[p] = page;
    }
    return page;
  }

  /** Forgets all: at the beginning of a segment, or where a row is missing. */
  void clear() {
    Arrays.fill(pages, null);
  }
}
