package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Kind;
import java.util.List;
import java.util.Map;

/** Runs the instances of one kind of plugin. Queries are called by any thread. */
public interface PluginHost extends ProviderRegistry.Listener {
  /** Returns the kind of plugins it runs. */
  Kind kind();

  /** Returns the configuration blocks that a type serves, each with its problem. */
  Map<String, InstanceProblem> instances(String type);

  /**
   * Returns the blocks of a type that have delivered nothing and reported no reason, although the
   * previous version of the plugin delivered.
   */
  default List<String> silent(String type) {
    return List.of();
  }
}
