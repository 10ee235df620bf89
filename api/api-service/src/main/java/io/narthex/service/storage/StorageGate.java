package io.narthex.service.storage;

import io.narthex.spi.storage.Storage;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The storage in use, so that it can be replaced while the server runs. Behaves as a {@link
 * Storage}; while a storage is being replaced, {@code append} and {@code resolve} block for a
 * bounded time and reads fail with {@code StorageException.Closed}. It buffers no samples: callers
 * that must not block, such as scrape loops, use {@link #tryHold} and keep their samples
 * themselves. References of the previous storage are reported as unknown afterwards. Only
 * kernel-core closes it.
 */
@ProviderType
public interface StorageGate extends Storage {
  /** Returns whether a storage is open. */
  boolean ready();

  /**
   * Prevents the replacement of the open storage until {@link #release}, so that no call of this
   * thread blocks meanwhile. Never blocks. Hold it for short operations only.
   *
   * @return false when none is open or a replacement is pending; nothing is held then
   */
  boolean tryHold();

  /** Releases a hold of {@link #tryHold}; call it on the same thread. */
  void release();

  /** Returns the type of the storage, for example {@code tsdb}; empty while none is open. */
  String type();

  /** Returns the storage as another interface of the SPI, or null when it does not implement it. */
  <T extends Storage> @Nullable T capability(Class<T> type);

  /**
   * Returns the number of the opening of the storage in use: references of another one are unknown.
   * It may be another one with the next call, unless the storage is held.
   *
   * @return 0 while none is open, or when the gate does not count them
   * @since 1.2
   */
  default long epoch() {
    return 0;
  }

  /** Returns the progress of recovery, 0 to 1. */
  double replayProgress();
}
