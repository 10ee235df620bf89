package io.narthex.spi.notifier;

import io.narthex.spi.plugin.PluginContext;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A kind of notifier: the service a plugin registers. Stateless and thread-safe.
 *
 * @param <C> the annotated record of one block in a receiver
 * @param <G> the annotated record of the plugin's keys in {@code global:} of {@code
 *     alertmanager.yml}; {@link NoGlobals} when it has none
 */
@ConsumerType
public interface NotifierProvider<C extends Record, G extends Record> {
  /**
   * Returns the type, for example {@code slack}; the key in a receiver is {@code slack_configs}.
   */
  String type();

  /** Returns the record that a block is bound to. */
  Class<C> configType();

  /**
   * Returns the record that the plugin's keys in {@code global:} are bound to. Its keys are
   * Alertmanager's own or begin with {@link #type()} and an underscore; others are refused. As in a
   * block, {@link io.narthex.spi.config.Setting#excludes()} names keys that exclude each other,
   * {@link io.narthex.spi.config.Secret} hides values, and the record's constructor may refuse
   * values with a {@link io.narthex.spi.config.ConfigException}. The keys are checked with the
   * file, whether or not a receiver has a block of this type.
   */
  Class<G> globalConfigType();

  /**
   * Returns whether a block may be empty, because everything it needs can be set in {@code
   * global:}; otherwise an empty block is refused as missing.
   *
   * @since 1.1
   */
  default boolean mayBeEmpty() {
    return false;
  }

  /**
   * Returns template definitions, for example {@code {{ define "acme.default.title" }}…{{ end }}},
   * which the plugin's blocks may use in addition to Alertmanager's. A definition of the same name
   * in a file of {@code templates:} takes precedence. Empty: none.
   *
   * @since 1.1
   */
  default String templates() {
    return "";
  }

  /** Returns the value of {@code send_resolved} for a block that does not set it. */
  boolean sendResolvedByDefault();

  /**
   * Opens the notifier of one block. Validates everything and does no I/O.
   *
   * @throws io.narthex.spi.config.ConfigException when the block cannot be used
   */
  Notifier open(C config, G globals, PluginContext context);

  /**
   * Returns a block with the values it inherits from {@code global:} and with computed defaults, as
   * the status of the server shows it; {@link #open} gets the original block. Does no I/O. The
   * default returns the block unchanged.
   *
   * @since 1.1
   */
  default C effective(C config, G globals) {
    return config;
  }

  /** The record of a provider without keys in {@code global:}. */
  record NoGlobals() {}
}
