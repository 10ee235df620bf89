package io.narthex.service.server;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Carries what must outlive the replacement of a kernel bundle: the component that stops leaves it,
 * the one that takes its place takes it. Nothing of it outlives the process. Thread-safe.
 */
@ProviderType
public interface HandOver {
  /**
   * Leaves a value for the next component; one left under the same key before is dropped. It is
   * kept for a quarter of an hour.
   *
   * @param key who may take it and in which form, for example {@code rules/1}
   * @param value of types of the JDK and the API only, since the bundle of the caller goes away;
   *     not changed afterwards
   */
  void leave(String key, Object value);

  /**
   * Returns what was left under a key, or null. It stays: when the one that takes it does not work,
   * the component before comes back and needs it.
   */
  @Nullable Object take(String key);
}
