package io.narthex.core.host;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.exporter.MetricSink;
import org.jspecify.annotations.Nullable;

/**
 * Passes samples on until it is detached, so that an abandoned collection cannot write into the
 * buffers of the next one; its next sample throws, which ends most collections.
 *
 * <p>A sample whose name does not begin with that of its family throws, too, and is recorded as a
 * fault of the exporter: it would be written into another family, or none.
 */
final class DetachableSink implements MetricSink {
  private static final int SHOWN = 200;

  private @Nullable MetricSink target; // this and the rest: guarded by this
  private String family = ""; // prefix of the names of samples; empty: no family has begun
  private String fault = "";

  DetachableSink(MetricSink target) {
    this.target = target;
  }

  /** Passes nothing on from now on. */
  synchronized void detach() {
    target = null;
  }

  /** Returns what the exporter did wrong, or empty. */
  synchronized String fault() {
    return fault;
  }

  private MetricSink member(String name) {
    if (!name.startsWith(family) || name.isEmpty()) {
      if (fault.isEmpty()) {
        fault =
            "the sample \""
                + shown(name)
                + "\" stands in the family \""
                + shown(family)
                + "\"; the name of a sample is that of its family, or begins with it";
      }
      throw new IllegalArgumentException(fault);
    }
    return target();
  }

  private static String shown(String name) {
    return name.length() <= SHOWN ? name : name.substring(0, SHOWN) + "...";
  }

  /** Returns the common prefix of the names of a family's samples. */
  private static String base(MetricMetadata metadata) {
    String name = metadata.name();
    String suffix =
        switch (metadata.type()) {
          case COUNTER -> "_total"; // x_created belongs to x_total
          case INFO -> "_info";
          case UNKNOWN, GAUGE, HISTOGRAM, GAUGEHISTOGRAM, SUMMARY, STATESET -> "";
        };
    return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
  }

  private MetricSink target() {
    MetricSink current = target;
    if (current == null) {
      throw new IllegalStateException("this collection has been abandoned");
    }
    return current;
  }

  @Override
  public synchronized void family(MetricMetadata metadata) {
    MetricSink current = target();
    family = base(metadata);
    current.family(metadata);
  }

  @Override
  public synchronized void sample(String name, Labels labels, double value) {
    member(name).sample(name, labels, value);
  }

  @Override
  public synchronized void sample(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
    member(name).sample(name, labels, value, timestampMs, exemplar);
  }

  @Override
  public synchronized void histogram(String name, Labels labels, NativeHistogram histogram) {
    member(name).histogram(name, labels, histogram);
  }
}
