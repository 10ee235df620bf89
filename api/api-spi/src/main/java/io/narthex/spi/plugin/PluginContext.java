package io.narthex.spi.plugin;

import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.nio.file.Path;
import java.time.Clock;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What the host lends to one opened instance of a plugin. All of it is thread-safe and may be used
 * until the instance is closed.
 */
@ProviderType
public interface PluginContext {
  /**
   * Returns a short name of this instance for logs, for example {@code scrape job "node"
   * file_sd_configs[0]}.
   */
  String instance();

  /** Returns the clock to use; tests hand in one that stands still. */
  Clock clock();

  /** Returns the HTTP client; it owns its connections and threads. */
  HttpTransport http();

  /**
   * Returns what puts TLS on connected sockets, for plugins that speak another protocol than HTTP:
   * certificates, keys, names and versions are treated as by the HTTP client. Only {@code
   * createSocket(Socket, String, int, boolean)} works, its host is the one that the certificate
   * must be of unless the settings name another. Files are read at each of these calls, which throw
   * an IOException with a text fit for users when one cannot be used.
   *
   * <p>This default serves contexts outside of a server: it takes no settings.
   *
   * @param settings of a block's {@code tls_config}; null: what the JDK trusts, no client key
   */
  default SSLSocketFactory tls(@Nullable TlsSettings settings) {
    if (settings != null) {
      throw new IllegalArgumentException(instance() + ": no TLS settings outside of a server");
    }
    return (SSLSocketFactory) SSLSocketFactory.getDefault();
  }

  /** Returns a folder for the plugin's own files, created, kept over restarts and updates. */
  Path stateDirectory();

  /** Returns the folder that relative paths in the configuration are relative to. */
  Path configDirectory();

  /**
   * Starts a further thread of the host, for an instance that has to wait for several things at
   * once. The instance interrupts and joins all of them before the call returns in which it started
   * them, a storage before its close returns.
   */
  default Thread start(Runnable task) {
    Thread thread = new Thread(task, instance() + " worker");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
