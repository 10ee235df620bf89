package io.narthex.spi.discovery;

import io.narthex.spi.plugin.PluginContext;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A kind of discovery: the service a plugin registers. Stateless and thread-safe.
 *
 * @param <C> the annotated record of one configuration block
 */
@ConsumerType
public interface DiscoveryProvider<C extends Record> {
  /**
   * Returns the type, for example {@code consul}; the configuration key is {@code
   * consul_sd_configs}.
   */
  String type();

  /** Returns the record that a configuration block is bound to. */
  Class<C> configType();

  /**
   * Opens the discovery of one block. Validates everything and does no I/O.
   *
   * @throws io.narthex.spi.config.ConfigException when the block cannot be used
   */
  Discovery open(C config, PluginContext context);
}
