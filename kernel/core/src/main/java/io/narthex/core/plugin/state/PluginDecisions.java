package io.narthex.core.plugin.state;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What was decided about plugins and outlives restarts: which are stopped, which version is pinned.
 */
public final class PluginDecisions {
  private final StoredProperties properties;

  public PluginDecisions(Path file) {
    properties = new StoredProperties(file);
  }

  public boolean disabled(String id) {
    return properties.text(id + ".disabled").equals("true");
  }

  public void disabled(String id, boolean value) {
    set(id + ".disabled", value ? "true" : "");
  }

  /** Returns the file name of the kept jar that runs instead of the plugin's file, or empty. */
  public String pin(String id) {
    return properties.text(id + ".pin");
  }

  /** Returns the digest of the jar that the pinned one replaces, or empty. */
  public String pinnedInsteadOf(String id) {
    return properties.text(id + ".pinned-instead-of");
  }

  /** Returns why the server pinned a jar by itself; empty when a user did. */
  public String pinReason(String id) {
    return properties.text(id + ".pin-reason");
  }

  /**
   * Pins a kept jar until another jar than {@code insteadOf} arrives.
   *
   * @param reason why the server pinned it by itself; empty when a user did
   */
  public void pin(String id, String fileName, String insteadOf, String reason) {
    set(id + ".pin-reason", reason);
    set(id + ".pinned-instead-of", insteadOf);
    set(id + ".pin", fileName);
  }

  public void unpin(String id) {
    set(id + ".pin", "");
    set(id + ".pinned-instead-of", "");
    set(id + ".pin-reason", "");
  }

  /** Returns the ids of plugins with decisions. */
  public Set<String> ids() {
    Set<String> ids = new TreeSet<>();
    for (String key : properties.names()) {
      for (String suffix : List.of(".disabled", ".pin")) {
        if (key.endsWith(suffix)) {
          ids.add(key.substring(0, key.length() - suffix.length()));
        }
      }
    }
    return ids;
  }

  private void set(String key, String value) {
    if (properties.set(key, value)) {
      properties.store();
    }
  }
}
