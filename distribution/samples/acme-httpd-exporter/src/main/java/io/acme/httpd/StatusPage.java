package io.acme.httpd;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The machine-readable page of httpd's {@code mod_status}: lines {@code Key: value}. Which keys it
 * has depends on version, process model and {@code ExtendedStatus}.
 */
final class StatusPage {
  private static final Pattern VERSION = Pattern.compile("/(\\d+)\\.(\\d+)\\.(\\d+)", 0);

  /** States of a worker, by their letters on the scoreboard. */
  private static final Map<Character, String> WORKER_STATES = new LinkedHashMap<>();

  static {
    WORKER_STATES.put('_', "idle");
    WORKER_STATES.put('S', "startup");
    WORKER_STATES.put('R', "read");
    WORKER_STATES.put('W', "reply");
    WORKER_STATES.put('K', "keepalive");
    WORKER_STATES.put('D', "dns");
    WORKER_STATES.put('C', "closing");
    WORKER_STATES.put('L', "logging");
    WORKER_STATES.put('G', "graceful_stop");
    WORKER_STATES.put('I', "idle_cleanup");
    WORKER_STATES.put('.', "open_slot");
  }

  private final Map<String, String> values;

  private StatusPage(Map<String, String> values) {
    this.values = values;
  }

  /** Returns whether a text is such a page; all its forms have the scoreboard. */
  static boolean looksLikeOne(String text) {
    return text.startsWith("Scoreboard:") || text.contains("\nScoreboard:");
  }

  /** Reads a page. Lines of another form are skipped. */
  static StatusPage parse(String text) {
    Map<String, String> values = new HashMap<>();
    text.lines()
        .forEach(line -> {
          int colon = line.indexOf(':');
          if (colon > 0) {
            values.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
          }
        });
    return new StatusPage(values);
  }

  String text(String key, String otherwise) {
    return values.getOrDefault(key, otherwise);
  }

  /** Returns a number, or null when the page does not have it. */
  @Nullable Double number(String key) {
    String value = values.get(key);
    try {
      return value == null ? null : Double.valueOf(value);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /**
   * Returns the version as a number, two digits for its second part and three for its third, or
   * null when the server does not report it.
   */
  @Nullable Double version() {
    Matcher m = VERSION.matcher(text("ServerVersion", ""));
    return m.find()
        ? Double.valueOf(
            m.group(1)
                + "."
                + "0".repeat(Math.max(0, 2 - m.group(2).length()))
                + m.group(2)
                + "0".repeat(Math.max(0, 3 - m.group(3).length()))
                + m.group(3))
        : null;
  }

  /**
   * Returns the number of workers by state, all known states included; empty without scoreboard.
   */
  Map<String, Integer> scoreboard() {
    String board = values.get("Scoreboard");
    Map<String, Integer> counts = new LinkedHashMap<>();
    if (board != null) {
      WORKER_STATES.values().forEach(state -> counts.put(state, 0));
      for (char letter : board.toCharArray()) {
        counts.merge(WORKER_STATES.getOrDefault(letter, String.valueOf(letter)), 1, Integer::sum);
      }
    }
    return counts;
  }
}
