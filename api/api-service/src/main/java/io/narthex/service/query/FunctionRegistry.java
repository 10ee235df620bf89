package io.narthex.service.query;

import io.narthex.spi.function.PromqlFunction;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** The PromQL functions of the running plugins. Thread-safe. */
@ProviderType
public interface FunctionRegistry {
  /** Opens a lease of functions for one query. */
  Lease lease();

  /**
   * Returns the id of the plugin that last provided this function and does not run any more; null
   * when the function is available or never was.
   */
  @Nullable String formerProvider(String name);

  /**
   * Sets the names that plugins may not use, in addition to {@link
   * io.narthex.spi.function.BuiltinNames#all()}, which are always reserved.
   */
  void reserve(Set<String> names);

  /**
   * The functions of one query. A function that was found stays usable until the lease is closed,
   * even when its plugin is replaced meanwhile. Confined to one thread.
   */
  @ProviderType
  interface Lease extends AutoCloseable {
    /** Returns the function of a name, or null; the same each time. */
    @Nullable PromqlFunction find(String name);

    /** Releases the functions. Idempotent. */
    @Override
    void close();
  }
}
