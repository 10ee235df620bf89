package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.rules.GroupSpec.RuleSpec;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.rules.RuleService;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageStats;
import io.narthex.template.DefaultTemplateService;
import io.narthex.testkit.FakeClock;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@NullUnmarked
class RuleGroupTest {
  private static final long T0 = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();
  private static final Labels UP = Labels.of("__name__", "up", "job", "x");

  private final FakeEngine engine = new FakeEngine();
  private final FakeStorage storage = new FakeStorage();
  private final List<Alert> sent = new ArrayList<>();
  private final RuleContext context =
      new RuleContext(
          engine,
          storage,
          new FakeTemplates(),
          () -> Labels.EMPTY,
          () -> "http://s:9090",
          sent::addAll,
          Duration.ofMinutes(1),
          Duration.ofHours(1),
          Duration.ofMinutes(10),
          null);

  private static long minute(int n) {
    return T0 + n * 60_000L;
  }

  private RuleGroup group(Duration holdFor, Duration keep, boolean restore, int limit) {
    RuleSpec alert =
        new RuleSpec(
            "Down", true, "up==0", "up == 0", holdFor, keep, Map.of("severity", "page"), Map.of());
    return new RuleGroup(
        new GroupSpec("f", "g", null, limit, null, List.of(alert)),
        Duration.ofMinutes(1),
        Duration.ZERO,
        context,
        Clock.systemUTC(),
        restore);
  }

  private static RuleService.AlertingRule alertOf(RuleGroup group) {
    return (RuleService.AlertingRule) group.view().rules().get(0);
  }

