package io.narthex.storage.memory;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SeriesExemplars;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The newest exemplars over all series. Guarded by the storage's lock. */
final class ExemplarRing {
  private static final int MAX_LABEL_CHARACTERS = 128;

  private final int capacity;
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private final Map<Labels, Exemplar> newest = new HashMap<>();

  ExemplarRing(int capacity) {
    this.capacity = capacity;
  }

  private record Entry(Labels series, Exemplar exemplar) {}

  /**
   * Adds an exemplar. One that equals the series' newest is accepted but not stored; an older one,
   * or one with more than 128 characters of labels, is refused.
   */
  boolean add(Labels series, Exemplar exemplar) {
    if (capacity == 0) {
      return true;
    }
    int characters = 0;
    for (int i = 0; i < exemplar.labels().size(); i++) {
      characters += codePoints(exemplar.labels().name(i)) + codePoints(exemplar.labels().value(i));
    }
    if (characters > MAX_LABEL_CHARACTERS) {
      return false;
    }
    Exemplar last = newest.get(series);
    if (last != null) {
      if (last.equals(exemplar)) {
        return true;
      }
      if (isOlder(exemplar, last)) {
        return false;
      }
    }
    if (entries.size() == capacity) {
      Entry gone = entries.removeFirst();
      newest.remove(gone.series(), gone.exemplar());
    }
    entries.addLast(new Entry(series, exemplar));
    newest.put(series, exemplar);
    return true;
  }

  private static int codePoints(String text) {
    return text.codePointCount(0, text.length());
  }

  private static boolean isOlder(Exemplar e, Exemplar than) {
    if (e.timestampMs() != than.timestampMs()) {
      return e.timestampMs() < than.timestampMs();
    }
    return e.value() < than.value()
        || (e.value() == than.value() && e.labels().compareTo(than.labels()) < 0);
  }

  List<SeriesExemplars> select(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    Map<Labels, List<Exemplar>> found = new TreeMap<>();
    for (Entry e : entries) {
      long t = e.exemplar().timestampMs();
      if (t >= minTimeMs && t <= maxTimeMs && MemoryStorage.matchesAny(sets, e.series())) {
        found.computeIfAbsent(e.series(), _ -> new ArrayList<>()).add(e.exemplar());
      }
    }
    List<SeriesExemplars> out = new ArrayList<>(found.size());
    found.forEach((series, list) -> out.add(new SeriesExemplars(series, list)));
    return out;
  }

  int size() {
    return entries.size();
  }
}
