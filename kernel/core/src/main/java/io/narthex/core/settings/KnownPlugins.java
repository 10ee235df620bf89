package io.narthex.core.settings;

import io.narthex.core.plugin.state.StoredProperties;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What plugins that have run here provided, kept over restarts, to distinguish a block, key or
 * function whose plugin is absent from a typo. A file of properties {@code <id>.provides}, {@code
 * <id>.globals} and {@code <id>.functions}, each a list with commas. Thread-safe.
 *
 * <p>A file that cannot be read or written is logged; nothing else fails.
 */
final class KnownPlugins {
  private static final Logger LOG = LoggerFactory.getLogger(KnownPlugins.class);
  private static final String PROVIDES = ".provides";
  private static final String GLOBALS = ".globals";
  private static final String FUNCTIONS = ".functions";

  /**
   * What is known of one plugin.
   *
   * @param provides for example {@code notifier:acme}
   * @param globals its keys in {@code global:} of {@code alertmanager.yml}
   * @param functions names of its PromQL functions
   */
  record Known(String id, Set<String> provides, Set<String> globals, Set<String> functions) {
    /** Copies the sets, sorted. */
    Known {
      provides = Collections.unmodifiableSet(new TreeSet<>(provides));
      globals = Collections.unmodifiableSet(new TreeSet<>(globals));
      functions = Collections.unmodifiableSet(new TreeSet<>(functions));
    }
  }

  private final Path file;
  private final TreeMap<String, Known> byId = new TreeMap<>(); // guarded by this

  /** Reads the file. */
  KnownPlugins(Path file) {
    this.file = file;
    if (!Files.exists(file)) {
      return;
    }
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      properties.load(in);
    } catch (IOException | IllegalArgumentException e) {
      LOG.error("plugins: {} cannot be read: {}", file, e.toString());
    }
    for (String key : properties.stringPropertyNames()) {
      if (key.endsWith(PROVIDES)) {
        String id = key.substring(0, key.length() - PROVIDES.length());
        byId.put(
            id,
            new Known(
                id,
                split(properties.getProperty(key)),
                split(properties.getProperty(id + GLOBALS)),
                split(properties.getProperty(id + FUNCTIONS))));
      }
    }
  }

  private static Set<String> split(@Nullable String text) {
    return text == null || text.isEmpty() ? Set.of() : Set.copyOf(List.of(text.split(",")));
  }

  /**
   * Remembers what a plugin provides now, and removes that from the plugins that provided it
   * before.
   */
  synchronized void remember(Known now) {
    Known before = byId.get(now.id());
    if (now.equals(before)) {
      return;
    }
    byId.put(now.id(), now);
    for (Known other : List.copyOf(byId.values())) {
      if (other.id().equals(now.id())) {
        continue;
      }
      Set<String> provides = new TreeSet<>(other.provides());
      Set<String> functions = new TreeSet<>(other.functions());
      if (provides.removeAll(now.provides()) | functions.removeAll(now.functions())) {
        byId.put(other.id(), new Known(other.id(), provides, other.globals(), functions));
      }
    }
    byId.values().removeIf(k -> k.provides().isEmpty());
    save();
  }

  /** Returns what is known of a plugin, or null. */
  synchronized @Nullable Known of(String id) {
    return byId.get(id);
  }

  /** Returns all plugins, sorted by id. */
  synchronized List<Known> all() {
    return List.copyOf(byId.values());
  }

  /** Returns the plugin that provided a function last, or null. */
  synchronized @Nullable String ofFunction(String name) {
    return byId.values().stream()
        .filter(k -> k.functions().contains(name))
        .map(Known::id)
        .findFirst()
        .orElse(null);
  }

  /**
   * Returns the plugin that provided something last, for example {@code notifier:acme}; or null.
   */
  synchronized @Nullable String ofProvider(String label) {
    return byId.values().stream()
        .filter(k -> k.provides().contains(label))
        .map(Known::id)
        .findFirst()
        .orElse(null);
  }

  /** Forgets a plugin. */
  synchronized void forget(String id) {
    if (byId.remove(id) != null) {
      save();
    }
  }

  private void save() {
    Properties properties = new Properties();
    byId.forEach((id, known) -> {
      properties.setProperty(id + PROVIDES, String.join(",", known.provides()));
      properties.setProperty(id + GLOBALS, String.join(",", known.globals()));
      properties.setProperty(id + FUNCTIONS, String.join(",", known.functions()));
    });
    try {
      StoredProperties.write(file, properties);
    } catch (IOException e) {
      LOG.error("plugins: {} cannot be written: {}", file, e.toString());
    }
  }
}
