package io.narthex.spi.storage;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A storage that takes changed settings while it runs.
 *
 * @param <C> the record of its settings
 */
@ConsumerType
public interface ConfigurableStorage<C extends Record> extends Storage {
  /**
   * Applies settings that a reload has changed.
   *
   * @throws io.narthex.spi.config.ConfigException when they cannot be used; the old ones stay then
   */
  void reconfigure(C config);
}