  @Test
  void alertIsPendingUntilItHoldsLongEnoughThenFiresAndIsResent() {
    RuleGroup group = group(Duration.ofMinutes(2), Duration.ZERO, false, 0);
    engine.vector = List.of(UP);
    group.evaluate(minute(0));
    assertThat(alertOf(group).state()).isEqualTo(RuleService.AlertState.PENDING);
    assertThat(sent).isEmpty();
    group.evaluate(minute(1));
    group.evaluate(minute(2));
    assertThat(alertOf(group).state()).isEqualTo(RuleService.AlertState.FIRING);
    assertThat(sent).hasSize(1);
    assertThat((Object) sent.get(0).labels())
        .isEqualTo(Labels.of("alertname", "Down", "job", "x", "severity", "page"));
    assertThat(sent.get(0).startsAt()).isEqualTo(Instant.ofEpochMilli(minute(2)));
    assertThat(sent.get(0).endsAt()).isEqualTo(Instant.ofEpochMilli(minute(6)));
    assertThat(sent.get(0).generatorUrl())
        .isEqualTo("http://s:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
    group.evaluate(minute(3));
    assertThat(sent).as("the resend delay has to be exceeded").hasSize(1);
    group.evaluate(minute(4));
    assertThat(sent).hasSize(2);
  }

  @Test
  void annotationWithoutTextIsShownHandedOverAndSent() {
    RuleSpec alert =
        new RuleSpec(
            "Down",
            true,
            "up==0",
            "up == 0",
            Duration.ZERO,
            Duration.ZERO,
            Map.of("none", ""),
            Map.of("empty", "", "summary", "s"));
    GroupSpec spec = new GroupSpec("f", "g", null, 0, null, List.of(alert));
    RuleGroup before =
        new RuleGroup(
            spec, Duration.ofMinutes(1), Duration.ZERO, context, Clock.systemUTC(), false);
    engine.vector = List.of(UP);
    before.evaluate(minute(0));
    Map<String, String> both = Map.of("empty", "", "summary", "s");
    assertThat(sent.get(0).annotationTexts()).isEqualTo(both);
    assertThat(sent.get(0).labels().has("none")).isFalse();
    assertThat(alertOf(before).annotationTexts()).isEqualTo(both);
    assertThat(alertOf(before).labelTexts()).isEqualTo(Map.of("none", ""));
    RuleGroup after =
        new RuleGroup(spec, Duration.ofMinutes(1), Duration.ZERO, context, Clock.systemUTC(), true);
    java.util.Objects.requireNonNull(RuleState.of((Object) RuleState.of(Map.of("k", before))))
        .restore("k", after);
    assertThat(alertOf(after).alerts().get(0).annotationTexts()).isEqualTo(both);
    assertThat(AlertSender.json(sent)).contains("\"empty\":\"\"");
  }

  static Stream<Arguments> histograms() {
    return Stream.of(
        Arguments.of(
            NativeHistogram.builder()
                .schema(0)
                .count(12)
                .sum(18.5)
                .zeroBucket(0.001, 2)
                .positive(new int[] {0, 2, 1, 1}, new double[] {3, 0, 4})
                .negative(new int[] {0, 2}, new double[] {1, 2})
                .build(),
            "{count:12, sum:18.5, [-2,-1):2, [-1,-0.5):1, [-0.001,0.001]:2, (0.5,1]:3, (4,8]:4}"),
        Arguments.of(
            NativeHistogram.builder()
                .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
                .count(1)
                .sum(0.5)
                .positive(new int[] {1, 1}, new double[] {1})
                .customBounds(new double[] {0.1, 1})
                .build(),
            "{count:1, sum:0.5, (0.1,1]:1}"),
        Arguments.of(NativeHistogram.builder().schema(3).build(), "{count:0, sum:0}"));
  }

  @ParameterizedTest
  @MethodSource("histograms")
  void annotationsShowNativeHistogramsAsPrometheusDoes(NativeHistogram histogram, String shown) {
    RuleSpec alert =
        new RuleSpec(
            "Slow",
            true,
            "h",
            "h",
            Duration.ZERO,
            Duration.ZERO,
            Map.of(),
            Map.of("value", "{{ $value }}", "query", "{{ query \"h\" | first | value }}"));
    RuleContext real =
        new RuleContext(
            engine,
            storage,
            DefaultTemplateService.standalone(Clock.systemUTC()),
            () -> Labels.EMPTY,
            () -> "http://s:9090",
            sent::addAll,
            Duration.ofMinutes(1),
            Duration.ofHours(1),
            Duration.ofMinutes(10),
            null);
    engine.vector = List.of(UP);
    engine.histogram = histogram;
    new RuleGroup(
            new GroupSpec("f", "g", null, 0, null, List.of(alert)),
            Duration.ofMinutes(1),
            Duration.ZERO,
            real,
            Clock.systemUTC(),
            false)
        .evaluate(minute(0));
    assertThat(sent.get(0).annotationTexts()).isEqualTo(Map.of("value", shown, "query", shown));
  }

  @Test
  void stateIsHandedToTheGroupOfAnotherVersion() {
    RuleGroup before = group(Duration.ofMinutes(2), Duration.ZERO, false, 0);
    engine.vector = List.of(UP);
    for (int m = 0; m <= 2; m++) {
      before.evaluate(minute(m));
    }
    assertThat(sent).hasSize(1);
    Map<String, Object> left = RuleState.of(Map.of("k", before));

    RuleGroup after = group(Duration.ofMinutes(2), Duration.ZERO, true, 0);
    java.util.Objects.requireNonNull(RuleState.of((Object) left)).restore("k", after);
    assertThat(alertOf(after).state()).isEqualTo(RuleService.AlertState.FIRING);
    assertThat(alertOf(after).alerts()).isEqualTo(alertOf(before).alerts());
    assertThat(after.rules().get(0).series).isEqualTo(before.rules().get(0).series).isNotEmpty();
    after.evaluate(minute(3));
    assertThat(sent).as("it has been sent a minute ago").hasSize(1);
    engine.vector = List.of();
    after.evaluate(minute(4));
    assertThat(sent).hasSize(2);
    assertThat(sent.get(1).startsAt()).isEqualTo(Instant.ofEpochMilli(minute(2)));
    assertThat(sent.get(1).endsAt()).isEqualTo(Instant.ofEpochMilli(minute(4)));
  }

  @Test
  void stateInAnotherFormIsLeftAlone() {
    assertThat(RuleState.of((Object) null)).isNull();
    assertThat(RuleState.of((Object) "text")).isNull();
    RuleGroup group = group(Duration.ZERO, Duration.ZERO, true, 0);
    Map<String, Object> odd =
        Map.of("k", List.of(Map.of("rule", "Down{severity=page}", "alerts", List.of("odd"))));
    java.util.Objects.requireNonNull(RuleState.of((Object) odd)).restore("k", group);
    java.util.Objects.requireNonNull(RuleState.of((Object) odd)).restore("absent", group);
    assertThat(alertOf(group).alerts()).isEmpty();
  }

  @Test
  void resolvedAlertIsSentWithItsEndForFifteenMinutes() {
    RuleGroup group = group(Duration.ZERO, Duration.ZERO, false, 0);
    engine.vector = List.of(UP);
    group.evaluate(minute(0));
    engine.vector = List.of();
    group.evaluate(minute(1));
    assertThat(sent).hasSize(2);
    assertThat(sent.get(1).endsAt()).isEqualTo(Instant.ofEpochMilli(minute(1)));
    assertThat(alertOf(group).state()).isEqualTo(RuleService.AlertState.INACTIVE);
    for (int m = 2; m < 30; m++) {
      group.evaluate(minute(m));
    }
    assertThat(sent.size()).isBetween(8, 10);
    assertThat(sent.getLast().endsAt()).isEqualTo(Instant.ofEpochMilli(minute(1)));
  }

  @Test
  void keepFiringForHoldsAnAlert() {
    RuleGroup group = group(Duration.ZERO, Duration.ofMinutes(2), false, 0);
    engine.vector = List.of(UP);
    group.evaluate(minute(0));
    engine.vector = List.of();
    group.evaluate(minute(1));
    group.evaluate(minute(2));
    assertThat(alertOf(group).state()).isEqualTo(RuleService.AlertState.FIRING);
    group.evaluate(minute(3));
    assertThat(alertOf(group).state()).isEqualTo(RuleService.AlertState.INACTIVE);
  }

  @Test
  void writesAlertSeriesAndEndsThem() {
    RuleGroup group = group(Duration.ofMinutes(1), Duration.ZERO, false, 0);
    engine.vector = List.of(UP);
    group.evaluate(minute(0));
    group.evaluate(minute(1));
    Labels pending =
        Labels.of(
            "__name__",
            "ALERTS",
            "alertname",
            "Down",
            "alertstate",
            "pending",
            "job",
            "x",
            "severity",
            "page");
    assertThat(storage.of(pending).get(0)).isEqualTo("0=1.0");
    assertThat(storage.of(pending).get(1)).isEqualTo("60=stale");
    assertThat(storage.of(pending.with("alertstate", "firing"))).containsExactly("60=1.0");
    assertThat(storage.of(pending.without("alertstate").with("__name__", "ALERTS_FOR_STATE")))
        .containsExactly("0=" + (double) (T0 / 1000), "60=" + (double) (T0 / 1000));
  }

  @Test
  void seriesAreResolvedOnceAfterTheStorageWasReplaced() {
    RuleGroup group = group(Duration.ZERO, Duration.ZERO, false, 0);
    engine.vector = List.of(UP, UP.with("job", "y"));
    group.evaluate(minute(0));
    group.evaluate(minute(1));
    int before = storage.resolved;
    storage.replace();
    storage.appended = 0;
    group.evaluate(minute(2));
    assertThat(storage.appended).as("refused, then with new references").isEqualTo(2);
    assertThat(storage.resolved).isEqualTo(before + 4);
    group.evaluate(minute(3));
    group.evaluate(minute(4));
    assertThat(storage.appended).isEqualTo(4);
    assertThat(storage.resolved).isEqualTo(before + 4);
    assertThat(storage.samples).doesNotHaveDuplicates();
  }

  @Test
  void limitDropsTheWholeResult() {
    RuleGroup group = group(Duration.ZERO, Duration.ZERO, false, 1);
    engine.vector = List.of(UP, UP.with("job", "y"));
    group.evaluate(minute(0));
    assertThat(alertOf(group).health()).isEqualTo(RuleService.Health.ERR);
    assertThat(alertOf(group).lastError()).isEqualTo("exceeded limit of 1 with 2 alerts");
    assertThat(storage.samples).isEmpty();
  }

  @Test
  void restoresSinceWhenAlertsAreActive() {
    RuleGroup group = group(Duration.ofMinutes(30), Duration.ZERO, true, 0);
    engine.vector = List.of(UP);
    group.evaluate(minute(60));
    assertThat(storage.samples).as("nothing is written before the restoration").isEmpty();
    storage.forState =
        new SelectRow(
            Labels.of(
                "__name__",
                "ALERTS_FOR_STATE",
                "alertname",
                "Down",
                "job",
                "x",
                "severity",
                "page"),
            minute(50),
            minute(35) / 1000.0);
    AlertRule rule = (AlertRule) group.rules().get(0);
    rule.restore(context, minute(61));
    // 15 of 30 minutes were spent when the server went down 11 minutes ago
    assertThat(alertOf(group).alerts().get(0).activeAtMs()).isEqualTo(minute(46));
    group.evaluate(minute(62));
    assertThat(storage.samples).isNotEmpty();
  }

  @Test
  void evaluationWaitsWhileTheStorageIsReplaced() throws Exception {
    RuleGroup group = group(Duration.ZERO, Duration.ZERO, false, 0);
    engine.vector = List.of(UP);
    engine.before =
        () -> { // it goes when the query has begun
          engine.before = () -> assertThat(storage.ready).isTrue();
          storage.ready = false;
          throw new QueryException(QueryException.Kind.UNAVAILABLE, "is being replaced");
        };
    Thread evaluation = Thread.ofPlatform().start(() -> group.evaluate(minute(0)));
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (evaluation.getState() != Thread.State.TIMED_WAITING || storage.ready) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.onSpinWait();
    }
    assertThat(sent).isEmpty();
    storage.ready = true;
    evaluation.join();
    assertThat(alertOf(group).health()).isEqualTo(RuleService.Health.OK);
    assertThat(sent).hasSize(1);
    assertThat(sent.get(0).startsAt()).isEqualTo(Instant.ofEpochMilli(minute(0)));
  }

