package io.narthex.bench.push;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Metrics of one name, as they are pushed.
 *
 * @param help empty for none
 */
record Family(String name, Kind kind, String help, List<Metric> metrics) {
  Family {
    metrics = List.copyOf(metrics);
  }

  /** Types in the order of their numbers in protobuf. */
  enum Kind {
    COUNTER,
    GAUGE,
    SUMMARY,
    UNTYPED,
    HISTOGRAM
  }

  /** A quantile and its value, or the upper bound of a bucket and its count. */
  record Point(double bound, double value) {}

  /**
   * One metric.
   *
   * @param value of a counter, a gauge or an untyped metric
   * @param points of a summary or a histogram
   * @param sum absent from what is pushed when it is null
   * @param count absent from what is pushed when it is null
   * @param timestampMs mostly null, as timestamps are refused
   */
  record Metric(
      Map<String, String> labels,
      double value,
      List<Point> points,
      @Nullable Double sum,
      @Nullable Double count,
      @Nullable Long timestampMs) {
    Metric {
      labels = new LinkedHashMap<>(labels);
      points = new ArrayList<>(points);
    }
  }
}
