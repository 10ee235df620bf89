package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.storage.SampleBatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Series of many targets, each with times of its own, in an order in which those of a target do not
 * follow each other: what they share must not show. Compares with the same series asked for alone.
 */
class SharedTimesTest {
  private static final int TARGETS = 90; // more than windows are kept for at so many steps
  private static final int METRICS = 5;
  private static final int STEPS = 1_200;
  private static final long STEP_MS = 11_000;
  private static final long INTERVAL_MS = 15_000;
  private static final long START_MS = 2_000_000;
  private static final TestStorage STORAGE = new TestStorage();
  private static final PromqlEngine ENGINE = new PromqlEngine(STORAGE, () -> EngineOptions.DEFAULT);

  @BeforeAll
  static void load() {
    Random random = new Random(23);
    for (int metric = 0; metric < METRICS; metric++) {
      for (int target = 0; target < TARGETS; target++) {
        add(metric, target, random);
      }
    }
  }

  /** Some have gaps, staleness markers, an earlier end or a later begin than others of a target. */
  private static void add(int metric, int target, Random random) {
    long ref =
        STORAGE.resolve(
            Labels.of("__name__", "m", "a", "" + metric, "t", "" + target, "x", "" + target % 2));
    SampleBatch batch = new SampleBatch(1_000);
    int kind = random.nextInt(6);
    long from = START_MS - 400_000 + target * 131L + (kind == 0 ? 50 * INTERVAL_MS : 0);
    int samples = kind == 1 ? 300 : 900;
    double value = 0;
    for (int i = 0; i < samples; i++) {
      value = random.nextInt(50) == 0 ? 0 : value + random.nextInt(9);
      if (kind == 2 && i % 100 == 99) {
        batch.add(ref, from + i * INTERVAL_MS, StaleMarker.VALUE);
      } else if (kind != 3 || i % 97 != 40) {
        batch.add(ref, from + i * INTERVAL_MS, value / 3);
      }
    }
    STORAGE.append(batch);
  }

  private static List<QueryResult.Series> ask(String expression) {
    QueryEngine.Options options = new QueryEngine.Options(Duration.ofMinutes(1), null, false);
    QueryResult result =
        ENGINE.range(expression, START_MS, START_MS + (STEPS - 1) * STEP_MS, STEP_MS, options);
    return ((Data.Matrix) result.data()).series();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rate(m{%s}[2m])",
        "increase(m{%s}[5m])",
        "sum_over_time(m{%s}[1m])",
        "deriv(m{%s}[2m])",
        "rate(m{%s}[2m] @ 3000)",
        "rate(m{%s}[2m]) + last_over_time(m{%s}[3m])",
      })
  void aSeriesIsWhatItIsAlone(String expression) {
    List<QueryResult.Series> together = ask(expression.replace("%s", ""));
    List<QueryResult.Series> few = new ArrayList<>(); // too few for several threads
    for (int x = 0; x < 2; x++) {
      few.addAll(ask(expression.replace("%s", "a='1',x='" + x + "'")));
    }
    assertThat(together).hasSizeGreaterThan(TARGETS * (METRICS - 1));
    assertThat(few).hasSizeGreaterThan(TARGETS / 2);
    for (List<QueryResult.Series> some : List.of(together, few)) {
      for (QueryResult.Series s : some) {
        String only = "a='" + s.labels().get("a") + "',t='" + s.labels().get("t") + "'";
        QueryResult.Series alone = ask(expression.replace("%s", only)).getFirst();
        assertThat(s.timesMs()).as(only).isEqualTo(alone.timesMs());
        assertThat(s.values()).as(only).isEqualTo(alone.values());
      }
    }
  }
}
