package io.narthex.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code narthex test rules …}: runs unit tests of rules, files in promtool's format, with the
 * server's own engine and the functions of its plugins.
 */
final class TestCommand {
  private static final String USAGE =
      """
      usage: narthex test rules [options] FILE…
        --run=REGEXP             only tests with a matching name; may be given more than once
        --diff                   shows differences line by line
        --debug                  shows all samples of each test
        --junit=FILE             writes a JUnit XML report too
        --ignore-unknown-fields  ignores keys that the formats do not have
        --enable-feature=NAMES   features of PromQL, separated by commas, as of the server
      """;

  private TestCommand() {}

  /**
   * Returns how the server tests the files of a command.
   *
   * @param work a folder that is deleted afterwards
   * @throws IllegalArgumentException when the command cannot be used; the message is for the user
   */
  static CheckCommand.Start start(List<String> words, Path work) throws IOException {
    if (words.isEmpty() || !words.getFirst().equals("rules")) {
      throw new IllegalArgumentException(USAGE.strip());
    }
    Path main = Files.writeString(work.resolve("prometheus.yml"), "");
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--log.level=error",
                "--storage.tsdb.path=" + work.resolve("data"),
                "--config.file=" + main));
    List<String> files = new ArrayList<>();
    List<String> run = new ArrayList<>();
    Map<String, String> options = new TreeMap<>();
    for (String word : words.subList(1, words.size())) {
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      String value = equals < 0 ? "" : word.substring(equals + 1);
      boolean flag = equals < 0;
      switch (name) {
        case "--run" -> run.add(required(name, value));
        case "--junit" -> options.put("junit", required(name, value));
        case "--enable-feature" -> arguments.add(word);
        case "--diff", "--debug", "--ignore-unknown-fields" -> {
          if (!flag) {
            throw new IllegalArgumentException(USAGE.strip());
          }
          options.put(name.substring(2), "true");
        }
        default -> {
          if (word.startsWith("--")) {
            throw new IllegalArgumentException(USAGE.strip());
          }
          files.add(existing(word));
        }
      }
    }
    if (files.isEmpty()) {
      throw new IllegalArgumentException(USAGE.strip());
    }
    options.put("run", String.join("\u0001", run));
    return new CheckCommand.Start(
        "rule-tests", String.join("\u0001", files), List.copyOf(arguments), options);
  }

  private static String required(String name, String value) {
    if (value.isEmpty()) {
      throw new IllegalArgumentException(
          "narthex test rules: " + name + " needs a value: " + name + "=VALUE");
    }
    return value;
  }

  private static String existing(String file) {
    if (!Files.exists(Path.of(file))) {
      throw new IllegalArgumentException(
          "narthex: error: path '" + file + "' does not exist, try --help");
    }
    return file;
  }
}
