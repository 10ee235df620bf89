package io.narthex.query.script;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoFloat;
import io.narthex.promql.SeriesDescription.Point;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes native histograms with custom buckets from classic series, for {@code load_with_nhcb}. */
final class CustomBuckets {
  /** What is known of one histogram at one time. */
  private static final class Parts {
    final TreeMap<Double, Double> buckets = new TreeMap<>();
    double count = Double.NaN;
    double sum;

    NativeHistogram build() {
      double[] bounds = new double[buckets.size()];
      double[] counts = new double[buckets.size() + 1];
      int n = 0;
      double before = 0;
      boolean infinite = false;
      double highest = 0;
      for (Map.Entry<Double, Double> e : buckets.entrySet()) {
        highest = e.getValue();
        infinite |= e.getKey() == Double.POSITIVE_INFINITY;
        if (e.getKey() != Double.POSITIVE_INFINITY) {
          bounds[n] = e.getKey();
        }
        counts[n++] = e.getValue() - before;
        before = e.getValue();
      }
      double total = Double.isNaN(count) ? highest : count;
      int used = n;
      if (!infinite) {
        counts[used++] = total - highest;
      }
      int finite = infinite ? n - 1 : n;
      return NativeHistogram.builder()
          .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
          .count(total)
          .sum(sum)
          .positive(new int[] {0, used}, java.util.Arrays.copyOf(counts, used))
          .customBounds(java.util.Arrays.copyOf(bounds, finite))
          .build();
    }
  }

  private final Map<Labels, TreeMap<Integer, Parts>> histograms = new LinkedHashMap<>();

  void add(Labels labels, List<Point> points) {
    String name = labels.metricName();
    String suffix =
        name.endsWith("_bucket") && labels.has("le")
            ? "_bucket"
            : name.endsWith("_count") ? "_count" : name.endsWith("_sum") ? "_sum" : "";
    if (suffix.isEmpty()) {
      return;
    }
    double bound = Double.NaN;
    if (suffix.equals("_bucket")) {
      try {
        bound = GoFloat.parse(labels.get("le"));
      } catch (IllegalArgumentException e) {
        return;
      }
    }
    String base = name.substring(0, name.length() - suffix.length());
    Labels key = labels.without("le").with(Labels.METRIC_NAME, base);
    TreeMap<Integer, Parts> byTime = histograms.computeIfAbsent(key, k -> new TreeMap<>());
    for (int i = 0; i < points.size(); i++) {
      Point p = points.get(i);
      if (p.omitted() || p.histogram() != null) {
        continue;
      }
      Parts parts = byTime.computeIfAbsent(i, k -> new Parts());
      switch (suffix) {
        case "_bucket" -> parts.buckets.put(bound, p.value());
        case "_count" -> parts.count = p.value();
        default -> parts.sum = p.value();
      }
    }
  }

  /** Returns the histograms of each series by position. */
  Map<Labels, Map<Integer, NativeHistogram>> build() {
    Map<Labels, Map<Integer, NativeHistogram>> out = new LinkedHashMap<>();
    for (Map.Entry<Labels, TreeMap<Integer, Parts>> h : histograms.entrySet()) {
      Map<Integer, NativeHistogram> byTime = new TreeMap<>();
      h.getValue()
          .forEach((i, parts) -> {
            if (!parts.buckets.isEmpty()) {
              byTime.put(i, parts.build());
            }
          });
      if (!byTime.isEmpty()) {
        out.put(h.getKey(), byTime);
      }
    }
    return out;
  }
}
