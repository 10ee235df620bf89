package io.narthex.storage.tsdb.head;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.storage.tsdb.wal.BatchRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** The newest exemplars over all series. Guarded by the head's state lock. */
public final class ExemplarRing {
  private static final int MAX_LABEL_CHARACTERS = 128;

  private int capacity;
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private final Map<Integer, Exemplar> newest = new HashMap<>();

  ExemplarRing(int capacity) {
    this.capacity = Math.max(0, capacity);
  }

  private record Entry(int id, Labels series, Exemplar exemplar) {}

  void resize(int newCapacity) {
    capacity = Math.max(0, newCapacity);
    while (entries.size() > capacity) {
      removeOldest();
    }
  }

  /** The ring takes the exemplar. */
  static final byte TAKEN = BatchRecord.TAKEN;

  /** It has it already, or keeps none. */
  static final byte KNOWN = 1;

  /** It refuses it. */
  static final byte REFUSED = 2;

  /** Returns what {@link #add} would do, before the exemplar is logged. */
  byte check(int id, Exemplar exemplar) {
    if (capacity == 0) {
      return KNOWN;
    }
    int characters = 0;
    for (int i = 0; i < exemplar.labels().size() && characters <= MAX_LABEL_CHARACTERS; i++) {
      String name = exemplar.labels().name(i);
      String value = exemplar.labels().value(i);
      characters += name.codePointCount(0, name.length()) + value.codePointCount(0, value.length());
    }
    if (characters > MAX_LABEL_CHARACTERS) {
      return REFUSED;
    }
    Exemplar last = newest.get(id);
    if (last == null) {
      return TAKEN;
    }
    return last.equals(exemplar) ? KNOWN : isOlder(exemplar, last) ? REFUSED : TAKEN;
  }

  /**
   * Adds an exemplar. One that equals the series' newest is accepted and left out; an older one, or
   * one with more than 128 characters of labels, is refused.
   */
  boolean add(int id, Labels series, Exemplar exemplar) {
    byte code = check(id, exemplar);
    if (code != TAKEN) {
      return code == KNOWN;
    }
    if (entries.size() == capacity) {
      removeOldest();
    }
    entries.addLast(new Entry(id, series, exemplar));
    newest.put(id, exemplar);
    return true;
  }

  private void removeOldest() {
    Entry gone = entries.removeFirst();
    newest.remove(gone.id(), gone.exemplar());
  }

  private static boolean isOlder(Exemplar e, Exemplar than) {
    if (e.timestampMs() != than.timestampMs()) {
      return e.timestampMs() < than.timestampMs();
    }
    return e.value() < than.value()
        || (e.value() == than.value() && e.labels().compareTo(than.labels()) < 0);
  }

  /** Forgets the order of a series that is gone; its exemplars stay until they are pushed out. */
  void forget(int id) {
    newest.remove(id);
  }

  public List<SeriesExemplars> select(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    Map<Labels, List<Exemplar>> found = new TreeMap<>();
    for (Entry e : entries) {
      long t = e.exemplar().timestampMs();
      if (t >= minTimeMs && t <= maxTimeMs && matchesAny(sets, e.series())) {
        found.computeIfAbsent(e.series(), _ -> new ArrayList<>()).add(e.exemplar());
      }
    }
    List<SeriesExemplars> out = new ArrayList<>(found.size());
    found.forEach((series, list) -> out.add(new SeriesExemplars(series, list)));
    return out;
  }

  private static boolean matchesAny(List<List<Matcher>> sets, Labels labels) {
    for (List<Matcher> set : sets) {
      if (set.stream().allMatch(m -> m.matches(labels))) {
        return true;
      }
    }
    return false;
  }

  public void forEach(BiConsumer<Integer, Exemplar> action) {
    entries.forEach(e -> action.accept(e.id(), e.exemplar()));
  }

  public int size() {
    return entries.size();
  }
}
