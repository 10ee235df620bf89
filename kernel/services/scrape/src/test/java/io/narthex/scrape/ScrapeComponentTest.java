package io.narthex.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.targets.TargetService.Health;
import io.narthex.spi.storage.AppendResult;
import io.narthex.testkit.FakeClock;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullUnmarked
final class ScrapeComponentTest {
  private final Fakes.Store store = new Fakes.Store();
  private final Fakes.Counts counts = new Fakes.Counts();
  private final Map<String, String> pages = new ConcurrentHashMap<>();
  private volatile UnaryOperator<String> paged = pages::get;
  private final ScrapeComponent component =
      new ScrapeComponent(
          store,
          Fakes.http(uri -> paged.apply(uri.toString())),
          counts.metrics(),
          Fakes.exporters(),
          Fakes.server(),
          new WorkMemory(1 << 30));

  @AfterEach
  void stop() throws InterruptedException {
    component.close();
  }

  private void configure(ScrapeConfig... jobs) {
    component.apply(Snapshots.of(jobs));
  }

  private static TargetGroup group(String... addresses) {
    return new TargetGroup(
        "0",
        Map.of(),
        java.util.Arrays.stream(addresses).map(a -> Map.of("__address__", a)).toList());
  }

  @Test
  void scrapesReportsAndMarksTheEnd() throws Exception {
    pages.put("http://a:1/metrics", "m 1\n");
    configure(Jobs.job("j"));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    store.awaitAppends(3);
    assertThat(store.of("__name__", "m", "job", "j", "instance", "a:1")).startsWith("1.0", "1.0");
    assertThat(store.of("__name__", "up", "job", "j", "instance", "a:1")).startsWith("1.0", "1.0");
    assertThat(store.of("__name__", "scrape_series_added", "job", "j", "instance", "a:1"))
        .startsWith("1.0", "0.0");
    assertThat(component.active())
        .singleElement()
        .satisfies(t -> {
          assertThat(t.health()).isEqualTo(Health.UP);
          assertThat(t.scrapeUrl()).isEqualTo("http://a:1/metrics");
          assertThat(t.lastScrapeMs()).isPositive();
        });
    component.targetsChanged("scrape/j", List.of());
    awaitLast("m", "stale", "a:1");
    awaitLast("up", "stale", "a:1");
    assertThat(component.active()).isEmpty();
  }

  private void awaitLast(String name, String value, String instance) throws InterruptedException {
    synchronized (store) {
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (true) {
        List<String> all = store.of("__name__", name, "job", "j", "instance", instance);
        if (!all.isEmpty() && all.getLast().equals(value)) {
          return;
        }
        long left = (deadline - System.nanoTime()) / 1_000_000;
        assertThat(left).as(name + " " + all).isPositive();
        store.wait(left);
      }
    }
  }

  @Test
  void reportsWhatTheStorageHasTakenOfOwnTimes() throws Exception {
    store.refused.put("m", AppendResult.TOO_OLD);
    store.refusedMs = 500;
    pages.put("http://b:1/metrics", "m 1 500\nn 1 600\n");
    configure(Jobs.job("j"));
    component.targetsChanged("scrape/j", List.of(group("b:1")));
    awaitLast("up", "1.0", "b:1");
    assertThat(store.of("__name__", "scrape_series_added", "job", "j", "instance", "b:1"))
        .startsWith("1.0");
    store.forgetAll();
    awaitLast("up", "1.0", "b:1");
    awaitLast("n", "1.0", "b:1");
  }

  @Test
  void saysWhyATargetIsDown() throws Exception {
    pages.put("http://a:1/metrics", "500");
    configure(Jobs.job("j", "extra", true));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    store.awaitAppends(1);
    awaitLast("up", "0.0", "a:1");
    awaitLast("scrape_timeout_seconds", "0.1", "a:1");
    awaitError("server returned HTTP status 500 Internal Server Error");
    pages.put("http://a:1/metrics", "m 1\n");
    awaitLast("m", "1.0", "a:1");
    pages.put("http://a:1/metrics", "m x\n");
    awaitLast("m", "stale", "a:1");
  }

  @Test
  void countsFailedScrapesByReason() throws Exception {
    configure(Jobs.job("j"));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    awaitFailure("connection");
    paged = uri -> "500";
    awaitFailure("status");
    paged = uri -> "m x\n";
    awaitFailure("exposition");
    paged =
        uri -> {
          throw new IllegalStateException("broken");
        };
    awaitFailure("fault");
  }

