package io.narthex.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.push.PushgatewayService;
import io.narthex.service.targets.TargetService.ActiveTarget;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.exporter.ParameterException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Scrapes of this server's own metrics obey the rules of scrapes over HTTP. */
@NullUnmarked
final class InProcessScrapeTest {
  private static final String INSTANCE = "here.test:9090";

  /** What an exporter does. */
  interface Collecting {
    void collect(MetricSink sink);
  }

  private final Fakes.Store store = new Fakes.Store();
  private final Fakes.Counts counts = new Fakes.Counts();
  private final WorkMemory memory = new WorkMemory(1 << 30);
  private volatile Collecting collecting = _ -> {};
  private final ScrapeComponent component =
      new ScrapeComponent(
          store, Fakes.http(_ -> null), counts.metrics(), new Exporters(), Fakes.server(), memory);

  private final class Exporters implements ExporterService {
    @Override
    public List<String> types() {
      return List.of("own");
    }

    @Override
    public boolean has(String type) {
      return true;
    }

    @Override
    public void collect(String type, MetricSink sink, Map<String, List<String>> parameters) {
      collecting.collect(sink);
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    component.close();
  }

  private void scrape(Collecting by, Object... changes) {
    collecting = by;
    ScrapeConfig job = Jobs.job("j", changes);
    component.apply(Snapshots.of(job));
    component.targetsChanged(
        "scrape/j",
        List.of(new TargetGroup("0", Map.of(), List.of(Map.of("__address__", "self")))));
  }

  private static Object[] with(Object... more) {
    Object[] all = new Object[more.length + 2];
    all[0] = "path";
    all[1] = "/exporters/own/metrics";
    System.arraycopy(more, 0, all, 2, more.length);
    return all;
  }

