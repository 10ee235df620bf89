package io.narthex.storage.tsdb.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Matcher;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

class QueryTest {
  /** Series as maps; notes what it is asked. */
  private static final class Asked implements Postings {
    final List<Map<String, String>> series = new ArrayList<>();
    final List<String> calls = new ArrayList<>();
    final Set<Object> automata =
        Collections.newSetFromMap(new IdentityHashMap<>()); // equal ones count

    private RoaringBitmap those(java.util.function.Predicate<Map<String, String>> wanted) {
      RoaringBitmap out = new RoaringBitmap();
      for (int i = 0; i < series.size(); i++) {
        if (wanted.test(series.get(i))) {
          out.add(i);
        }
      }
      return out;
    }

    @Override
    public RoaringBitmap all() {
      calls.add("all");
      return those(_ -> true);
    }

    @Override
    public int valueCount(String name) {
      return (int)
          series.stream()
              .map(s -> s.getOrDefault(name, ""))
              .filter(v -> !v.isEmpty())
              .distinct()
              .count();
    }

    @Override
    public long count(String name, String value) {
      return those(s -> value.equals(s.get(name))).getCardinality();
    }

    @Override
    public RoaringBitmap equal(String name, String value) {
      calls.add("equal " + name);
      return those(s -> value.equals(s.get(name)));
    }

    @Override
    public RoaringBitmap with(String name) {
      calls.add("with " + name);
      return those(s -> s.containsKey(name));
    }

    @Override
    public RoaringBitmap where(String name, ValueTest test) {
      calls.add("where " + name);
      if (test.characters() != null) {
        automata.add(test.characters());
      }
      return those(s -> s.containsKey(name) && test.passes(s.get(name)));
    }

    @Override
    public boolean retain(RoaringBitmap candidates, Matcher m) {
      if (candidates.getCardinality() > 10) {
        return false;
      }
      calls.add("retain " + m.name());
      for (int id : candidates.toArray()) {
        if (!m.matches(series.get(id).getOrDefault(m.name(), ""))) {
          candidates.remove(id);
        }
      }
      return true;
    }
  }

  private static Matcher regex(String name, String pattern) {
    Pattern p = Pattern.compile(pattern, Pattern.DOTALL);
    return Matcher.regex(name, pattern, v -> p.matcher(v).matches());
  }

  private static Matcher notRegex(String name, String pattern) {
    Pattern p = Pattern.compile(pattern, Pattern.DOTALL);
    return Matcher.notRegex(name, pattern, v -> p.matcher(v).matches());
  }

  private static Asked pods() {
    Asked index = new Asked();
    for (int i = 0; i < 1000; i++) {
      index.series.add(Map.of("job", "node", "pod", "pod-" + i, "rack", "r" + i / 5));
    }
    return index;
  }

  @Test
  void beginsWithWhatCostsLeastWhateverTheOrder() {
    List<Matcher> written =
        List.of(
            notRegex("pod", "pod-9.*"),
            regex("pod", "pod-.*"),
            Matcher.equal("job", "node"),
            Matcher.notEqual("pod", ""),
            regex("rack", "r7|r8"),
            Matcher.equal("rack", "r7"));
    Asked index = pods();
    assertThat(Query.of(written).select(index).toArray()).containsExactly(35, 36, 37, 38, 39);
    assertThat(index.calls.get(0)).isEqualTo("equal rack");
    assertThat(index.calls).doesNotContain("where pod", "equal job", "with pod", "all");
    Asked again = pods();
    Query.of(written.reversed()).select(again);
    assertThat(again.calls).containsExactlyInAnyOrderElementsOf(index.calls);
  }

  @Test
  void asksNothingMoreOnceNothingIsLeft() {
    Asked index = pods();
    List<Matcher> none = List.of(regex("pod", "pod-.*"), Matcher.equal("job", "none"));
    assertThat(Query.of(none).select(index).isEmpty()).isTrue();
    assertThat(index.calls).isEmpty();
  }

  @Test
  void aLabelThatMustBeThereOrNotIsOneList() {
    for (Matcher m : List.of(Matcher.notEqual("pod", ""), regex("pod", ".+"))) {
      Asked index = pods();
      assertThat(Query.of(List.of(m)).select(index).getCardinality()).isEqualTo(1000);
      assertThat(index.calls).containsExactly("with pod");
    }
    for (Matcher m : List.of(Matcher.equal("pod", ""), notRegex("pod", ".+"))) {
      Asked index = pods();
      assertThat(Query.of(List.of(m)).select(index).isEmpty()).isTrue();
      assertThat(index.calls).containsExactly("all", "with pod");
    }
  }

  @Test
  void makesTheAutomatonOfAnExpressionOnceForAllIndexes() {
    Query query = Query.of(List.of(regex("pod", "pod-[0-9]*7")));
    Set<Object> automata = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int i = 0; i < 5; i++) {
      Asked index = pods();
      assertThat(query.select(index).getCardinality()).isEqualTo(100);
      automata.addAll(index.automata);
    }
    assertThat(automata).hasSize(1);
  }

  @Test
  void findsWhatTheMatchersSay() {
    Random random = new Random(11);
    String[] patterns = {".*", ".+", "", "a|b", "a.*", "a|", "(x|y)?", "[ab]"};
    String[] values = {"", "a", "b", "ab", "x"};
    for (int round = 0; round < 500; round++) {
      Asked index = new Asked();
      for (int i = 0; i < 40; i++) {
        Map<String, String> labels = new java.util.HashMap<>();
        for (String name : new String[] {"n", "m"}) {
          String value = values[random.nextInt(values.length)];
          if (!value.isEmpty()) {
            labels.put(name, value);
          }
        }
        index.series.add(labels);
      }
      List<Matcher> matchers = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(3); i++) {
        String name = random.nextBoolean() ? "n" : "m";
        String value = values[random.nextInt(values.length)];
        String pattern = patterns[random.nextInt(patterns.length)];
        matchers.add(
            switch (random.nextInt(4)) {
              case 0 -> Matcher.equal(name, value);
              case 1 -> Matcher.notEqual(name, value);
              case 2 -> regex(name, pattern);
              default -> notRegex(name, pattern);
            });
      }
      RoaringBitmap expected =
          index.those(
              s -> matchers.stream().allMatch(m -> m.matches(s.getOrDefault(m.name(), ""))));
      assertThat(Query.of(matchers).select(index)).as("%s", matchers).isEqualTo(expected);
    }
  }
}
