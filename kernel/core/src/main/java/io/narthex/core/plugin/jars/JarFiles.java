package io.narthex.core.plugin.jars;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lists the jars of a folder. */
public final class JarFiles {
  private static final Logger LOG = LoggerFactory.getLogger(JarFiles.class);

  private JarFiles() {}

  /** Returns the jars in a folder by name; none when it does not exist or cannot be listed. */
  public static List<Path> in(Path folder) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, "*.jar")) {
        for (Path file : stream) {
          if (!isHidden(file)
              && Files.isRegularFile(file)) { // opening a pipe would wait for a writer
            found.add(file);
          }
        }
      } catch (IOException e) {
        LOG.error("plugins: {} cannot be listed: {}", folder, e.toString());
      }
    }
    found.sort(null);
    return found;
  }

  /** Returns whether a name begins with a dot, like those of incomplete copies. */
  public static boolean isHidden(Path file) {
    return name(file).startsWith(".");
  }

  /** Returns the name of a file without its folder. */
  public static String name(Path file) {
    return String.valueOf(file.getFileName());
  }
}