  @Test
  void unavailableEngineIsAFailureWhileTheStorageIsThere() {
    RuleGroup group = group(Duration.ZERO, Duration.ZERO, false, 0);
    engine.before =
        () -> {
          throw new QueryException(QueryException.Kind.UNAVAILABLE, "no engine");
        };
    group.evaluate(minute(0));
    assertThat(alertOf(group).health()).isEqualTo(RuleService.Health.ERR);
    assertThat(alertOf(group).lastError()).isEqualTo("no engine");
  }

  @Test
  void slotsAreSpreadAndStable() {
    long slot = RuleGroup.slotMs("f;g", 60_000, minute(5) + 1234);
    assertThat(slot).isLessThanOrEqualTo(minute(5) + 1234).isGreaterThan(minute(4) + 1234);
    assertThat(RuleGroup.slotMs("f;g", 60_000, slot + 60_000)).isEqualTo(slot + 60_000);
    assertThat(RuleGroup.slotMs("f;g", 60_000, slot + 59_999)).isEqualTo(slot);
  }

  private RuleGroup fast(Clock clock) {
    RuleSpec alert =
        new RuleSpec(
            "Down", true, "up==0", "up == 0", Duration.ZERO, Duration.ZERO, Map.of(), Map.of());
    return new RuleGroup(
        new GroupSpec("f", "g", null, 0, null, List.of(alert)),
        Duration.ofMillis(50),
        Duration.ZERO,
        context,
        clock,
        false);
  }

