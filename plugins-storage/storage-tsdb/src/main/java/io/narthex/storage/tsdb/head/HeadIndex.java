package io.narthex.storage.tsdb.head;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.storage.tsdb.index.Postings;
import io.narthex.storage.tsdb.index.RegexAutomaton;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.apache.lucene.util.automaton.CharacterRunAutomaton;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * The labels of the series in the head: a dictionary of pairs, and for each pair its series.
 * Guarded by the head's lock: changes hold it alone, reads share it.
 */
public final class HeadIndex implements Postings.Index {
  /** Series lists up to this length are plain arrays: a bitmap costs 200 bytes even for one. */
  private static final int SMALL = 16;

  /** A look at the value a series has costs about as much as a look at so many values. */
  private static final int LOOK_COST = 4;

  /** From so many values on an automaton is worth building. */
  private static final int MIN_AUTOMATON = 64;

  private final Map<String, Map<String, Pair>> names = new HashMap<>();
  private final RoaringBitmap all = new RoaringBitmap();
  private final IntFunction<Pair @Nullable []> series;
  private int pairCount;

  /**
   * Creates an empty index.
   *
   * @param series finds the pairs of a series in label order, null when there is no such series
   */
  HeadIndex(IntFunction<Pair @Nullable []> series) {
    this.series = series;
  }

  /** A label name with one of its values. */
  public static final class Pair {
    public final String name;
    public final String value;
    private int[] few = new int[1];
    private int fewCount;
    private @Nullable RoaringBitmap many;

    Pair(String name, String value) {
      this.name = name;
      this.value = value;
    }

    private void add(int series) {
      if (many != null) {
        many.add(series);
        return;
      }
      if (fewCount == SMALL) {
        many = RoaringBitmap.bitmapOf(few);
        many.add(series);
        few = new int[0];
        fewCount = 0;
        return;
      }
      if (fewCount == few.length) {
        few = Arrays.copyOf(few, Math.min(SMALL, few.length * 2));
      }
      few[fewCount++] = series;
    }

    private void remove(int series) {
      if (many != null) {
        many.remove(series);
        return;
      }
      for (int i = 0; i < fewCount; i++) {
        if (few[i] == series) {
          few[i] = few[--fewCount];
          return;
        }
      }
    }

    int count() {
      return many != null ? many.getCardinality() : fewCount;
    }

    private void addTo(RoaringBitmap out) {
      if (many != null) {
        out.or(many);
      } else {
        for (int i = 0; i < fewCount; i++) {
          out.add(few[i]);
        }
      }
    }
  }

  /** Adds a series and returns its pairs in label order. */
  Pair[] add(int series, Labels labels) {
    Pair[] pairs = new Pair[labels.size()];
    for (int i = 0; i < pairs.length; i++) {
      String name = labels.name(i);
      String value = labels.value(i);
      Map<String, Pair> values = names.get(name);
      if (values == null) {
        values = new HashMap<>();
        names.put(name, values);
      }
      Pair p = values.get(value);
      if (p == null) {
        // the name as the first pair has it: thousands of values share one text
        String shared = values.isEmpty() ? name : values.values().iterator().next().name;
        p = new Pair(shared, value);
        values.put(value, p);
        pairCount++;
      }
      p.add(series);
      pairs[i] = p;
    }
    all.add(series);
    return pairs;
  }

  void remove(int series, Pair[] pairs) {
    all.remove(series);
    for (Pair p : pairs) {
      p.remove(series);
      if (p.count() == 0) {
        Map<String, Pair> values = names.get(p.name);
        if (values != null && values.remove(p.value) != null) {
          pairCount--;
          if (values.isEmpty()) {
            names.remove(p.name);
          }
        }
      }
    }
  }

  /** Packs the lists after many changes. */
  void optimize() {
    all.runOptimize();
    for (Map<String, Pair> values : names.values()) {
      for (Pair p : values.values()) {
        if (p.many != null) {
          p.many.runOptimize();
        }
      }
    }
  }

  public static Labels labels(Pair[] pairs) {
    String[] texts = new String[pairs.length * 2];
    for (int i = 0; i < pairs.length; i++) {
      texts[2 * i] = pairs[i].name;
      texts[2 * i + 1] = pairs[i].value;
    }
    return Labels.of(texts);
  }

  /** Compares two series by their labels. */
  public static int compare(Pair[] a, Pair[] b) {
    int n = Math.min(a.length, b.length);
    for (int i = 0; i < n; i++) {
      if (a[i] != b[i]) {
        int c = Labels.compareCodePoints(a[i].name, b[i].name);
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

  @Override
  public RoaringBitmap all() {
    return all.clone();
  }

  @Override
  public RoaringBitmap equal(String name, String value) {
    RoaringBitmap out = new RoaringBitmap();
    Pair p = names.getOrDefault(name, Map.of()).get(value);
    if (p != null) {
      p.addTo(out);
    }
    return out;
  }

  @Override
  public RoaringBitmap where(String name, Postings.ValueTest test) {
    Map<String, Pair> values = names.getOrDefault(name, Map.of());
    RoaringBitmap out = new RoaringBitmap();
    if (test.literals() != null) {
      for (String literal : test.literals()) {
        Pair p = values.get(literal);
        if (p != null) {
          p.addTo(out);
        }
      }
      return out;
    }
    Predicate<String> passes = test.test();
    if (test.pattern() != null && values.size() >= MIN_AUTOMATON) {
      CharacterRunAutomaton automaton = RegexAutomaton.ofCharacters(test.pattern());
      if (automaton != null) {
        passes = value -> automaton.run(value) != test.negated();
      }
    }
    for (Pair p : values.values()) {
      if (p.value.startsWith(test.prefix()) && passes.test(p.value)) {
        p.addTo(out);
      }
    }
    return out;
  }

  @Override
  public boolean retain(RoaringBitmap candidates, Matcher m) {
    Map<String, Pair> values = names.getOrDefault(m.name(), Map.of());
    if (candidates.getCardinality() * LOOK_COST > values.size()) {
      return false;
    }
    for (int id : candidates.toArray()) {
      Pair[] pairs = series.apply(id);
      if (pairs == null || !m.matches(value(pairs, m.name()))) {
        candidates.remove(id);
      }
    }
    return true;
  }

  private static String value(Pair[] pairs, String name) {
    for (Pair p : pairs) {
      if (p.name.equals(name)) {
        return p.value;
      }
    }
    return "";
  }

  public Collection<String> names() {
    return names.keySet();
  }

  public Collection<String> values(String name) {
    return names.getOrDefault(name, Map.of()).keySet();
  }

  public int seriesCount() {
    return all.getCardinality();
  }

  public int pairCount() {
    return pairCount;
  }

  /** Adds up statistics of each pair. */
  public void cardinality(Cardinality into) {
    for (Map.Entry<String, Map<String, Pair>> e : names.entrySet()) {
      long bytes = 0;
      for (Pair p : e.getValue().values()) {
        int count = p.count();
        bytes += (long) p.value.getBytes(StandardCharsets.UTF_8).length * count;
        into.pair(e.getKey(), p.value, count);
      }
      into.name(e.getKey(), e.getValue().size(), bytes);
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
