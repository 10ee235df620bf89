package io.narthex.bench.push;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a server shows of pushed groups: samples, types and help texts. Metrics of the server itself
 * are left out.
 */
final class Exposition {
  private static final Pattern OWN =
      Pattern.compile("(go|process|pushgateway|promhttp)_.*", Pattern.DOTALL);
  private static final Pattern COMMENT =
      Pattern.compile("# (HELP|TYPE) (\\S+) (.*)", Pattern.DOTALL);
  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)", Pattern.DOTALL);
  private static final Pattern PAIR =
      Pattern.compile(
          "([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"(?:,|\\z)", Pattern.DOTALL);
  private static final Pattern TIME =
      Pattern.compile("push(_failure)?_time_seconds\\{.*", Pattern.DOTALL);

  /** Both servers handle a step within so many seconds of each other. */
  private static final double SAME_TIME_SECONDS = 10;

  /** Values by name and sorted labels; several where a bucket comes twice. */
  private final TreeMap<String, List<Double>> samples = new TreeMap<>();

  private final TreeMap<String, String> types = new TreeMap<>();
  private final TreeMap<String, String> helps = new TreeMap<>();

  private Exposition() {}

  /**
   * Reads the text format.
   *
   * @throws IllegalArgumentException when a line is not as a server writes it
   */
  static Exposition parse(String text) {
    Exposition out = new Exposition();
    for (String line : text.split("\n", -1)) {
      Matcher comment = COMMENT.matcher(line);
      Matcher sample = SAMPLE.matcher(line);
      if (comment.matches()) {
        out.comment(comment.group(1), comment.group(2), comment.group(3));
      } else if (sample.matches()) {
        String labels = sample.group(2);
        out.sample(sample.group(1), labels == null ? "" : labels, sample.group(3), line);
      } else if (!line.isEmpty()) {
        throw new IllegalArgumentException("no line of an exposition: " + line);
      }
    }
    return out;
  }

  private void comment(String keyword, String name, String rest) {
    if (OWN.matcher(name).matches()) {
      return;
    }
    boolean isHelp = keyword.equals("HELP");
    String previous = isHelp ? helps.put(name, unescaped(rest)) : types.put(name, rest);
    if (previous != null) {
      throw new IllegalArgumentException("two lines # " + keyword + ' ' + name);
    }
  }

  private static String unescaped(String text) {
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace('\0', '\\');
  }

  private void sample(String name, String labels, String value, String line) {
    if (OWN.matcher(name).matches()) {
      return;
    }
    List<String> pairs = new ArrayList<>();
    Matcher pair = PAIR.matcher(labels);
    int end = 0;
    while (pair.lookingAt()) {
      pairs.add(pair.group(1) + "=\"" + pair.group(2) + '"');
      end = pair.end();
      pair.region(end, labels.length());
    }
    if (end != labels.length()) {
      throw new IllegalArgumentException("no labels of an exposition: " + line);
    }
    pairs.sort(null);
    samples
        .computeIfAbsent(name + '{' + String.join(",", pairs) + '}', _ -> new ArrayList<>())
        .add(number(value));
  }

  private static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  /** Returns how many samples there are, the times of pushes left out. */
  int size() {
    return (int) samples.keySet().stream().filter(s -> !TIME.matcher(s).matches()).count();
  }

  /** Returns the values of a sample, given with sorted labels; none when it is not there. */
  List<Double> values(String sample) {
    return samples.getOrDefault(sample, List.of());
  }

  /** Returns all samples with sorted labels. */
  Iterable<String> names() {
    return samples.keySet();
  }

  /** Returns the help text of a family, empty for none. */
  String help(String family) {
    return helps.getOrDefault(family, "");
  }

  /** Returns the families whose help texts are not the same. */
  List<String> otherHelps(Exposition other) {
    TreeMap<String, String> all = new TreeMap<>(helps);
    all.putAll(other.helps);
    return all.keySet().stream().filter(name -> !help(name).equals(other.help(name))).toList();
  }

  /** Returns what differs from another one in samples and types. */
  List<String> differences(Exposition other) {
    List<String> out = new ArrayList<>();
    TreeMap<String, String> families = new TreeMap<>(types);
    families.putAll(other.types);
    for (String family : families.keySet()) {
      String mine = types.getOrDefault(family, "none");
      String others = other.types.getOrDefault(family, "none");
      if (!mine.equals(others)) {
        out.add("type of " + family + ": " + mine + " / " + others);
      }
    }
    TreeMap<String, List<Double>> all = new TreeMap<>(samples);
    all.putAll(other.samples);
    for (String sample : all.keySet()) {
      List<Double> mine = values(sample);
      List<Double> others = other.values(sample);
      if (!(TIME.matcher(sample).matches() ? sameTimes(mine, others) : mine.equals(others))) {
        out.add(sample + ": " + mine + " / " + others);
      }
    }
    return out;
  }

  private static boolean sameTimes(List<Double> mine, List<Double> others) {
    if (mine.size() != 1 || others.size() != 1) {
      return mine.equals(others);
    }
    return sameTime(mine.getFirst(), others.getFirst());
  }

  /** Returns whether two times of a push, Unix seconds, are both zero or about the same. */
  static boolean sameTime(double mine, double others) {
    return mine == 0 || others == 0 ? mine == others : Math.abs(mine - others) <= SAME_TIME_SECONDS;
  }
}