  /** Moves the clock until a group has evaluated so often again; fails after ten seconds. */
  private void awaitEvaluations(FakeClock clock, AtomicInteger evaluations, int more)
      throws InterruptedException {
    int want = evaluations.get() + more;
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (evaluations.get() < want) {
      assertThat(System.nanoTime()).as("evaluations go on").isLessThan(deadline);
      clock.advance(Duration.ofMillis(10));
      new CountDownLatch(1).await(2, TimeUnit.MILLISECONDS);
    }
  }

  @Test
  void evaluatesOnWhenTheClockJumps() throws Exception {
    AtomicInteger evaluations = new AtomicInteger();
    engine.before = evaluations::incrementAndGet;
    FakeClock clock = new FakeClock(T0);
    RuleGroup group = fast(clock);
    group.start();
    try {
      for (Duration jump :
          List.of(Duration.ZERO, Duration.ofHours(-1), Duration.ofDays(1), Duration.ofDays(-1))) {
        clock.advance(jump);
        awaitEvaluations(clock, evaluations, 3);
      }
    } finally {
      group.stop(false);
    }
  }

  @Test
  void anErrorOfAFunctionFailsTheRuleAndKeepsGroupAndAlerts() throws Exception {
    AtomicInteger evaluations = new AtomicInteger();
    engine.vector = List.of(UP);
    engine.before =
        () -> {
          if (evaluations.incrementAndGet() > 2) {
            throw new AssertionError("of a function");
          }
        };
    FakeClock clock = new FakeClock(T0);
    RuleGroup group = fast(clock);
    group.start();
    try {
      awaitEvaluations(clock, evaluations, 6);
    } finally {
      group.stop(false);
    }
    RuleService.AlertingRule alert = alertOf(group);
    assertThat(alert.health()).isEqualTo(RuleService.Health.ERR);
    assertThat(alert.lastError()).contains("of a function");
    assertThat(alert.state()).isEqualTo(RuleService.AlertState.FIRING);
  }

