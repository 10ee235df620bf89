package io.narthex.config.yaml;

import io.narthex.model.go.GoGlob;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/** Expands file patterns of a configuration: rule files, scrape configurations, templates. */
public final class FilePatterns {
  private FilePatterns() {}

  /**
   * Returns the sorted files that match a pattern of a setting, which is one as seen from the
   * process; as {@link #expand(Path, String)} does.
   */
  public static List<Path> expand(String pattern) {
    return expand(Path.of(""), pattern);
  }

  /**
   * Returns the sorted files that match a pattern; one without wildcards finds the file of that
   * name, if it exists, and an empty one none.
   *
   * @param folder the folder that the pattern is relative to
   * @throws ConfigException when the pattern is malformed or a folder cannot be listed
   */
  public static List<Path> expand(Path folder, String pattern) {
    if (pattern.isEmpty()) {
      return List.of(); // it would name the folder
    }
    if (!GoGlob.isPattern(pattern)) {
      Path file = folder.resolve(pattern);
      return Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? List.of(file) : List.of();
    }
    try {
      return GoGlob.expand(folder, pattern);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new ConfigException(
          folder.resolve(pattern) + ": cannot be listed: " + e.getMessage(), e);
    }
  }
}
