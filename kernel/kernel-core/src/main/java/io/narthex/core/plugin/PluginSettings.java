package io.narthex.core.plugin;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/** What users decided about plugins and what outlives restarts: stopped ones, pinned versions. */
final class PluginSettings {
  private final Path file;
  private final Properties properties = new Properties();

  PluginSettings(Path file) {
    this.file = file;
    if (Files.exists(file)) {
      try (Reader in = Files.newBufferedReader(file)) {
        properties.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  boolean disabled(String id) {
    return properties.getProperty(id + ".disabled", "").equals("true");
  }

  void disabled(String id, boolean value) {
    set(id + ".disabled", value ? "true" : "");
  }

  /** Returns the file name of the kept jar that runs in place of the plugin's file, or empty. */
  String pin(String id) {
    return properties.getProperty(id + ".pin", "");
  }

  /** Returns the digest of the jar that the pinned one stands in for, or empty. */
  String pinnedInsteadOf(String id) {
    return properties.getProperty(id + ".pinned-instead-of", "");
  }

  /** Pins a kept jar until another jar than {@code insteadOf} arrives. */
  void pin(String id, String fileName, String insteadOf) {
    set(id + ".pinned-instead-of", insteadOf);
    set(id + ".pin", fileName);
  }

  void unpin(String id) {
    set(id + ".pin", "");
    set(id + ".pinned-instead-of", "");
  }

  /** Returns the ids of plugins that something was decided about. */
  Set<String> ids() {
    Set<String> ids = new TreeSet<>();
    for (String key : properties.stringPropertyNames()) {
      for (String suffix : List.of(".disabled", ".pin")) {
        if (key.endsWith(suffix)) {
          ids.add(key.substring(0, key.length() - suffix.length()));
        }
      }
    }
    return ids;
  }

  private void set(String key, String value) {
    Object before = value.isEmpty() ? properties.remove(key) : properties.setProperty(key, value);
    if (value.equals(before == null ? "" : before)) {
      return;
    }
    Path partial = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      try (Writer out = Files.newBufferedWriter(partial)) {
        properties.store(out, null);
      }
      Files.move(
          partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
