package io.narthex.exporter.node;

import io.narthex.model.Labels;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullUnmarked;

/** Metrics read from the text format, as the original writes it. */
@NullUnmarked
final class Exposition {
  private static final Pattern SAMPLE = Pattern.compile("^(\\S+?)(\\{.*\\})? (\\S+)$", 0);
  private static final Pattern PAIR = Pattern.compile("([^=,{]+)=\"((?:[^\"\\\\]|\\\\.)*)\"", 0);

  final Map<String, String> types = new HashMap<>();
  final Map<String, String> helps = new HashMap<>();
  final Map<Labels, Double> samples = new LinkedHashMap<>();

  Exposition(List<String> lines) {
    for (String line : lines) {
      if (line.startsWith("# TYPE ")) {
        String[] w = line.split(" ");
        types.put(w[2], w[3]);
      } else if (line.startsWith("# HELP ")) {
        String[] w = line.split(" ", 4);
        helps.put(w[2], w.length < 4 ? "" : unescape(w[3]));
      } else if (!line.isBlank() && !line.startsWith("#")) {
        sample(line);
      }
    }
  }

  private void sample(String line) {
    Matcher m = SAMPLE.matcher(line);
    if (!m.matches()) {
      throw new IllegalArgumentException("not a sample: " + line);
    }
    Labels.Builder b = Labels.builder().set(Labels.METRIC_NAME, m.group(1));
    if (m.group(2) != null) {
      Matcher p = PAIR.matcher(m.group(2));
      while (p.find()) {
        b.set(p.group(1), unescape(p.group(2)));
      }
    }
    samples.put(b.build(), Double.parseDouble(m.group(3).replace("Inf", "Infinity")));
  }

  private static String unescape(String s) {
    return s.replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
  }

  /** Returns the family of a sample's name. */
  String family(String name) {
    if (!types.containsKey(name)) {
      for (String suffix : List.of("_sum", "_count", "_bucket")) {
        String base =
            name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : "";
        if (types.containsKey(base)) {
          return base;
        }
      }
    }
    return name;
  }
}
