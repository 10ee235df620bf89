package io.narthex.storage.tsdb.head;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * The newest exemplars over all series. Guarded by the head's state lock; readers copy the entries
 * in slices, see {@link #copy}.
 */
public final class ExemplarRing {
  private static final int MAX_LABEL_CHARACTERS = 128;
  private static final int SLICE = 8192;

  private int capacity;

  /** Entry number n is at n modulo the length; grows up to the capacity. */
  private @Nullable Entry[] ring = new Entry[0];

  /** Numbers of the oldest entry and of the next one. */
  private long first;

  private long next;
  private final Map<Integer, Exemplar> newest = new HashMap<>();

  /** The same with what the batch at hand will add. Guarded by the append lock. */
  private final Map<Integer, Exemplar> pending = new HashMap<>();

  ExemplarRing(int capacity) {
    this.capacity = Math.max(0, capacity);
  }

  /** An exemplar with its series. */
  public record Entry(int id, Labels series, Exemplar exemplar) {}

  void resize(int newCapacity) {
    capacity = Math.max(0, newCapacity);
    while (size() > capacity) {
      removeOldest();
    }
    if (ring.length > capacity) {
      rearrange(capacity);
    }
  }

  private void rearrange(int length) {
    @Nullable Entry[] changed = new Entry[length];
    for (long n = first; n < next; n++) {
      changed[(int) (n % length)] = ring[(int) (n % ring.length)];
    }
    ring = changed;
  }

  /** The ring takes the exemplar. */
  static final byte TAKEN = WriteAheadLog.TAKEN;

  /** It has it already, or keeps none. */
  static final byte KNOWN = 1;

  /** It refuses it. */
  static final byte REFUSED = 2;

  /** Begins to {@link #checkNext} the exemplars of a batch. */
  void beginBatch() {
    pending.clear();
  }

  /**
   * Returns what {@link #add} will do once those before it in the batch have been added. Asked
   * before they are logged: what the ring does not take is not to be in the WAL.
   */
  byte checkNext(int id, Exemplar exemplar) {
    Exemplar last = pending.get(id);
    byte code = check(last == null ? newest.get(id) : last, exemplar);
    if (code == TAKEN) {
      pending.put(id, exemplar);
    }
    return code;
  }

  private byte check(@Nullable Exemplar last, Exemplar exemplar) {
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
    byte code = check(newest.get(id), exemplar);
    if (code != TAKEN) {
      return code == KNOWN;
    }
    if (size() == capacity) {
      removeOldest();
    } else if (size() == ring.length) {
      rearrange((int) Math.min(capacity, Math.max(16, ring.length * 2L)));
    }
    ring[(int) (next++ % ring.length)] = new Entry(id, series, exemplar);
    newest.put(id, exemplar);
    return true;
  }

  private void removeOldest() {
    int at = (int) (first++ % ring.length);
    Entry gone = ring[at];
    ring[at] = null;
    if (gone != null) {
      newest.remove(gone.id(), gone.exemplar());
    }
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

  /** Removes the exemplars of a series. For a start, when there are no readers. */
  void removeAll(int id) {
    newest.remove(id);
    for (int i = 0; i < ring.length; i++) {
      Entry e = ring[i];
      if (e != null && e.id() == id) {
        ring[i] = null;
      }
    }
  }

  /**
   * Returns the entries from the oldest, without those that are pushed out meanwhile. Takes the
   * lock for a slice at a time.
   */
  public List<Entry> copy(Lock lock) {
    List<Entry> copy = new ArrayList<>();
    long from = 0;
    boolean more = true;
    while (more) {
      lock.lock();
      try {
        from = Math.max(from, first);
        long end = Math.min(next, from + SLICE);
        for (; from < end; from++) {
          Entry e = ring[(int) (from % ring.length)];
          if (e != null) {
            copy.add(e);
          }
        }
        more = from < next;
      } finally {
        lock.unlock();
      }
    }
    return copy;
  }

  /** Returns what of a copy matches any of the lists, in range, both ends inclusive. */
  public static List<SeriesExemplars> select(
      List<Entry> entries, List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
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

  public int size() {
    return (int) (next - first);
  }
}
