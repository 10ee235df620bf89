package io.narthex.launch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code narthex plugin …}: uses the plugin manager of a running server over its REST API, with an
 * {@link AdminClient}. {@code plugin new} needs no server, see {@link PluginProject}.
 */
final class PluginCommand {
  private static final String USAGE =
      """
      usage: narthex plugin list                 plugins and parts of the server, with state and reason
             narthex plugin info ID              one of them: blocks it serves, calls, leaks
             narthex plugin install|update FILE.jar [--force]
                                                 installs or updates; --force: also a lower version, the
                                                 same one with another content, or one that serves less
             narthex plugin watch FILE.jar|PROJECT [--build]
                                                 installs the jar, or the newest one of the project, with
                                                 --force whenever it changes; --build: runs its Maven or
                                                 Gradle when a source changes
             narthex plugin remove ID            stops it and deletes its jar
             narthex plugin rollback ID          rolls back to the previous version, also over restarts
             narthex plugin enable|disable ID    starts it, frees it from quarantine, tries a refused
                                                 update again, or ends an undo; stops it until
                                                 it is enabled
             narthex plugin log [ID]             who changed what
             narthex plugin docs ID              its settings, as a table
             narthex plugin schema ID [--provider=KIND:TYPE [--part=global]]
                                                 its settings, as JSON schema
             narthex plugin waiting|orphans      blocks without plugin; decisions about absent plugins
             narthex plugin forget ID            deletes those, and kept versions
             narthex plugin new discovery|notifier|exporter|function|storage NAME [--package=PACKAGE]
                                                 [--dir=FOLDER]
                                                 creates the project of a plugin
      """
          + AdminClient.OPTIONS;

  private static final Duration REPLACED = Duration.ofMinutes(2);
  private static final long POLL_MILLIS = 300;
  private static final Duration LOOK = Duration.ofMillis(250);

  private final ObjectMapper json = new ObjectMapper();
  private final AdminClient client;
  private final PrintStream out;
  private final PrintStream err;
  private boolean raw;
  private boolean force;
  private boolean build;
  private String provider = "";
  private String part = "";

  private PluginCommand(AdminClient client, PrintStream out, PrintStream err) {
    this.client = client;
    this.out = new SafeOutput(out);
    this.err = new SafeOutput(err);
  }

  /**
   * Runs a command and returns the exit status: 0 done, 1 refused or no connection, 2 wrong usage.
   */
  static int run(AdminClient client, List<String> args, PrintStream out, PrintStream err) {
    return new PluginCommand(client, out, err).run(args);
  }

