package io.narthex.core.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.exporter.MetricSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MetricsRegistryTest {
  private final MetricsRegistry registry = new MetricsRegistry();

  private static final class Lines implements MetricSink {
    final List<String> lines = new ArrayList<>();

    @Override
    public void family(MetricMetadata metadata) {
      lines.add("# " + metadata.name() + " " + metadata.type().name().toLowerCase(Locale.ROOT));
    }

    @Override
    public void sample(String name, Labels labels, double value) {
      lines.add(name + labels + " " + value);
    }

    @Override
    public void sample(
        String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {}

    @Override
    public void histogram(String name, Labels labels, NativeHistogram histogram) {}
  }

  private List<String> collect() {
    Lines lines = new Lines();
    registry.collect(lines);
    return lines.lines;
  }

  @Test
  void writesCountersAndGauges() {
    Metrics.Counter counter = registry.counter("x_requests_total", "Requests.", "code");
    counter.with("200").add(2);
    counter.with("500").inc();
    registry.gauge("x_size_bytes", "Size.").set(-1.5);
    assertThat(collect())
        .containsExactly(
            "# x_requests_total counter",
            "x_requests_total{code=\"200\"} 2.0",
            "x_requests_total{code=\"500\"} 1.0",
            "# x_size_bytes gauge",
            "x_size_bytes{} -1.5");
    counter.remove("500");
    assertThat(collect()).hasSize(4);
  }

  @Test
  void counterWithoutLabelsStandsThereFromTheBeginning() {
    registry.counter("x_errors_total", "Errors.");
    assertThat(collect()).contains("x_errors_total{} 0.0");
    assertThat(registry.counter("x_errors_total", "Errors.")).isNotNull();
    assertThat(registry.names()).containsExactly("x_errors_total");
  }

  @Test
  void writesHistogramsCumulatively() {
    Metrics.Histogram h = registry.histogram("x_seconds", "Time.", new double[] {0.1, 1});
    h.observe(0.05);
    h.observe(0.5);
    h.observe(5);
    assertThat(collect())
        .containsExactly(
            "# x_seconds histogram",
            "x_seconds_bucket{le=\"0.1\"} 1.0",
            "x_seconds_bucket{le=\"1\"} 2.0",
            "x_seconds_bucket{le=\"+Inf\"} 3.0",
            "x_seconds_sum{} 5.55",
            "x_seconds_count{} 3.0");
  }

  @Test
  void writesSummaries() {
    registry.summary("x_seconds", "Time.", "part").with("a").observe(2);
    assertThat(collect())
        .contains(
            "# x_seconds summary",
            "x_seconds{part=\"a\", quantile=\"0.5\"} 2.0",
            "x_seconds_sum{part=\"a\"} 2.0",
            "x_seconds_count{part=\"a\"} 1.0");
  }

  @Test
  void collectorThatFailsCostsItsOwnMetricsOnly() {
    registry.add(sink -> {
      throw new NoClassDefFoundError("gone");
    });
    registry.add(sink -> sink.sample("y", Labels.EMPTY, 1));
    assertThat(collect()).containsExactly("y{} 1.0");
  }
}
