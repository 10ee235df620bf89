package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Binds series to their ids as {@link LabelNumbers} wrote them. A label is looked up in the index
 * for its first series, not for each. For a start, by one thread.
 */
public final class NumberedLabels {
  private static final HeadIndex.Pair[] NONE = {};

  private final Head head;
  private @Nullable String[] names = new String[16];
  private @Nullable String[] values = new String[16];
  private HeadIndex.@Nullable Pair[] pairs = new HeadIndex.Pair[16]; // null = of no series yet
  private int removals; // of the head, when the first of these was found

  // labels of the series at hand
  private HeadIndex.@Nullable Pair[] found = new HeadIndex.Pair[16];
  private HeadIndex.Pair[] inOrder = new HeadIndex.Pair[16];
  private @Nullable String[] texts = new String[32];
  private int[] numbers = new int[16];

  public NumberedLabels(Head head) {
    this.head = head;
  }

  /** Reads a record of labels; the second copy of one changes nothing. */
  public void read(ByteSource in) {
    int number = in.count(LabelNumbers.MOST - 1);
    List<String> ofRecord = new ArrayList<>();
    while (in.remaining() > 0) {
      int name = in.count(ofRecord.size());
      if (name == 0) {
        ofRecord.add(in.text());
        name = ofRecord.size();
      }
      String value = in.text();
      if (number == LabelNumbers.MOST) {
        throw new ByteSource.Malformed("more than " + number + " labels have numbers");
      }
      if (number >= names.length) {
        int more = Math.max(number + 1, names.length * 2);
        names = Arrays.copyOf(names, more);
        values = Arrays.copyOf(values, more);
        pairs = Arrays.copyOf(pairs, more);
      }
      if (names[number] == null) {
        names[number] = ofRecord.get(name - 1);
        values[number] = value;
      }
      number++;
    }
  }

  /** Reads a record of series. */
  public void readSeries(ByteSource in) {
    HeadIndex.Pair[] last = NONE;
    int id = -1;
    while (in.remaining() > 0) {
      long next = id + 1 + in.zigzag();
      if (next < 0 || next >= Integer.MAX_VALUE) {
        throw new ByteSource.Malformed("id is " + next);
      }
      id = (int) next;
      last = bind(in, id, last);
    }
  }

  /**
   * Reads the labels of a series, and binds it.
   *
   * @param last the pairs of the series before in the record
   * @return its pairs
   */
  HeadIndex.Pair[] bind(ByteSource in, int id, HeadIndex.Pair[] last) {
    int n = in.count(Math.min(Limits.LABELS, last.length + in.remaining()));
    if (n == 0) {
      throw new ByteSource.Malformed("series " + id + " has no labels");
    }
    reserve(n);
    if (!readLabels(in, n, last) || !isOrdered(n)) {
      return bindNew(id, n);
    }
    HeadIndex.Pair[] bound = head.bind(id, inOrder, n);
    forgetRemoved();
    return bound;
  }

  private void reserve(int n) {
    if (found.length < n) {
      found = new HeadIndex.Pair[n];
      inOrder = new HeadIndex.Pair[n];
      texts = new String[2 * n];
      numbers = new int[n];
    }
  }

  /** Returns whether all of them are in the index. */
  private boolean readLabels(ByteSource in, int n, HeadIndex.Pair[] last) {
    boolean known = true;
    int c = 0;
    int at = 0;
    while (at < n) {
      long token = in.varint();
      int kind = (int) token & 3;
      int k = (int) Math.min(token >>> 2, Integer.MAX_VALUE);
      if (kind == LabelNumbers.SAME || kind == LabelNumbers.SKIPPED) {
        if (k == 0 || k > last.length - c || (kind == LabelNumbers.SAME && k > n - at)) {
          throw new ByteSource.Malformed("refers to " + k + " labels of " + (last.length - c));
        }
        if (kind == LabelNumbers.SAME) {
          System.arraycopy(last, c, found, at, k);
          Arrays.fill(numbers, at, at + k, -1);
          at += k;
        }
        c += k;
      } else {
        HeadIndex.Pair replaced = null;
        if (kind == LabelNumbers.REPLACED) {
          if (c == last.length) {
            throw new ByteSource.Malformed("replaces label " + c + " of " + c);
          }
          replaced = last[c++];
        }
        known &= k == 0 ? readText(in, at, replaced) : readNumber(k - 1, at);
        at++;
      }
    }
    return known;
  }

  private boolean readText(ByteSource in, int at, HeadIndex.@Nullable Pair replaced) {
    found[at] = null;
    numbers[at] = -1;
    texts[2 * at] = replaced == null ? in.text() : replaced.name();
    texts[2 * at + 1] = in.text();
    return false;
  }

  private boolean readNumber(int number, int at) {
    if (number >= names.length || names[number] == null) {
      throw new ByteSource.Malformed("label " + number + " is not there");
    }
    HeadIndex.Pair p = pairs[number];
    found[at] = p;
    numbers[at] = number;
    texts[2 * at] = names[number];
    texts[2 * at + 1] = values[number];
    return p != null;
  }

  private boolean isOrdered(int n) {
    for (int i = 0; i < n; i++) {
      HeadIndex.Pair p = found[i];
      if (p == null || (i > 0 && Labels.compareCodePoints(inOrder[i - 1].name(), p.name()) >= 0)) {
        return false;
      }
      inOrder[i] = p;
    }
    return true;
  }

  private HeadIndex.Pair[] bindNew(int id, int n) {
    String[] all = new String[2 * n];
    for (int i = 0; i < n; i++) {
      HeadIndex.Pair p = found[i];
      all[2 * i] = p == null ? Objects.requireNonNull(texts[2 * i]) : p.name();
      all[2 * i + 1] = p == null ? Objects.requireNonNull(texts[2 * i + 1]) : p.value;
    }
    Labels labels;
    try {
      labels = Labels.of(all);
    } catch (IllegalArgumentException e) {
      throw new ByteSource.Malformed(String.valueOf(e.getMessage()));
    }
    if (labels.isEmpty()) {
      throw new ByteSource.Malformed("series " + id + " has no labels");
    }
    head.bind(id, labels);
    forgetRemoved();
    HeadIndex.Pair[] bound = head.pairs(id);
    if (bound == null) {
      throw new IllegalStateException("series " + id + " is not there");
    }
    for (int i = 0; i < n; i++) {
      if (numbers[i] >= 0 && bound.length == n && bound[i].value.equals(values[numbers[i]])) {
        pairs[numbers[i]] = bound[i].name().equals(names[numbers[i]]) ? bound[i] : null;
      }
    }
    return bound;
  }

  /** Labels leave the index with the last series that has them. */
  private void forgetRemoved() {
    if (removals != head.removals()) {
      removals = head.removals();
      Arrays.fill(pairs, null);
    }
  }
}