  private List<String> of(String name, String... labels) {
    String[] all = new String[labels.length + 6];
    all[0] = "__name__";
    all[1] = name;
    all[2] = "job";
    all[3] = "j";
    all[4] = "instance";
    all[5] = INSTANCE;
    System.arraycopy(labels, 0, all, 6, labels.length);
    return store.of(all);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  private void awaitError(String error) throws InterruptedException {
    await(() ->
        component.active().stream().map(ActiveTarget::lastError).anyMatch(e -> e.equals(error)));
    await(() -> of("up").contains("0.0"));
  }

  private static void three(MetricSink sink) {
    sink.family(new MetricMetadata("a", MetricType.GAUGE, "A.", ""));
    sink.sample("a", Labels.of("x", "1"), 1);
    sink.sample("a", Labels.of("x", "2"), 2);
    sink.family(new MetricMetadata("b_total", MetricType.COUNTER, "B.", ""));
    sink.sample("b_total", Labels.EMPTY, 3);
  }

  @Test
  void whatWasPushedIsReadWithoutTheNetwork() throws Exception {
    byte[] body = "# TYPE a gauge\na{job=\"batch\",instance=\"\"} 7\n".getBytes(UTF_8);
    component.bindPushes(
        (PushgatewayService)
            Proxy.newProxyInstance(
                PushgatewayService.class.getClassLoader(),
                new Class<?>[] {PushgatewayService.class},
                (proxy, method, args) ->
                    method.getName().equals("expose")
                        ? new PushgatewayService.Exposed("text/plain; version=0.0.4", body)
                        : null));
    scrape(InProcessScrapeTest::three, "path", "/push/metrics", "honorLabels", true);
    await(() -> store.of("__name__", "a", "job", "batch").contains("7.0"));
    scrape(InProcessScrapeTest::three, "path", "/push/metrics", "bodyLimit", 20L);
    awaitError("body size limit exceeded");
  }

  @Test
  void limitsOfTheJobHold() throws Exception {
    scrape(InProcessScrapeTest::three, with("sampleLimit", 2L));
    awaitError("sample limit exceeded");
    assertThat(of("b_total")).isEmpty();
    scrape(InProcessScrapeTest::three, with("bodyLimit", 20L));
    awaitError("body size limit exceeded");
    assertThat(of("b_total")).isEmpty();
    scrape(InProcessScrapeTest::three, with("labelLimit", 3L));
    await(() ->
        component.active().stream()
            .map(ActiveTarget::lastError)
            .anyMatch(e -> e.startsWith("label_limit exceeded (metric: a")));
    assertThat(counts.values)
        .containsKeys(
            "narthex_scrapes_failed_total[sample_limit]",
            "narthex_scrapes_failed_total[body_size]",
            "narthex_scrapes_failed_total[label_limit]");
    scrape(InProcessScrapeTest::three, with());
    await(() -> of("b_total").contains("3.0"));
  }

  @Test
  void relabellingSyntheticSeriesAndStalenessAreAsOverHttp() throws Exception {
    scrape(
        InProcessScrapeTest::three,
        with("metricRelabel", List.of(Jobs.rule("drop", "x", "2", "", "$1")), "extra", true));
    await(() -> of("scrape_samples_scraped").contains("3.0"));
    await(() -> of("up").contains("1.0"));
    assertThat(of("a", "x", "1")).contains("1.0");
    assertThat(of("a", "x", "2")).isEmpty();
    assertThat(of("scrape_samples_post_metric_relabeling")).contains("2.0");
    assertThat(of("scrape_series_added")).startsWith("2.0");
    // 4 bytes of text and 8 of value for each sample at least, and what the families say
    assertThat(Double.parseDouble(of("scrape_body_size_bytes").getFirst())).isBetween(36.0, 100.0);
    assertThat(component.metadata().getFirst().families())
        .extracting(m -> m.name() + " " + m.type() + " " + m.help())
        .contains("a GAUGE A.", "b_total COUNTER B.");
    collecting = sink -> sink.sample("a", Labels.of("x", "1"), 5);
    await(() -> of("b_total").getLast().equals("stale"));
    assertThat(of("a", "x", "1")).contains("5.0").doesNotContain("stale");
  }

  @Test
  void labelsAndTimesAreHonouredAsTheJobWantsIt() throws Exception {
    long hourAgo = System.currentTimeMillis() - 3_600_000;
    Collecting own = s -> s.sample("a", Labels.of("job", "other"), 1, hourAgo, null);
    scrape(own, with());
    await(() -> !of("a", "exported_job", "other").isEmpty());
    assertThat(
            timeOf(
                Labels.of(
                    "__name__", "a", "job", "j", "instance", INSTANCE, "exported_job", "other")))
        .isEqualTo(hourAgo);
    scrape(own, with("honorLabels", true, "honorTimestamps", false));
    Labels honoured = Labels.of("__name__", "a", "job", "other", "instance", INSTANCE);
    await(() -> !store.of("__name__", "a", "job", "other", "instance", INSTANCE).isEmpty());
    assertThat(timeOf(honoured)).isGreaterThan(hourAgo);
  }

  private Long timeOf(Labels series) {
    synchronized (store) {
      return store.times.get(series);
    }
  }

  @Test
  void anEndlessCollectionEndsAtTheLimit() throws Exception {
    AtomicInteger thrown = new AtomicInteger();
    scrape(
        sink -> {
          for (long i = 0; ; i++) {
            try {
              sink.sample("m", Labels.of("i", Long.toString(i)), i);
            } catch (RuntimeException e) {
              thrown.incrementAndGet();
              return; // it keeps to itself that it was stopped
            }
          }
        },
        with("bodyLimit", 1_000_000L));
    awaitError("body size limit exceeded");
    assertThat(thrown.get()).isPositive();
    synchronized (store) {
      assertThat(store.refs.keySet()).noneMatch(l -> l.metricName().equals("m"));
    }
  }

  @Test
  void refusedParametersAreTheErrorOfTheTarget() throws Exception {
    scrape(
        _ -> {
          throw new ParameterException("missing collector: nope");
        },
        with());
    awaitError("collecting failed: missing collector: nope");
  }

  @Test
  void whatIsCollectedWhileTheStorageIsReplacedIsStoredLater() throws Exception {
    AtomicInteger collected = new AtomicInteger();
    Collecting counting =
        sink -> {
          int n = collected.incrementAndGet();
          sink.family(new MetricMetadata("m", MetricType.GAUGE, "", ""));
          sink.sample("m", Labels.EMPTY, n);
          sink.family(new MetricMetadata("h", MetricType.HISTOGRAM, "", ""));
          sink.histogram(
              "h", Labels.EMPTY, NativeHistogram.builder().count(n).zeroBucket(1, n).build());
        };
    scrape(counting, with("native", true));
    await(() -> !of("m").isEmpty());
    store.open = false;
    int before = collected.get();
    await(() -> collected.get() > before + 3);
    store.forgetAll();
    store.open = true;
    int last = collected.get();
    await(() -> of("m").contains(last + ".0"));
    for (int i = 0; i < last; i++) {
      assertThat(of("m").get(i)).isEqualTo((i + 1) + ".0");
      assertThat(of("h").get(i)).isEqualTo("hist " + (i + 1) + ".0");
    }
  }

  @Test
  void allocatesNothingPerKnownSeries() throws Exception {
    ScrapeConfig config = Jobs.job("j");
    Target target =
        new TargetBuilder(config, INSTANCE)
            .build(List.of(new TargetGroup("0", Map.of(), List.of(Map.of("__address__", "self")))))
            .targets()
            .getFirst();
    Scratch scratch = new Scratch(new Scratch.Pool(memory));
    SampleIntake intake =
        new SampleIntake(
            store, new ScrapeMetrics(counts.metrics()), new ScrapeSettings(config), target);
    Labels[] labels = new Labels[2000];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = Labels.of("i", "é" + i);
    }
    MetricMetadata family = new MetricMetadata("m", MetricType.GAUGE, "Help.", "");
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 20; i++) {
      scratch.batch.clear();
      long before = threads.getCurrentThreadAllocatedBytes();
      scratch.beginCollection(0);
      scratch.collected.family(family);
      for (int k = 0; k < labels.length; k++) {
        scratch.collected.sample("m", labels[k], k * 1.5);
      }
      intake.take(null, scratch, 1000 + i, System.nanoTime() + TimeUnit.MINUTES.toNanos(5));
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(scratch.batch.size()).isEqualTo(2000);
    assertThat(scratch.batch.value(1999)).isEqualTo(1999 * 1.5);
    assertThat(least).as("bytes for 2000 samples").isLessThan(1000);
  }
}