  private int run(List<String> args) {
    List<String> words = new ArrayList<>();
    for (String arg : args) {
      if (client.take(arg)) {
        continue;
      } else if (arg.equals("--help") || arg.equals("-h")) {
        out.print(USAGE);
        return 0;
      } else if (arg.equals("--json")) {
        raw = true;
      } else if (arg.startsWith("--provider=")) {
        provider = arg.substring("--provider=".length());
      } else if (arg.startsWith("--part=")) {
        part = arg.substring("--part=".length());
      } else if (arg.equals("--force")) {
        force = true;
      } else if (arg.equals("--build")) {
        build = true;
      } else if (arg.startsWith("-")) {
        err.println("narthex plugin: unknown option " + arg);
        return usage();
      } else {
        words.add(arg);
      }
    }
    String command = words.isEmpty() ? "" : words.get(0);
    String subject = words.size() > 1 ? words.get(1) : "";
    boolean needsSubject = !List.of("list", "log", "waiting", "orphans").contains(command);
    if (needsSubject && subject.isEmpty()) {
      return usage();
    }
    try {
      return switch (command) {
        case "list" -> list();
        case "waiting", "orphans" -> settings().print(send("GET", "plugins/" + command, null));
        case "docs" ->
            settings().printText(send("GET", schemaPath(subject) + "?format=markdown", null));
        case "schema" -> settings().printText(send("GET", schemaOf(subject), null));
        case "forget" ->
            print(send("DELETE", "plugins/orphans/" + encode(subject), BodyPublishers.noBody()));
        case "info" -> print(send("GET", "plugins/" + encode(subject), null));
        case "install", "update" -> finish(upload(Path.of(subject)));
        case "watch" -> {
          force = true; // the version does not change during development
          yield new PluginWatch(Path.of(subject), build, this::installed, out, err, LOOK).run();
        }
        case "remove" ->
            finish(send("DELETE", "plugins/" + encode(subject), BodyPublishers.noBody()));
        case "rollback", "enable", "disable" ->
            finish(
                send(
                    "POST", "plugins/" + encode(subject) + "/" + command, BodyPublishers.noBody()));
        case "log" ->
            print(
                send("GET", subject.isEmpty() ? "audit" : "audit?plugin=" + encode(subject), null));
        default -> usage();
      };
    } catch (IOException e) {
      err.println("narthex plugin: " + client.server() + ": " + AdminClient.reason(e));
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private SettingsOutput settings() {
    return new SettingsOutput(out, err, raw);
  }

  /** Prints the plugins, followed by waiting blocks and leftovers of removed plugins. */
  private int list() throws IOException, InterruptedException {
    int status = print(send("GET", "plugins", null));
    if (status == 0 && !raw) {
      settings().printIfAny(send("GET", "plugins/waiting", null));
      settings().printIfAny(send("GET", "plugins/orphans", null));
    }
    return status;
  }

  private static String schemaPath(String id) {
    return "plugins/" + encode(id) + "/schema";
  }

  private String schemaOf(String id) {
    return schemaPath(id)
        + (provider.isEmpty() ? "" : "?provider=" + encode(provider))
        + (provider.isEmpty() || part.isEmpty() ? "" : "&part=" + encode(part));
  }

  private int usage() {
    err.print(USAGE);
    return 2;
  }

  private static String encode(String text) {
    return AdminClient.encode(text);
  }

  private HttpResponse<String> upload(Path file) throws IOException, InterruptedException {
    if (!Files.isReadable(file)) {
      throw new IOException(file + " cannot be read");
    }
    String path =
        "plugins/upload?file="
            + encode(String.valueOf(file.getFileName()))
            + (force ? "&force=true" : "");
    return send("PUT", path, BodyPublishers.ofFile(file));
  }

  /** Installs a jar and returns the outcome in one line. */
  private String installed(Path jar) throws IOException, InterruptedException {
    HttpResponse<String> response = upload(jar);
    JsonNode body = json.readTree(response.body().isEmpty() ? "{}" : response.body());
    if (response.statusCode() >= 300) {
      return jar.getFileName()
          + " refused: "
          + body.path("error").asText("the server answered " + response.statusCode());
    }
    String reason = text(body, "reason");
    return text(body, "id")
        + " "
        + text(body, "version")
        + " "
        + text(body, "state")
        + (reason.isEmpty() ? "" : ": " + reason);
  }

  private HttpResponse<String> send(String method, String path, @Nullable BodyPublisher body)
      throws IOException, InterruptedException {
    return client.send(method, path, body);
  }

  /**
   * Prints the outcome of a change. Waits for one that continues after the answer, because the
   * bundle that answers is the one that is replaced.
   */
  private int finish(HttpResponse<String> response) throws IOException, InterruptedException {
    if (response.statusCode() != 202) {
      return print(response);
    }
    String id = json.readTree(response.body()).path("id").asText();
    long end = System.nanoTime() + REPLACED.toNanos();
    while (true) {
      Thread.sleep(POLL_MILLIS);
      try {
        HttpResponse<String> now = send("GET", "plugins/" + encode(id), null);
        JsonNode plugin = json.readTree(now.body());
        if (now.statusCode() == 200 && !plugin.path("state").asText().equals("starting")) {
          String problem = plugin.path("reason").asText();
          if (problem.isEmpty()) {
            return print(now);
          }
          err.println("narthex plugin: " + id + ": " + problem);
          return 1;
        }
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw e; // it does not listen again
        }
      }
      if (System.nanoTime() > end) {
        err.println("narthex plugin: " + id + " is still being replaced; see narthex plugin log");
        return 1;
      }
    }
  }

  private int print(HttpResponse<String> response) throws IOException {
    if (raw) {
      out.println(response.body());
      return response.statusCode() < 300 ? 0 : 1;
    }
    JsonNode body = json.readTree(response.body().isEmpty() ? "{}" : response.body());
    if (response.statusCode() >= 300) {
      err.println(
          "narthex plugin: "
              + body.path("error").asText("the server answered " + response.statusCode()));
      return 1;
    }
    if (body.has("plugins")) {
      out.printf(
          Locale.ROOT,
          "%-38s %-12s %-12s %-8s %s%n",
          "ID",
          "VERSION",
          "STATE",
          "SOURCE",
          "PROVIDES / REASON");
      for (JsonNode p : body.get("plugins")) {
        String reason = p.path("reason").asText();
        List<String> kinds = new ArrayList<>();
        p.path("kinds").forEach(k -> kinds.add(k.asText()));
        out.printf(
            Locale.ROOT,
            "%-38s %-12s %-12s %-8s %s%n",
            text(p, "id"),
            text(p, "version"),
            text(p, "state"),
            text(p, "source"),
            SafeOutput.line(reason.isEmpty() ? String.join(", ", kinds) : reason));
      }
      for (JsonNode p : body.path("removed")) {
        List<String> left = new ArrayList<>();
        p.path("leaks").forEach(l -> left.add(text(l, "what") + " " + text(l, "name")));
        out.printf(
            Locale.ROOT,
            "%-38s removed, has left behind: %s%n",
            text(p, "id"),
            String.join(", ", left));
      }
    } else if (body.has("entries")) {
      for (JsonNode e : body.get("entries")) {
        out.printf(
            Locale.ROOT,
            "%s %-12s %-10s %s %s: %s%n",
            Instant.ofEpochMilli(e.path("timeMs").asLong()),
            text(e, "actor"),
            text(e, "action"),
            text(e, "id"),
            text(e, "version"),
            text(e, "result"));
      }
    } else {
      body.properties().stream()
          .filter(f -> !f.getKey().equals("calls") && !f.getKey().equals("leaks"))
          .forEach(f ->
              out.printf(
                  Locale.ROOT,
                  "%-18s %s%n",
                  SafeOutput.line(f.getKey()),
                  SafeOutput.line(
                      f.getValue().isValueNode()
                          ? f.getValue().asText()
                          : f.getValue().toString())));
      health(body);
    }
    return 0;
  }

  private static String text(JsonNode of, String key) {
    return SafeOutput.line(of.path(key).asText());
  }

  /** Prints the statistics of calls into the plugin, and what previous versions left behind. */
  private void health(JsonNode plugin) {
    if (!plugin.path("calls").isEmpty()) {
      out.printf(
          Locale.ROOT,
          "%n%-24s %10s %10s %9s %9s %9s %10s %10s%n",
          "OPERATION",
          "CALLS",
          "EXCEPTIONS",
          "TIMEOUTS",
          "REJECTED",
          "IN FLIGHT",
          "MEAN",
          "MAX");
      for (JsonNode c : plugin.get("calls")) {
        out.printf(
            Locale.ROOT,
            "%-24s %10d %10d %9d %9d %9d %7.1f ms %7.1f ms%n",
            c.path("kind").asText() + " " + c.path("operation").asText(),
            c.path("calls").asLong(),
            c.path("exceptions").asLong(),
            c.path("timeouts").asLong(),
            c.path("rejected").asLong(),
            c.path("inFlight").asLong(),
            c.path("meanSeconds").asDouble() * 1000,
            c.path("maxSeconds").asDouble() * 1000);
      }
    }
    if (!plugin.path("leaks").isEmpty()) {
      out.printf(Locale.ROOT, "%n%-14s %-12s %s%n", "LEFT BEHIND", "BY VERSION", "NAME");
      for (JsonNode l : plugin.get("leaks")) {
        out.printf(
            Locale.ROOT,
            "%-14s %-12s %s%n",
            l.path("what").asText(),
            l.path("version").asText(),
            l.path("name").asText());
      }
    }
  }
}
