package io.narthex.config.yaml;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.yaml.YamlText;
import io.narthex.yaml.YamlText.Limits;
import io.narthex.yaml.YamlText.Merge;
import java.io.IOException;
import java.nio.file.Path;

/** The server's way to {@link YamlText}: its limits, and which merge rule a kind of file has. */
public final class YamlReader {
  private static final Limits FOREIGN = new Limits(64 << 20, 10_000, 200, false);

  private YamlReader() {}

  /**
   * Returns the text of a file; UTF-16 is taken as in the originals.
   *
   * @throws IOException when it cannot be read, or is not encoded in UTF-8
   */
  public static String text(Path file) throws IOException {
    return YamlText.of(file);
  }

  /**
   * Reads the first document.
   *
   * @param file name for messages
   * @return an empty map for an empty text
   * @throws ConfigException with file, line and column
   */
  public static ConfigNode read(String file, String text) {
    return YamlText.read(file, text, Limits.FILE, Merge.IN_ORDER);
  }

  /**
   * Reads the first document of a file of rules, where a map's own keys win over merged ones.
   *
   * @throws ConfigException with file, line and column
   */
  public static ConfigNode readRules(String file, String text) {
    return YamlText.read(file, text, Limits.FILE, Merge.OWN_FIRST);
  }

  /**
   * Reads the first document of an untrusted text, for example an expanded annotation: without
   * aliases, with far fewer values than a file may have.
   *
   * @throws ConfigException with file, line and column
   */
  public static ConfigNode readForeign(String file, String text) {
    return YamlText.read(file, text, FOREIGN, Merge.OWN_FIRST);
  }
}
