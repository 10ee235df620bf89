package io.narthex.exporter.node;

import io.narthex.spi.config.ConfigException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Flags in the form of node_exporter's command line. */
final class Flags {
  private final Map<String, List<String>> values = new LinkedHashMap<>();

  Flags(List<String> arguments) {
    for (String argument : arguments) {
      String a = argument.startsWith("--") ? argument.substring(2) : argument;
      int eq = a.indexOf('=');
      String name = eq < 0 ? a : a.substring(0, eq);
      String value = eq < 0 ? "true" : a.substring(eq + 1);
      if (name.startsWith("no-")) {
        name = name.substring(3);
        value = "false";
      }
      values.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
    }
  }

  /** Returns the last value given, or {@code fallback}. */
  String text(String name, String fallback) {
    List<String> all = values.get(name);
    return all == null ? fallback : all.getLast();
  }

  /** Returns all values given. */
  List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  boolean on(String name, boolean fallback) {
    return text(name, Boolean.toString(fallback)).equals("true");
  }

  @Nullable Pattern pattern(String name, String fallback) {
    String text = text(name, fallback);
    if (text.isEmpty()) {
      return null;
    }
    try {
      return Pattern.compile(text, 0);
    } catch (PatternSyntaxException e) {
      throw new ConfigException(
          "--" + name + ": not a regular expression, got \"" + text + "\": " + e.getDescription());
    }
  }

  /**
   * Returns the filter of {@code <prefix>-include} and {@code <prefix>-exclude}.
   *
   * @param exclude what is excluded without a flag
   */
  Choice choice(String prefix, String exclude) {
    return new Choice(pattern(prefix + "-include", ""), pattern(prefix + "-exclude", exclude));
  }

  /** Selects names: those that match {@code include} or, without it, not {@code exclude}. */
  record Choice(@Nullable Pattern include, @Nullable Pattern exclude) {
    boolean takes(String name) {
      if (include != null) {
        return include.matcher(name).find();
      }
      return exclude == null || !exclude.matcher(name).find();
    }
  }
}