  private static final class FakeEngine implements QueryEngine {
    List<Labels> vector = List.of();
    NativeHistogram histogram;
    Runnable before = () -> {};

    @Override
    public QueryResult instant(String expression, long timeMs, Options options) {
      before.run();
      return new QueryResult(
          new QueryResult.Data.Vector(
              vector.stream()
                  .map(l -> new QueryResult.VectorSample(l, timeMs, 0, histogram))
                  .toList()),
          List.of(),
          List.of(),
          null);
    }

    @Override
    public QueryResult range(
        String expression, long startMs, long endMs, long stepMs, Options options) {
      throw new QueryException(QueryException.Kind.EXECUTION, "not here");
    }

    @Override
    public String format(String expression) {
      return expression;
    }

    @Override
    public void check(String expression) {}

    @Override
    public List<Matcher> selector(String text) {
      return List.of();
    }
  }

  private record SelectRow(Labels labels, long timeMs, double value) {}

  private static final class FakeStorage implements StorageGate {
    final List<String> samples = new ArrayList<>();
    private final List<Labels> series = new ArrayList<>();
    SelectRow forState;
    volatile boolean ready = true;
    private long base; // of the references of this opening
    int resolved;
    int appended;

    /** As a replacement does: the references of before are unknown. */
    void replace() {
      base += 1000;
      series.clear();
    }

    List<String> of(Labels labels) {
      String prefix = labels + " ";
      return samples.stream()
          .filter(s -> s.startsWith(prefix))
          .map(s -> s.substring(prefix.length()))
          .toList();
    }

    @Override
    public long resolve(Labels labels) {
      resolved++;
      int at = series.indexOf(labels);
      if (at < 0) {
        series.add(labels);
        at = series.size() - 1;
      }
      return base + at;
    }

    @Override
    public AppendResult append(SampleBatch batch) {
      appended++;
      byte[] codes = new byte[batch.size()];
      boolean unknown = false;
      for (int i = 0; i < batch.size(); i++) {
        long at = batch.ref(i) - base;
        if (at < 0 || at >= series.size()) {
          codes[i] = AppendResult.UNKNOWN_SERIES;
          unknown = true;
          continue;
        }
        samples.add(
            series.get((int) at)
                + " "
                + (batch.timeMs(i) - T0) / 1000
                + "="
                + (StaleMarker.is(batch.value(i)) ? "stale" : "" + batch.value(i)));
      }
      return unknown ? AppendResult.of(codes, 0) : AppendResult.ALL_OK;
    }

    @Override
    public SeriesCursor select(SelectRequest request) {
      return new SeriesCursor() {
        private boolean series;
        private boolean tile;

        @Override
        public boolean nextSeries() {
          boolean first = !series && forState != null;
          series = true;
          return first;
        }

        @Override
        public Labels labels() {
          return forState.labels();
        }

        @Override
        public boolean nextTile(SampleTile t) {
          if (tile) {
            t.size = 0;
            return false;
          }
          tile = true;
          t.size = 1;
          t.timesMs[0] = forState.timeMs();
          t.values[0] = forState.value();
          return true;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public List<Labels> series(
        List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
      return List.of();
    }

    @Override
    public List<String> labelNames(
        List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
      return List.of();
    }

    @Override
    public List<String> labelValues(
        String name, List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
      return List.of();
    }

    @Override
    public List<SeriesExemplars> exemplars(
        List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
      return List.of();
    }

    @Override
    public StorageStats stats(int topN) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}

    @Override
    public boolean ready() {
      return ready;
    }

    @Override
    public boolean tryHold() {
      return ready;
    }

    @Override
    public void release() {}

    @Override
    public String type() {
      return "fake";
    }

    @Override
    public <T extends Storage> T capability(Class<T> type) {
      return null;
    }

    @Override
    public double replayProgress() {
      return 1;
    }
  }

  private static final class FakeTemplates implements TemplateService {
    @Override
    public void checkRule(String name, String text) {}

    @Override
    public String expandRule(String name, String text, RuleData data) {
      return text;
    }

    @Override
    public String expandConsole(
        String name, String text, Map<String, String> libraries, ConsoleData data) {
      return text;
    }

    @Override
    public NotificationTemplates load(List<String> globs, Path folder) {
      throw new UnsupportedOperationException();
    }

    @Override
    public NotificationTemplates builtIn() {
      throw new UnsupportedOperationException();
    }
  }
}
