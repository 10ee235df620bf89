package io.narthex.spi.exporter;

import io.narthex.spi.plugin.PluginContext;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A kind of exporter: the service a plugin registers. Stateless and thread-safe.
 *
 * @param <C> the annotated record of its block under {@code exporters:} in {@code narthex.yml}
 */
@ConsumerType
public interface ExporterProvider<C extends Record> {
  /**
   * Returns the type, for example {@code node}; it is scraped at {@code /exporters/node/metrics}.
   */
  String type();

  /** Returns the record that the configuration block is bound to. */
  Class<C> configType();

  /**
   * Opens the exporter. Validates everything and does no I/O.
   *
   * @throws io.narthex.spi.config.ConfigException when the block cannot be used
   */
  Exporter open(C config, PluginContext context);
}
