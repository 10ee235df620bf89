package io.narthex.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ExpositionFormat;
import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.memory.WorkMemory;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
final class SampleIntakeTest {
  private static final long LATER = System.nanoTime() + 3_600_000_000_000L;

  private final Fakes.Store store = new Fakes.Store();
  private final Fakes.Counts counts = new Fakes.Counts();
  private final WorkMemory memory = new WorkMemory(1 << 30);
  private final Scratch scratch = new Scratch(new Scratch.Pool(memory));
  private SampleIntake intake;

  private static Target target(ScrapeConfig config) {
    return new TargetBuilder(config, "self:9090")
        .build(
            List.of(
                new TargetGroup("0", Map.of("env", "t"), List.of(Map.of("__address__", "a:1")))))
        .targets()
        .get(0);
  }

  private void open(ScrapeConfig config) {
    intake =
        new SampleIntake(
            store, new ScrapeMetrics(counts.metrics()), new ScrapeSettings(config), target(config));
  }

  private void scrape(String body, long timeMs) throws Exception {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    scratch.body = bytes;
    scratch.length = bytes.length;
    scratch.batch.clear();
    ExpositionFormat format =
        body.contains("# EOF")
            ? ExpositionFormat.OPENMETRICS_TEXT
            : ExpositionFormat.PROMETHEUS_TEXT;
    intake.take(format, scratch, timeMs, LATER);
    int rows = intake.exposedRows();
    AppendResult result = store.append(scratch.batch);
    intake.stored();
    if (!result.allOk()) {
      SampleBatch second = new SampleBatch(16);
      intake.afterAppend(result, format, scratch, rows, second, timeMs);
      store.append(second);
    }
  }

  private List<String> of(String name) {
    return store.of("__name__", name, "job", "j", "instance", "a:1", "env", "t");
  }

  @Test
  void inAFullHeapKnownSeriesContinueAndNewOnesAreRefused() throws Exception {
    open(Jobs.job("j"));
    scrape("a 1\n", 1000);
    memory.live(900 << 20);
    scrape("a 2\n", 2000);
    assertThatThrownBy(() -> scrape("a 3\nb 3\nc 3\n", 3000)).hasMessageContaining("heap is full");
    assertThat(store.resolved).isEqualTo(1);
    intake.takeNothing(scratch.batch, 3000, true);
    memory.live(500 << 20);
    scrape("a 4\nb 4\nc 4\n", 4000);
    assertThat(of("a")).containsExactly("1.0", "2.0", "4.0");
    assertThat(of("b")).containsExactly("4.0");
  }

