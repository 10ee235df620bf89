package io.narthex.core.host;

import io.narthex.service.metrics.Metrics;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.PluginContext;
import java.nio.file.Path;
import java.time.Clock;

/**
 * What all hosts share.
 *
 * @param stateRoot parent of the plugins' own folders
 */
public record HostEnvironment(Clock clock, HttpTransport http, Path stateRoot, Metrics metrics) {
  /** Returns the context of one instance. */
  PluginContext context(String type, String instance, Path configDirectory) {
    return new HostContext(instance, clock, http, stateRoot, configDirectory, type);
  }
}
