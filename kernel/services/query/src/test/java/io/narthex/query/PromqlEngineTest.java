package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.promql.PromqlParser;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.context.QueryMemory;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.query.script.PromqlTestRunner;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.query.AnswerMemory;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PromqlEngineTest {
  private static final QueryEngine.Options DEFAULT = QueryEngine.Options.DEFAULT;

  private static EngineOptions options(long maxSamples, Duration timeout, int concurrent) {
    EngineOptions d = EngineOptions.DEFAULT;
    return new EngineOptions(
        d.lookback(),
        timeout,
        maxSamples,
        concurrent,
        d.defaultSubqueryStep(),
        false,
        false,
        false,
        false,
        false,
        false);
  }

  private static TestStorage storage(int series, int samples) {
    TestStorage storage = new TestStorage();
    SampleBatch batch = new SampleBatch(series * samples);
    for (int s = 0; s < series; s++) {
      long ref = storage.resolve(Labels.of("__name__", "m_total", "s", Integer.toString(s)));
      for (int i = 0; i < samples; i++) {
        batch.add(ref, i * 10_000L, i);
      }
    }
    storage.append(batch);
    return storage;
  }

  private static PromqlEngine engine(TestStorage storage, EngineOptions options) {
    return new PromqlEngine(storage, () -> options);
  }

  private static PromqlEngine engine() {
    return engine(storage(3, 100), EngineOptions.DEFAULT);
  }

  private static void fails(Runnable query, Kind kind, String message) {
    assertThatThrownBy(query::run)
        .isInstanceOfSatisfying(QueryException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(message);
  }

  @Test
  void refusesQueriesThatHoldTooManySamples() {
    PromqlEngine engine = engine(storage(10, 100), options(50, Duration.ofSeconds(10), 1));
    assertThat(engine.instant("sum(m_total)", 100_000, DEFAULT).data()).isNotNull();
    fails(
        () -> engine.range("m_total", 0, 100_000, 10_000, DEFAULT),
        Kind.EXECUTION,
        "query processing would load too many samples into memory in query execution");
    fails(
        () -> engine.instant("max_over_time(m_total[15m])", 900_000, DEFAULT),
        Kind.EXECUTION,
        "too many samples");
  }

  @Test
  void damagedDataFailsTheExecutionAndOtherFaultsOfAStorageAreInternal() {
    Map<StorageException, Kind> kinds =
        Map.of(
            new StorageException.Corrupt("chunks at byte 8: CRC32C is 1, expected 2"),
            Kind.EXECUTION,
            new StorageException.Failed("cannot read"),
            Kind.INTERNAL,
            new StorageException.Closed("closed"),
            Kind.UNAVAILABLE);
    kinds.forEach((fault, kind) -> {
      PromqlEngine engine =
          new PromqlEngine(
              new DelayedStorage(
                  storage(1, 10),
                  () -> {
                    throw fault;
                  }),
              () -> EngineOptions.DEFAULT);
      fails(
          () -> engine.instant("m_total", 50_000, DEFAULT),
          kind,
          String.valueOf(fault.getMessage()));
    });
  }

  @Test
  void refusesSparseQueriesThatNeedTooMuchRoom() {
    // one sample per series, but room for ten million steps each: 90 MB
    PromqlEngine engine =
        new PromqlEngine(
            storage(10, 1),
            () -> options(50_000, Duration.ofSeconds(10), 1),
            PluginFunctions.NONE,
            memory(100_000_000, 100_000_000));
    fails(
        () -> engine.instant("sum(count_over_time(m_total[10000s:1ms]))", 10_000_000, DEFAULT),
        Kind.EXECUTION,
        "too many samples");
    // the same value at a billion steps, refused before there is room for one series
    fails(
        () -> engine.instant("m_total @ start()[1000000s:1ms]", 0, DEFAULT),
        Kind.EXECUTION,
        "too many samples");
  }

  @Test
  void freesWhatOperatorsHaveUsedUp() {
    // ten series of eleven points each are held twice at most, however long the chain is
    PromqlEngine engine = engine(storage(10, 100), options(240, Duration.ofSeconds(10), 1));
    Data data = engine.range("-(-(-(-(-(m_total)))))", 0, 100_000, 10_000, DEFAULT).data();
    assertThat(((Data.Matrix) data).series()).hasSize(10);
  }

  @Test
  void endsWhenTheTimeIsUp() {
    PromqlEngine engine = engine(storage(100, 10), options(1_000_000, Duration.ofNanos(1), 1));
    fails(() -> engine.instant("m_total", 50_000, DEFAULT), Kind.TIMEOUT, "query timed out in ");
  }

  @Test
  void endsWhenTheThreadIsInterrupted() throws InterruptedException {
    PromqlEngine engine = engine(storage(100, 10), options(1_000_000, Duration.ofMinutes(1), 1));
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread t =
        Thread.ofVirtual()
            .name("query")
            .start(() -> {
              Thread.currentThread().interrupt();
              try {
                engine.instant("m_total", 50_000, DEFAULT);
              } catch (QueryException e) {
                failure.set(e);
              }
            });
    t.join();
    assertThat(failure.get()).hasMessageContaining("query was canceled in ");
  }

  @Test
  void letsNoMoreQueriesRunThanAllowed() throws InterruptedException {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    TestStorage slow = storage(1, 10);
    EngineOptions o = options(1000, Duration.ofMillis(300), 1);
    PromqlEngine engine =
        new PromqlEngine(
            new DelayedStorage(
                slow,
                () -> {
                  inside.countDown();
                  leave.await();
                }),
            () -> o);
    Thread first =
        Thread.ofVirtual()
            .name("first query")
            .start(() -> {
              try {
                engine.instant("m_total", 50_000, DEFAULT);
              } catch (QueryException e) {
                // it may run out of time while it is held up
              }
            });
    inside.await();
    fails(
        () -> engine.instant("m_total", 50_000, DEFAULT),
        Kind.TIMEOUT,
        "query timed out in query queue");
    leave.countDown();
    first.join();
    assertThat(engine.instant("1", 0, DEFAULT).data()).isEqualTo(new Data.Scalar(0, 1));
  }

  @Test
  void tellsWhatAQueryCost() {
    QueryEngine.Options perStep = new QueryEngine.Options(null, null, true);
    QueryResult r = engine().range("sum(rate(m_total[30s]))", 100_000, 130_000, 10_000, perStep);
    // three samples in each window of three series
    assertThat(r.statistics().samplesPerStep()).containsExactly(9, 9, 9, 9);
    assertThat(r.statistics().totalQueryableSamples()).isEqualTo(36);
    assertThat(r.statistics().samplesRead()).isEqualTo(18);
    assertThat(engine().instant("m_total", 100_000, DEFAULT).statistics().samplesPerStep())
        .isNull();
  }

  /** The first steps have no samples yet. */
  @Test
  void sortsInsideOfASubqueryWhateverIsThere() {
    for (String sort : new String[] {"sort", "sort_desc"}) {
      QueryResult r =
          engine().instant("count_over_time(" + sort + "(m_total)[5m:10s])", 30_000, DEFAULT);
      assertThat(((Data.Vector) r.data()).samples())
          .hasSize(3)
          .allSatisfy(s -> assertThat(s.value()).isEqualTo(4));
    }
  }

  @Test
  void tellsWhereAnExpressionIsWrong() {
    fails(() -> engine().check("sum("), Kind.BAD_DATA, "1:5: parse error: unclosed left");
    fails(() -> engine().instant("m{a=~\"(\"}", 0, DEFAULT), Kind.BAD_DATA, "missing closing )");
    fails(
        () -> engine().range("m[5m]", 0, 1, 1, DEFAULT),
        Kind.BAD_DATA,
        "invalid expression type \"range vector\" for range query, must be Scalar or instant"
            + " Vector");
    fails(() -> engine().selector("a + b"), Kind.BAD_DATA, "parse error");
    fails(() -> engine().check("limitk(1, m)"), Kind.BAD_DATA, "experimental");
  }

  @Test
  void dropsNamesAtOnceUnlessToldOtherwise() {
    TestStorage storage = storage(1, 10);
    SampleBatch b = new SampleBatch(2);
    long ref = storage.resolve(Labels.of("__name__", "n_total", "s", "0"));
    b.add(ref, 50_000, 1);
    b.add(ref, 60_000, 2);
    storage.append(b);
    String query = "sum(rate({__name__=~\"[mn]_total\"}[1m]))";
    fails(
        () -> engine(storage, EngineOptions.DEFAULT).instant(query, 60_000, DEFAULT),
        Kind.EXECUTION,
        "vector cannot contain metrics with the same labelset");
    assertThat(vector(engine(storage, PromqlTestRunner.OPTIONS), query, 60_000)).startsWith("{}=");
  }

  @Test
  void evaluatesTheDeepestChainOnASmallStack() throws InterruptedException {
    PromqlEngine engine = engine();
    String chain = "m_total" + " + m_total".repeat(PromqlParser.MAX_DEPTH - 1);
    String nested = "(".repeat(390) + "m_total" + ")".repeat(390);
    AtomicReference<Object> result = new AtomicReference<>();
    Thread t =
        new Thread(
            null,
            () -> {
              try {
                engine.instant(nested, 100_000, DEFAULT);
                result.set(engine.instant(chain, 100_000, DEFAULT).data());
              } catch (Throwable e) {
                result.set(e);
              }
            },
            "small stack",
            1 << 20);
    t.start();
    t.join();
    assertThat(result.get())
        .isInstanceOfSatisfying(
            Data.Vector.class,
            v ->
                assertThat(v.samples().getFirst().value())
                    .isEqualTo(10.0 * PromqlParser.MAX_DEPTH));
  }

  @Test
  void fillsMissingPartners() {
    TestStorage storage = new TestStorage();
    SampleBatch b = new SampleBatch(8);
    b.add(storage.resolve(Labels.of("__name__", "a", "x", "1")), 0, 1);
    b.add(storage.resolve(Labels.of("__name__", "a", "x", "2")), 0, 2);
    b.add(storage.resolve(Labels.of("__name__", "b", "x", "2")), 0, 20);
    b.add(storage.resolve(Labels.of("__name__", "b", "x", "3")), 0, 30);
    b.add(storage.resolve(Labels.of("__name__", "m", "x", "1", "y", "p")), 0, 5);
    b.add(storage.resolve(Labels.of("__name__", "m", "x", "1", "y", "q")), 0, 6);
    storage.append(b);
    PromqlEngine engine = engine(storage, PromqlTestRunner.OPTIONS);
    assertThat(vector(engine, "a + fill(100) b"))
        .isEqualTo("{x=\"1\"}=101.0 {x=\"2\"}=22.0 {x=\"3\"}=130.0");
    assertThat(vector(engine, "a + fill_left(100) b")).isEqualTo("{x=\"2\"}=22.0 {x=\"3\"}=130.0");
    assertThat(vector(engine, "a + fill_right(100) b")).isEqualTo("{x=\"1\"}=101.0 {x=\"2\"}=22.0");
    assertThat(vector(engine, "m - on(x) group_left fill(0) b"))
        .isEqualTo("{x=\"1\", y=\"p\"}=5.0 {x=\"1\", y=\"q\"}=6.0 {x=\"2\"}=-20.0 {x=\"3\"}=-30.0");
  }

  @Test
  void fillsTheSideOfTheNameBeforeGroupRightSwapsTheOperands() {
    TestStorage storage = new TestStorage();
    SampleBatch b = new SampleBatch(4);
    b.add(storage.resolve(Labels.of("__name__", "a", "i", "1")), 0, 10);
    b.add(storage.resolve(Labels.of("__name__", "a", "i", "3")), 0, 30);
    b.add(storage.resolve(Labels.of("__name__", "b", "i", "1", "k", "x")), 0, 1);
    b.add(storage.resolve(Labels.of("__name__", "b", "i", "2", "k", "x")), 0, 2);
    storage.append(b);
    PromqlEngine engine = engine(storage, PromqlTestRunner.OPTIONS);
    assertThat(vector(engine, "a * on(i) group_right fill_left(5) b"))
        .isEqualTo("{i=\"1\", k=\"x\"}=10.0 {i=\"3\"}=150.0");
    assertThat(vector(engine, "a * on(i) group_right fill_right(5) b"))
        .isEqualTo("{i=\"1\", k=\"x\"}=10.0 {i=\"2\", k=\"x\"}=10.0");
    assertThat(vector(engine, "a * on(i) group_right fill_left(5) fill_right(7) b"))
        .isEqualTo("{i=\"1\", k=\"x\"}=10.0 {i=\"2\", k=\"x\"}=14.0 {i=\"3\"}=150.0");
    assertThat(vector(engine, "b * on(i) group_left fill_left(5) a"))
        .isEqualTo("{i=\"1\", k=\"x\"}=10.0 {i=\"3\"}=150.0");
    assertThat(vector(engine, "b * on(i) group_left fill_right(5) a"))
        .isEqualTo("{i=\"1\", k=\"x\"}=10.0 {i=\"2\", k=\"x\"}=10.0");
  }

  @Test
  void tellsThatSortIsIneffectiveAtThePlaceOfTheCall() {
    for (String sort :
        List.of(
            "sort(m_total)",
            "sort_desc(m_total)",
            "sort_by_label(m_total, \"s\")",
            "sort_by_label_desc(m_total, \"s\")")) {
      QueryResult result =
          engine(storage(2, 20), PromqlTestRunner.OPTIONS)
              .range("sum(" + sort + ")", 0, 60_000, 30_000, DEFAULT);
      assertThat(result.warnings())
          .containsExactly(
              "PromQL warning: sort is ineffective for range queries since results are always"
                  + " ordered by labels (1:5)");
    }
  }

  @Test
  void losesTheNameOfAGroupWhenAMemberHasLostIt() {
    TestStorage storage = new TestStorage();
    SampleBatch b = new SampleBatch(64);
    long plain = storage.resolve(Labels.of("__name__", "x", "e", "1"));
    long counter = storage.resolve(Labels.of("__name__", "x", "e", "2"));
    for (int i = 0; i <= 20; i++) {
      if (i >= 10) {
        b.add(plain, i * 60_000L, 1); // the first steps have the rate alone
      }
      b.add(counter, i * 60_000L, i);
    }
    storage.append(b);
    PromqlEngine engine = engine(storage, PromqlTestRunner.OPTIONS);
    String rate = "rate(x{e=\"2\"}[5m])";
    String kept = "x{e=\"1\"}";
    for (String both : List.of(kept + " or " + rate, rate + " or " + kept)) {
      for (String aggregation :
          List.of(
              "sum by (__name__) (%s)",
              "max by (__name__) (%s)",
              "quantile by (__name__) (0.5, %s)",
              "count_values by (__name__) (\"v\", clamp_max(%s, 0))")) {
        String query = aggregation.formatted(both);
        Data.Matrix m =
            (Data.Matrix) engine.range(query, 300_000, 1_200_000, 60_000, DEFAULT).data();
        assertThat(m.series()).as(query).hasSize(1);
        assertThat(m.series().getFirst().labels().get("__name__")).as(query).isEmpty();
        assertThat(vector(engine, query, 1_200_000)).as(query).doesNotContain("__name__");
      }
    }
    assertThat(vector(engine, "sum by (__name__) (x)", 1_200_000)).contains("__name__");
  }

  private static String vector(PromqlEngine engine, String query) {
    return vector(engine, query, 0);
  }

  private static String vector(PromqlEngine engine, String query, long time) {
    Data.Vector v = (Data.Vector) engine.instant(query, time, DEFAULT).data();
    return String.join(
        " ", v.samples().stream().map(s -> s.labels() + "=" + s.value()).sorted().toList());
  }

  private static TestStorage scattered(int series, boolean some) {
    TestStorage storage = new TestStorage();
    SampleBatch batch = new SampleBatch(series);
    Random random = new Random(7);
    for (int i = 0; i < series; i++) {
      double value = some ? random.nextInt(6) - 1 : random.nextDouble();
      batch.add(
          storage.resolve(Labels.of("__name__", "m", "i", String.format(Locale.ROOT, "%07d", i))),
          0,
          value < 0 ? Double.NaN : value);
    }
    storage.append(batch);
    return storage;
  }

  @Test
  void theBestOfManyKeepTheOrderOfEqualsAndNaNComesLast() {
    for (int series : new int[] {5, 16, 17, 100, 1000}) {
      PromqlEngine engine =
          engine(scattered(series, true), options(50_000_000, Duration.ofSeconds(50), 20));
      for (boolean top : new boolean[] {true, false}) {
        Data.Vector all =
            (Data.Vector)
                engine.instant((top ? "topk" : "bottomk") + "(1e9, m)", 0, DEFAULT).data();
        List<Double> values = all.samples().stream().map(QueryResult.VectorSample::value).toList();
        assertThat(values).hasSize(series);
        List<Double> sorted = new ArrayList<>(values);
        sorted.sort(
            Comparator.comparing((Double v) -> v.isNaN())
                .thenComparing(top ? Comparator.reverseOrder() : Comparator.naturalOrder()));
        assertThat(values).isEqualTo(sorted);
      }
    }
  }

  @Test
  void labelReplaceMatchesEachValueOfTheSourceOnce() {
    TestStorage storage = new TestStorage();
    SampleBatch batch = new SampleBatch(3000);
    for (int i = 0; i < 3000; i++) {
      String source = i % 3 == 0 ? "none" : "host-" + i % 1500;
      batch.add(storage.resolve(Labels.of("__name__", "m", "i", "" + i, "s", source)), 0, i);
    }
    storage.append(batch);
    PromqlEngine engine = engine(storage, options(50_000_000, Duration.ofSeconds(50), 20));
    Data.Vector all =
        (Data.Vector)
            engine
                .instant("label_replace(m, \"a\", \"n-$1\", \"s\", \"host-(.*)\")", 0, DEFAULT)
                .data();
    assertThat(all.samples()).hasSize(3000);
    Map<String, String> shared = new HashMap<>();
    for (QueryResult.VectorSample s : all.samples()) {
      String source = s.labels().get("s");
      String value = s.labels().get("a");
      assertThat(value)
          .isEqualTo(source.equals("none") ? "" : "n-" + source.substring("host-".length()));
      if (!value.isEmpty()) {
        assertThat(shared.computeIfAbsent(source, _ -> value)).isSameAs(value);
      }
    }
  }

  /** Insertion alone takes minutes. */
  @Test
  @Timeout(60)
  void theBestOfHundredsOfThousandsAreSortedWithoutComparingAllPairs() {
    PromqlEngine engine =
        engine(scattered(400_000, false), options(50_000_000, Duration.ofSeconds(50), 20));
    Data.Vector all = (Data.Vector) engine.instant("topk(1e9, m)", 0, DEFAULT).data();
    assertThat(all.samples()).hasSize(400_000);
  }

  /* memory */

  /** Returns memory of which all queries have about {@code total} bytes. */
  private static QueryMemory memory(long total, long perQuery) {
    return new QueryMemory(new WorkMemory(total * 10 / 3 + 4), perQuery);
  }

  private static PromqlEngine engine(TestStorage storage, QueryMemory memory) {
    return new PromqlEngine(
        storage,
        () -> options(50_000_000, Duration.ofSeconds(50), 20),
        PluginFunctions.NONE,
        memory);
  }

  @Test
  void whatAStorageHoldsForACursorIsCountedUntilItIsClosed() {
    QueryMemory memory = memory(4_000_000, 3_000_000);
    AtomicLong wanted = new AtomicLong(2_000_000);
    AtomicLong granted = new AtomicLong();
    TestStorage real = storage(10, 10);
    Storage holding =
        (Storage)
            Proxy.newProxyInstance(
                Storage.class.getClassLoader(),
                new Class<?>[] {Storage.class},
                (_, method, args) -> {
                  if (!method.getName().equals("select")) {
                    return method.invoke(real, args);
                  }
                  ((SelectMemory) args[1]).take(wanted.get());
                  granted.set(memory.granted());
                  return real.select((SelectRequest) args[0]);
                });
    PromqlEngine engine =
        new PromqlEngine(
            holding,
            () -> options(50_000_000, Duration.ofSeconds(5), 1),
            PluginFunctions.NONE,
            memory);
    // two cursors after one another: what the first held is free for the second
    engine.instant("count(m_total) + count(m_total offset 1s)", 90_000, DEFAULT);
    assertThat(granted.get()).isBetween(2_000_000L, 3_000_000L);
    assertThat(memory.granted()).isZero();
    wanted.set(4_000_000);
    fails(
        () -> engine.instant("count(m_total)", 90_000, DEFAULT),
        Kind.EXECUTION,
        "too many samples");
    assertThat(memory.granted()).isZero();
  }

  @Test
  void aLookbackOfZeroIsTheDefault() {
    TestStorage storage = storage(1, 1);
    QueryMemory plenty = memory(500_000_000, 500_000_000);
    QueryEngine.Options zero = new QueryEngine.Options(null, Duration.ZERO, false);
    Data found = engine(storage, plenty).instant("m_total", 1_000, zero).data();
    assertThat(((Data.Vector) found).samples()).hasSize(1);
  }

  @Test
  void answersWideSparseRangesInSlices() {
    // 400 series with 30 samples each over 20,000 steps: 72 MB of room, 0.2 MB of values
    TestStorage storage = storage(400, 30);
    QueryMemory plenty = memory(500_000_000, 500_000_000);
    QueryMemory little = memory(4_000_000, 4_000_000);
    QueryEngine.Options brief = new QueryEngine.Options(null, Duration.ofSeconds(10), false);
    for (String text :
        List.of(
            "m_total",
            "rate(m_total[20s])",
            "sum by (s) (m_total)",
            "m_total / (1 + m_total)",
            "max_over_time(m_total[1m:10s])")) {
      Data whole = engine(storage, plenty).range(text, 0, 199_990_000, 10_000, brief).data();
      Data sliced = engine(storage, little).range(text, 0, 199_990_000, 10_000, brief).data();
      same(whole, sliced, text);
      assertThat(little.granted()).isZero();
    }
  }

  @Test
  void slicesCountTheSamplesOfAllSteps() {
    TestStorage storage = storage(400, 30);
    PromqlEngine engine =
        new PromqlEngine(
            storage,
            () -> options(11_000, Duration.ofSeconds(50), 20),
            PluginFunctions.NONE,
            memory(4_000_000, 4_000_000));
    QueryEngine.Options brief = new QueryEngine.Options(null, Duration.ofSeconds(10), false);
    fails(
        () -> engine.range("m_total", 0, 199_990_000, 10_000, brief),
        Kind.EXECUTION,
        "too many samples");
  }

  @Test
  void refusesWhatOneQueryMayNotHold() {
    QueryMemory memory = memory(4_000_000, 2_000_000);
    PromqlEngine engine = engine(storage(10, 100), memory);
    for (String text :
        List.of(
            "count(" + bomb(6) + ")",
            "label_replace("
                + bomb(3)
                + ", \"b\", \""
                + "$1".repeat(5_000)
                + "\", \"a\", \"(.*)\")",
            "count_over_time(m_total[10000s:1ms])",
            "vector(1)[1000000s:1ms]")) {
      fails(() -> engine.instant(text, 10_000_000, DEFAULT), Kind.EXECUTION, "too many samples");
      fails(
          () ->
              engine.range(
                  text.startsWith("v") ? "last_over_time(" + text + ")" : text,
                  0,
                  10_000_000,
                  10_000,
                  DEFAULT),
          Kind.EXECUTION,
          "too many samples");
      assertThat(memory.granted()).isZero();
    }
  }

  private static void same(Data expected, Data got, String text) {
    List<QueryResult.Series> left = ((Data.Matrix) expected).series();
    List<QueryResult.Series> right = ((Data.Matrix) got).series();
    assertThat(right.size()).as(text).isEqualTo(left.size());
    for (int i = 0; i < left.size(); i++) {
      assertThat((Object) right.get(i).labels()).as(text).isEqualTo(left.get(i).labels());
      assertThat(Arrays.equals(right.get(i).timesMs(), left.get(i).timesMs())).as(text).isTrue();
      assertThat(Arrays.equals(right.get(i).values(), left.get(i).values())).as(text).isTrue();
    }
  }

  /** A label that becomes fourteen times as long with each call. */
  private static String bomb(int depth) {
    String inner =
        depth == 0 ? "label_replace(vector(1), \"a\", \"xxxx\", \"\", \"\")" : bomb(depth - 1);
    return depth == 0
        ? inner
        : "label_join(" + inner + ", \"a\", \"\"" + ", \"a\"".repeat(14) + ")";
  }

  @Test
  void queriesThatFindNoMemoryBeginAgainWhenItIsFree() throws Exception {
    TestStorage storage = storage(100, 100);
    QueryMemory memory = memory(4_000_000, 4_000_000);
    PromqlEngine engine = engine(storage, memory);
    Data expected = engine.range("m_total + 1", 0, 990_000, 1_000, DEFAULT).data();
    List<CompletableFuture<Data>> answers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      CompletableFuture<Data> answer = new CompletableFuture<>();
      answers.add(answer);
      Thread.ofVirtual()
          .start(() -> {
            try {
              answer.complete(engine.range("m_total + 1", 0, 990_000, 1_000, DEFAULT).data());
            } catch (RuntimeException e) {
              answer.completeExceptionally(e);
            }
          });
    }
    for (CompletableFuture<Data> answer : answers) {
      same(expected, answer.get(50, TimeUnit.SECONDS), "m_total + 1");
    }
    assertThat(memory.granted()).isZero();
    engine.stop();
  }

  @Test
  void shortQueriesDoNotWaitForLongOnes() throws Exception {
    PromqlEngine engine =
        new PromqlEngine(storage(200, 1000), () -> options(50_000_000, Duration.ofMinutes(2), 8));
    String text = "quantile_over_time(0.5, m_total[1000s])";
    List<Thread> askers = new ArrayList<>();
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger answered = new AtomicInteger();
    for (int i = 0; i < 50; i++) {
      askers.add(
          Thread.ofVirtual()
              .start(() -> {
                begun.incrementAndGet();
                try {
                  engine.range(text, 0, 1_000_000, 100, DEFAULT);
                  answered.incrementAndGet();
                } catch (QueryException e) {
                  // the end of the test
                }
              }));
    }
    while (begun.get() < askers.size()) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < 5; i++) {
      assertThat(engine.instant("sum(m_total)", 990_000, DEFAULT).data()).isNotNull();
    }
    assertThat(answered.get()).isLessThan(askers.size() / 2);
    askers.forEach(Thread::interrupt);
    for (Thread asker : askers) {
      asker.join();
    }
    engine.stop();
  }

  @Test
  void queryThatWaitsForMemoryInVainTimesOut() {
    TestStorage storage = storage(100, 100);
    QueryMemory memory = memory(2_000_000, 2_000_000);
    List<Refusal> refused = new ArrayList<>();
    PromqlEngine engine = engine(storage, memory);
    engine.refusals = refused::add;
    QueryMemory.Share others = memory.open();
    others.require(2_000_000);
    QueryEngine.Options soon = new QueryEngine.Options(Duration.ofMillis(20), null, false);
    fails(
        () -> engine.range("m_total", 0, 990_000, 10_000, soon),
        Kind.TIMEOUT,
        "query timed out in query queue");
    assertThat(refused).containsExactly(Refusal.QUEUE);
    others.close();
    assertThat(engine.range("m_total", 0, 990_000, 10_000, DEFAULT).data()).isNotNull();
  }

  @Test
  void answersKeepTheirMemoryUntilTheyAreDropped() {
    QueryMemory memory = memory(8_000_000, 8_000_000);
    PromqlEngine engine = engine(storage(100, 100), memory);
    try (AnswerMemory kept = new AnswerMemory()) {
      Data data = engine.range("m_total", 0, 990_000, 10_000, DEFAULT.keeping(kept)).data();
      assertThat(((Data.Matrix) data).series()).hasSize(100);
      assertThat(memory.granted()).isBetween(80_000L, 200_000L);
    }
    assertThat(memory.granted()).isZero();
  }

  /** Notes what was held when series were listed, and how many were asked for. */
  private static final class Listed {
    final List<Long> held = new ArrayList<>();
    final List<Integer> limits = new ArrayList<>();

    Storage over(TestStorage storage, QueryMemory memory) {
      return (Storage)
          Proxy.newProxyInstance(
              Storage.class.getClassLoader(),
              new Class<?>[] {Storage.class},
              (p, method, a) -> {
                if (method.getName().equals("forEachSeries")) {
                  held.add(memory.granted());
                  limits.add((Integer) a[3]);
                }
                return method.invoke(storage, a);
              });
    }
  }

  @Test
  void explainCountsSeriesWithinTheMemoryOfTheQuery() {
    QueryMemory memory = memory(8_000_000, 4_000_000);
    Listed listed = new Listed();
    PromqlEngine engine =
        new PromqlEngine(
            listed.over(storage(100, 10), memory),
            () -> options(50_000_000, Duration.ofSeconds(50), 20),
            PluginFunctions.NONE,
            memory);
    QueryInspector.PlanNode plan = engine.explain("sum(m_total)", 50_000, 50_000, 0, DEFAULT);
    assertThat(plan.children().getFirst().estimatedSeries()).isEqualTo(100);
    assertThat(listed.limits).containsExactly(20_000);
    assertThat(listed.held).allSatisfy(h -> assertThat(h).isGreaterThanOrEqualTo(20_000 * 200));
    assertThat(memory.granted()).isZero();
  }

  @Test
  void explainOfAQueryWhoseTextsTakeTooMuchIsRefused() {
    QueryMemory memory = memory(40_000_000, 30_000_000);
    PromqlEngine engine = engine(storage(1, 1), memory);
    String query = String.join(" + ", Collections.nCopies(1000, "m{a=\"" + "x".repeat(90) + "\"}"));
    assertThat(engine.instant(query, 0, DEFAULT).data()).isNotNull();
    fails(
        () -> engine.explain(query, 0, 0, 0, DEFAULT),
        Kind.EXECUTION,
        "query processing would load too many samples into memory in query execution");
    assertThat(memory.granted()).isZero();
  }

  @Test
  void refusesLongTextsAndSaysWhy() {
    List<Refusal> refused = new ArrayList<>();
    PromqlEngine engine = engine();
    engine.refusals = refused::add;
    fails(
        () -> engine.instant("x".repeat(2 << 20), 0, DEFAULT),
        Kind.BAD_DATA,
        "1:1: parse error: expression is too long");
    fails(() -> engine.check("1+".repeat(200_000) + "1"), Kind.BAD_DATA, "too long");
    fails(() -> engine.format("1+".repeat(3_000) + "1"), Kind.BAD_DATA, "too deeply");
    assertThat(refused).containsExactly(Refusal.LENGTH, Refusal.TOKENS, Refusal.DEPTH);
  }

  @Test
  void noTimeIsATimeout() {
    QueryEngine.Options none = new QueryEngine.Options(Duration.ZERO, null, false);
    fails(() -> engine().instant("1", 0, none), Kind.TIMEOUT, "query timed out in query queue");
  }

  @Test
  void parsesNothingBeforeItsTurn() {
    PromqlEngine engine = engine(storage(1, 1), options(100, Duration.ofSeconds(50), 1));
    QueryEngine.Options none = new QueryEngine.Options(Duration.ZERO, null, false);
    fails(() -> engine.instant("((", 0, none), Kind.TIMEOUT, "query timed out in query queue");
  }
}
