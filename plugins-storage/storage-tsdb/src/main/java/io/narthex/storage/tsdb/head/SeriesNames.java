package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Limits;
import io.narthex.storage.tsdb.wal.SharedLabels;
import org.jspecify.annotations.Nullable;

/**
 * Binds series to their ids as records of {@link SharedLabels} say. A label that a series of the
 * head has is found by its bytes: texts and label sets are made for labels that are new, not for
 * each series. For a start, by one thread.
 */
public final class SeriesNames {
  private static final int FIRST = 1 << 10;

  /** Labels that are found by their bytes; what comes behind so many is made each time. */
  private static final int MOST = 1 << 20;

  private static final HeadIndex.Pair[] NONE = {};

  private final Head head;
  private HeadIndex.@Nullable Pair[] known = new HeadIndex.Pair[FIRST]; // by hash
  private int count;
  private int removals; // of the head, when the table was begun
  private HeadIndex.Pair[] last = NONE;
  private HeadIndex.Pair[] pairs = new HeadIndex.Pair[16];

  public SeriesNames(Head head) {
    this.head = head;
  }

  /** Reads a record. */
  public void read(ByteSource in) {
    int lastId = -1;
    last = NONE;
    while (in.remaining() > 0) {
      long id = lastId + 1 + in.zigzag();
      if (id < 0 || id >= Integer.MAX_VALUE) {
        throw new ByteSource.Malformed("id is " + id);
      }
      lastId = (int) id;
      int at = in.position;
      if (!readKnown(in, lastId)) {
        in.position = at;
        readNew(in, lastId);
      }
    }
  }

  private void readNew(ByteSource in, int id) {
    Labels labels = SharedLabels.readLabels(in, HeadIndex.labels(last));
    if (labels.isEmpty()) {
      last = NONE;
      return;
    }
    head.bind(id, labels);
    HeadIndex.Pair[] bound = head.pairs(id);
    last = bound == null ? NONE : bound;
    forgetRemoved();
    for (HeadIndex.Pair p : last) {
      learn(p);
    }
  }

  /** Reads a series all of whose labels are known; returns false where that cannot be done. */
  private boolean readKnown(ByteSource in, int id) {
    int n = in.count(Limits.LABELS);
    if (n == 0) {
      return false;
    }
    if (pairs.length < n) {
      pairs = new HeadIndex.Pair[n];
    }
    int c = 0;
    int at = 0;
    boolean ordered = true; // as far as the labels come from the series before
    while (at < n) {
      int token = in.u8();
      int run = SharedLabels.run(token);
      switch (SharedLabels.kind(token)) {
        case SharedLabels.SAME -> {
          if (run > last.length - c || run > n - at) {
            return false;
          }
          System.arraycopy(last, c, pairs, at, run);
          c += run;
          at += run;
        }
        case SharedLabels.VALUE -> {
          HeadIndex.Pair p = c == last.length ? null : find(in, last[c]);
          if (p == null) {
            return false;
          }
          pairs[at++] = p;
          c++;
        }
        case SharedLabels.LABEL -> {
          HeadIndex.Pair p = find(in, null);
          if (p == null) {
            return false;
          }
          pairs[at++] = p;
          ordered = false;
        }
        default -> {
          c += run;
          if (c > last.length) {
            return false;
          }
        }
      }
    }
    if (!ordered && !isOrdered(n)) {
      return false;
    }
    last = head.bind(id, pairs, n);
    forgetRemoved();
    return true;
  }

  /** Labels leave the index with the last series that has them. */
  private void forgetRemoved() {
    if (removals != head.removals()) {
      removals = head.removals();
      known = new HeadIndex.Pair[FIRST];
      count = 0;
    }
  }

  private boolean isOrdered(int n) {
    for (int i = 1; i < n; i++) {
      if (Labels.compareCodePoints(pairs[i - 1].name(), pairs[i].name()) >= 0) {
        return false;
      }
    }
    return true;
  }

  // ---- labels by their bytes -------------------------------------------------------------------

  /**
   * Finds a label; returns null when it is not known.
   *
   * @param named a label with its name; null = the name comes first
   */
  private HeadIndex.@Nullable Pair find(ByteSource in, HeadIndex.@Nullable Pair named) {
    int nameFrom = 0;
    int nameBytes = 0;
    int hash;
    if (named == null) {
      nameBytes = in.count(in.remaining());
      nameFrom = in.position;
      in.skip(nameBytes);
      hash = hash(in.data, nameFrom, nameBytes);
    } else {
      hash = named.name().hashCode();
    }
    int bytes = in.count(in.remaining());
    int from = in.position;
    in.skip(bytes);
    hash = mix(hash, hash(in.data, from, bytes));
    int mask = known.length - 1;
    for (int i = hash & mask; ; i = (i + 1) & mask) {
      HeadIndex.Pair p = known[i];
      if (p == null) {
        return null;
      }
      boolean sameName =
          named == null ? isSame(p.name(), in.data, nameFrom, nameBytes) : named.hasNameOf(p);
      if (sameName && isSame(p.value, in.data, from, bytes)) {
        return p;
      }
    }
  }

  /** Returns what {@link String#hashCode} does of ASCII characters. */
  private static int hash(byte[] data, int from, int n) {
    int h = 0;
    for (int i = from; i < from + n; i++) {
      h = 31 * h + data[i];
    }
    return h;
  }

  private static int mix(int name, int value) {
    int h = (name * 31 + value) * 0x9e3779b9;
    return h ^ (h >>> 15);
  }

  private static boolean isSame(String text, byte[] data, int from, int n) {
    if (text.length() != n) {
      return false;
    }
    for (int i = 0; i < n; i++) {
      if (text.charAt(i) != data[from + i]) { // other than ASCII is negative, and never the same
        return false;
      }
    }
    return true;
  }

  private void learn(HeadIndex.Pair p) {
    if (count == MOST) {
      return;
    }
    if ((count + 1) * 2 > known.length) {
      HeadIndex.@Nullable Pair[] before = known;
      known = new HeadIndex.Pair[before.length * 2];
      for (HeadIndex.Pair b : before) {
        if (b != null) {
          place(b);
        }
      }
    }
    if (place(p)) {
      count++;
    }
  }

  /** Returns whether it was not there. */
  private boolean place(HeadIndex.Pair p) {
    int mask = known.length - 1;
    int i = mix(p.name().hashCode(), p.value.hashCode()) & mask;
    for (HeadIndex.Pair k = known[i]; k != null; k = known[i]) {
      if (k == p) {
        return false;
      }
      i = (i + 1) & mask;
    }
    known[i] = p;
    return true;
  }
}