  private void awaitFailure(String reason) throws InterruptedException {
    String name = "narthex_scrapes_failed_total[" + reason + "]";
    synchronized (store) {
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (!counts.values.containsKey(name)) {
        assertThat(System.nanoTime()).as(name + " " + counts.values).isLessThan(deadline);
        store.wait(50);
      }
    }
  }

  @Test
  void goesOnScrapingWhileTheStorageIsReplacedAndStoresAllInOrder() throws Exception {
    AtomicInteger served = new AtomicInteger();
    paged = uri -> "m " + served.incrementAndGet() + "\n";
    configure(Jobs.job("j"));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    store.awaitAppends(2);
    store.open = false;
    int before = served.get();
    await(() -> served.get() >= before + 5);
    int stored;
    synchronized (store) {
      stored = store.appended;
    }
    assertThat(stored).isLessThanOrEqualTo(before);
    assertThat(component.active().get(0).health()).isEqualTo(Health.UP);
    store.forgetAll(); // the new storage has references of its own
    store.open = true;
    String last = served.get() + ".0"; // more may follow before anybody looks
    await(() -> ofTarget("m").contains(last));
    List<String> values = ofTarget("m");
    for (int i = 0; i < values.size(); i++) {
      assertThat(values.get(i)).isEqualTo((i + 1) + ".0");
    }
    synchronized (store) {
      assertThat(store.upTimes).isSorted().doesNotHaveDuplicates();
      assertThat(store.of("__name__", "up", "job", "j", "instance", "a:1"))
          .containsOnly("1.0")
          .hasSameSizeAs(store.upTimes);
    }
    assertThat(counts.values).doesNotContainKey("narthex_scrapes_lost_total");
  }

  private List<String> ofTarget(String name) {
    return store.of("__name__", name, "job", "j", "instance", "a:1");
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  private void awaitError(String error) throws InterruptedException {
    synchronized (store) {
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (!component.active().get(0).lastError().equals(error)) {
        assertThat(System.nanoTime())
            .as(component.active().get(0).lastError())
            .isLessThan(deadline);
        store.wait(50);
      }
    }
  }

  @Test
  void scrapesItselfInProcess() throws Exception {
    configure(
        Jobs.job("j", "path", "/exporters/node/metrics"),
        Jobs.job("own"),
        Jobs.job(
            "hang", "path", "/exporters/node/metrics", "params", Map.of("hang", List.of("1"))));
    for (String job : List.of("j", "own", "hang")) {
      component.targetsChanged("scrape/" + job, List.of(group("self")));
    }
    awaitLast("node_load1", "0.5", "here.test:9090");
    synchronized (store) {
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (store.of("__name__", "own_total", "job", "own", "instance", "here.test:9090").isEmpty()
          || store.of("__name__", "up", "job", "hang", "instance", "here.test:9090").isEmpty()) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        store.wait(50);
      }
      assertThat(store.of("__name__", "up", "job", "hang", "instance", "here.test:9090"))
          .containsOnly("0.0");
    }
  }