  /** The original counts to the end of the page too, and keeps nothing of it. */
  @Test
  void countsToTheEndOfAPageThatExceedsTheSampleLimit() throws Exception {
    StringBuilder page = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      page.append("m").append(i).append(" 1\n");
    }
    open(
        Jobs.job(
            "j",
            "sampleLimit",
            100L,
            "metricRelabel",
            List.of(Jobs.rule("drop", "__name__", "m99.", "", "$1"))));
    for (int round = 1; round <= 2; round++) {
      long timeMs = round * 1000L;
      assertThatThrownBy(() -> scrape(page.toString(), timeMs)).hasMessage("sample limit exceeded");
      assertThat(intake.scraped()).isEqualTo(1000);
      assertThat(intake.kept()).isEqualTo(990);
      assertThat(intake.known()).isLessThan(110);
      intake.takeNothing(scratch.batch, timeMs, true);
    }
    assertThatThrownBy(() -> scrape(page + "m x\n", 3000)).isInstanceOf(ExpositionException.class);
    assertThat(intake.scraped()).isBetween(1000, 1001);
  }

  @Test
  void aSeriesThatComesBackIsAddedAgain() throws Exception {
    open(Jobs.job("j"));
    String[] pages = {"a 1\nb 1\n", "a 1\n", "a 1\nb 1\n", "a 1\nb 1\n", "", "a 1\nb 1\n"};
    int[] added = {2, 0, 1, 0, 0, 0};
    for (int i = 0; i < pages.length; i++) {
      scrape(pages[i], 1000 * (i + 1));
      assertThat(intake.added()).as("scrape %s", i).isEqualTo(added[i]);
    }
    assertThatThrownBy(() -> scrape("c 1\nb x\n", 8000)).isInstanceOf(ExpositionException.class);
    intake.takeNothing(scratch.batch, 8000, true);
    scrape("a 1\nb 1\nc 1\n", 9000);
    assertThat(intake.added()).isZero();
    scrape("a 1\nb 1\nc 1\nd 1 " + 10_000_000 + "\n", 10_000);
    assertThat(intake.added()).as("too far in the future").isZero();
  }

  /** A timestamp that stays while the value changes: the storage refuses all but the first. */
  @Test
  void aSeriesOfWhichAllSamplesAreRefusedIsStale() throws Exception {
    open(Jobs.job("j", "trackTimestamps", true));
    scrape("a 1 1000\nb 1\n", 1000);
    scrape("a 1 1000\nb 2\n", 2000);
    store.refused.put("a", AppendResult.DUPLICATE);
    store.refusedMs = 1000;
    scrape("a 2 1000\nb 3\n", 3000);
    scrape("a 3 1000\nb 4\n", 4000);
    assertThat(of("a")).containsExactly("1.0", "1.0", "stale");
    store.refused.clear();
    scrape("a 4 5000\nb 5\n", 5000);
    scrape("b 6\n", 6000);
    assertThat(of("a")).containsExactly("1.0", "1.0", "stale", "4.0", "stale");
    assertThat(of("b")).containsExactly("1.0", "2.0", "3.0", "4.0", "5.0", "6.0");
  }

  @Test
  void aSeriesWithASampleThatIsTakenGoesOn() throws Exception {
    open(Jobs.job("j", "trackTimestamps", true));
    store.refused.put("a", AppendResult.OUT_OF_ORDER);
    store.refusedMs = 500;
    for (int i = 1; i <= 3; i++) {
      scrape("a 1 500\na 2 " + i * 1000 + "\n", i * 1000L);
    }
    assertThat(of("a")).containsExactly("2.0", "2.0", "2.0");
    assertThat(intake.added()).isZero();
  }

  @Test
  void aSeriesOfWhichTheSampleIsRefusedIsNotAdded() throws Exception {
    open(Jobs.job("j"));
    store.refused.put("a", AppendResult.TOO_OLD);
    store.refusedMs = 500;
    scrape("a 1 500\nb 1\n", 1000);
    assertThat(intake.addedDependsOnStorage()).isTrue();
    assertThat(intake.added()).isEqualTo(1);
    scrape("a 1 500\nb 1\n", 2000);
    assertThat(intake.addedDependsOnStorage()).isFalse();
    assertThat(intake.added()).isZero();
  }

  @Test
  void marksWhatVanishes() throws Exception {
    open(Jobs.job("j"));
    scrape("a 1\nb 2\n", 1000);
    scrape("a 3\n", 2000);
    scrape("a 4\n", 3000);
    scrape("b 5\na 6\n", 4000);
    assertThat(of("a")).containsExactly("1.0", "3.0", "4.0", "6.0");
    assertThat(of("b")).containsExactly("2.0", "stale", "5.0");
    assertThat(store.resolved).isEqualTo(2);
  }

  private void open(ScrapeConfig config, ScrapeSettings.Features features) {
    intake =
        new SampleIntake(
            store,
            new ScrapeMetrics(counts.metrics()),
            new ScrapeSettings(config, features),
            target(config));
  }

  @Test
  void startTimesAreStoredWhenAskedFor() throws Exception {
    String page = "# TYPE a counter\na_total 5\na_created 7.5\n# EOF\n";
    open(Jobs.job("j"), new ScrapeSettings.Features(false, true, false));
    scrape(page, 100_000);
    assertThat(store.startTimes.values()).containsExactly(7500L);
    assertThat(of("a_created")).isEmpty();
    store.startTimes.clear();
    open(Jobs.job("j"));
    scrape(page, 200_000);
    assertThat(store.startTimes).isEmpty();
    assertThat(of("a_created")).containsExactly("7.5");
  }

  @Test
  void aZeroAtTheStartTimeIsAskedForWithItsFeature() throws Exception {
    String page = "# TYPE a counter\na_total 5\na_created 7.5\n# TYPE b gauge\nb 1\n# EOF\n";
    open(Jobs.job("j"), new ScrapeSettings.Features(false, false, true));
    scrape(page, 100_000);
    assertThat(store.zeros).containsOnly(Map.entry("a_total", 7500L));
    assertThat(store.startTimes).isEmpty();
    assertThat(of("a_created")).isEmpty();
  }

  @Test
  void metadataIsStoredWhenItIsNewOrTheStorageIs() throws Exception {
    open(Jobs.job("j"));
    String page = "# HELP a First.\n# TYPE a gauge\na 1\n# HELP b Second.\nb 1\n";
    scrape(page, 1000);
    scrape(page, 2000);
    assertThat(store.metadata).containsExactly("a First.", "b Second.");
    scrape(page.replace("First", "Other"), 3000);
    assertThat(store.metadata).containsExactly("a First.", "b Second.", "a Other.");
    store.metadata.clear();
    store.epoch++;
    scrape(page.replace("First", "Other"), 4000);
    assertThat(store.metadata).containsExactlyInAnyOrder("a Other.", "b Second.");
  }

  /** A scrape that fails stores none of it. */
  @Test
  void metadataOfAScrapeThatFailsIsStoredWithTheNext() throws Exception {
    open(Jobs.job("j"));
    assertThatThrownBy(() -> scrape("# HELP a First.\na 1\nb{\n", 1000))
        .isInstanceOf(ExpositionException.class);
    intake.takeNothing(scratch.batch, 1000, true);
    assertThat(store.metadata).isEmpty();
    scrape("# HELP a First.\na 1\n", 2000);
    assertThat(store.metadata).containsExactly("a First.");
  }

  @Test
  void typeAndUnitBecomeLabelsWhenAskedFor() throws Exception {
    open(Jobs.job("j"), new ScrapeSettings.Features(true, false, false));
    scrape("b 1\n# TYPE a gauge\na 1\n", 1000);
    assertThat(typed("a", "gauge")).containsExactly("1.0");
    assertThat(of("b")).containsExactly("1.0");
    // a target that is updated changes the type of a series whose text stays the same
    scrape("b 2\n# TYPE a counter\na 2\n", 2000);
    scrape("b 3\n# TYPE a counter\na 3\n", 3000);
    assertThat(typed("a", "counter")).containsExactly("3.0");
    assertThat(typed("a", "gauge")).containsExactly("1.0", "2.0", "stale");
    assertThat(of("b")).containsExactly("1.0", "2.0", "3.0");
  }

  private List<String> typed(String name, String type) {
    return store.of("__name__", name, "job", "j", "instance", "a:1", "env", "t", "__type__", type);
  }

  @Test
  void countsAFailedScrapeAsEmpty() throws Exception {
    open(Jobs.job("j", "sampleLimit", 2L));
    scrape("a 1\nb 2\n", 1000);
    assertThatThrownBy(() -> scrape("a 1\nb 2\nc 3\n", 2000)).hasMessage("sample limit exceeded");
    scratch.batch.clear();
    intake.takeNothing(scratch.batch, 2000, true);
    assertThat(scratch.batch.size()).isGreaterThanOrEqualTo(2);
    store.append(scratch.batch);
    assertThat(of("a")).containsExactly("1.0", "stale");
    scrape("a 1\n", 3000);
    assertThat(of("a")).containsExactly("1.0", "stale", "1.0");
    assertThat(of("b")).containsExactly("2.0", "stale");
  }

  @Test
  void renamesConflictingLabels() throws Exception {
    open(Jobs.job("j"));
    scrape("a{job=\"x\",exported_job=\"y\"} 1\n", 1000);
    assertThat(
            store.of(
                "__name__",
                "a",
                "job",
                "j",
                "instance",
                "a:1",
                "env",
                "t",
                "exported_job",
                "y",
                "exported_exported_job",
                "x"))
        .containsExactly("1.0");
  }

  @Test
  void honorsLabels() throws Exception {
    open(Jobs.job("j", "honorLabels", true));
    scrape("a{job=\"x\"} 1\n", 1000);
    assertThat(store.of("__name__", "a", "job", "x", "instance", "a:1", "env", "t"))
        .containsExactly("1.0");
    scrape("b{job=\"\"} 1\n", 2000);
    assertThat(store.of("__name__", "b", "instance", "a:1", "env", "t")).containsExactly("1.0");
  }

  @Test
  void relabelsAndDrops() throws Exception {
    open(
        Jobs.job(
            "j",
            "metricRelabel",
            List.of(
                Jobs.rule("drop", "__name__", "b", "", "$1"),
                Jobs.rule("replace", "x", "(.+)", "y", "<$1>"),
                Jobs.rule("labeldrop", "", "x", "", "$1"))));
    scrape("a{x=\"1\"} 1\nb 2\n", 1000);
    scrape("a{x=\"1\"} 2\nb 2\n", 2000);
    assertThat(store.of("__name__", "a", "job", "j", "instance", "a:1", "env", "t", "y", "<1>"))
        .containsExactly("1.0", "2.0");
    assertThat(of("b")).isEmpty();
    assertThat(intake.scraped()).isEqualTo(2);
    assertThat(intake.kept()).isEqualTo(1);
    assertThat(intake.added()).isZero();
  }

  @Test
  void resolvesAgainWhatTheStorageForgot() throws Exception {
    open(Jobs.job("j"));
    scrape("a 1\nb 2\n", 1000);
    store.forgetAll();
    scrape("a 3\nb 4\n", 2000);
    scrape("a 5\nb 6\n", 3000);
    assertThat(of("a")).containsExactly("1.0", "3.0", "5.0");
    assertThat(of("b")).containsExactly("2.0", "4.0", "6.0");
  }

  @Test
  void takesTheFirstOfTwoAndOwnTimes() throws Exception {
    open(Jobs.job("j"));
    scrape("a 1\na 2\nb 7 500\n", 1000);
    assertThat(of("a")).containsExactly("1.0");
    assertThat(counts.values)
        .containsEntry("prometheus_target_scrapes_sample_duplicate_timestamp_total", 1.0);
    assertThat(store.times)
        .containsEntry(Labels.of("__name__", "b", "job", "j", "instance", "a:1", "env", "t"), 500L);
    scrape("a 1\n", 2000);
    assertThat(of("b")).as("no marker for a series with its own time").containsExactly("7.0");
  }

  @Test
  void keepsMetadataAndExemplars() throws Exception {
    open(Jobs.job("j"));
    scrape("# HELP hits Hits.\n# TYPE hits counter\nhits_total 1 # {trace=\"x\"} 1\n# EOF\n", 1000);
    assertThat(intake.metadata())
        .singleElement()
        .satisfies(m -> {
          assertThat(m.help()).isEqualTo("Hits.");
          assertThat(m.type().text()).isEqualTo("counter");
        });
    assertThat(scratch.batch.exemplarCount()).isEqualTo(1);
    assertThat(scratch.batch.exemplar(0).timestampMs()).isEqualTo(1000);
  }

  @Test
  void refusesTooManyLabelsAndMissingNames() {
    open(Jobs.job("j", "labelLimit", 4L));
    assertThatThrownBy(() -> scrape("a{b=\"c\"} 1\n", 1000))
        .hasMessage("label_limit exceeded (metric: a, number of labels: 5, limit: 4)");
    open(Jobs.job("j", "metricRelabel", List.of(Jobs.rule("labeldrop", "", "__name__", "", "$1"))));
    assertThatThrownBy(() -> scrape("a 1\n", 1000))
        .hasMessage("missing metric name (__name__ label)");
  }

  @Test
  void survivesChurn() throws Exception {
    open(Jobs.job("j"));
    for (int i = 0; i < 50; i++) {
      StringBuilder b = new StringBuilder();
      for (int k = 0; k < 100; k++) {
        b.append("m{i=\"").append((i * 10 + k) % 300).append("\"} ").append(i).append('\n');
      }
      scrape(b.toString(), 1000 + i);
    }
    assertThat(store.samples).hasSize(300);
    store.samples.values().forEach(s -> assertThat(s).doesNotContainSequence("stale", "stale"));
  }

  @Test
  void forgetsSeriesThatAreGone() throws Exception {
    open(Jobs.job("j"));
    for (int i = 0; i < 100; i++) {
      StringBuilder b = new StringBuilder();
      for (int k = 0; k < 100; k++) {
        b.append("m{i=\"").append(i * 100 + k).append("\"} 1\n");
      }
      scrape(b.toString(), 1000 + i);
    }
    assertThat(store.samples).hasSize(10_000);
    assertThat(intake.known()).as("of 100 at a time").isLessThanOrEqualTo(300);
  }

  @Test
  void allocatesNothingPerKnownSeries() throws Exception {
    open(Jobs.job("j"));
    StringBuilder page = new StringBuilder("# HELP m Help.\n# TYPE m gauge\n");
    for (int i = 0; i < 2000; i++) {
      page.append("m{i=\"").append(i).append("\"} ").append(i * 1.5).append('\n');
    }
    byte[] bytes = page.toString().getBytes(StandardCharsets.UTF_8);
    scratch.body = bytes;
    scratch.length = bytes.length;
    var threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 20; i++) {
      scratch.batch.clear();
      long before = threads.getCurrentThreadAllocatedBytes();
      intake.take(ExpositionFormat.PROMETHEUS_TEXT, scratch, 1000 + i, LATER);
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(scratch.batch.size()).isEqualTo(2000);
    assertThat(least).as("bytes for 2000 samples").isLessThan(1000);
  }

  @Test
  void endsHistogramsAsHistograms() throws Exception {
    open(Jobs.job("j"));
    byte[] family =
        java.util.HexFormat.of()
            .parseHex(
                // name "h", type HISTOGRAM, one metric: count 1, sum 2, schema 0, one bucket
                "1d"
                    + "0a0168"
                    + "1804"
                    + "2216"
                    + "3a14"
                    + "0801"
                    + "110000000000000040"
                    + "2800"
                    + "6202"
                    + "1001"
                    + "6a01"
                    + "02");
    scratch.body = family;
    scratch.length = family.length;
    ScrapeConfig config = Jobs.job("j", "native", true);
    open(config);
    intake.take(ExpositionFormat.PROMETHEUS_PROTO, scratch, 1000, LATER);
    store.append(scratch.batch);
    assertThat(of("h")).containsExactly("hist 1.0");
    scratch.batch.clear();
    scratch.length = 0;
    intake.take(ExpositionFormat.PROMETHEUS_PROTO, scratch, 2000, LATER);
    assertThat(scratch.batch.histogram(0)).isNotNull();
    assertThat(scratch.batch.histogram(0).isStale()).isTrue();
  }

  @Test
  void endsWhatNewSettingsDrop() throws Exception {
    open(Jobs.job("j"));
    scrape("a 1\nb 2\n", 1000);
    ScrapeConfig next =
        Jobs.job("j", "metricRelabel", List.of(Jobs.rule("drop", "__name__", "b", "", "$1")));
    intake.update(new ScrapeSettings(next), target(next));
    scrape("a 3\nb 4\n", 2000);
    scrape("a 5\nb 6\n", 3000);
    assertThat(of("a")).containsExactly("1.0", "3.0", "5.0");
    assertThat(of("b")).containsExactly("2.0", "stale");
  }

  private static String page(String version, int from, int n) {
    StringBuilder b = new StringBuilder();
    for (int i = from; i < from + n; i++) {
      b.append("m{v=\"").append(version).append("\",i=\"").append(i).append("\"} 1\n");
    }
    return b.toString();
  }

  /** The rows of stale markers have no entry; reading one ended the loop. */
  @Test
  void aStorageThatForgotAllGetsNewSeriesInPlaceOfOldOnes() throws Exception {
    open(Jobs.job("j"));
    scrape(page("1", 0, 256), 1000);
    store.forgetAll();
    scrape(page("2", 0, 256), 2000);
    assertThat(
            store.of(
                "__name__", "m", "job", "j", "instance", "a:1", "env", "t", "v", "2", "i", "255"))
        .containsExactly("1.0");
  }

  @Test
  void failingScrapesLeaveNothingBehind() throws Exception {
    open(Jobs.job("j", "sampleLimit", 1000L));
    scrape("a 1\n", 1000);
    int resolved = store.resolved;
    for (int i = 0; i < 40; i++) {
      String page = page("x", i * 1500, 1500);
      assertThatThrownBy(() -> scrape(page, 2000)).hasMessage("sample limit exceeded");
      scratch.batch.clear();
      intake.takeNothing(scratch.batch, 2000 + i, true);
    }
    assertThat(store.resolved).isEqualTo(resolved);
    assertThat(intake.known()).isLessThan(3000);
    scrape("a 2\n", 3000);
    assertThat(of("a")).contains("1.0", "2.0");
  }

  @Test
  void readingEndsAtTheTimeout() {
    open(Jobs.job("j"));
    byte[] bytes = page("1", 0, 5000).getBytes(StandardCharsets.UTF_8);
    scratch.body = bytes;
    scratch.length = bytes.length;
    assertThatThrownBy(() ->
            intake.take(ExpositionFormat.PROMETHEUS_TEXT, scratch, 1000, System.nanoTime() - 1))
        .isInstanceOf(ScrapeFailure.class)
        .hasMessageContaining("context deadline exceeded");
  }

  /** As many long pages as there are carriers of virtual threads stop nobody else. */
  @Test
  void parsersOnAllCarriersGiveWay() throws Exception {
    byte[] page = "# c\n".repeat(1_000_000).getBytes(StandardCharsets.UTF_8);
    int parsers = 2 * Runtime.getRuntime().availableProcessors();
    CountDownLatch begun = new CountDownLatch(parsers);
    AtomicBoolean otherRan = new AtomicBoolean();
    AtomicInteger inVain = new AtomicInteger();
    ScrapeConfig config = Jobs.job("j");
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < parsers; i++) {
      Scratch own = new Scratch(new Scratch.Pool(new WorkMemory(1 << 30)));
      own.body = page;
      own.length = page.length;
      SampleIntake parser =
          new SampleIntake(
              store,
              new ScrapeMetrics(counts.metrics()),
              new ScrapeSettings(config),
              target(config));
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                begun.countDown();
                int pages = 0;
                while (!otherRan.get() && ++pages < 100) {
                  try {
                    parser.take(ExpositionFormat.PROMETHEUS_TEXT, own, 1000, LATER);
                  } catch (ScrapeFailure | ExpositionException e) {
                    throw new IllegalStateException(e);
                  }
                }
                if (!otherRan.get()) {
                  inVain.incrementAndGet();
                }
              }));
    }
    begun.await();
    Thread.ofVirtual().start(() -> otherRan.set(true)).join();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(inVain.get()).isZero();
  }

  @Test
  void aTimeAtTheEndOfAllTimesCostsItsSampleOnly() throws Exception {
    open(Jobs.job("j"));
    scrape("a 1 9223372036854775807\nb 2\n", 1000);
    assertThat(of("a")).isEmpty();
    assertThat(of("b")).containsExactly("2.0");
    assertThat(counts.values)
        .containsEntry("prometheus_target_scrapes_sample_out_of_bounds_total", 1.0);
  }

  @Test
  void refusesASeriesWithMoreLabelsThanTheStorageTakes() {
    open(Jobs.job("j"));
    StringBuilder b = new StringBuilder("a{");
    for (int i = 70_000; i > 0; i--) {
      b.append('l').append(i).append("=\"v\",");
    }
    String page = b.append("} 1\n").toString();
    assertThatThrownBy(() -> scrape(page, 1000))
        .hasMessage(
            "too many labels (metric: a, number of labels: 70004); a series has at most 65536");
  }
}
