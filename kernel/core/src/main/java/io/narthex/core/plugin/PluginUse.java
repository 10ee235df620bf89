package io.narthex.core.plugin;

import io.narthex.core.host.InstanceProblem;
import io.narthex.core.host.ProviderRegistry.Provider;
import java.util.List;
import java.util.Map;

/** What the hosts know about the use of a provider. Called by any thread, takes no long lock. */
public interface PluginUse {
  /** Returns the configuration blocks a provider serves, each with its problem. */
  Map<String, InstanceProblem> instances(Provider provider);

  /**
   * Returns the blocks for which a provider has delivered nothing and reported no reason, although
   * its previous version delivered.
   */
  List<String> silent(Provider provider);
}
