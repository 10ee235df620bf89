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

/**
 * {@code narthex check …}: files are judged by the server's own parts and plugins, started in this
 * process without listening, applying or sending anything; a running server is asked over HTTP.
 */
final class CheckCommand {
  private static final String USAGE =
      """
      usage: narthex check config FILE
             narthex check rules FILE…
             narthex check alertmanager-config FILE
             narthex check healthy|ready [--url=http://localhost:9090]
      """;

  private CheckCommand() {}

  /**
   * How the server is started to check files.
   *
   * @param subject what is checked
   * @param file as the user named it
   * @param arguments the server's flags
   */
  record Start(String subject, String file, List<String> arguments) {}

  /**
   * Returns how the server checks the files of a command.
   *
   * @param work a folder that is deleted afterwards
   * @throws IllegalArgumentException when the command cannot be used; the message is for the user
   */
  static Start start(List<String> words, Path work) throws IOException {
    String subject = words.isEmpty() ? "" : words.get(0);
    List<String> files = words.isEmpty() ? List.of() : words.subList(1, words.size());
    if (!List.of("config", "rules", "alertmanager-config").contains(subject) || files.isEmpty()) {
      throw new IllegalArgumentException(USAGE.strip());
    }
    if (files.size() > 1 && !subject.equals("rules")) {
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
      case "config" -> arguments.add("--config.file=" + files.get(0));
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
    return new Start(subject, files.get(0), List.copyOf(arguments));
  }

  /** Asks a server whether it is healthy or ready. */
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
