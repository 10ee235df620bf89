package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.context.QueryMemory;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.query.plan.Plan;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryInspector.PlanNode;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.Storage;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlanTest {
  private static final QueryEngine.Options DEFAULT = QueryEngine.Options.DEFAULT;
  static final QueryEngine.Options COUNTED = new QueryEngine.Options(null, null, true);

  /** Counters and gauges with gaps, resets, stale markers; histograms that change their type. */
  private static TestStorage storage() {
    TestStorage storage = new TestStorage();
    SampleBatch batch = new SampleBatch(20_000);
    for (String name : List.of("a", "b_total", "c")) {
      for (int s = 0; s < 6; s++) {
        Labels labels = Labels.of("__name__", name, "l", "v" + s % 3, "i", Integer.toString(s / 3));
        long ref = storage.resolve(labels);
        for (int i = 0; i < 120; i++) {
          if ((i + s) % 17 == 5) {
            continue;
          }
          double v = (i % 40) * (s + 1) + name.length() / 3.0;
          batch.add(ref, i * 10_000L, i % 50 == 20 + s ? StaleMarker.VALUE : v);
        }
      }
    }
    for (int s = 0; s < 3; s++) {
      long ref = storage.resolve(Labels.of("__name__", "h", "l", "v" + s, "i", "0"));
      for (int i = 0; i < 120; i++) {
        if (s == 2 && i > 60) {
          batch.add(ref, i * 10_000L, i);
        } else {
          batch.add(ref, i * 10_000L, histogram(i % 45 + s));
        }
      }
    }
    storage.append(batch);
    return storage;
  }

  static NativeHistogram histogram(int n) {
    return NativeHistogram.builder()
        .schema(0)
        .zeroBucket(0.001, n)
        .count(4.0 * n)
        .sum(10.0 * n)
        .positive(new int[] {0, 2}, new double[] {n, 2.0 * n})
        .build();
  }

  static EngineOptions options(long maxSamples, boolean delayed) {
    EngineOptions d = EngineOptions.DEFAULT;
    return new EngineOptions(
        d.lookback(),
        Duration.ofMinutes(1),
        maxSamples,
        d.maxConcurrent(),
        Duration.ofSeconds(30),
        delayed,
        false,
        false,
        true,
        true,
        true);
  }

  private static PromqlEngine engine(Storage storage) {
    return new PromqlEngine(storage, () -> options(50_000_000, false));
  }

  /** Returns how often the storage is read. */
  private static int selects(String query, QueryEngine.Options how) {
    AtomicInteger selects = new AtomicInteger();
    QueryResult unused =
        engine(new DelayedStorage(storage(), selects::incrementAndGet))
            .range(query, 300_000, 900_000, 30_000, how);
    return selects.get();
  }

  private static int selects(String query) {
    return selects(query, DEFAULT);
  }

  private static PlanNode explain(String query) {
    return engine(storage()).explain(query, 300_000, 900_000, 30_000, DEFAULT);
  }

  private static @Nullable Object decision(PlanNode n, String name, int... path) {
    PlanNode at = n;
    for (int i : path) {
      at = at.children().get(i);
    }
    return at.plan().get(name);
  }

  @Test
  void equalPartsAreEvaluatedOnce() {
    PlanNode top = explain("sum(rate(a[5m])) / (sum( rate(a[5m])) + sum(rate(b_total[5m])))");
    assertThat(decision(top, "shared", 0)).isEqualTo(1);
    assertThat(decision(top, "shared", 1, 0, 0)).isEqualTo(1);
    assertThat(decision(top, "shared", 1, 0, 1)).isNull();
    assertThat(top.children().get(0).evaluations()).isEqualTo(1);
    assertThat(top.children().get(0).children().get(0).evaluations()).isEqualTo(1);
    // what is inside of the second is not evaluated
    PlanNode second = top.children().get(1).children().get(0).children().get(0);
    assertThat(second.evaluations()).isEqualTo(1);
    assertThat(second.children().get(0).evaluations()).isZero();
    assertThat(second.series()).isEqualTo(1);
  }

  @Test
  void equalSubqueriesAreEvaluatedOnce() {
    String f = "sum by (l) (rate(a[2m]))";
    assertThat(selects("max_over_time(" + f + "[5m:30s]) - min_over_time(" + f + "[5m:30s])"))
        .isEqualTo(1);
    PlanNode top = explain("max_over_time(" + f + "[5m:30s]) - min_over_time(" + f + "[5m:30s])");
    assertThat(decision(top, "shared", 0, 0, 0)).isEqualTo(1);
    assertThat(decision(top, "shared", 1, 0, 0)).isEqualTo(1);
    // other steps, other values; the samples are read once all the same
    top = explain("max_over_time(" + f + "[5m:30s]) - min_over_time(" + f + "[5m:15s])");
    assertThat(decision(top, "shared", 0, 0, 0)).isNull();
    assertThat(decision(top, "read", 0, 0, 0, 0, 0)).isEqualTo(1);
    assertThat(decision(top, "read", 1, 0, 0, 0, 0)).isEqualTo(1);
  }

  @Test
  void whatMayDifferIsNotShared() {
    // calculated durations name their place in errors
    PlanNode top = explain("rate(a[5m * 1]) + rate(a[5m * 1])");
    assertThat(decision(top, "shared", 0)).isNull();
    // parentheses inside of a part keep it from being the same
    top = explain("sum((a)) + sum(a)");
    assertThat(decision(top, "shared", 0)).isNull();
    assertThat(decision(top, "shared", 0, 0, 0)).isEqualTo(decision(top, "shared", 1, 0));
  }

  @Test
  void selectorsWhoseTimesOverlapAreReadOnce() {
    assertThat(selects("rate(a[5m]) / rate(a[2m])")).isEqualTo(1);
    assertThat(selects("max_over_time(a[1m]) - a")).isEqualTo(1);
    assertThat(selects("a - a offset 1m")).isEqualTo(1);
    assertThat(selects("timestamp(a) - a")).isEqualTo(1);
    assertThat(selects("rate(a[5m]) + on(l, i) rate(b_total[5m])")).isEqualTo(2);
    // far apart, the widest range would be longer than both
    assertThat(selects("a - a offset 1w")).isEqualTo(2);
    assertThat(selects("rate(a[1m]) - rate(a[1m] offset 1h)")).isEqualTo(2);
  }

  @Test
  void numbersAreCalculatedOnce() {
    PlanNode top = explain("a * (60 * -2 ^ 2 + 1 > bool 3)");
    assertThat(decision(top, "constant", 1)).isEqualTo(0.0);
    assertThat(decision(explain("a + pi() * 2"), "constant", 1)).isEqualTo(Math.PI * 2);
    assertThat(decision(explain("a + time() * 2"), "constant", 1)).isNull();
  }

  @Test
  void stepInvariantPartsAreMarked() {
    PlanNode top = explain("a - sum(a @ 500)");
    assertThat(decision(top, "once", 1)).isEqualTo(true);
    assertThat(decision(top, "once", 0)).isNull();
  }

  @Test
  void conditionsMoveToTheOtherSide() {
    PlanNode top = explain("a and c{l=~\"v1|v2\"}");
    assertThat(decision(top, "added", 0)).isEqualTo(List.of("l=~\"v1|v2\""));
    assertThat(decision(top, "first")).isEqualTo("right");
    assertThat(decision(explain("a{l=\"v1\"} unless c"), "added", 1))
        .isEqualTo(List.of("l=\"v1\""));
    assertThat(decision(explain("a{l=\"v1\"} unless c"), "added", 0)).isNull();
    assertThat(decision(explain("a unless c{l=\"v1\"}"), "added", 0)).isNull();
    assertThat(decision(explain("a or c{l=\"v1\"}"), "added", 0)).isNull();
    assertThat(decision(explain("a / c{l=\"v1\"}"), "added", 0)).isEqualTo(List.of("l=\"v1\""));
    assertThat(decision(explain("a and on(i) c{l=\"v1\"}"), "added", 0)).isNull();
    assertThat(decision(explain("a and ignoring(l) c{l=\"v1\"}"), "added", 0)).isNull();
    assertThat(decision(explain("a and on(l) sum by (l) (c{l=\"v1\",i=\"0\"})"), "added", 0))
        .isEqualTo(List.of("l=\"v1\""));
    assertThat(decision(explain("a and rate(c{l=\"v1\"}[1m]) > 0"), "added", 0))
        .isEqualTo(List.of("l=\"v1\""));
    // duplicates of one side are an error, also of those without partner
    assertThat(decision(explain("a and on(l) c{l=\"v1\"} / on(l, i) c"), "added", 0)).isNull();
    assertThat(decision(explain("{__name__=~\"a\"} / c{l=\"v1\"}"), "added", 0)).isNull();
    // read as a whole anyway
    assertThat(decision(explain("(a and c{l=\"v1\"}) or a"), "added", 0, 0, 0)).isNull();
  }

  @Test
  void aSideThatCannotMatterIsNotRead() {
    assertThat(selects("a and c{l=\"none\"}")).isEqualTo(1);
    assertThat(selects("a and on(i) c{l=\"none\"}")).isEqualTo(1);
    assertThat(selects("a * on(i) c{l=\"none\"}")).isEqualTo(1);
    assertThat(selects("a{l=\"none\"} unless c")).isEqualTo(1);
    assertThat(selects("a and on() (sum(c) > 1e9)")).isEqualTo(1);
    assertThat(selects("a unless c{l=\"none\"}")).isEqualTo(2);
    assertThat(selects("a or c{l=\"none\"}")).isEqualTo(2);
    assertThat(selects("a + fill(0) c{l=\"none\"}")).isEqualTo(2);
    // what can report something is evaluated
    assertThat(selects("a{l=\"none\"} and rate(c[1m])")).isEqualTo(2);
    // the statistics count all
    assertThat(selects("a and c{l=\"none\"}", COUNTED)).isEqualTo(2);
  }

  @Test
  void annotationsNameTheirOwnPlaces() {
    QueryResult r =
        engine(storage()).range("rate(a[5m]) +\n rate( a[5m])", 300_000, 900_000, 30_000, DEFAULT);
    String text =
        "PromQL info: metric might not be a counter, name does not end in"
            + " _total/_sum/_count/_bucket: \"a\"";
    assertThat(r.infos()).containsExactly(text + " (1:6)", text + " (2:8)");
    r =
        engine(storage())
            .range(
                "sum(rate(a[5m])) + (1 - sum(rate(a[5m]))) * sum(rate(a[5m]))",
                300_000,
                900_000,
                30_000,
                DEFAULT);
    assertThat(r.infos()).containsExactly(text + " (1:10)", text + " (1:34)", text + " (1:54)");
  }

  @Test
  void aSharedPartCountsTwiceForTheSampleLimit() {
    String sum = "sum by (l) (rate(a[5m]))";
    String once = "a and on (l) (" + sum + " >= 0)";
    String twice = "a and on (l) (" + sum + " >= " + sum + " / 2)";
    assertThat(decision(explain(twice), "shared", 1, 0, 0)).isEqualTo(1);
    assertThat(leastSamples(twice, true)).isEqualTo(leastSamples(twice, false));
    assertThat(leastSamples(twice, true)).isGreaterThan(leastSamples(once, true));
  }

  /** Returns the least limit of samples that a query keeps. */
  private static int leastSamples(String query, boolean planned) {
    TestStorage storage = storage();
    int most = 1;
    while (shown(storage, options(most, false), planned, query, true, COUNTED)
        .startsWith("EXECUTION")) {
      most++;
    }
    return most;
  }

  @Test
  void aLongQueryIsPlannedWithoutRecursion() {
    StringBuilder chain = new StringBuilder("a");
    for (int i = 0; i < 800; i++) {
      chain.append(" + a");
    }
    String query = "(" + chain + ") / (" + chain + ")";
    QueryResult r = engine(storage()).range(query, 300_000, 900_000, 30_000, DEFAULT);
    assertThat(((Data.Matrix) r.data()).series()).hasSize(6);
    assertThat(selects(query)).isEqualTo(1);
  }

  /* the same with and without */

  private static final List<String> SELECTORS =
      List.of("a", "b_total", "c", "h", "a{l=\"v1\"}", "c{l=~\"v1|v2\"}", "b_total{l=\"none\"}");

  private final Random random = new Random(20_260_101);

  private String one(String... of) {
    return of[random.nextInt(of.length)];
  }

  private String selector() {
    String at = one("", "", "", "", " offset 1m", " offset 1h", " @ 500", " @ end()");
    return SELECTORS.get(random.nextInt(SELECTORS.size())) + at;
  }

  private String range() {
    String s = SELECTORS.get(random.nextInt(SELECTORS.size()));
    return s + one("[1m]", "[5m]", "[2m] offset 2m", "[3m] @ 600");
  }

  private String vector(int depth) {
    if (depth == 0) {
      return random.nextBoolean()
          ? selector()
          : one("rate", "increase", "max_over_time", "sum_over_time", "last_over_time", "changes")
              + "("
              + range()
              + ")";
    }
    return switch (random.nextInt(11)) {
      case 0, 1 -> repeated(depth);
      case 2 -> vector(depth - 1) + one(" and ", " or ", " unless ") + matching() + selector();
      case 3 -> selector() + one(" and ", " unless ", " / ", " > ") + vector(depth - 1);
      case 4 -> "(" + vector(depth - 1) + ")" + one(" + ", " * ", " == bool ") + "2 * 3";
      case 5 ->
          one("sum", "count", "max", "avg", "topk by (i) (1,", "quantile by (l) (0.3,")
                  .transform(o -> o.endsWith(",") ? o : o + one(" by (l) (", " ("))
              + vector(depth - 1)
              + ")";
      case 6 ->
          one("max_over_time", "rate", "count_over_time")
              + "(("
              + vector(depth - 1)
              + ")"
              + one("[2m:30s]", "[3m:30s]", "[2m:]")
              + ")";
      case 7 ->
          one("abs", "histogram_sum", "histogram_count", "timestamp", "absent", "-")
              + "("
              + vector(depth - 1)
              + ")";
      case 8 -> "histogram_quantile(0.5, " + vector(depth - 1) + ")";
      case 9 -> "clamp_min(" + vector(depth - 1) + ", scalar(sum(" + selector() + ")))";
      default ->
          "("
              + vector(depth - 1)
              + ")"
              + one(" + ", " / ", " - ", " and ", " or ", " unless ", " >= ")
              + matching()
              + "("
              + vector(depth - 1)
              + ")";
    };
  }

  private String matching() {
    return one("", "", "", "on(l) ", "ignoring(i) ", "on(l, i) ");
  }

  private String repeated(int depth) {
    String v = vector(depth - 1);
    return switch (random.nextInt(4)) {
      case 0 -> "(" + v + ") / (" + v + ")";
      case 1 -> "sum(" + v + ") - ignoring(x) sum(" + v + ")";
      case 2 -> "max_over_time((" + v + ")[2m:30s]) - min_over_time((" + v + ")[2m:30s])";
      default -> "(" + v + ") unless ((" + v + ") > 30)";
    };
  }

  /** Returns answer and statistics as text, or the error. */
  static String shown(
      TestStorage storage,
      EngineOptions options,
      boolean planned,
      String q,
      boolean range,
      QueryEngine.Options how) {
    PromqlEngine engine =
        planned
            ? new PromqlEngine(storage, () -> options)
            : new PromqlEngine(
                storage,
                () -> options,
                PluginFunctions.NONE,
                new QueryMemory(new WorkMemory(Runtime.getRuntime().maxMemory())),
                (e, grid, context, functions, leavesOut) -> Plan.none(functions));
    try {
      QueryResult r =
          range ? engine.range(q, 300_000, 900_000, 30_000, how) : engine.instant(q, 600_000, how);
      StringBuilder out = new StringBuilder();
      out.append(shown(r.data())).append(r.warnings()).append(r.infos());
      if (how.statistics()) {
        QueryResult.Statistics s = r.statistics();
        out.append(s.totalQueryableSamples())
            .append(' ')
            .append(s.peakSamples())
            .append(' ')
            .append(s.samplesRead())
            .append(Arrays.toString(s.samplesPerStep()));
      }
      return out.toString();
    } catch (QueryException e) {
      return e.kind() + " " + e.getMessage();
    }
  }

  private static String shown(Data d) {
    return switch (d) {
      case Data.Matrix m -> {
        StringBuilder out = new StringBuilder();
        for (QueryResult.Series s : m.series()) {
          out.append(s.labels())
              .append(Arrays.toString(s.timesMs()))
              .append(Arrays.toString(s.values()))
              .append(Arrays.toString(s.histogramTimesMs()))
              .append(Arrays.toString(s.histograms()))
              .append('\n');
        }
        yield out.toString();
      }
      default -> d.toString();
    };
  }

  @Test
  void answersAndStatisticsAreThoseWithoutPlan() {
    TestStorage storage = storage();
    int answered = 0;
    for (int i = 0; i < 4_000; i++) {
      String q = vector(1 + random.nextInt(3));
      boolean range = random.nextInt(4) > 0;
      long most = random.nextInt(4) > 0 ? 50_000_000 : 20 + random.nextInt(3_000);
      EngineOptions options = options(most, random.nextInt(3) == 0);
      String with = shown(storage, options, true, q, range, COUNTED);
      String without = shown(storage, options, false, q, range, COUNTED);
      assertThat(with).as(q).isEqualTo(without);
      if (most == 50_000_000) {
        assertThat(shown(storage, options, true, q, range, DEFAULT))
            .as(q)
            .isEqualTo(shown(storage, options, false, q, range, DEFAULT));
      }
      answered += with.startsWith("EXECUTION") ? 0 : 1;
    }
    assertThat(answered).isGreaterThan(2_000);
  }
}
