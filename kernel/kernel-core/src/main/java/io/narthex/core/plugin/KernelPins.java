package io.narthex.core.plugin;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;

/**
 * Which kept jars run in place of shipped kernel bundles. The launcher reads the file at the next
 * start: {@code <id>.jar} is the kept jar, relative to the file's folder, {@code <id>.instead-of}
 * the digest of the shipped jar it stands in for; another shipped jar ends it.
 */
final class KernelPins {
  private final Path file;
  private final Properties properties = new Properties();

  KernelPins(Path file) {
    this.file = file;
    if (Files.exists(file)) {
      try (Reader in = Files.newBufferedReader(file)) {
        properties.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Has a kept jar run from the next start on. */
  void pin(String id, Path jar, String insteadOf) {
    Path folder = file.toAbsolutePath().getParent();
    String relative = folder == null ? jar.toString() : folder.relativize(jar).toString();
    properties.setProperty(id + ".jar", relative.replace('\\', '/'));
    properties.setProperty(id + ".instead-of", insteadOf);
    write();
  }

  /** Has the shipped jar run from the next start on. */
  void unpin(String id) {
    boolean was = properties.remove(id + ".jar") != null;
    properties.remove(id + ".instead-of");
    if (was) {
      write();
    }
  }

  private void write() {
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
