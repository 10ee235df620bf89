package io.narthex.spi.exporter;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/** Produces metrics when asked. Calls do not overlap; each comes on a thread of the host. */
@ConsumerType
public interface Exporter extends AutoCloseable {
  /**
   * Writes all metrics as they are now. One broken source should cost only its own metrics, as in
   * the original exporters.
   *
   * @param parameters URL parameters of the scrape, for example {@code collect[]}
   * @throws InterruptedException when the scrape's time is over
   */
  void collect(MetricSink sink, Map<String, List<String>> parameters) throws InterruptedException;

  /** Frees what the exporter holds. Idempotent. */
  @Override
  void close();
}
