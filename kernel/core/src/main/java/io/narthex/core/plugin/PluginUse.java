package io.narthex.core.plugin;

import io.narthex.core.host.ProviderRegistry.Provider;
import java.util.List;
import java.util.Map;

/** What the hosts know about the use of a provider. Called by any thread, takes no long lock. */
public interface PluginUse {
  /** Returns the configuration blocks a provider serves, each with its problem, or empty. */
  Map<String, String> instances(Provider provider);

  /**
   * Returns the blocks for which a provider has given nothing yet, without saying why, although its
   * predecessor had.
   */
  List<String> silent(Provider provider);
}
