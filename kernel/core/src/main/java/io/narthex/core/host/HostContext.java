package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.exposition.family.MetricTexts;
import io.narthex.httpclient.TlsSockets;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.spi.plugin.TextMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The context of an instance of a plugin.
 *
 * @param instance name of the instance
 * @param clock the system's
 * @param http the shared client
 * @param stateRoot parent of the plugins' folders
 * @param configDirectory the folder that relative paths in the configuration refer to
 * @param type of the plugin, the name of its folder
 * @param plugin the plugin of the instance
 * @param guard tracks the threads lent
 */
record HostContext(
    String instance,
    Clock clock,
    HttpTransport http,
    Path stateRoot,
    Path configDirectory,
    String type,
    Provider plugin,
    PluginGuard guard)
    implements PluginContext {
  private static final Logger LOG = LoggerFactory.getLogger(HostContext.class);
  private static final Duration END_DEADLINE = Duration.ofSeconds(2);

  @Override
  public SSLSocketFactory tls(@Nullable TlsSettings settings) {
    return new TlsSockets(settings);
  }

  @Override
  public TextMetrics readMetrics(byte[] text) throws IOException {
    return MetricTexts.read(text);
  }

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
    return guard
        .threads()
        .lend(
            guard.thread(instance() + " worker"),
            this,
            guard.metrics().usage(plugin.pluginId()),
            task);
  }

  /** Interrupts the threads that the instance has started and waits for them. */
  void endThreads() {
    List<String> left = guard.threads().end(this, END_DEADLINE);
    if (!left.isEmpty()) {
      LOG.warn("{}: threads do not stop when interrupted: {}", instance, left);
    }
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return this == o;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
