package io.narthex.core.plugin.state;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A small file of Java properties, UTF-8, read once and written whole: to a temporary file next to
 * it, then renamed, so that a reader sees the state before or after. Written by one thread at a
 * time, read by any.
 */
public final class StoredProperties {
  private final Path file;
  private final Properties properties = new Properties();

  /**
   * Reads the file; one that does not exist is empty.
   *
   * @throws UncheckedIOException when it cannot be read
   */
  public StoredProperties(Path file) {
    this.file = file;
    if (Files.exists(file)) {
      try (Reader in = Files.newBufferedReader(file)) {
        properties.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  public Set<String> names() {
    return properties.stringPropertyNames();
  }

  public @Nullable String get(String name) {
    return properties.getProperty(name);
  }

  /** Returns a value, empty when there is none. */
  public String text(String name) {
    return properties.getProperty(name, "");
  }

  /** Sets a value, or removes it when empty; returns whether that has changed anything. */
  public boolean set(String name, String value) {
    Object before = value.isEmpty() ? properties.remove(name) : properties.setProperty(name, value);
    return !value.equals(before == null ? "" : before);
  }

  /**
   * Writes the file.
   *
   * @throws UncheckedIOException when it cannot be written
   */
  public void store() {
    try {
      write(file, properties);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a file of properties whole, replacing an existing one. */
  public static void write(Path file, Properties properties) throws IOException {
    Path partial = file.resolveSibling(file.getFileName() + ".tmp");
    try (Writer out = Files.newBufferedWriter(partial)) {
      properties.store(out, null);
    }
    Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
