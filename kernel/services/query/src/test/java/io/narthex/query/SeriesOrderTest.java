package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which queries need their series in label order, and groups of series in any order. */
class SeriesOrderTest {
  private static final long END_MS = 600_000;

  private final List<SelectRequest> requests = new ArrayList<>();
  private final TestStorage storage =
      new TestStorage() {
        @Override
        protected void order(SelectRequest r, List<?> found) {
          requests.add(r);
          if (r.hints().anyOrder()) {
            Collections.reverse(found);
          }
        }
      };

  private void append(Labels labels, double step) {
    long ref = storage.resolve(labels);
    SampleBatch batch = new SampleBatch(64);
    for (int i = 0; i <= 40; i++) {
      batch.add(ref, i * 15_000L, i * step);
    }
    storage.append(batch);
  }

  @BeforeEach
  void fill() {
    // "Aa" and "BB" have the same hash
    for (String a : List.of("Aa", "BB", "c")) {
      for (String b : List.of("Aa", "BB", "")) {
        append(Labels.of("__name__", "x", "a", a, "b", b, "i", "1"), 1);
        append(Labels.of("__name__", "x", "a", a, "b", b, "i", "2"), b.isEmpty() ? 2 : 3);
      }
    }
  }

  private String shown(String query, boolean range) {
    return PlanTest.shown(
        storage, PlanTest.options(50_000_000, false), true, query, range, PlanTest.COUNTED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "sum(x); true",
        "count(x); true",
        "avg by (a) (rate(x[5m])); true",
        "max without (i) (x); true",
        "x; false",
        "rate(x[5m]); false",
        "topk(3, x); false",
        "x + x; false",
        "sum(-x); false"
      })
  void onlyWhatAddsUpNeedsNone(String query, boolean any) {
    shown(query, true);
    shown(query, false);
    assertThat(requests).isNotEmpty().allMatch(r -> r.hints().anyOrder() == any);
  }

  @Test
  void valuesWithTheSameHashAreDifferentGroups() {
    String groups = shown("sort(sum by (a, b) (x))", false);
    for (String a : List.of("Aa", "BB", "c")) {
      assertThat(groups)
          .contains("labels={a=\"" + a + "\", b=\"Aa\"}")
          .contains("labels={a=\"" + a + "\", b=\"BB\"}")
          .contains("labels={a=\"" + a + "\"}");
    }
    assertThat(shown("count(sum by (a, b) (x) == 160)", false)).contains("value=6.0");
    assertThat(shown("count(sum by (a, b) (x) == 120)", false)).contains("value=3.0");
    assertThat(shown("sum by (nosuch) (x)", false)).contains("labels={}", "value=1320.0");
  }
}
