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

  /**
   * Keeps the storage that is open from being replaced until {@link #release}, so that no call of
   * this thread waits meanwhile. Never waits itself. To be held for moments only.
   *
   * @return false when none is open or it is about to be replaced; nothing is held then
   */
  boolean tryHold();

  /** Ends what {@link #tryHold} began, on the same thread. */
  void release();

  /** Returns the type of the storage, for example {@code tsdb}; empty while none is open. */
  String type();

  /** Returns the storage as a further interface of the SPI, or null when it does not offer it. */
  <T extends Storage> @Nullable T capability(Class<T> type);

  /** Returns how far recovery has come, 0 to 1. */
  double replayProgress();
}
