package io.narthex.exposition.family;

import io.narthex.exposition.ExpositionException;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.plugin.TextMetrics;
import io.narthex.spi.plugin.TextMetrics.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads texts for plugins. */
public final class MetricTexts {
  private MetricTexts() {}

  /**
   * Reads the text format 0.0.4.
   *
   * @throws ExpositionException with the line and what is wrong there
   */
  public static TextMetrics read(byte[] text) throws ExpositionException {
    Families read = TextReader.read(text, text.length, false);
    List<TextMetrics.Family> out = new ArrayList<>(read.families().size());
    for (Family f : read.families().values()) {
      List<Sample> samples = new ArrayList<>(f.metrics().size());
      f.metrics().forEach(m -> add(f.name(), m, samples));
      out.add(
          new TextMetrics.Family(
              new MetricMetadata(f.name(), type(f.kind()), f.help(), ""), samples));
    }
    return new TextMetrics(out, read.timed());
  }

  private static MetricType type(Kind kind) {
    return switch (kind) {
      case COUNTER -> MetricType.COUNTER;
      case GAUGE -> MetricType.GAUGE;
      case SUMMARY -> MetricType.SUMMARY;
      case UNTYPED -> MetricType.UNKNOWN;
      case HISTOGRAM, GAUGE_HISTOGRAM -> MetricType.HISTOGRAM;
    };
  }

  /** Adds a metric: of equal quantiles or bounds, which may be written differently, the last. */
  private static void add(String family, Metric metric, List<Sample> samples) {
    Map<Double, Sample> points = new TreeMap<>();
    List<Sample> others = new ArrayList<>(2);
    metric.samples((suffix, extra, at, value) -> {
      Labels.Builder labels = Labels.builder();
      for (int i = 0; i < metric.labels().size(); i++) {
        labels.set(metric.labels().name(i), metric.labels().value(i));
      }
      if (extra.isEmpty()) {
        others.add(new Sample(family + suffix, labels.build(), value));
      } else {
        labels.set(extra, Metric.number(at));
        points.put(at == 0 ? 0.0 : at, new Sample(family + suffix, labels.build(), value));
      }
    });
    samples.addAll(points.values());
    samples.addAll(others);
  }
}
