package io.narthex.spi.storage;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A storage that accepts changed settings while it runs.
 *
 * @param <C> the record of its settings
 */
@ConsumerType
public interface ConfigurableStorage<C extends Record> extends Storage {
  /**
   * Applies settings that a reload has changed.
   *
   * @throws io.narthex.spi.config.ConfigException when they cannot be used; the previous ones stay
   *     in effect then
   */
  void reconfigure(C config);
}
