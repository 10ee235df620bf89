package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.storage.tsdb.index.Postings;
import io.narthex.storage.tsdb.index.ValueTest;
import io.narthex.storage.tsdb.io.Interruption;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.apache.lucene.util.automaton.CharacterRunAutomaton;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * The labels of the series in the head: a dictionary of pairs, and for each pair its series.
 *
 * <h2>Concurrency</h2>
 *
 * Changes hold the head's locks. Readers need none: they see each list as it was at some time since
 * they began, with every series that was there then and is there still. {@link HeadView} makes one
 * moment of it.
 */
public final class HeadIndex implements Postings {
  /** A look at the value a series has costs about as much as a look at so many values. */
  private static final int LOOK_COST = 4;

  /** From so many values on an automaton is worth building. */
  private static final int MIN_AUTOMATON = 64;

  // what a hold of the locks does at most while series are removed
  private static final int SLICE_WORK = 20_000;
  private static final int PAIR_WORK = 10;
  private static final int SERIES_OF_WORK = 64;

  /** A dictionary is rebuilt when it had so many times more pairs: a short hold of the locks. */
  private static final int SHRINK = 8;

  private final Map<String, Name> names = new ConcurrentHashMap<>();
  private final IntFunction<Pair @Nullable []> series;

  /** All series; guarded by the head's locks. */
  private final RoaringBitmap all = new RoaringBitmap();

  /** A copy of {@link #all} that is never changed; null = none has been made since a change. */
  private volatile @Nullable RoaringBitmap version;

  private volatile int seriesCount;
  private volatile int pairCount;

  /**
   * Creates an empty index.
   *
   * @param series finds the pairs of a series in label order, null when there is no such series
   */
  HeadIndex(IntFunction<Pair @Nullable []> series) {
    this.series = series;
  }

  /** A label name with one of its values, and the series that have it. */
  public static final class Pair extends PostingList {
    private final Name of;
    public final String value;

    /** What the last {@link LabelNumbers} gave it; for the thread that writes checkpoints. */
    int number;

    private Pair(Name of, String value) {
      this.of = of;
      this.value = value;
    }

    public String name() {
      return of.name;
    }

    /** Returns whether another pair has the same name. */
    boolean hasNameOf(Pair other) {
      return of == other.of;
    }
  }

  /**
   * A label name with its pairs. One with a single value, which a sender may have a million of, has
   * neither a map nor a list of its own.
   */
  private static final class Name {
    final String name;

    /** The only {@link Pair}, or a map of them by value. */
    private volatile Object pairs;

    /**
     * The series that have the name, whatever the value; null while these are the series of {@link
     * #first}.
     */
    private volatile @Nullable PostingList series;

    /** The pair that was there first, while it stands for {@link #series}. */
    private final Pair first;

    /** How many pairs there have been at most; guarded by the head's locks. */
    private int most = 1;

    /** Creates one with a value. */
    Name(String name, String value) {
      this.name = name;
      first = new Pair(this, value);
      pairs = first;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Pair> map(Object pairs) {
      return (Map<String, Pair>) pairs;
    }

    @Nullable Pair get(String value) {
      Object now = pairs;
      if (now instanceof Pair p) {
        return p.value.equals(value) ? p : null;
      }
      return map(now).get(value);
    }

    Collection<Pair> all() {
      Object now = pairs;
      return now instanceof Pair p ? List.of(p) : map(now).values();
    }

    Collection<String> values() {
      Object now = pairs;
      return now instanceof Pair p ? List.of(p.value) : map(now).keySet();
    }

    int size() {
      Object now = pairs;
      return now instanceof Pair ? 1 : map(now).size();
    }

    /** Adds a pair. */
    Pair add(String value) {
      Pair added = new Pair(this, value);
      Object now = pairs;
      if (now instanceof Pair p) {
        Map<String, Pair> both = new ConcurrentHashMap<>();
        both.put(p.value, p);
        both.put(value, added);
        pairs = both;
      } else {
        map(now).put(value, added);
      }
      most = Math.max(most, size());
      return added;
    }

    /** Takes a pair out that has no series any more; returns whether none are left. */
    boolean remove(Pair gone) {
      Object now = pairs;
      if (now == gone) {
        return true; // with its name
      }
      if (now instanceof Pair) {
        return false;
      }
      Map<String, Pair> left = map(now);
      left.remove(gone.value, gone);
      if (gone == first && series == null) {
        series = new PostingList();
      }
      if (!left.isEmpty() && left.size() < most / SHRINK) {
        left = new ConcurrentHashMap<>(left); // a map never gives its table back
        pairs = left;
        most = left.size();
      }
      return left.isEmpty();
    }

    /** Adds a series, which is in the list of the pair already. */
    void list(Pair p, int id) {
      PostingList all = series;
      if (all == null) {
        if (p == first) {
          return;
        }
        all = new PostingList(first);
        series = all;
      }
      all.add(id);
    }

    /** Takes series out of the list of all pairs. */
    void removeAll(RoaringBitmap gone) {
      PostingList all = series;
      if (all != null) {
        all.removeAll(gone);
      }
    }

    PostingList series() {
      PostingList all = series;
      return all == null ? first : all;
    }
  }

