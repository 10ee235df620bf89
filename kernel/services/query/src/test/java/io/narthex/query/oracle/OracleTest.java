package io.narthex.query.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.ParseException;
import io.narthex.promql.ParserOptions;
import io.narthex.promql.PromqlParser;
import io.narthex.query.PromqlEngine;
import io.narthex.query.TestStorage;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.oracle.Oracle.Query;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.text.re2.Re2;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Compares the engine with {@link Oracle} on random expressions over random data. Values must have
 * the same bits; where the order of the operands is not defined, {@link #TOLERANCE} apart at most.
 *
 * <p>{@code -Dtests.seed=N} repeats a run, {@code -Dtests.expressions=N} makes it longer.
 */
class OracleTest {
  private static final long FIXED_SEED = 20261121;
  private static final long FRESH_SEED =
      Long.getLong("tests.seed", new Random().nextLong() & 0xffffffffL);
  private static final int EXPRESSIONS = Integer.getInteger("tests.expressions", 2000);
  private static final int PER_DATA_SET = 200;

  /** Largest relative difference where the order of operations is not defined. */
  private static final double TOLERANCE = 1e-12;

  private static final int SHUFFLES = 200;
  private static final int MOST_PROBLEMS = 4;
  private static final Duration SUBQUERY_STEP = Duration.ofMinutes(1);
  private static final List<Long> STEPS =
      List.of(5_000L, 15_000L, 30_000L, 37_000L, 60_000L, 300_000L);
  private static final PromqlParser PARSER =
      new PromqlParser(ParserOptions.everything(Re2::compile));

  /** A result, or why there is none. */
  private record Outcome(Map<Labels, Map<Long, Double>> values, @Nullable String error) {
    @Nullable Double at(Place p) {
      Map<Long, Double> series = values.get(p.labels());
      return series == null ? null : series.get(p.timeMs());
    }
  }

  /** A value's place in a result. */
  private record Place(Labels labels, long timeMs) {}

  private int compared;
  private int failed;
  private int empty;
  private int loose;
  private int undecided;
  private long values;
  private final List<String> problems = new ArrayList<>();

  @Test
  void agreesOnFixedExpressions() {
    run(FIXED_SEED);
  }

  @Test
  void agreesOnFreshExpressions() {
    run(FRESH_SEED);
  }

  /** So many values of one call that the engine shares the series out to several cores. */
  @Test
  void agreesOnManySteps() {
    // the seed is what repeats a run
    System.out.println("OracleTest many steps tests.seed=" + FRESH_SEED);
    Random random = new Random(FRESH_SEED);
    RandomData data = new RandomData(random);
    TestStorage storage = new TestStorage();
    data.load(storage);
    RandomExpressions expressions = new RandomExpressions(random, RandomData.START_MS);
    for (int i = 0; i < 2; i++) {
      String text = expressions.overManySeries();
      long end = RandomData.START_MS + 6_500 * 311;
      Query query =
          new Query(parse(text), RandomData.START_MS, end, 311, 300_000, 60_000, false, i == 0);
      check(text, query, data, storage, "tests.seed=" + FRESH_SEED + ", call " + i);
    }
    assertThat(String.join("\n\n", problems)).as("what the engine calculates otherwise").isEmpty();
    assertThat(values).as("values compared").isPositive();
  }

  private void run(long seed) {
    // the seed is what repeats a run, also one that is cut off
    System.out.println("OracleTest tests.seed=" + seed);
    for (int i = 0; i < EXPRESSIONS; i += PER_DATA_SET) {
      Random random = new Random(seed * 1_000_003 + i);
      RandomData data = new RandomData(random);
      TestStorage storage = new TestStorage();
      data.load(storage);
      for (int j = 0; j < PER_DATA_SET; j++) {
        one(random, data, storage, "tests.seed=" + seed + ", expression " + (i + j));
        if (problems.size() == MOST_PROBLEMS) {
          break;
        }
      }
    }
    // a run in which most expressions fail or are empty compares little
    System.out.println(
        "OracleTest: "
            + compared
            + " expressions agree, of them fail "
            + failed
            + ", empty "
            + empty
            + ", without defined order "
            + loose
            + ", without defined result "
            + undecided
            + "; values "
            + values);
    assertThat(String.join("\n\n", problems)).as("what the engine calculates otherwise").isEmpty();
    assertThat(failed + empty).as("expressions that tell nothing").isLessThan(compared / 2);
    assertThat(undecided).as("expressions without defined result").isLessThan(compared / 20);
  }

  private void one(Random random, RandomData data, TestStorage storage, String where) {
    boolean instant = random.nextInt(5) < 2;
    boolean delayed = random.nextInt(4) == 0;
    boolean starts = random.nextInt(3) == 0;
    long lookback = random.nextInt(4) == 0 ? 61_000 : 300_000;
    long stepMs = instant ? 0 : STEPS.get(random.nextInt(STEPS.size()));
    long start = RandomData.START_MS + 300_000 + random.nextInt((int) RandomData.LENGTH_MS);
    start = random.nextBoolean() ? start / 1000 * 1000 : start;
    long end =
        start
            + stepMs * random.nextInt(random.nextInt(8) == 0 ? 100 : 16)
            + (instant ? 0 : random.nextInt(1000));
    RandomExpressions expressions =
        new RandomExpressions(random, RandomData.START_MS + RandomData.LENGTH_MS / 2);
    boolean range = instant && random.nextInt(10) == 0;
    String text = range ? expressions.nextRange() : expressions.next(stepMs, delayed);
    Query query =
        new Query(
            parse(text),
            start,
            end,
            stepMs,
            lookback,
            SUBQUERY_STEP.toMillis(),
            delayed && !range,
            starts);
    check(text, query, data, storage, where);
  }

  private void check(String text, Query query, RandomData data, TestStorage storage, String place) {
    String where = text + "\n" + place + ", " + describe(query);
    boolean instant = query.stepMs() == 0;
    long start = query.startMs();
    PromqlEngine engine = engine(storage, query);
    Outcome actual;
    List<Double> actualOrder = new ArrayList<>();
    try {
      QueryEngine.Options options =
          new QueryEngine.Options(null, Duration.ofMillis(query.lookbackMs()), false);
      Data result =
          instant
              ? engine.instant(text, start, options).data()
              : engine.range(text, start, query.endMs(), query.stepMs(), options).data();
      actual = new Outcome(values(result), null);
      if (result instanceof Data.Vector v) {
        v.samples().forEach(s -> actualOrder.add(s.value()));
      }
    } catch (QueryException e) {
      actual = new Outcome(Map.of(), String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      throw new AssertionError("engine broke at " + where, e);
    }
    compare(query, data.series(), actual, where);
    if (instant && isSorted(query.expr()) && actual.error() == null) {
      checkOrder(query, data.series(), actualOrder, where);
    }
  }

  private static Expr parse(String text) {
    try {
      return PARSER.parse(text);
    } catch (ParseException e) {
      throw new AssertionError("the generator made " + text, e);
    }
  }

  private static PromqlEngine engine(TestStorage storage, Query q) {
    EngineOptions options =
        new EngineOptions(
            Duration.ofMillis(q.lookbackMs()),
            Duration.ofMinutes(5),
            50_000_000,
            2,
            SUBQUERY_STEP,
            q.delayedNames(),
            q.startTimes(),
            false,
            true,
            true,
            true);
    return new PromqlEngine(storage, () -> options);
  }

  private static String describe(Query q) {
    return "start "
        + q.startMs()
        + ", end "
        + q.endMs()
        + ", step "
        + q.stepMs()
        + " ms, lookback "
        + q.lookbackMs()
        + " ms, delayed names "
        + q.delayedNames()
        + ", start times "
        + q.startTimes();
  }

  private static Map<Labels, Map<Long, Double>> values(Data data) {
    Map<Labels, Map<Long, Double>> out = new TreeMap<>();
    switch (data) {
      case Data.Scalar s -> out.put(Labels.EMPTY, Map.of(s.timeMs(), s.value()));
      case Data.Text t -> throw new IllegalArgumentException(t.value());
      case Data.Vector v -> {
        for (QueryResult.VectorSample s : v.samples()) {
          assertThat(out.put(s.labels(), Map.of(s.timeMs(), s.value()))).isNull();
        }
      }
      case Data.Matrix m -> {
        for (QueryResult.Series s : m.series()) {
          Map<Long, Double> points = new TreeMap<>();
          for (int i = 0; i < s.timesMs().length; i++) {
            points.put(s.timesMs()[i], s.values()[i]);
          }
          assertThat(out.put(s.labels(), points)).isNull();
        }
      }
    }
    return out;
  }

  private static Outcome expect(Query q, List<Series> data, @Nullable Random order) {
    try {
      return new Outcome(new Oracle(q, data, order).run(), null);
    } catch (OracleException e) {
      return new Outcome(Map.of(), String.valueOf(e.getMessage()));
    }
  }

  private void compare(Query q, List<Series> data, Outcome actual, String where) {
    Outcome expected = expect(q, data, null);
    compared++;
    failed += expected.error() != null ? 1 : 0;
    empty += expected.error() == null && expected.values().isEmpty() ? 1 : 0;
    expected.values().values().forEach(s -> values += s.size());
    if (sameError(expected, actual) && differences(expected, actual).isEmpty()) {
      return;
    }
    if (!sameError(expected, actual)) {
      if (isOpen(q, data, o -> sameError(o, actual))) {
        undecided++;
      } else {
        problems.add(
            where + "\noracle error " + expected.error() + "\nengine error " + actual.error());
      }
      return;
    }
    boolean anyUndecided = false;
    for (Place p : differences(expected, actual)) {
      Double e = expected.at(p);
      Double a = actual.at(p);
      if (e != null && a != null && close(e, a) && Oracle.addsInOpenOrder(q.expr())) {
        continue;
      }
      if (!isOpen(q, data, o -> o.error() != null || !same(o.at(p), e))) {
        problems.add(
            where + "\nat " + p.labels() + " " + p.timeMs() + "\noracle " + e + "\nengine " + a);
        return;
      }
      anyUndecided = true;
    }
    loose += anyUndecided ? 0 : 1;
    undecided += anyUndecided ? 1 : 0;
  }

  /** Returns whether a result can be had by ordering otherwise what has no defined order. */
  private static boolean isOpen(Query q, List<Series> data, Predicate<Outcome> result) {
    for (int i = 0; i < SHUFFLES && Oracle.isOpen(q.expr()); i++) {
      if (result.test(expect(q, data, new Random(i * 0x9E3779B97F4A7C15L)))) {
        return true;
      }
    }
    return false;
  }

  private static boolean sameError(Outcome a, Outcome b) {
    return (a.error() == null) == (b.error() == null);
  }

  private static Set<Place> differences(Outcome a, Outcome b) {
    Set<Place> out = new LinkedHashSet<>();
    for (Outcome o : List.of(a, b)) {
      o.values()
          .forEach((labels, points) ->
              points
                  .keySet()
                  .forEach(t -> {
                    Place p = new Place(labels, t);
                    if (!same(a.at(p), b.at(p))) {
                      out.add(p);
                    }
                  }));
    }
    return out;
  }

  /** Returns whether two values have the same bits; any two NaNs have. */
  private static boolean same(@Nullable Double a, @Nullable Double b) {
    return Objects.equals(a, b);
  }

  private static boolean close(double a, double b) {
    return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
  }

  private static boolean isSorted(Expr e) {
    return Oracle.unwrap(e) instanceof Call c
        && (c.function().name().equals("sort") || c.function().name().equals("sort_desc"));
  }

  private void checkOrder(Query q, List<Series> data, List<Double> actual, String where) {
    List<Double> expected = new ArrayList<>();
    new Oracle(q, data, null).at(q.startMs()).forEach(e -> expected.add(e.value()));
    for (int i = 0; i < expected.size(); i++) {
      double e = expected.get(i);
      double a = actual.get(i);
      if (!(e == a || Double.isNaN(e) && Double.isNaN(a) || close(e, a))) {
        problems.add(where + "\nsorted otherwise: " + expected + " engine " + actual);
        return;
      }
    }
  }
}
