package io.narthex.launch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prints answers about the settings of plugins: schemas, tables, waiting blocks, leftovers. */
final class SettingsOutput {
  private final ObjectMapper json = new ObjectMapper();
  private final PrintStream out;
  private final PrintStream err;
  private final boolean raw;

  SettingsOutput(PrintStream out, PrintStream err, boolean raw) {
    this.out = out;
    this.err = err;
    this.raw = raw;
  }

  private boolean refused(HttpResponse<String> response) throws IOException {
    if (response.statusCode() < 300) {
      return false;
    }
    String text = "the server answered " + response.statusCode();
    if (response.body().startsWith("{")) {
      text = json.readTree(response.body()).path("error").asText(text);
    }
    err.println("narthex plugin: " + text);
    return true;
  }

  /** Prints text unchanged and JSON indented. */
  int printText(HttpResponse<String> response) throws IOException {
    if (refused(response)) {
      return 1;
    }
    String body = response.body();
    if (!raw && body.startsWith("{")) {
      body = json.writerWithDefaultPrettyPrinter().writeValueAsString(json.readTree(body));
    }
    out.println(body.stripTrailing());
    return 0;
  }

  /** Prints waiting blocks or leftovers. */
  int print(HttpResponse<String> response) throws IOException {
    if (raw) {
      return printText(response);
    }
    if (refused(response)) {
      return 1;
    }
    JsonNode body = json.readTree(response.body());
    if (body.path("waiting").isEmpty() && body.path("orphans").isEmpty()) {
      out.println(body.has("waiting") ? "Nothing waits for a plugin." : "Nothing is left.");
    }
    print(body);
    return 0;
  }

  /** Prints waiting blocks or leftovers under a heading, or nothing when there are none. */
  void printIfAny(HttpResponse<String> response) throws IOException {
    if (response.statusCode() >= 300) {
      return; // a server that does not know this yet
    }
    JsonNode body = json.readTree(response.body());
    if (!body.path("waiting").isEmpty()) {
      out.println();
      out.println("Waiting for plugins:");
    } else if (!body.path("orphans").isEmpty()) {
      out.println();
      out.println("Left by plugins that are not installed (narthex plugin forget ID deletes it):");
    }
    print(body);
  }

  private void print(JsonNode body) {
    for (JsonNode w : body.path("waiting")) {
      out.printf(
          Locale.ROOT,
          "%s: %s: %s%n",
          w.path("place").asText(),
          w.path("block").asText(),
          w.path("reason").asText());
    }
    for (JsonNode o : body.path("orphans")) {
      out.printf(
          Locale.ROOT,
          "%-38s %-12s %s%n",
          o.path("id").asText(),
          o.path("version").asText(),
          left(o));
    }
  }

  private static String left(JsonNode orphan) {
    List<String> parts = new ArrayList<>();
    orphan.path("records").forEach(r -> parts.add(r.asText()));
    orphan
        .path("blocks")
        .forEach(b -> parts.add(b.path("block").asText() + " at " + b.path("place").asText()));
    orphan.path("folders").forEach(f -> parts.add(f.asText()));
    int kept = orphan.path("keptVersions").size();
    if (kept > 0) {
      parts.add(kept + (kept == 1 ? " kept version" : " kept versions"));
    }
    return String.join(", ", parts);
  }
}
