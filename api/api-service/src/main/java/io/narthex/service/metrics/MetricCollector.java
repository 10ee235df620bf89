package io.narthex.service.metrics;

import io.narthex.spi.exporter.MetricSink;
import org.osgi.annotation.versioning.ConsumerType;

/** Adds metrics that are computed at collection; registered as a service. */
@ConsumerType
public interface MetricCollector {
  /** Writes whole families, with names that no other collector and not {@link Metrics} has. */
  void collect(MetricSink sink);
}
