package io.narthex.core.host;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;

/**
 * What instances of plugins get.
 *
 * @param instance name of the instance
 * @param clock the system's
 * @param http the shared client
 * @param stateRoot parent of the plugins' folders
 * @param configDirectory what relative paths in the configuration are relative to
 * @param type of the plugin, the name of its folder
 */
record HostContext(
    String instance,
    Clock clock,
    HttpTransport http,
    Path stateRoot,
    Path configDirectory,
    String type)
    implements PluginContext {
  @Override
  public Path stateDirectory() {
    Path folder = stateRoot.resolve(type);
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Thread start(Runnable task) {
    return Thread.ofVirtual().name(instance() + " worker").start(task);
  }
}
