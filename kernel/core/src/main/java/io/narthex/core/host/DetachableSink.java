package io.narthex.core.host;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.exporter.MetricSink;
import org.jspecify.annotations.Nullable;

/**
 * Hands samples on until it is detached. A collection that nobody waits for any more cannot write
 * into what the next one uses; its next sample throws, which ends most of them.
 *
 * <p>A sample whose name does not begin with that of its family throws, too, and is remembered as a
 * fault of the exporter: the text would be another family's, or no metric's at all.
 */
final class DetachableSink implements MetricSink {
  private static final int SHOWN = 200;

  private @Nullable MetricSink target; // this and the rest: guarded by this
  private String family = ""; // how the names of samples must begin; empty: no family has begun
  private String fault = "";

  DetachableSink(MetricSink target) {
    this.target = target;
  }

  /** Hands nothing on from now. */
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

  /** Returns what the names of a family's samples have in common. */
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
      throw new IllegalStateException("the time of this collection is over");
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
