package io.narthex.rules;

import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;

/**
 * The rule files that come with the server, in {@code lib/rules} of its folder. {@code
 * rules.ready_made} of {@code narthex.yml} names those that are evaluated.
 */
record ReadyMadeRules(Path folder) {
  private static final String ALL = "all";
  private static final String SUFFIX = ".yml";

  /** Returns those of the server that runs. */
  static ReadyMadeRules of(BundleContext framework) {
    String home = Objects.requireNonNullElse(framework.getProperty("narthex.home"), "");
    return new ReadyMadeRules(Path.of(home).resolve("lib/rules"));
  }

  /**
   * Returns the files of some names.
   *
   * @param names of files without suffix, or {@code all}
   * @throws ConfigException when a name is not known
   */
  List<Path> files(List<String> names) {
    if (names.isEmpty()) {
      return List.of();
    }
    List<Path> known = known();
    List<Path> files = new ArrayList<>();
    for (String name : names) {
      List<Path> wanted =
          known.stream().filter(f -> name.equals(ALL) || name.equals(name(f))).toList();
      if (wanted.isEmpty()) {
        throw new ConfigException(
            "narthex.yml: rules.ready_made: one of all, "
                + String.join(", ", known.stream().map(ReadyMadeRules::name).toList())
                + ", got \""
                + name
                + "\"");
      }
      files.addAll(wanted);
    }
    return files;
  }

  private List<Path> known() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(SUFFIX)).sorted().toList();
    } catch (IOException e) {
      throw new ConfigException(
          "narthex.yml: rules.ready_made: " + folder + " cannot be read, got " + e, e);
    }
  }

  private static String name(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.length() - SUFFIX.length());
  }
}
