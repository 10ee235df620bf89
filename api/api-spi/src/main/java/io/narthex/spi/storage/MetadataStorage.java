package io.narthex.spi.storage;

import io.narthex.model.MetricMetadata;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A storage that keeps type, help and unit of metric families, which come with batches, see {@link
 * SampleBatch#metadata(MetricMetadata)}.
 *
 * @since 1.5
 */
@ConsumerType
public interface MetadataStorage extends Storage {
  /**
   * Returns the newest metadata of each family. A storage may forget families that it has not got
   * for long, and after a crash those of the last minute.
   *
   * @param name of the only family wanted; empty = all
   * @param limit most entries of the result; 0 = no limit
   */
  List<MetricMetadata> metadata(String name, int limit);
}
