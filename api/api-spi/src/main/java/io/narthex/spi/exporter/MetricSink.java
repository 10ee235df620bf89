package io.narthex.spi.exporter;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** Receives metrics family by family. Confined to the thread of the collection. */
@ProviderType
public interface MetricSink {
  /**
   * Starts a family; the samples that follow belong to it. A family is written once per collection.
   */
  void family(MetricMetadata metadata);

  /**
   * Adds a sample of the current family.
   *
   * @param name the sample's name: the family's, or with a suffix such as {@code _bucket}
   * @param labels without the name
   */
  void sample(String name, Labels labels, double value);

  /**
   * Adds a sample with its own timestamp in epoch milliseconds, 0 for none, and an exemplar or
   * null.
   */
  void sample(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar);

  /** Adds a native histogram of the current family; {@code labels} without the name. */
  void histogram(String name, Labels labels, NativeHistogram histogram);
}