  /** Calls the action with each pair there is. Without a lock. */
  void forEachPair(Consumer<Pair> action) {
    for (Name name : names.values()) {
      name.all().forEach(action);
    }
  }

  /** Returns the pairs of a series in label order, and makes those that are new. */
  Pair[] pairs(Labels labels) {
    Pair[] pairs = new Pair[labels.size()];
    for (int i = 0; i < pairs.length; i++) {
      String value = labels.value(i);
      Name name = names.get(labels.name(i));
      Pair p;
      if (name == null) {
        name = new Name(labels.name(i), value);
        names.put(name.name, name);
        p = name.first;
        pairCount = pairCount + 1;
      } else {
        p = name.get(value);
        if (p == null) {
          p = name.add(value);
          pairCount = pairCount + 1;
        }
      }
      pairs[i] = p;
    }
    return pairs;
  }

  /** Adds a series, once readers find its pairs by its id. */
  void add(int id, Pair[] pairs) {
    for (Pair p : pairs) {
      p.add(id);
      p.of.list(p, id);
    }
    all.add(id);
    seriesCount = seriesCount + 1;
    version = null;
  }

  /** Takes a series out of the list of all; {@link #removeFromLists} does the rest. */
  void forget(int id) {
    all.remove(id);
    seriesCount = seriesCount - 1;
    version = null;
  }

  /**
   * Takes forgotten series out of the lists of pairs, and pairs that have none left out of the
   * dictionary. Without a lock.
   *
   * @param locked runs a bounded part of the work under the head's locks
   */
  void removeFromLists(RoaringBitmap gone, Consumer<Runnable> locked) {
    List<Pair> some = new ArrayList<>();
    long work = 0;
    for (Name name : names.values()) {
      locked.accept(() -> name.removeAll(gone));
      for (Pair p : name.all()) {
        if (p.intersects(gone)) {
          some.add(p);
          work += PAIR_WORK + p.count() / SERIES_OF_WORK;
          if (work > SLICE_WORK) {
            List<Pair> slice = some;
            locked.accept(() -> remove(slice, gone));
            some = new ArrayList<>();
            work = 0;
          }
        }
      }
    }
    List<Pair> slice = some;
    locked.accept(() -> remove(slice, gone));
  }

  /** Takes a forgotten series out of all lists. Under the head's locks. */
  void remove(Pair[] pairs, int id) {
    RoaringBitmap gone = RoaringBitmap.bitmapOf(id);
    for (Pair p : pairs) {
      p.of.removeAll(gone);
    }
    remove(List.of(pairs), gone);
  }

  private void remove(List<Pair> some, RoaringBitmap gone) {
    for (Pair p : some) {
      Name of = p.of;
      if (p.removeAll(gone) && names.get(of.name) == of && of.get(p.value) == p) {
        pairCount = pairCount - 1;
        if (of.remove(p)) {
          names.remove(of.name);
        }
      }
    }
  }

  /** Packs the list of all series after many changes. */
  void optimize() {
    all.runOptimize();
  }

  public static Labels labels(Pair[] pairs) {
    String[] texts = new String[pairs.length * 2];
    for (int i = 0; i < pairs.length; i++) {
      texts[2 * i] = pairs[i].name();
      texts[2 * i + 1] = pairs[i].value;
    }
    return Labels.of(texts);
  }

