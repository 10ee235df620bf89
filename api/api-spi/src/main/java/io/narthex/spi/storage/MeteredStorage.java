package io.narthex.spi.storage;

import io.narthex.spi.exporter.MetricSink;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A storage that reports its own metrics. The host itself reports the number of series, chunks and
 * blocks and their size, as {@code prometheus_tsdb_head_series}, {@code
 * prometheus_tsdb_head_chunks}, {@code prometheus_tsdb_blocks_loaded} and {@code
 * prometheus_tsdb_storage_blocks_bytes}, from {@link StorageStats}.
 *
 * @since 1.3
 */
@ConsumerType
public interface MeteredStorage extends Storage {
  /**
   * Writes whole families under their full names, for example {@code
   * prometheus_tsdb_compactions_total}. Called for each scrape of the server's metrics, so it
   * should be cheap.
   *
   * @param sink must not be used after the call
   */
  void collect(MetricSink sink);
}
