package io.narthex.service.storage;

import io.narthex.spi.storage.Storage;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The kernel's door to the storage that runs now. Behaves as a {@link Storage}; while a storage is
 * being replaced, {@code append} and {@code resolve} wait (bounded) and reads fail with {@code
 * StorageException.Closed}. References of the former storage are reported as unknown afterwards.
 * Nobody but the kernel-core closes it.
 */
@ProviderType
public interface StorageGate extends Storage {
  /** Tells whether a storage is open. */
  boolean ready();

  /** Returns the type of the storage, for example {@code tsdb}; empty while none is open. */
  String type();

  /** Returns the storage as a further interface of the SPI, or null when it does not offer it. */
  <T extends Storage> @Nullable T capability(Class<T> type);

  /** Returns how far recovery has come, 0 to 1. */
  double replayProgress();
}
