package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.exporter.MetricSink;
import org.jspecify.annotations.Nullable;

/** Passes on the families whose names begin with a prefix. Confined to one thread. */
public final class PrefixedFamilies implements MetricSink {
  private final MetricSink to;
  private final String prefix;
  private boolean wanted; // whether the current family is passed on

  /** Creates a filter in front of a sink. */
  public PrefixedFamilies(MetricSink to, String prefix) {
    this.to = to;
    this.prefix = prefix;
  }

  @Override
  public void family(MetricMetadata metadata) {
    wanted = metadata.name().startsWith(prefix);
    if (wanted) {
      to.family(metadata);
    }
  }

  @Override
  public void sample(String name, Labels labels, double value) {
    if (wanted) {
      to.sample(name, labels, value);
    }
  }

  @Override
  public void sample(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
    if (wanted) {
      to.sample(name, labels, value, timestampMs, exemplar);
    }
  }

  @Override
  public void histogram(String name, Labels labels, NativeHistogram histogram) {
    if (wanted) {
      to.histogram(name, labels, histogram);
    }
  }
}
