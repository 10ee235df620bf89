package io.narthex.spi.exporter;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/** Produces metrics on demand. Calls do not overlap; each is made on a thread of the host. */
@ConsumerType
public interface Exporter extends AutoCloseable {
  /**
   * Writes all current metrics. A broken source should only lose its own metrics, as in Prometheus'
   * exporters.
   *
   * @param parameters URL parameters of the scrape, for example {@code collect[]}
   * @throws InterruptedException when the scrape has timed out
   * @throws ParameterException when the parameters cannot be used
   */
  void collect(MetricSink sink, Map<String, List<String>> parameters) throws InterruptedException;

  /**
   * Collects once, for the self-test of an update, while the previous version runs. It has 10 s. An
   * update that throws here does not take over. Override it where a collection is too expensive, or
   * where two instances cannot collect at the same time.
   *
   * @param sink its content is discarded
   * @since 1.1
   */
  default void probe(MetricSink sink) throws InterruptedException {
    collect(sink, Map.of());
  }

  /** Releases all resources. Idempotent. */
  @Override
  void close();
}
