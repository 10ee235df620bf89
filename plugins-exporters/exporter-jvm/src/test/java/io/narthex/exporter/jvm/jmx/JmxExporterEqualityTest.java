package io.narthex.exporter.jvm.jmx;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import io.prometheus.jmx.JmxCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.management.JMException;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine of jmx_exporter and ours, on the same MBeans with the same rule files. */
@NullUnmarked
class JmxExporterEqualityTest {
  private static FakeApplications applications;

  @BeforeAll
  static void register() throws JMException {
    applications = new FakeApplications();
    applications.register(ManagementFactory.getPlatformMBeanServer());
  }

  @AfterAll
  static void unregister() throws JMException {
    applications.unregister(ManagementFactory.getPlatformMBeanServer());
  }

  static List<Path> ruleFiles() {
    try (Stream<Path> files = Files.list(Path.of("src/test/resources/rules"))) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("ruleFiles")
  void givesTheSameSeriesTypesAndHelpTexts(Path rules) throws Exception {
    PrometheusRegistry theirs = collector(rules);
    JmxScraper ours =
        new JmxScraper(
            RuleFileReader.read(rules.toString(), Files.readString(rules), name -> null),
            Limits.DEFAULT);
    for (int scrape = 0; scrape < 3; scrape++) { // later ones with caches and exclusions
      MetricSnapshots snapshots = theirs.scrape();
      RecordingMetrics metrics = new RecordingMetrics();
      ours.scrape(new OwnBeans(), Deadline.after(Duration.ofSeconds(30))).write(metrics);

      assertThat(metrics.faults()).isEmpty();
      assertThat(samples(metrics)).isEqualTo(samples(snapshots));
      assertThat(types(metrics)).isEqualTo(types(snapshots));
      // the first of several samples gives a family its help; the order of MBeans is nobody's
      Map<String, String> expected = helpTexts(snapshots);
      assertThat(helpTexts(metrics)).containsAllEntriesOf(expected);
    }
  }

  @Test
  void ruleFilesGiveSomethingToCompare() throws Exception {
    Map<String, Integer> sizes = new TreeMap<>();
    for (Path rules : ruleFiles()) {
      sizes.put(rules.getFileName().toString(), samples(collector(rules).scrape()).size());
    }
    assertThat(sizes.values()).allSatisfy(n -> assertThat(n).isGreaterThan(3));
    assertThat(sizes).containsKeys("kafka.yml", "tomcat.yml", "cassandra.yml", "all.yml");
  }

  private static PrometheusRegistry collector(Path rules) throws Exception {
    PrometheusRegistry registry = new PrometheusRegistry();
    new JmxCollector(rules.toFile()).register(registry);
    return registry;
  }

  private static boolean ofTheCollector(String name) {
    return name.startsWith("jmx_");
  }

  private static Map<Labels, Double> samples(RecordingMetrics metrics) {
    return new HashMap<>(metrics.samples());
  }

  private static Map<String, String> types(RecordingMetrics metrics) {
    Map<String, String> types = new TreeMap<>();
    metrics.families().forEach((name, m) -> types.put(name, m.type().text()));
    return types;
  }

  private static Map<String, String> helpTexts(RecordingMetrics metrics) {
    Map<String, String> texts = new TreeMap<>();
    metrics.families().forEach((name, m) -> texts.put(name, m.help()));
    return texts;
  }

  private static String name(MetricSnapshot snapshot) {
    String name = snapshot.getMetadata().getPrometheusName();
    return snapshot instanceof CounterSnapshot ? name + "_total" : name;
  }

  private static Map<String, String> types(MetricSnapshots snapshots) {
    Map<String, String> types = new TreeMap<>();
    for (MetricSnapshot s : snapshots) {
      if (!ofTheCollector(name(s))) {
        types.put(
            name(s),
            switch (s) {
              case CounterSnapshot _ -> "counter";
              case GaugeSnapshot _ -> "gauge";
              case UnknownSnapshot _ -> "unknown";
              default -> "?";
            });
      }
    }
    return types;
  }

  private static Map<String, String> helpTexts(MetricSnapshots snapshots) {
    Map<String, String> texts = new TreeMap<>();
    for (MetricSnapshot s : snapshots) {
      if (!ofTheCollector(name(s)) && s.getDataPoints().size() == 1) {
        texts.put(name(s), s.getMetadata().getHelp());
      }
    }
    return texts;
  }

  private static Map<Labels, Double> samples(MetricSnapshots snapshots) {
    Map<Labels, Double> samples = new HashMap<>();
    for (MetricSnapshot s : snapshots) {
      if (ofTheCollector(name(s))) {
        continue;
      }
      for (DataPointSnapshot point : s.getDataPoints()) {
        List<String> pairs = new ArrayList<>(List.of(Labels.METRIC_NAME, name(s)));
        point
            .getLabels()
            .forEach(l -> {
              pairs.add(l.getName());
              pairs.add(l.getValue());
            });
        double value =
            switch (point) {
              case CounterSnapshot.CounterDataPointSnapshot p -> p.getValue();
              case GaugeSnapshot.GaugeDataPointSnapshot p -> p.getValue();
              case UnknownSnapshot.UnknownDataPointSnapshot p -> p.getValue();
              default -> throw new AssertionError(point.getClass());
            };
        samples.put(Labels.of(pairs.toArray(new String[0])), value);
      }
    }
    return samples;
  }
}