  /** Returns whether a series has exactly these labels. */
  static boolean same(Pair[] pairs, Labels labels) {
    if (pairs.length != labels.size()) {
      return false;
    }
    for (int i = 0; i < pairs.length; i++) {
      if (!pairs[i].value.equals(labels.value(i)) || !pairs[i].name().equals(labels.name(i))) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether a series has exactly the first so many of some pairs. */
  static boolean same(Pair[] pairs, Pair[] some, int n) {
    if (pairs.length != n) {
      return false;
    }
    for (int i = n - 1; i >= 0; i--) { // the first ones are those that many series have
      if (pairs[i] != some[i]) {
        return false;
      }
    }
    return true;
  }

  /** Compares two series by their labels. */
  public static int compare(Pair[] a, Pair[] b) {
    int n = Math.min(a.length, b.length);
    for (int i = 0; i < n; i++) {
      if (a[i] != b[i]) {
        int c = Labels.compareCodePoints(a[i].name(), b[i].name());
        if (c == 0) {
          c = Labels.compareCodePoints(a[i].value, b[i].value);
        }
        if (c != 0) {
          return c;
        }
      }
    }
    return Integer.compare(a.length, b.length);
  }

  /** Compares a series with labels as {@link #compare(Pair[], Pair[])} does, and makes nothing. */
  public static int compare(Pair[] a, Labels b) {
    int n = Math.min(a.length, b.size());
    for (int i = 0; i < n; i++) {
      int c = Labels.compareCodePoints(a[i].name(), b.name(i));
      if (c == 0) {
        c = Labels.compareCodePoints(a[i].value, b.value(i));
      }
      if (c != 0) {
        return c;
      }
    }
    return Integer.compare(a.length, b.size());
  }

  /** Under any of the head's locks. */
  @Override
  public RoaringBitmap all() {
    return all.clone();
  }

  /** Returns all series, not to be changed. Under any of the head's locks. */
  RoaringBitmap version() {
    RoaringBitmap v = version;
    if (v == null) {
      v = all.clone();
      version = v;
    }
    return v;
  }

  private @Nullable Pair pair(String name, String value) {
    Name of = names.get(name);
    return of == null ? null : of.get(value);
  }

  private Collection<Pair> pairsOf(String name) {
    Name of = names.get(name);
    return of == null ? List.of() : of.all();
  }

  @Override
  public RoaringBitmap equal(String name, String value) {
    RoaringBitmap out = new RoaringBitmap();
    Pair p = pair(name, value);
    if (p != null) {
      p.addTo(out);
    }
    return out;
  }

  @Override
  public int valueCount(String name) {
    Name of = names.get(name);
    return of == null ? 0 : of.size();
  }

  @Override
  public long count(String name, String value) {
    Pair p = pair(name, value);
    return p == null ? 0 : p.count();
  }

  @Override
  public RoaringBitmap with(String name) {
    RoaringBitmap out = new RoaringBitmap();
    Name of = names.get(name);
    if (of != null) {
      of.series().addTo(out);
    }
    return out;
  }

  /** Calls the action with each value of a label that any of the series has, in no order. */
  void forEachValue(String name, RoaringBitmap ids, Consumer<String> action) {
    Collection<Pair> values = pairsOf(name);
    if (ids.getCardinality() < values.size()) {
      for (PeekableIntIterator i = ids.getIntIterator(); i.hasNext(); ) {
        Pair[] pairs = series.apply(i.next());
        String value = pairs == null ? "" : value(pairs, name);
        if (!value.isEmpty()) {
          action.accept(value);
        }
      }
      return;
    }
    for (Pair p : values) {
      if (p.intersects(ids)) {
        action.accept(p.value);
      }
    }
  }

  @Override
  public RoaringBitmap where(String name, ValueTest test) {
    RoaringBitmap out = new RoaringBitmap();
    if (test.literals() != null) {
      for (String literal : test.literals()) {
        Pair p = pair(name, literal);
        if (p != null) {
          p.addTo(out);
        }
      }
      return out;
    }
    Collection<Pair> values = pairsOf(name);
    CharacterRunAutomaton automaton = values.size() < MIN_AUTOMATON ? null : test.characters();
    Predicate<String> passes =
        automaton == null ? test::passes : value -> automaton.run(value) != test.isNegated();
    Interruption interruption = new Interruption("search for values of " + name);
    for (Pair p : values) {
      interruption.step();
      if (p.value.startsWith(test.prefix()) && passes.test(p.value)) {
        p.addTo(out);
      }
    }
    return out;
  }

  @Override
  public boolean retain(RoaringBitmap candidates, Matcher m) {
    if (candidates.getCardinality() * LOOK_COST > valueCount(m.name())) {
      return false;
    }
    Interruption interruption = new Interruption("search for series by " + m.name());
    for (int id : candidates.toArray()) {
      interruption.step();
      Pair[] pairs = series.apply(id);
      if (pairs == null || !m.matches(value(pairs, m.name()))) {
        candidates.remove(id);
      }
    }
    return true;
  }

  /** Returns the value of a label, empty when there is none. */
  static String value(Pair[] pairs, String name) {
    for (Pair p : pairs) {
      if (p.name().equals(name)) {
        return p.value;
      }
    }
    return "";
  }

  public Collection<String> names() {
    return names.keySet();
  }

  public Collection<String> values(String name) {
    Name of = names.get(name);
    return of == null ? List.of() : of.values();
  }

  public int seriesCount() {
    return seriesCount;
  }

  public int pairCount() {
    return pairCount;
  }

  /** Adds up statistics of each pair. */
  public void cardinality(Cardinality into) {
    for (Name name : names.values()) {
      long bytes = 0;
      for (Pair p : name.all()) {
        int count = p.count();
        bytes += (long) p.value.getBytes(StandardCharsets.UTF_8).length * count;
        into.pair(name.name, p.value, count);
      }
      into.name(name.name, name.size(), bytes);
    }
  }

  /** Receives statistics. */
  public interface Cardinality {
    void pair(String name, String value, long series);

    void name(String name, long values, long bytes);
  }

  /** Returns the series of a bitmap as an array. */
  public static List<Integer> toList(RoaringBitmap bitmap) {
    List<Integer> list = new ArrayList<>(bitmap.getCardinality());
    bitmap.forEach((org.roaringbitmap.IntConsumer) list::add);
    return list;
  }
}