  @Test
  void keepsHistogramsAndExemplarsOfExporters() throws Exception {
    configure(
        Jobs.job("j", "path", "/exporters/node/metrics", "native", true),
        Jobs.job("classic", "path", "/exporters/node/metrics"));
    for (String job : List.of("j", "classic")) {
      component.targetsChanged("scrape/" + job, List.of(group("self")));
    }
    awaitLast("node_load1", "0.5", "here.test:9090");
    synchronized (store) {
      assertThat(of("node_wait", "j")).isNotEmpty().containsOnly("hist 7.0");
      assertThat(
              store.exemplars.get(
                  Labels.of(
                      "__name__", "node_hits_total", "job", "j", "instance", "here.test:9090")))
          .contains(new Exemplar(Labels.of("trace_id", "abc"), 1, 1000, true));
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (of("node_wait_count", "classic").isEmpty()) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        store.wait(50);
      }
      assertThat(of("node_wait_count", "classic")).containsOnly("7.0");
      assertThat(of("node_wait", "classic")).isEmpty();
    }
  }

  private List<String> of(String name, String job) {
    return store.of("__name__", name, "job", job, "instance", "here.test:9090", "disk", "a");
  }

  @Test
  void goesOnThroughAReload() throws Exception {
    pages.put("http://a:1/metrics", "m 1\n");
    configure(Jobs.job("j"));
    component.targetsChanged("scrape/j", List.of(group("a:1", "b:1")));
    store.awaitAppends(2);
    configure(
        Jobs.job("j", "metricRelabel", List.of(Jobs.rule("replace", "", "(.*)", "added", "x"))));
    synchronized (store) {
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (store.of("__name__", "m", "job", "j", "instance", "a:1", "added", "x").isEmpty()) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        store.wait(50);
      }
    }
    assertThat(store.of("__name__", "up", "job", "j", "instance", "a:1")).doesNotContain("stale");
    configure();
    awaitLast("up", "stale", "a:1");
    assertThat(component.pools()).isEmpty();
  }

  @Test
  void refusesMoreTargetsThanAllowed() throws Exception {
    configure(Jobs.job("j", "targetLimit", 1L));
    component.targetsChanged("scrape/j", List.of(group("a:1", "b:1")));
    awaitLast("up", "0.0", "a:1");
    // the sample is stored before the target's state says why
    synchronized (store) {
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (component.active().stream()
          .noneMatch(t ->
              t.lastError().equals("target_limit exceeded (number of targets: 2, limit: 1)"))) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        store.wait(20);
      }
    }
    assertThat(component.active()).hasSize(2);
  }

  @Test
  void relabelsTargets() {
    configure(
        Jobs.job(
            "j",
            "interval",
            Duration.ofHours(1),
            "relabel",
            List.of(
                Jobs.rule("drop", "__address__", "b:.*", "", "$1"),
                Jobs.rule("replace", "__address__", "(.*):.*", "instance", "$1"),
                Jobs.rule("replace", "", "(.*)", "__param_q", "v w"))));
    component.targetsChanged("scrape/j", List.of(group("a:1", "b:1", "a:1", "x/y")));
    assertThat(component.active())
        .singleElement()
        .satisfies(t -> {
          assertThat(t.labels().get("instance")).isEqualTo("a");
          assertThat(t.scrapeUrl()).isEqualTo("http://a:1/metrics?q=v+w");
          assertThat(t.discovered().get("__scrape_interval__")).isEqualTo("1h");
        });
    assertThat(component.dropped()).hasSize(1);
    assertThat(component.droppedCounts()).containsEntry("j", 1);
    assertThat(counts.values).containsEntry("prometheus_target_sync_failed_total", 1.0);
  }

  @Test
  void aFaultFailsTheScrapeAndNotTheLoop() throws Exception {
    AtomicInteger served = new AtomicInteger();
    paged =
        uri -> {
          if (served.incrementAndGet() == 3) {
            throw new StackOverflowError();
          }
          return "m 1\n";
        };
    configure(Jobs.job("j"));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    awaitLast("up", "0.0", "a:1");
    awaitLast("m", "1.0", "a:1");
    assertThat(store.of("__name__", "m", "job", "j", "instance", "a:1")).contains("stale");
    assertThat(counts.values).containsEntry("narthex_scrape_faults_total", 1.0);
    store.nextFault = new AssertionError("of a storage");
    awaitLast("up", "0.0", "a:1");
    awaitLast("up", "1.0", "a:1");
    assertThat(counts.values).containsEntry("narthex_scrape_faults_total", 2.0);
  }

  @Test
  void nothingIsKeptOfATargetThatIsGone() throws Exception {
    AtomicInteger scrapes = new AtomicInteger();
    paged =
        uri -> {
          StringBuilder page = new StringBuilder();
          int scrape = scrapes.getAndIncrement();
          for (int i = 0; i < 200; i++) {
            page.append("pod{id=\"").append(scrape).append('-').append(i).append("\"} 1\n");
          }
          return page.toString();
        };
    configure(Jobs.job("j"));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    store.awaitAppends(20);
    WeakReference<ScrapeLoop> loop = new WeakReference<>(component.loops().get("j").getFirst());
    component.targetsChanged("scrape/j", List.of());
    awaitLast("up", "stale", "a:1");
    synchronized (store) {
      store.samples.forEach(
          (labels, samples) -> assertThat(samples).as(labels.toString()).endsWith("stale"));
    }
    await(() -> {
      System.gc();
      return loop.refersTo(null);
    });
  }

  @Test
  void keepsScrapingWhenTheClockJumps() throws Exception {
    FakeClock clock = new FakeClock(1_700_000_000_000L);
    paged = uri -> "m 1\n";
    ScrapeComponent other =
        new ScrapeComponent(
            store,
            Fakes.http(uri -> paged.apply(uri.toString())),
            counts.metrics(),
            Fakes.exporters(),
            Fakes.server(),
            new WorkMemory(1 << 30),
            clock);
    try {
      other.apply(Snapshots.of(Jobs.job("j")));
      other.targetsChanged("scrape/j", List.of(group("a:1")));
      for (Duration jump :
          List.of(Duration.ZERO, Duration.ofHours(-1), Duration.ofDays(1), Duration.ofDays(-1))) {
        clock.advance(jump);
        int want = appended() + 3;
        await(() -> {
          clock.advance(Duration.ofMillis(20));
          return appended() >= want;
        });
      }
    } finally {
      other.close();
    }
  }

  @Test
  void timesMoveToTheTickWithinTheTolerance() {
    assertThat(timeOf(3, Map.of("scrape.timestamp-tolerance", "5ms"))).isZero();
    assertThat(timeOf(3, Map.of())).isEqualTo(3);
    assertThat(timeOf(2, Map.of())).isZero();
    assertThat(timeOf(2, Map.of("scrape.adjust-timestamps", "false"))).isEqualTo(2);
    assertThat(timeOf(11, Map.of("scrape.timestamp-tolerance", "1h")))
        .as("at most a hundredth of the interval")
        .isEqualTo(11);
  }

  /** Returns the time of a scrape of which the tick was at 0. */
  private static long timeOf(long nowMs, Map<String, String> flags) {
    return ScrapeLoop.timeOf(nowMs, 0, 1000, ScrapeComponent.toleranceMs(Fakes.server(flags)));
  }

  private int appended() {
    synchronized (store) {
      return store.appended;
    }
  }

  /** The original gives the same errors; only http and https in any letters are asked. */
  @ParameterizedTest
  @CsvSource({
    "ftp, ftp://a:1/metrics, 'Get \"ftp://a:1/metrics\": unsupported protocol scheme \"ftp\"'",
    "FTP, FTP://a:1/metrics, 'Get \"ftp://a:1/metrics\": unsupported protocol scheme \"ftp\"'",
    "htpps, htpps://a:1/metrics, 'Get \"htpps://a:1/metrics\": unsupported protocol scheme \"htpps\"'",
    "'', //a:1/metrics, 'Get \"//a:1/metrics\": unsupported protocol scheme \"\"'",
    "a/b, a/b://a:1/metrics, 'Get \"a/b://a:1/metrics\": unsupported protocol scheme \"\"'",
    "a b, a b://a:1/metrics, 'parse \"a b://a:1/metrics\": first path segment in URL cannot contain colon'",
    "1x, 1x://a:1/metrics, 'parse \"1x://a:1/metrics\": first path segment in URL cannot contain colon'"
  })
  void aTargetOfAnotherSchemeIsDown(String scheme, String url, String error) throws Exception {
    configure(
        Jobs.job("j", "relabel", List.of(Jobs.rule("replace", "", "(.*)", "__scheme__", scheme))));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    awaitLast("up", "0.0", "a:1");
    awaitError(error);
    assertThat(component.active())
        .singleElement()
        .satisfies(t -> {
          assertThat(t.scrapeUrl()).isEqualTo(url);
          assertThat(t.globalUrl()).isEqualTo(url);
        });
  }

  @Test
  void aLoopbackTargetWithoutSchemeIsShownWithoutOne() {
    configure(
        Jobs.job("j", "relabel", List.of(Jobs.rule("replace", "", "(.*)", "__scheme__", ""))));
    component.targetsChanged("scrape/j", List.of(group("127.0.0.1:1")));
    assertThat(component.active())
        .singleElement()
        .satisfies(t -> assertThat(t.globalUrl()).startsWith("//").endsWith(":1/metrics"));
  }

  @Test
  void theLettersOfASchemeDoNotMatter() throws Exception {
    pages.put("http://a:1/metrics", "m 1\n");
    configure(
        Jobs.job("j", "relabel", List.of(Jobs.rule("replace", "", "(.*)", "__scheme__", "HTTP"))));
    component.targetsChanged("scrape/j", List.of(group("a:1")));
    awaitLast("m", "1.0", "a:1");
    assertThat(component.active())
        .singleElement()
        .satisfies(t -> assertThat(t.scrapeUrl()).isEqualTo("HTTP://a:1/metrics"));
  }

  @Test
  void anEmptyPageIsUpWhateverItsType() throws Exception {
    for (String type : List.of("application/openmetrics-text", "application/json", "", "x; y==")) {
      ScrapeComponent one =
          new ScrapeComponent(
              store,
              Fakes.http(uri -> "", type),
              counts.metrics(),
              Fakes.exporters(),
              Fakes.server(),
              new WorkMemory(1 << 30));
      try {
        String instance = "t:" + type.length();
        one.apply(Snapshots.of(Jobs.job("j")));
        one.targetsChanged("scrape/j", List.of(group(instance)));
        awaitLast("up", "1.0", instance);
        awaitLast("scrape_samples_scraped", "0.0", instance);
      } finally {
        one.close();
      }
    }
  }
}
