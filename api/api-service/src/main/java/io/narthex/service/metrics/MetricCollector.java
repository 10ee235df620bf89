package io.narthex.service.metrics;

import io.narthex.spi.exporter.MetricSink;
import org.osgi.annotation.versioning.ConsumerType;

/** Adds metrics that are computed when asked; registered as a service. */
@ConsumerType
public interface MetricCollector {
  /** Writes whole families, no name that another collector or {@link Metrics} has. */
  void collect(MetricSink sink);
}
