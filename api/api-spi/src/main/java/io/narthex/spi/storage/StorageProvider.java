package io.narthex.spi.storage;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A kind of storage: the service a plugin registers. Stateless and thread-safe. The host opens at
 * most one storage of a directory at a time; an update closes the previous one first.
 *
 * @param <C> the annotated record of its settings
 */
@ConsumerType
public interface StorageProvider<C extends Record> {
  /** Returns the type, for example {@code tsdb}. */
  String type();

  /** Returns the record that the settings are bound to. */
  Class<C> configType();

  /**
   * Opens the storage: recovers existing data, and is ready to append and select on return.
   *
   * @throws StorageException when the data cannot be used; nothing is changed then
   */
  Storage open(C config, StorageContext context);

  /**
   * Checks, without writing, that {@link #open} could use the data in the folder, for the self-test
   * of an update: another storage, possibly of another version, has the folder open and writes to
   * it meanwhile. It has 10 s. An update that throws here does not take over. The default does
   * nothing.
   *
   * @throws StorageException when the data cannot be used
   * @since 1.2
   */
  default void probe(C config, StorageContext context) {}
}
