package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.plugin.HttpTransport;
import java.nio.file.Path;
import java.time.Clock;

/**
 * What all hosts share.
 *
 * @param stateRoot parent of the plugins' own folders
 * @param guard makes the calls into plugins
 */
public record HostEnvironment(
    Clock clock, HttpTransport http, Path stateRoot, Metrics metrics, PluginGuard guard) {
  /** Creates an environment with a guard of its own. */
  public HostEnvironment(Clock clock, HttpTransport http, Path stateRoot, Metrics metrics) {
    this(clock, http, stateRoot, metrics, new PluginGuard());
  }

  /** Returns the context of one instance. */
  HostContext context(Provider plugin, String instance, Path configDirectory) {
    return new HostContext(
        instance, clock, http, stateRoot, configDirectory, plugin.type(), plugin, guard);
  }
}
