package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.metrics.Metrics;
import io.narthex.spi.exporter.MetricSink;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class AlertingMetricsTest {
  private final Map<String, Double> values = new TreeMap<>();
  private final AlertingMetrics metrics = new AlertingMetrics(new Recording());

  @Test
  void countersOfAllIntegrationsStartAtZero() {
    assertThat(values)
        .containsEntry("alertmanager_notifications_total[email]", 0.0)
        .containsEntry("alertmanager_notifications_total[msteamsv2]", 0.0)
        .containsEntry("alertmanager_notification_requests_failed_total[sns]", 0.0)
        .containsEntry("alertmanager_notifications_failed_total[jira, other]", 0.0);
  }

  @Test
  void oneServerIsAClusterOfOne() {
    assertThat(values).containsEntry("alertmanager_cluster_members[]", 1.0);
  }

  @Test
  void hashIsTheFirstSixBytesOfTheMd5OfTheConfiguration() {
    metrics.configuration("");
    assertThat(values).containsEntry("alertmanager_config_hash[]", (double) 0x008fd98c1dd4L);
    metrics.configuration("a");
    assertThat(values.get("alertmanager_config_hash[]")).isNotEqualTo((double) 0x008fd98c1dd4L);
  }

  /** Keeps values by name and label values. */
  private final class Recording implements Metrics {
    @Override
    public Counter counter(String name, String help, String... labelNames) {
      return new Child(name, labelNames.length == 0);
    }

    @Override
    public Gauge gauge(String name, String help, String... labelNames) {
      return new GaugeChild(name, labelNames.length == 0);
    }

    @Override
    public Histogram histogram(String name, String help, double[] bounds, String... labelNames) {
      return new Histogram() {
        @Override
        public Histogram with(String... labelValues) {
          return this;
        }

        @Override
        public void observe(double value) {}
      };
    }

    @Override
    public Summary summary(String name, String help, String... labelNames) {
      throw new IllegalStateException("not used");
    }

    @Override
    public void collect(MetricSink sink) {}
  }

  private static String key(String name, String... labelValues) {
    return name + java.util.Arrays.toString(labelValues);
  }

  private final class Child implements Metrics.Counter {
    private final String name;

    Child(String name, boolean single) {
      this.name = name;
      if (single) {
        values.put(key(name), 0.0);
      }
    }

    @Override
    public Metrics.Counter with(String... labelValues) {
      values.putIfAbsent(key(name, labelValues), 0.0);
      return this;
    }

    @Override
    public void inc() {}

    @Override
    public void add(double amount) {}

    @Override
    public double value() {
      return 0;
    }

    @Override
    public void remove(String... labelValues) {}
  }

  private final class GaugeChild implements Metrics.Gauge {
    private final String name;

    GaugeChild(String name, boolean single) {
      this.name = name;
      if (single) {
        values.put(key(name), 0.0);
      }
    }

    @Override
    public Metrics.Gauge with(String... labelValues) {
      return this;
    }

    @Override
    public void set(double value) {
      values.put(key(name), value);
    }

    @Override
    public void add(double amount) {}

    @Override
    public double value() {
      return 0;
    }

    @Override
    public void remove(String... labelValues) {}
  }
}
