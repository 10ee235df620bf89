package io.narthex.core.updates;

import io.narthex.core.plugin.state.StoredProperties;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which kept jars run instead of shipped kernel bundles. The launcher reads the file at the next
 * start: {@code <id>.jar} is the kept jar, relative to the file's folder, {@code <id>.instead-of}
 * the digest of the shipped jar that it replaces; another shipped jar ends the pin.
 */
final class KernelPins {
  private final Path file;
  private final StoredProperties properties;

  KernelPins(Path file) {
    this.file = file;
    properties = new StoredProperties(file);
  }

  /** Returns the bundles that a kept jar replaces, sorted. */
  Set<String> ids() {
    Set<String> ids = new TreeSet<>();
    for (String name : properties.names()) {
      if (name.endsWith(".jar")) {
        ids.add(name.substring(0, name.length() - ".jar".length()));
      }
    }
    return ids;
  }

  /** Returns the kept jar, relative to the file's folder, or empty. */
  String jar(String id) {
    return properties.text(id + ".jar");
  }

  /** Returns where the kept jar is. */
  Path path(String id) {
    return file.toAbsolutePath().resolveSibling(jar(id)).normalize();
  }

  /** Makes a kept jar run from the next start on. */
  void pin(String id, Path jar, String insteadOf) {
    Path folder = file.toAbsolutePath().getParent();
    String relative = folder == null ? jar.toString() : folder.relativize(jar).toString();
    properties.set(id + ".jar", relative.replace('\\', '/'));
    properties.set(id + ".instead-of", insteadOf);
    properties.store();
  }

  /** Makes the shipped jar run from the next start on. */
  void unpin(String id) {
    if (properties.set(id + ".jar", "") | properties.set(id + ".instead-of", "")) {
      properties.store();
    }
  }
}
