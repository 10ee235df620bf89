package io.narthex.http.access;

import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of {@code --web.config.file}, read again when it or a file that it names has changed. A
 * change that cannot be used is ignored and logged once, where the original answers every request
 * with an error. Thread-safe.
 */
public final class WebConfigFile {
  private static final Logger LOG = LoggerFactory.getLogger(WebConfigFile.class);
  private static final long LOOK_NANOS = 500_000_000;
  private static final int MAX_BYTES = 4 << 20;

  private final @Nullable Path file;
  private volatile WebConfig config = WebConfig.NONE;
  private final ServerTls.@Nullable Factory tls;
  private volatile long lookedNanos = System.nanoTime();
  private String seen = ""; // guarded by this
  private final RateLimiter limiter = new RateLimiter();

  /**
   * Reads the file.
   *
   * @param path empty for none
   * @throws ConfigException when it cannot be used, with the reason
   */
  public WebConfigFile(String path) {
    file = path.isEmpty() ? null : Path.of(path);
    ServerTls.Material material = null;
    if (file != null) {
      WebConfig read = read(file);
      material = ServerTls.material(read.tlsServerConfig(), file);
      config = read;
      seen = fingerprint(file, read);
    }
    tls = material == null ? null : new ServerTls.Factory(material, this::current);
  }

  private static WebConfig read(Path file) {
    try {
      long size = Files.size(file);
      if (size > MAX_BYTES) {
        throw new ConfigException(
            file + ": must not be larger than " + MAX_BYTES + " bytes, got " + size);
      }
      return WebConfig.read(file.toString(), YamlReader.text(file));
    } catch (IOException e) {
      throw new ConfigException("open " + file + ": " + ServerTls.reason(e), e);
    }
  }

  /** Returns the TLS of the listeners, or null without TLS. */
  public ServerTls.@Nullable Factory tls() {
    return tls;
  }

  /** Returns the configuration; looks at most twice a second whether files have changed. */
  public WebConfig current() {
    if (file != null && System.nanoTime() - lookedNanos > LOOK_NANOS) {
      look(file);
    }
    return config;
  }

  /** Counts a request against the rate limit; returns whether it is let in. */
  boolean allowsRequest() {
    return limiter.allows(current().rateLimit(), System.nanoTime());
  }

  private synchronized void look(Path path) {
    if (System.nanoTime() - lookedNanos <= LOOK_NANOS) {
      return; // another thread has checked
    }
    String now = fingerprint(path, config);
    if (!now.equals(seen)) {
      try {
        WebConfig read = read(path);
        ServerTls.Material fresh = ServerTls.material(read.tlsServerConfig(), path);
        if ((fresh == null) != (tls == null)) {
          throw new ConfigException(
              path + ": TLS cannot be switched on or off while the server runs; restart it");
        }
        if (fresh != null && tls != null) {
          tls.renew(fresh);
        }
        config = read;
        now = fingerprint(path, read);
        LOG.info("{} read again", path);
      } catch (RuntimeException e) {
        LOG.error("{} cannot be used, the previous state stays: {}", path, e.getMessage());
      }
      seen = now;
    }
    lookedNanos = System.nanoTime();
  }

  /** Returns a string that changes when a file does. */
  private static String fingerprint(Path file, WebConfig config) {
    List<Path> files = new ArrayList<>(List.of(file));
    WebConfig.Tls tls = config.tlsServerConfig();
    for (String named : List.of(tls.certFile(), tls.keyFile(), tls.clientCaFile())) {
      if (!named.isEmpty()) {
        files.add(Path.of(named));
      }
    }
    StringBuilder b = new StringBuilder();
    for (Path p : files) {
      try {
        b.append(Files.getLastModifiedTime(p)).append('/').append(Files.size(p));
        b.append('/').append(Files.getAttribute(p, "unix:ino"));
      } catch (IOException | UnsupportedOperationException e) {
        b.append('-');
      }
      b.append(';');
    }
    return b.toString();
  }
}
