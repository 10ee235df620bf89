package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.io.ByteSink;
import java.util.ArrayList;
import java.util.List;

/**
 * Numbers for the labels that several series of the head have, so that a checkpoint has each of
 * them as text twice and not with each series. The most frequent have the lowest numbers, which
 * take the fewest bytes. For the one thread that writes checkpoints.
 *
 * <pre>
 * body of a record of labels: varint number of the first, then each:
 *   varint 0, text name | n: the n-th name of this record
 *   text value
 * labels of a series, c counting those of the series before in the record: varint labels, then
 * varints until there are as many:
 *   0 | n &lt;&lt; 2    the next n labels from c are labels of this series, too
 *   1 | n &lt;&lt; 2    instead of the label at c the one with number n - 1; n = 0: text value of its name
 *   2 | n &lt;&lt; 2    the label with number n - 1; n = 0: text name, text value
 *   3 | n &lt;&lt; 2    the next n labels from c are not labels of this series
 * </pre>
 */
public final class LabelNumbers {
  static final int SAME = 0;
  static final int REPLACED = 1;
  static final int ADDED = 2;
  static final int SKIPPED = 3;

  /** Labels that have a number. */
  static final int MOST = 1 << 20;

  /** Labels of a record. */
  private static final int OF_RECORD = 512;

  private final HeadIndex.Pair[] numbered;

  /** Numbers the labels there are. Those of series that come later are written as text. */
  public LabelNumbers(HeadIndex index) {
    List<HeadIndex.Pair> several = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    index.forEachPair(p -> {
      int n = p.count();
      if (n > 1) {
        p.number = several.size();
        several.add(p);
        counts.add(n);
      }
    });
    // counts change meanwhile, and sorting by what changes fails
    several.sort((a, b) -> Integer.compare(counts.get(b.number), counts.get(a.number)));
    numbered = several.subList(0, Math.min(MOST, several.size())).toArray(new HeadIndex.Pair[0]);
    for (int i = 0; i < numbered.length; i++) {
      numbered[i].number = i;
    }
  }

  /** Writes all of them. */
  public void write(Records out) {
    for (int from = 0; from < numbered.length; from += OF_RECORD) {
      ByteSink body = out.begin();
      body.varint(from);
      List<String> names = new ArrayList<>();
      for (int i = from; i < Math.min(numbered.length, from + OF_RECORD); i++) {
        int name = names.indexOf(numbered[i].name());
        body.varint(name + 1);
        if (name < 0) {
          names.add(numbered[i].name());
          body.text(numbered[i].name());
        }
        body.text(numbered[i].value);
      }
      out.end();
    }
  }

  /** Returns the number of a label, or -1. */
  private int number(HeadIndex.Pair p) {
    return p.number < numbered.length && numbered[p.number] == p ? p.number : -1;
  }

  /**
   * Writes the labels of a series.
   *
   * @param last those of the series before in the record
   */
  void write(HeadIndex.Pair[] pairs, HeadIndex.Pair[] last, ByteSink out) {
    out.varint(pairs.length);
    int at = 0;
    int c = 0;
    while (at < pairs.length) {
      int from = at;
      while (at < pairs.length && c < last.length && pairs[at] == last[c]) {
        at++;
        c++;
      }
      if (at > from) {
        out.varint((long) (at - from) << 2 | SAME);
        continue;
      }
      HeadIndex.Pair p = pairs[at];
      int skipped = 0;
      while (c + skipped < last.length && isBefore(last[c + skipped], p)) {
        skipped++;
      }
      if (skipped > 0) {
        out.varint((long) skipped << 2 | SKIPPED);
        c += skipped;
        continue;
      }
      boolean replaces = c < last.length && last[c].hasNameOf(p);
      int number = number(p);
      out.varint((number + 1L) << 2 | (replaces ? REPLACED : ADDED));
      if (number < 0 && !replaces) {
        out.text(p.name());
      }
      if (number < 0) {
        out.text(p.value);
      }
      c += replaces ? 1 : 0;
      at++;
    }
  }

  private static boolean isBefore(HeadIndex.Pair a, HeadIndex.Pair b) {
    return !a.hasNameOf(b) && Labels.compareCodePoints(a.name(), b.name()) < 0;
  }
}
