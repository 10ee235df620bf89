package io.narthex.bench.scenarios;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The values of <code>${…}</code> in a scenario: <code>${now+300s}</code>, <code>${t+1s}</code>
 * (second 1 of the scenario), saved values, and names given by the caller such as <code>
 * ${webhook.NAME}</code>.
 */
final class Variables {
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]*)}", 0);
  private static final Pattern TIME =
      Pattern.compile("(now|t)(?:([+-])(\\d+(?:\\.\\d+)?)(ms|s|m|h))?", 0);

  private final Map<String, List<String>> values = new HashMap<>();
  private Instant start = Instant.now();

  /** Sets the moment that is second 0. */
  void start(Instant at) {
    start = at;
  }

  Instant start() {
    return start;
  }

  void set(String name, List<String> value) {
    values.put(name, value);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  /** Returns a saved list; one value is a list of one. */
  List<String> get(String name) {
    List<String> found = values.get(name);
    if (found == null) {
      throw new ScenarioException("nothing was saved under \"" + name + "\"");
    }
    return found;
  }

  /** Returns an argument of a command line with its variables replaced; a list becomes several. */
  List<String> arguments(String text) {
    Matcher whole = VARIABLE.matcher(text);
    return whole.matches() && values.containsKey(whole.group(1))
        ? get(whole.group(1))
        : List.of(expand(text));
  }

  String expand(String text) {
    return VARIABLE.matcher(text).replaceAll(m -> Matcher.quoteReplacement(value(m.group(1))));
  }

  /** Returns a copy of a value with the variables in all its texts replaced. */
  JsonNode expand(JsonNode node) {
    return switch (node) {
      case TextNode text -> TextNode.valueOf(expand(text.textValue()));
      case ArrayNode array -> {
        ArrayNode copy = JsonNodeFactory.instance.arrayNode();
        array.forEach(e -> copy.add(expand(e)));
        yield copy;
      }
      case ObjectNode object -> {
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        object.properties().forEach(e -> copy.set(e.getKey(), expand(e.getValue())));
        yield copy;
      }
      default -> node;
    };
  }

  private String value(String name) {
    Matcher time = TIME.matcher(name);
    if (!time.matches()) {
      return String.join(" ", get(name));
    }
    Instant base = time.group(1).equals("t") ? start : Instant.now();
    if (time.group(2) == null) {
      return base.toString();
    }
    double unit =
        switch (time.group(4)) {
          case "ms" -> 1e6;
          case "s" -> 1e9;
          case "m" -> 60e9;
          default -> 3600e9;
        };
    Duration by = Duration.ofNanos((long) (Double.parseDouble(time.group(3)) * unit));
    return (time.group(2).equals("+") ? base.plus(by) : base.minus(by)).toString();
  }
}
