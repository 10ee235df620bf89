package io.narthex.exporter.jvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The metrics of the own JVM beside those of an application that registers the Java client's. The
 * tests of this module run with native memory tracking.
 */
@NullUnmarked
@Timeout(60)
class JavaClientEqualityTest {
  private static MetricSnapshots theirs;
  private static RecordingMetrics ours;

  @BeforeAll
  static void collectBoth() {
    PrometheusRegistry registry = new PrometheusRegistry();
    JvmMetrics.builder().register(registry);
    try (OwnJvm own = new OwnJvm()) {
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      own.collect(new RecordingMetrics()); // both listen to collections of garbage from here on
      do {
        System.gc();
        theirs = registry.scrape();
        ours = new RecordingMetrics();
        own.collect(ours);
        // that a collection is over is told later, and to one listener after the other
      } while (System.nanoTime() < end
          && !(ours.families().containsKey("jvm_memory_pool_allocated_bytes_total")
              && samples(theirs).keySet().equals(ours.samples().keySet())));
    }
  }

  @Test
  void familiesHaveTheSameTypesAndHelpTexts() {
    Map<String, String> expected = new TreeMap<>();
    for (MetricSnapshot s : theirs) {
      expected.put(family(s), type(s) + " " + s.getMetadata().getHelp() + " " + unit(s));
    }
    Map<String, String> actual = new TreeMap<>();
    ours.families()
        .forEach((name, m) -> actual.put(name, m.type().text() + " " + m.help() + " " + m.unit()));
    assertThat(actual).isEqualTo(expected).hasSizeGreaterThan(35);
    assertThat(ours.faults()).isEmpty();
  }

  @Test
  void familiesHaveTheSameSeries() {
    assertThat(ours.samples().keySet()).isEqualTo(samples(theirs).keySet());
  }

  @Test
  void whatDoesNotChangeHasTheSameValue() {
    Map<Labels, Double> expected = samples(theirs);
    List<String> compared = new ArrayList<>();
    ours.samples()
        .forEach((labels, value) -> {
          String name = labels.metricName();
          if (name.endsWith("_max_bytes")
              || name.endsWith("_init_bytes")
              || name.equals("jvm_runtime_info")
              || name.equals("process_start_time_seconds")
              || name.equals("process_max_fds")) {
            assertThat(value).as("%s", labels).isEqualTo(expected.get(labels));
            compared.add(name);
          }
        });
    assertThat(compared)
        .contains("jvm_memory_pool_init_bytes", "process_max_fds", "jvm_runtime_info");
  }

  @Test
  void countersAreCloseToEachOther() {
    Map<Labels, Double> expected = samples(theirs);
    ours.samples()
        .forEach((labels, value) -> {
          if (labels.metricName().equals("jvm_threads_started_total")
              || labels.metricName().equals("jvm_gc_collection_seconds_count")
              || labels.metricName().equals("jvm_classes_loaded_total")
              || labels.metricName().equals("process_cpu_seconds_total")) {
            assertThat(value)
                .as("%s", labels)
                .isBetween(expected.get(labels), expected.get(labels) * 1.5 + 50);
          }
        });
  }

  private static String family(MetricSnapshot snapshot) {
    String name = snapshot.getMetadata().getPrometheusName();
    return switch (snapshot) {
      case CounterSnapshot _ -> name + "_total";
      case InfoSnapshot _ -> name + "_info";
      default -> name;
    };
  }

  private static String type(MetricSnapshot snapshot) {
    return switch (snapshot) {
      case CounterSnapshot _ -> "counter";
      case GaugeSnapshot _ -> "gauge";
      case InfoSnapshot _ -> "info";
      case SummarySnapshot _ -> "summary";
      default -> "?";
    };
  }

  private static String unit(MetricSnapshot snapshot) {
    return snapshot.getMetadata().getUnit() == null
        ? ""
        : snapshot.getMetadata().getUnit().toString();
  }

  private static Map<Labels, Double> samples(MetricSnapshots snapshots) {
    Map<Labels, Double> samples = new HashMap<>();
    for (MetricSnapshot snapshot : snapshots) {
      String name = family(snapshot);
      for (DataPointSnapshot point : snapshot.getDataPoints()) {
        switch (point) {
          case CounterSnapshot.CounterDataPointSnapshot p ->
              samples.put(labels(name, p), p.getValue());
          case GaugeSnapshot.GaugeDataPointSnapshot p -> samples.put(labels(name, p), p.getValue());
          case InfoSnapshot.InfoDataPointSnapshot p -> samples.put(labels(name, p), 1.0);
          case SummarySnapshot.SummaryDataPointSnapshot p -> {
            samples.put(labels(name + "_count", p), (double) p.getCount());
            samples.put(labels(name + "_sum", p), p.getSum());
          }
          default -> throw new AssertionError(point.getClass());
        }
      }
    }
    return samples;
  }

  private static Labels labels(String name, DataPointSnapshot point) {
    List<String> pairs = new ArrayList<>(List.of(Labels.METRIC_NAME, name));
    point
        .getLabels()
        .forEach(l -> {
          pairs.add(l.getName());
          pairs.add(l.getValue());
        });
    return Labels.of(pairs.toArray(new String[0]));
  }
}
