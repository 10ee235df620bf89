package io.narthex.core.plugin;

import io.narthex.core.plugin.jars.JarFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The installed plugins and the files they come from.
 *
 * <p>{@link #changes} is held during every change; methods are called with it held unless they say
 * otherwise.
 */
final class PluginTable {
  /** Held during every change of a plugin, so that changes are made one after the other. */
  final Object changes = new Object();

  private final Map<String, Plugin> plugins = new ConcurrentSkipListMap<>();
  private final Map<String, String> brokenFiles = new ConcurrentSkipListMap<>(); // name to reason
  private final Map<Path, String> idByFile = new LinkedHashMap<>();
  private final Path dropFolder;
  private final Clock clock;

  PluginTable(Path dropFolder, Clock clock) {
    this.dropFolder = dropFolder;
    this.clock = clock;
  }

  /** Returns the folder where users put jars. Called by any thread. */
  Path dropFolder() {
    return dropFolder;
  }

  /** Returns all plugins by id, as a view. Called by any thread. */
  Collection<Plugin> all() {
    return plugins.values();
  }

  /** Returns a plugin, or null. Called by any thread. */
  @Nullable Plugin get(String id) {
    return plugins.get(id);
  }

  /** Adds a new plugin. */
  Plugin add(String id) {
    Plugin plugin = new Plugin(id, clock);
    plugins.put(id, plugin);
    return plugin;
  }

  void remove(String id) {
    plugins.remove(id);
  }

  /** Returns the id of the plugin in a file, or null. */
  @Nullable String idOf(Path file) {
    return idByFile.get(file);
  }

  /** Records which plugin a file holds. */
  void holds(Path file, String id) {
    idByFile.put(file, id);
  }

  /** Forgets a file; returns the id of the plugin it held, or null. */
  @Nullable String forget(Path file) {
    return idByFile.remove(file);
  }

  /**
   * Returns the plugin deployed from a file, or null, for example when another file of it is in
   * use.
   */
  @Nullable Plugin comingFrom(Path file) {
    String id = idByFile.get(file);
    Plugin plugin = id == null ? null : plugins.get(id);
    return plugin != null && file.equals(plugin.file) ? plugin : null;
  }

  /** Returns the other files that hold a plugin, those of users first. */
  List<Path> otherFiles(Plugin plugin) {
    Path current = plugin.file;
    return idByFile.entrySet().stream()
        .filter(e -> e.getValue().equals(plugin.id) && !e.getKey().equals(current))
        .map(Map.Entry::getKey)
        .filter(Files::exists)
        .sorted(Comparator.comparing((Path p) -> p.startsWith(dropFolder) ? 0 : 1))
        .toList();
  }

  /** Records why a file in the drop folder is not a plugin; empty: it is not complete yet. */
  void broken(Path file, String reason) {
    brokenFiles.put(JarFiles.name(file), reason);
  }

  void notBroken(Path file) {
    brokenFiles.remove(JarFiles.name(file));
  }

  /** Returns the files that are not plugins, by name, with the reason. Called by any thread. */
  Map<String, String> broken() {
    return brokenFiles;
  }
}
