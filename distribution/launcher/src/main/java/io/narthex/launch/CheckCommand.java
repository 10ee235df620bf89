package io.narthex.launch;

import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code narthex check …}: checks files with the server's own bundles and plugins, started in this
 * process without listening, applying or sending anything; queries a running server over HTTP.
 */
final class CheckCommand {
  private static final String USAGE =
      """
      usage: narthex check config FILE [--syntax-only]
             narthex check rules FILE…
             narthex check alertmanager-config FILE
             narthex check web-config FILE…
             narthex check service-discovery FILE JOB [--timeout=30s]
             narthex check secrets FILE… [--storage.tsdb.path=DIR]
             narthex check metrics < FILE
             narthex check healthy|ready [--url=http://localhost:9090]
      """;

  private static final Map<String, String> OPTIONS =
      Map.of("--syntax-only", "syntax-only", "--timeout", "timeout", "--storage.tsdb.path", "data");

  private CheckCommand() {}

  /**
   * How to start the server to check files.
   *
   * @param subject what is checked
   * @param file as the user named it
   * @param arguments the server's flags
   * @param options of the check itself, by name
   */
  record Start(String subject, String file, List<String> arguments, Map<String, String> options) {}

  /** The subjects of checks, with their options. */
  private static final Map<String, List<String>> SUBJECTS =
      Map.of(
          "config", List.of("--syntax-only"),
          "rules", List.of(),
          "alertmanager-config", List.of(),
          "web-config", List.of(),
          "service-discovery", List.of("--timeout"),
          "secrets", List.of("--storage.tsdb.path"),
          "metrics", List.of());

  /**
   * Returns how the server checks the files of a command.
   *
   * @param work a folder that is deleted afterwards
   * @throws IllegalArgumentException when the command cannot be used; the message is for the user
   */
  static Start start(List<String> words, Path work) throws IOException {
    String subject = words.isEmpty() ? "" : words.get(0);
    List<String> known = SUBJECTS.get(subject);
    if (known == null) {
      throw new IllegalArgumentException(USAGE.strip());
    }
    List<String> files = new ArrayList<>();
    Map<String, String> options = new TreeMap<>();
    for (String word : words.subList(1, words.size())) {
      String name = word.replaceFirst("=.*", "");
      if (!word.startsWith("--")) {
        files.add(word);
      } else if (known.contains(name) && name.equals("--syntax-only") != word.contains("=")) {
        String value = word.contains("=") ? word.substring(word.indexOf('=') + 1) : "true";
        options.put(OPTIONS.get(name), value);
      } else {
        throw new IllegalArgumentException(USAGE.strip());
      }
    }
    if (subject.equals("service-discovery") && files.size() == 2) {
      options.put("job", files.remove(1));
    } else if (files.isEmpty() != subject.equals("metrics")
        || subject.equals("service-discovery")) {
      throw new IllegalArgumentException(USAGE.strip());
    }
    if (files.size() > 1 && List.of("config", "alertmanager-config").contains(subject)) {
      throw new IllegalArgumentException(
          "narthex check " + subject + ": one file at a time, got " + files.size());
    }
    for (String file : files) {
      if (!Files.exists(Path.of(file))) {
        throw new IllegalArgumentException(
            "narthex: error: path '" + file + "' does not exist, try --help");
      }
    }
    List<String> arguments =
        new ArrayList<>(
            List.of("--log.level=error", "--storage.tsdb.path=" + work.resolve("data")));
    Path main = work.resolve("prometheus.yml");
    switch (subject) {
      case "metrics", "web-config", "secrets" -> {
        return new Start(subject, String.join("\u0001", files), List.of(), options);
      }
      case "config", "service-discovery" -> arguments.add("--config.file=" + files.get(0));
      case "rules" -> {
        StringBuilder yaml = new StringBuilder("rule_files:\n");
        for (String file : files) {
          String path = Path.of(file).toAbsolutePath().normalize().toString();
          yaml.append("- '").append(path.replace("'", "''")).append("'\n");
        }
        Files.writeString(main, yaml);
        arguments.add("--config.file=" + main);
      }
      default -> {
        Files.writeString(main, "");
        arguments.add("--config.file=" + main);
        arguments.add("--alertmanager.config.file=" + files.get(0));
      }
    }
    return new Start(subject, files.get(0), List.copyOf(arguments), options);
  }

  /** Queries a server whether it is healthy or ready. */
  static int ask(List<String> words, PrintStream err) throws InterruptedException {
    String url = "http://localhost:9090";
    for (String word : words.subList(1, words.size())) {
      if (!word.startsWith("--url=")) {
        err.print(USAGE);
        return 1;
      }
      url = word.substring("--url=".length()).replaceFirst("/+$", "");
    }
    String target = url + "/-/" + words.get(0);
    try (HttpClient client =
        HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create(target)).timeout(Duration.ofSeconds(30)).build(),
              BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        err.println("check failed: URL=" + target + ", status=" + answer.statusCode());
        return 1;
      }
      err.println("  SUCCESS:  " + answer.body());
      return 0;
    } catch (IOException | IllegalArgumentException e) {
      err.println(
          "Get \""
              + target
              + "\": "
              + (e instanceof ConnectException ? "connect: connection refused" : e.getMessage()));
      return 1;
    }
  }
}
