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
 */
final class DetachableSink implements MetricSink {
  private @Nullable MetricSink target; // guarded by this

  DetachableSink(MetricSink target) {
    this.target = target;
  }

  /** Hands nothing on from now. */
  synchronized void detach() {
    target = null;
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
    target().family(metadata);
  }

  @Override
  public synchronized void sample(String name, Labels labels, double value) {
    target().sample(name, labels, value);
  }

  @Override
  public synchronized void sample(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
    target().sample(name, labels, value, timestampMs, exemplar);
  }

  @Override
  public synchronized void histogram(String name, Labels labels, NativeHistogram histogram) {
    target().histogram(name, labels, histogram);
  }
}
