package io.narthex.bench.siege;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Searches the log for lines that a server must not write, whatever is done to it. */
final class LogCheck {
  private static final Pattern BAD =
      Pattern.compile(
          "(?i)level=error|\"level\":\"error\"|\\bERROR\\b|internal error|^\\s+at [\\w.$/]+\\(|OutOfMemoryError|stacktrace",
          0);

  /** Most characters shown of a line: a stack trace down to what called the failed code. */
  private static final int SHOWN = 2000;

  /** Lines that are allowed, and why. */
  private static final Map<Pattern, String> ALLOWED = new LinkedHashMap<>();

  static {
    ALLOWED.put(
        Pattern.compile(
            "siege(crasher|badopen|thrower)|(garbage|cut|bomb|crasher|badopen|thrower)\\.jar", 0),
        "the bad plugins that the siege itself drops");
  }

  private LogCheck() {}

  /** Returns the bad lines, similar ones once with their number. */
  static List<String> problems(Path log) throws IOException {
    Map<String, Integer> out = new LinkedHashMap<>();
    boolean allowedBefore = false;
    try (BufferedReader lines = Files.newBufferedReader(log, StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String text = line;
        boolean continued = !text.startsWith("time=") && !text.startsWith("{");
        boolean allowed =
            continued
                ? allowedBefore
                : ALLOWED.keySet().stream().anyMatch(p -> p.matcher(text).find());
        allowedBefore = allowed;
        if (text.contains("OutOfMemoryError") || !allowed && BAD.matcher(text).find()) {
          String shown = text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
          out.merge(shown.replaceFirst("^(time=|ts=)?\\S+ ", ""), 1, Integer::sum);
        }
      }
    }
    return out.entrySet().stream()
        .map(e -> e.getValue() + " × " + e.getKey())
        .collect(Collectors.toList());
  }

  static String allowed() {
    return String.join("; ", ALLOWED.values());
  }
}
