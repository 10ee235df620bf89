package io.narthex.testkit.exporter;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.exporter.MetricSink;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records what an exporter writes, and checks names and order. Not thread-safe. */
public final class RecordingMetrics implements MetricSink {
  private final Map<String, MetricMetadata> families = new LinkedHashMap<>();
  private final Map<Labels, Double> samples = new LinkedHashMap<>();
  private final List<String> faults = new ArrayList<>();
  private @Nullable MetricMetadata current;

  @Override
  public void family(MetricMetadata metadata) {
    if (families.putIfAbsent(metadata.name(), metadata) != null) {
      faults.add("family " + metadata.name() + " comes twice");
    }
    current = metadata;
  }

  @Override
  public void sample(String name, Labels labels, double value) {
    add(name, labels, value);
  }

  @Override
  public void sample(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
    add(name, labels, value);
  }

  @Override
  public void histogram(String name, Labels labels, NativeHistogram histogram) {
    add(name, labels, histogram.count());
  }

  private void add(String name, Labels labels, double value) {
    MetricMetadata family = current;
    if (family == null || !name.startsWith(family.name())) {
      faults.add("sample " + name + " stands outside of its family");
    }
    if (labels.has(Labels.METRIC_NAME)) {
      faults.add("sample " + name + " has a label __name__");
    }
    if (samples.put(labels.with(Labels.METRIC_NAME, name), value) != null) {
      faults.add("sample " + name + labels + " comes twice");
    }
  }

  /** Returns the families by name. */
  public Map<String, MetricMetadata> families() {
    return families;
  }

  /** Returns the samples by label set, including the name. */
  public Map<Labels, Double> samples() {
    return samples;
  }

  /** Returns the errors in order or names. */
  public List<String> faults() {
    return faults;
  }
}
