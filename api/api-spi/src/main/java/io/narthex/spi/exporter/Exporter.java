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

  /**
   * Collects once, for the self-test of an update, while the previous version runs. It has 10 s. An
   * update that throws here does not take over. An exporter for which a collection is too dear, or
   * that can be only one at a time, does less.
   *
   * @param sink what is written to it is thrown away
   * @since 1.1
   */
  default void probe(MetricSink sink) throws InterruptedException {
    collect(sink, Map.of());
  }

  /** Frees what the exporter holds. Idempotent. */
  @Override
  void close();
}
