package io.narthex.spi.storage;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A storage that can make a copy of what it holds while it is in use.
 *
 * @since 1.4
 */
@ConsumerType
public interface SnapshotStorage extends Storage {
  /**
   * Makes a copy in {@code snapshots/<name>} of the data folder, from which a storage of the same
   * type can be opened. Samples appended meanwhile may be in it or not. Nothing is left of one that
   * fails.
   *
   * @param skipHead whether samples that are in no immutable block yet are left out
   * @return its name, a time and a random number
   * @throws StorageException when it cannot be made, for example because the disk is full
   */
  String snapshot(boolean skipHead);
}
