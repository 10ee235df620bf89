package io.narthex.exposition.family;

import io.narthex.exposition.ExpositionException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A family while its lines are read. */
final class FamilyBuilder {
  /** What a line of a summary or histogram says. */
  enum Part {
    COUNT,
    SUM,
    /** The value of a quantile or bucket, or nothing when it has no such label. */
    POINT
  }

  final String name;
  String help = "";
  @Nullable Kind kind;

  private final List<Series> series = new ArrayList<>();
  private final Map<SeriesLabels, Series> distributions = new HashMap<>();

  FamilyBuilder(String name) {
    this.name = name;
  }

  private static final class Series {
    final SeriesLabels labels;
    double value;
    long count;
    double floatCount;
    double sum;
    double[] points = new double[0];
    double[] values = new double[0];
    int size;

    Series(SeriesLabels labels) {
      this.labels = labels;
    }

    void add(double point, double pointValue) {
      if (size == points.length) {
        points = Arrays.copyOf(points, Math.max(8, size * 2));
        values = Arrays.copyOf(values, points.length);
      }
      points[size] = point;
      values[size++] = pointValue;
    }
  }

  /** Adds a sample of a counter, gauge or untyped family. */
  void add(SeriesLabels labels, double value) {
    Series s = new Series(labels);
    s.value = value;
    series.add(s);
  }

  /**
   * Adds a line of a summary or histogram to the metric with the same labels.
   *
   * @param point the quantile or upper bound; NaN for none
   */
  void add(SeriesLabels labels, Part part, double point, double value) throws ExpositionException {
    Series s = distributions.get(labels);
    if (s == null) {
      s = new Series(labels);
      distributions.put(labels, s);
      series.add(s);
    }
    switch (part) {
      case COUNT -> {
        s.count = unsigned(value);
        s.floatCount = value;
      }
      case SUM -> s.sum = value;
      case POINT -> {
        if (Double.isNaN(point)) {
          return;
        }
        if (kind != Kind.SUMMARY && value < 0) {
          throw new ExpositionException(
              "negative bucket population for histogram \"" + name + "\"");
        }
        s.add(point, value);
      }
    }
  }

  /** Converts as Go does on amd64, also what does not fit. */
  private static long unsigned(double value) {
    if (Double.isNaN(value) || value <= Long.MIN_VALUE || value >= 0x1p64) {
      return Long.MIN_VALUE;
    }
    return value < 0x1p63 ? (long) value : (long) (value - 0x1p63) ^ Long.MIN_VALUE;
  }

  /** Returns the family, or null when it has no metric. */
  @Nullable Family build() {
    if (series.isEmpty()) {
      return null;
    }
    Kind type = kind == null ? Kind.UNTYPED : kind;
    List<Metric> metrics = new ArrayList<>(series.size());
    for (Series s : series) {
      double[] points = Arrays.copyOf(s.points, s.size);
      double[] values = Arrays.copyOf(s.values, s.size);
      metrics.add(
          switch (type) {
            case COUNTER, GAUGE, UNTYPED -> new Metric.Value(s.labels, s.value);
            case SUMMARY -> new Metric.Summary(s.labels, s.count, s.sum, points, values);
            case HISTOGRAM, GAUGE_HISTOGRAM ->
                new Metric.Histogram(
                    s.labels, s.floatCount, s.sum, points, values, Metric.Histogram.CLASSIC);
          });
    }
    return new Family(name, type, help, metrics);
  }
}
