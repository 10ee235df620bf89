package io.narthex.service.query;

import io.narthex.spi.function.PromqlFunction;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** The PromQL functions of the plugins that run. Thread-safe. */
@ProviderType
public interface FunctionRegistry {
  /** Opens a use of functions by one query. */
  Lease lease();

  /**
   * Returns the id of the plugin that had this function last and does not run any more; null when
   * the function lives or was never there.
   */
  @Nullable String formerProvider(String name);

  /**
   * Sets the names that plugins may not use, besides {@link
   * io.narthex.spi.function.BuiltinNames#all()}, which are never theirs.
   */
  void reserve(Set<String> names);

  /**
   * The functions that a query uses. Those it has found stay usable until it is closed, even when
   * their plugin is replaced meanwhile. Confined to one thread.
   */
  @ProviderType
  interface Lease extends AutoCloseable {
    /** Returns the function of a name, or null; the same one each time. */
    @Nullable PromqlFunction find(String name);

    /** Ends the use. Idempotent. */
    @Override
    void close();
  }
}
