package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.storage.SampleBatch;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares queries that are large enough for several cores with the same series asked for in groups
 * that are too small for that.
 */
class ParallelWindowsTest {
  private static final int SERIES = 500;
  private static final int GROUPS = 50;
  private static final int STEPS = 1_000;
  private static final long STEP_MS = 10_000;
  private static final long START_MS = 2_000_000;
  private static final QueryEngine.Options ALL = new QueryEngine.Options(null, null, true);
  private static final TestStorage STORAGE = new TestStorage();
  private static final PromqlEngine ENGINE = engine(50_000_000);

  private static PromqlEngine engine(long maxSamples) {
    EngineOptions d = EngineOptions.DEFAULT;
    EngineOptions options =
        new EngineOptions(
            d.lookback(),
            Duration.ofMinutes(1),
            maxSamples,
            1,
            d.defaultSubqueryStep(),
            false,
            false,
            false,
            true,
            false,
            false);
    return new PromqlEngine(STORAGE, () -> options);
  }

  /** Series of other intervals, with gaps, resets and ends; six metrics, two of them counters. */
  @BeforeAll
  static void load() {
    Random random = new Random(20);
    for (int s = 0; s < SERIES; s++) {
      SampleBatch batch = new SampleBatch(2_000);
      String name = s % 10 == 0 ? "m_total" : "m" + s % 5;
      long ref = STORAGE.resolve(Labels.of("__name__", name, "g", "" + s % GROUPS, "s", "" + s));
      long interval = s % 3 == 0 ? STEP_MS : 7_000 + random.nextInt(20_000);
      double value = 0;
      long end = START_MS + STEPS * STEP_MS;
      for (long t = START_MS - 400_000; t < end && batch.size() < 2_000; t += interval) {
        value = random.nextInt(40) == 0 ? 0 : value + random.nextDouble();
        if (random.nextInt(60) == 0) {
          batch.add(ref, t, StaleMarker.VALUE);
        } else if (random.nextInt(10) > 0) {
          batch.add(ref, t, value);
        }
      }
      STORAGE.append(batch);
    }
  }

  private static QueryResult ask(PromqlEngine engine, String expression) {
    return engine.range(expression, START_MS, START_MS + (STEPS - 1) * STEP_MS, STEP_MS, ALL);
  }

  private static void collect(QueryResult result, Map<Labels, QueryResult.Series> into) {
    for (QueryResult.Series s : ((Data.Matrix) result.data()).series()) {
      into.put(s.labels(), s);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "changes",
        "resets",
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "ts_of_max_over_time",
        "count_over_time",
        "present_over_time",
        "last_over_time",
        "first_over_time",
        "stddev_over_time",
        "mad_over_time",
        "deriv"
      })
  void everyFunctionGivesWhatItGivesOnOneCore(String function) {
    QueryResult whole = ask(ENGINE, function + "({g!=''}[3m])");
    Map<Labels, QueryResult.Series> parallel = new TreeMap<>();
    collect(whole, parallel);
    Map<Labels, QueryResult.Series> alone = new TreeMap<>();
    Set<String> infos = new LinkedHashSet<>();
    long samples = 0;
    for (int g = 0; g < GROUPS; g++) {
      QueryResult part = ask(ENGINE, function + "({g='" + g + "'}[3m])");
      collect(part, alone);
      part.infos().forEach(i -> infos.add(i.replaceAll(" \\(.*", "")));
      samples += part.statistics().totalQueryableSamples();
    }
    assertThat(parallel).hasSizeGreaterThan(GROUPS).containsOnlyKeys(alone.keySet());
    parallel.forEach((labels, s) -> {
      QueryResult.Series expected = Objects.requireNonNull(alone.get(labels));
      assertThat(s.timesMs()).isEqualTo(expected.timesMs());
      assertThat(s.values()).as(labels.toString()).isEqualTo(expected.values());
    });
    assertThat(whole.statistics().totalQueryableSamples()).isEqualTo(samples);
    assertThat(Arrays.stream(whole.statistics().samplesPerStep()).sum()).isEqualTo(samples);
    assertThat(whole.infos().stream().map(i -> i.replaceAll(" \\(.*", "")))
        .containsExactlyInAnyOrderElementsOf(infos);
  }

  @Test
  void annotationsComeInTheOrderOfTheSeries() {
    assertThat(ask(ENGINE, "rate({g!=''}[3m])").infos()).hasSize(5).isSorted();
  }

  @Test
  void limitsHold() {
    assertThatThrownBy(() -> ask(engine(400_000), "rate({g!=''}[3m])"))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining("too many samples");
  }

  @Test
  void endsWhenTheThreadIsInterrupted() throws InterruptedException {
    Throwable[] problem = new Throwable[1];
    Thread asking =
        new Thread(() -> {
          Thread.currentThread().interrupt();
          try {
            var unused = ask(ENGINE, "quantile(0.5, max_over_time({g!=''}[30m]))");
          } catch (RuntimeException e) {
            problem[0] = e;
          }
        });
    asking.start();
    asking.join();
    assertThat(problem[0]).hasMessageContaining("query was canceled");
  }
}
