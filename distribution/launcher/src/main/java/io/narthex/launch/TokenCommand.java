package io.narthex.launch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code narthex token …}: the API tokens of a running server. */
final class TokenCommand {
  private static final String USAGE =
      """
      usage: narthex token list
             narthex token create NAME --role=viewer|operator|plugin_admin|admin [--expires=90d]
             narthex token remove NAME|ID
      """
          + AdminClient.OPTIONS;

  private final ObjectMapper json = new ObjectMapper();
  private final AdminClient client;
  private final PrintStream out;
  private final PrintStream err;
  private boolean raw;
  private String role = "";
  private String expires = "";

  private TokenCommand(AdminClient client, PrintStream out, PrintStream err) {
    this.client = client;
    this.out = new SafeOutput(out);
    this.err = new SafeOutput(err);
  }

  /**
   * Runs a command and returns the exit status: 0 done, 1 refused or no connection, 2 wrong usage.
   */
  static int run(AdminClient client, List<String> args, PrintStream out, PrintStream err) {
    return new TokenCommand(client, out, err).run(args);
  }

  private int run(List<String> args) {
    List<String> words = new ArrayList<>();
    for (String arg : args) {
      if (arg.equals("--json")) {
        raw = true;
      } else if (arg.startsWith("--role=")) {
        role = arg.substring("--role=".length());
      } else if (arg.startsWith("--expires=")) {
        expires = arg.substring("--expires=".length());
      } else if (client.take(arg)) {
        continue;
      } else if (arg.startsWith("-")) {
        err.println("narthex token: unknown option " + arg);
        return usage();
      } else {
        words.add(arg);
      }
    }
    String command = words.isEmpty() ? "" : words.get(0);
    if (words.size() != (command.equals("list") ? 1 : 2)
        || command.equals("create") && role.isEmpty()) {
      return usage();
    }
    try {
      return switch (command) {
        case "list" -> print(client.send("GET", "tokens", null));
        case "create" -> print(create(words.get(1)));
        case "remove" ->
            print(
                client.send(
                    "DELETE",
                    "tokens/" + AdminClient.encode(words.get(1)),
                    BodyPublishers.noBody()));
        default -> usage();
      };
    } catch (IOException e) {
      err.println("narthex token: " + client.server() + ": " + AdminClient.reason(e));
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private int usage() {
    err.print(USAGE);
    return 2;
  }

  private HttpResponse<String> create(String name) throws IOException, InterruptedException {
    ObjectNode asked = json.createObjectNode().put("name", name).put("role", role);
    if (!expires.isEmpty()) {
      asked.put("expires", expires);
    }
    return client.send("POST", "tokens", BodyPublishers.ofString(asked.toString()));
  }

  private int print(HttpResponse<String> response) throws IOException {
    if (raw) {
      out.println(response.body());
      return response.statusCode() < 300 ? 0 : 1;
    }
    JsonNode body;
    try {
      body = json.readTree(response.body());
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IOException("the answer is not JSON, status " + response.statusCode(), e);
    }
    if (response.statusCode() >= 300) {
      err.println(
          "narthex token: "
              + body.path("error").asText("the server answered " + response.statusCode()));
      return 1;
    }
    if (body.has("tokens")) {
      String row = "%-14s %-24s %-13s %-21s %-21s %s%n";
      out.printf(Locale.ROOT, row, "ID", "NAME", "ROLE", "EXPIRES", "LAST USED", "CREATED BY");
      for (JsonNode t : body.get("tokens")) {
        out.printf(
            Locale.ROOT,
            row,
            text(t, "id"),
            text(t, "name"),
            text(t, "role"),
            time(t, "expires"),
            time(t, "lastUsed"),
            text(t, "createdBy"));
      }
    } else if (body.has("token")) {
      out.println(text(body, "token"));
      err.println("narthex token: this is shown once; the server keeps a digest of it");
    }
    return 0;
  }

  private static String text(JsonNode of, String key) {
    return SafeOutput.line(of.path(key).asText());
  }

  private static String time(JsonNode of, String key) {
    long ms = of.path(key).asLong();
    return ms == 0 ? "never" : Instant.ofEpochMilli(ms / 1000 * 1000).toString();
  }
}
