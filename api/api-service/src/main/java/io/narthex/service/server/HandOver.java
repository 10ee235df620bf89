package io.narthex.service.server;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Carries state over the replacement of a kernel bundle: the component that stops leaves it, the
 * component that replaces it takes it. In memory only. Thread-safe.
 */
@ProviderType
public interface HandOver {
  /**
   * Leaves a value for the next component; an earlier value of the same key is dropped. It is kept
   * for 15 minutes.
   *
   * @param key name and format version, for example {@code rules/1}
   * @param value of types of the JDK and the API only, since the classes of the caller's bundle are
   *     unloaded; must not be changed afterwards
   */
  void leave(String key, Object value);

  /**
   * Returns the value of a key, or null. The value stays: if the new component fails, the previous
   * one is restored and needs it.
   */
  @Nullable Object take(String key);
}
