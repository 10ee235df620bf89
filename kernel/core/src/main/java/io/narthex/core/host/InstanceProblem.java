package io.narthex.core.host;

import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.storage.StorageException;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with an instance of a plugin.
 *
 * @param kind null when the host does not know it: the plugin reported the problem itself, which
 *     may be the fault of a remote system, of credentials or of a file
 * @param text for users; empty when nothing is wrong
 */
public record InstanceProblem(@Nullable PluginProblem kind, String text) {
  /** Nothing is wrong. */
  public static final InstanceProblem NONE = new InstanceProblem(null, "");

  /** Returns a problem of a kind, {@link #NONE} for an empty text. */
  static InstanceProblem of(PluginProblem kind, String text) {
    return text.isEmpty() ? NONE : new InstanceProblem(kind, text);
  }

  /** Returns a problem that the plugin reported itself, or that is not the plugin's. */
  static InstanceProblem reported(String text) {
    return text.isEmpty() ? NONE : new InstanceProblem(null, text);
  }

  /** Returns the kind of a failure to open an instance. */
  static PluginProblem kindOf(Throwable e) {
    return switch (e) {
      case ConfigException _ -> PluginProblem.SETTINGS;
      case StorageException _ -> PluginProblem.SERVER;
      case PluginTimeoutException t when t.isStopping() -> PluginProblem.STOPPING;
      default -> PluginProblem.CRASHED;
    };
  }

  /** Returns whether nothing is wrong. */
  public boolean isEmpty() {
    return text.isEmpty();
  }
}
