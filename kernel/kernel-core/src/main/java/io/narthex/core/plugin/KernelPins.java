package io.narthex.core.plugin;

import java.nio.file.Path;

/**
 * Which kept jars run in place of shipped kernel bundles. The launcher reads the file at the next
 * start: {@code <id>.jar} is the kept jar, relative to the file's folder, {@code <id>.instead-of}
 * the digest of the shipped jar it stands in for; another shipped jar ends it.
 */
final class KernelPins {
  private final Path file;
  private final StoredProperties properties;

  KernelPins(Path file) {
    this.file = file;
    properties = new StoredProperties(file);
  }

  /** Has a kept jar run from the next start on. */
  void pin(String id, Path jar, String insteadOf) {
    Path folder = file.toAbsolutePath().getParent();
    String relative = folder == null ? jar.toString() : folder.relativize(jar).toString();
    properties.set(id + ".jar", relative.replace('\\', '/'));
    properties.set(id + ".instead-of", insteadOf);
    properties.store();
  }

  /** Has the shipped jar run from the next start on. */
  void unpin(String id) {
    if (properties.set(id + ".jar", "") | properties.set(id + ".instead-of", "")) {
      properties.store();
    }
  }
}
