package io.narthex.storage.memory;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import java.util.List;
import java.util.Map;

/** Writes the counters as metrics with the names and help texts of Prometheus. */
final class MemoryMetrics {
  private static final String PREFIX = "prometheus_tsdb_";

  /** A family; with {@code byType} it has a sample for floats and one for histograms. */
  private record Family(String name, MetricType type, String help, boolean byType) {}

  private static final List<Family> FAMILIES =
      List.of(
          counter("head_series_created_total", "Total number of series created in the head", false),
          counter("head_series_removed_total", "Total number of series removed in the head", false),
          counter("head_samples_appended_total", "Total number of appended samples.", true),
          counter(
              "out_of_order_samples_total",
              "Total number of out of order samples ingestion failed attempts due to out of order being disabled.",
              true),
          counter(
              "out_of_bound_samples_total",
              "Total number of out of bound samples ingestion failed attempts with out of order support disabled.",
              true),
          counter(
              "exemplar_exemplars_appended_total", "Total number of appended exemplars.", false),
          counter(
              "exemplar_out_of_order_exemplars_total",
              "Total number of out of order exemplar ingestion failed attempts.",
              false),
          new Family(
              "exemplar_exemplars_in_storage",
              MetricType.GAUGE,
              "Number of exemplars currently in circular storage.",
              false));

  private MemoryMetrics() {}

  private static Family counter(String name, String help, boolean byType) {
    return new Family(name, MetricType.COUNTER, help, byType);
  }

  /**
   * Writes all families.
   *
   * @param counters by name without prefix, labels in braces
   */
  static void write(Map<String, Double> counters, MetricSink sink) {
    for (Family f : FAMILIES) {
      String name = PREFIX + f.name;
      sink.family(new MetricMetadata(name, f.type, f.help, ""));
      if (!f.byType) {
        sink.sample(name, Labels.EMPTY, counters.getOrDefault(f.name, 0.0));
        continue;
      }
      for (String type : List.of("float", "histogram")) {
        String key = f.name + "{type=\"" + type + "\"}";
        sink.sample(name, Labels.of("type", type), counters.getOrDefault(key, 0.0));
      }
    }
  }
}
