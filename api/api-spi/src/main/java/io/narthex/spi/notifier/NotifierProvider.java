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
   * block, {@link io.narthex.spi.config.Setting#excludes()} names keys that may not stand together,
   * {@link io.narthex.spi.config.Secret} hides, and the record's constructor refuses with a {@link
   * io.narthex.spi.config.ConfigException} what is wrong otherwise. They are checked with the file,
   * whether a receiver has a block of this type or not.
   */
  Class<G> globalConfigType();

  /**
   * Returns whether a block may be empty, because all it needs can stand in {@code global:};
   * without it an empty one is refused as missing.
   *
   * @since 1.1
   */
  default boolean mayBeEmpty() {
    return false;
  }

  /**
   * Returns definitions of templates, for example {@code {{ define "acme.default.title" }}…{{ end
   * }}}, that the texts of the plugin's blocks may call besides Alertmanager's own. A definition of
   * the same name in a file of {@code templates:} wins. Empty: none.
   *
   * @since 1.1
   */
  default String templates() {
    return "";
  }

  /** Returns the value of {@code send_resolved} for a block that does not give it. */
  boolean sendResolvedByDefault();

  /**
   * Opens the notifier of one block. Validates everything, does no I/O.
   *
   * @throws io.narthex.spi.config.ConfigException when the block cannot be used
   */
  Notifier open(C config, G globals, PluginContext context);

  /**
   * Returns a block with what it takes from {@code global:} and with the values that stand in for
   * absent ones, as the status of the server shows it; {@link #open} is given the block itself.
   * Does no I/O. Without it blocks are shown with the defaults of their record.
   *
   * @since 1.1
   */
  default C effective(C config, G globals) {
    return config;
  }

  /** The record of a provider without keys in {@code global:}. */
  record NoGlobals() {}
}
