package io.narthex.config.yaml;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Names of files within configuration files. */
public final class FileNames {
  private FileNames() {}

  /**
   * Returns a name as seen from the process: a relative one belongs to the folder of the file that
   * holds it, and the result is as relative as that file's own name. Dots are taken out, as Go's
   * filepath.Join does. Empty and absolute names, and those that no file can have, stay as they
   * are.
   *
   * @param file that holds the name, as the user gave it
   */
  public static String within(String file, String name) {
    try {
      if (name.isEmpty() || Path.of(name).isAbsolute()) {
        return name;
      }
      String joined = Path.of(file).resolveSibling(name).normalize().toString();
      return joined.isEmpty() ? "." : joined;
    } catch (InvalidPathException e) {
      return name; // who opens it says so
    }
  }
}
