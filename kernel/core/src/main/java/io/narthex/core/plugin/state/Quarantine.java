package io.narthex.core.plugin.state;

import io.narthex.core.host.GuardLimits;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which jars are kept out of service because they failed repeatedly, and how often a jar has failed
 * to start. Stored in a file, so that it survives restarts. A jar is identified by its digest:
 * another jar of the same plugin starts from zero. Used with the plugin manager's lock held.
 */
public final class Quarantine {
  private static final Logger LOG = LoggerFactory.getLogger(Quarantine.class);

  private final Path file;
  private final Clock clock;
  private final GuardLimits limits;
  private final StoredProperties properties;

  Quarantine(Path file, Clock clock, GuardLimits limits) {
    this.file = file;
    this.clock = clock;
    this.limits = limits;
    properties = new StoredProperties(file);
  }

  /** Returns why a jar is kept out of service, or null. */
  public @Nullable String reason(String id, String sha256) {
    return sha256.equals(properties.get(id + ".sha256")) ? properties.get(id + ".reason") : null;
  }

  /** Keeps a jar out of service. */
  public void hold(String id, String sha256, String reason) {
    forget(id);
    properties.set(id + ".sha256", sha256);
    properties.set(id + ".reason", reason);
    store();
  }

  /**
   * Counts a failed start; returns how many there have been in a row within the window.
   *
   * @param sha256 digest of the jar that failed
   */
  public int startFailed(String id, String sha256) {
    long now = clock.millis();
    String[] last = properties.text(id + ".starts").split(" ", -1);
    int before = 0;
    if (last.length == 3
        && last[0].equals(sha256)
        && now - Long.parseLong(last[1]) <= limits.window().toMillis()) {
      before = Integer.parseInt(last[2]);
    }
    int failures = before + 1;
    properties.set(id + ".starts", sha256 + " " + now + " " + failures);
    store();
    return failures;
  }

  /** Lets a plugin start again: at the user's request, or because it has started. */
  public void free(String id) {
    if (forget(id)) {
      store();
    }
  }

  private boolean forget(String id) {
    return properties.set(id + ".sha256", "")
        | properties.set(id + ".reason", "")
        | properties.set(id + ".starts", "");
  }

  private void store() {
    try {
      properties.store();
    } catch (UncheckedIOException e) {
      LOG.error(
          "quarantine of plugins: {} cannot be written, so it is lost at a restart: {}",
          file,
          String.valueOf(e.getCause()));
    }
  }
}
