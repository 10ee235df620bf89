package io.narthex.spi.plugin;

import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What the host provides to one opened instance of a plugin. All of it is thread-safe and may be
 * used until the instance is closed.
 */
@ProviderType
public interface PluginContext {
  /**
   * Returns a short name of this instance for logs, for example {@code scrape job "node"
   * file_sd_configs[0]}.
   */
  String instance();

  /** Returns the clock to use; tests pass a fixed one. */
  Clock clock();

  /** Returns the HTTP client; it owns its connections and threads. */
  HttpTransport http();

  /**
   * Returns a factory that layers TLS over connected sockets, for plugins with another protocol
   * than HTTP: certificates, keys, names and versions are treated as by the HTTP client. Only
   * {@code createSocket(Socket, String, int, boolean)} is supported; the certificate must be valid
   * for its host unless the settings name another. Files are read at each of these calls, which
   * throw an IOException with a message for users when one cannot be used.
   *
   * <p>The default is for contexts outside of a server and accepts no settings.
   *
   * @param settings of a block's {@code tls_config}; null: the JDK's trusted certificates, no
   *     client key
   */
  default SSLSocketFactory tls(@Nullable TlsSettings settings) {
    if (settings != null) {
      throw new IllegalArgumentException(instance() + ": no TLS settings outside of a server");
    }
    return (SSLSocketFactory) SSLSocketFactory.getDefault();
  }

  /**
   * Reads metrics in Prometheus' text format 0.0.4 with the parser of pushed metrics, which is
   * strict: the text must end with a line feed, and nothing is taken of one that is malformed.
   *
   * <p>The default is for contexts outside of a server and reads nothing.
   *
   * @param text in UTF-8, as large as the caller allows
   * @throws IOException when it is malformed; the message tells the line and is for users
   * @since 1.1
   */
  default TextMetrics readMetrics(byte[] text) throws IOException {
    throw new IOException(instance() + ": no parser of metrics outside of a server");
  }

  /** Returns an existing folder for the plugin's own files, kept over restarts and updates. */
  Path stateDirectory();

  /** Returns the folder that relative paths in the configuration are relative to. */
  Path configDirectory();

  /**
   * Starts another thread of the host, for an instance that waits for several things at once. The
   * instance must interrupt and join its threads before the call that started them returns, a
   * storage before {@code close()} returns.
   */
  default Thread start(Runnable task) {
    Thread thread = new Thread(task, instance() + " worker");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
