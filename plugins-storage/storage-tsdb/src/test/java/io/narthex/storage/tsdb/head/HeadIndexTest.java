package io.narthex.storage.tsdb.head;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.head.HeadIndex.Pair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.roaringbitmap.RoaringBitmap;

/** The dictionary of pairs against a plain model of it. */
class HeadIndexTest {
  private final Map<Integer, Pair[]> series = new TreeMap<>();
  private final HeadIndex index = new HeadIndex(series::get);

  private void add(int id, String... labels) {
    Pair[] pairs = index.pairs(Labels.of(labels));
    series.put(id, pairs);
    index.add(id, pairs);
  }

  private void remove(int id) {
    Pair[] pairs = requireNonNull(series.remove(id));
    index.forget(id);
    index.remove(pairs, id);
  }

  /** Compares all that the index knows with what follows from the series that are left. */
  private void check() {
    Map<String, Map<String, Set<Integer>>> model = new HashMap<>();
    series.forEach((id, pairs) -> {
      for (Pair p : pairs) {
        model
            .computeIfAbsent(p.name(), _ -> new TreeMap<>())
            .computeIfAbsent(p.value, _ -> new TreeSet<>())
            .add(id);
      }
    });
    assertEquals(model.keySet(), Set.copyOf(index.names()));
    assertEquals(model.values().stream().mapToInt(Map::size).sum(), index.pairCount());
    assertEquals(series.size(), index.seriesCount());
    assertEquals(List.copyOf(series.keySet()), HeadIndex.toList(index.all()));
    model.forEach((name, values) -> {
      assertEquals(values.keySet(), Set.copyOf(index.values(name)), name);
      assertEquals(values.size(), index.valueCount(name), name);
      Set<Integer> all = new TreeSet<>();
      values.forEach((value, ids) -> {
        assertEquals(List.copyOf(ids), HeadIndex.toList(index.equal(name, value)), name + value);
        assertEquals(ids.size(), index.count(name, value), name + value);
        all.addAll(ids);
      });
      assertEquals(List.copyOf(all), HeadIndex.toList(index.with(name)), name);
      List<String> seen = new ArrayList<>();
      index.forEachValue(name, index.all(), seen::add);
      assertEquals(values.keySet(), Set.copyOf(seen), name);
    });
  }

  @Test
  void nameWhoseFirstValueHasGoneKeepsItsOtherSeries() {
    add(0, "job", "a");
    add(1, "job", "b");
    check();
    remove(0);
    check();
    add(0, "job", "a");
    check();
    remove(1);
    check();
    add(2, "job", "c");
    check();
  }

  @Test
  void nameThatHasGoneAndComesBackHasOnlyItsNewSeries() {
    add(0, "job", "a");
    Pair[] old = requireNonNull(series.get(0));
    remove(0);
    check();
    add(1, "job", "a");
    index.remove(old, 0); // once more: it must not take the new pair with it
    check();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void agreesWithPlainModel(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 3000; round++) {
      int id = random.nextInt(200);
      if (series.containsKey(id)) {
        if (random.nextInt(3) > 0) {
          remove(id);
        }
      } else {
        List<String> labels = new ArrayList<>();
        for (int name = 0; name < 4; name++) {
          int values = 1 << (2 * name);
          if (random.nextInt(4) > 0) {
            labels.add("l" + name);
            labels.add("v" + random.nextInt(values));
          }
        }
        add(id, labels.toArray(String[]::new));
      }
      if (round % 50 == 0) {
        check();
      }
    }
    RoaringBitmap gone = new RoaringBitmap();
    for (int id : List.copyOf(series.keySet())) {
      if (random.nextInt(8) > 0) {
        gone.add(id);
        series.remove(id);
        index.forget(id);
      }
    }
    index.removeFromLists(gone, Runnable::run);
    check();
  }
}
