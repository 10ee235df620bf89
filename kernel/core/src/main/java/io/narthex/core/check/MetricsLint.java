package io.narthex.core.check;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Kind;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.exposition.family.TextReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * {@code narthex check metrics}: checks the names, types and labels of an exposition in text
 * format, with promtool's rules and messages.
 */
public final class MetricsLint {
  /** Units, each with its base unit. */
  private static final Map<String, String> UNITS =
      Map.ofEntries(
          Map.entry("amperes", "amperes"),
          Map.entry("bytes", "bytes"),
          Map.entry("celsius", "celsius"),
          Map.entry("grams", "grams"),
          Map.entry("joules", "joules"),
          Map.entry("kelvin", "kelvin"),
          Map.entry("meters", "meters"),
          Map.entry("metres", "metres"),
          Map.entry("seconds", "seconds"),
          Map.entry("volts", "volts"),
          Map.entry("minutes", "seconds"),
          Map.entry("hours", "seconds"),
          Map.entry("days", "seconds"),
          Map.entry("weeks", "seconds"),
          Map.entry("kelvins", "kelvin"),
          Map.entry("fahrenheit", "celsius"),
          Map.entry("rankine", "celsius"),
          Map.entry("inches", "meters"),
          Map.entry("yards", "meters"),
          Map.entry("miles", "meters"),
          Map.entry("bits", "bytes"),
          Map.entry("calories", "joules"),
          Map.entry("pounds", "grams"),
          Map.entry("ounces", "grams"));

  private static final List<String> PREFIXES =
      List.of(
          "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi",
          "mega", "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi");

  private static final List<String> ABBREVIATIONS =
      List.of("s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d");

  private static final Pattern CAMEL_CASE = Pattern.compile("[a-z][A-Z]", 0);

  private final Set<String> problems = new TreeSet<>();

  private MetricsLint() {}

  /**
   * Checks an exposition.
   *
   * @param most the largest one that is checked, bytes
   * @throws IOException when it cannot be read
   */
  public static Verdict check(InputStream in, int most) throws IOException {
    byte[] text = in.readNBytes(most + 1);
    return text.length <= most
        ? check(text)
        : new Verdict(
            1,
            "standard input: more than "
                + most
                + " bytes, which this heap has no room to check; check a part of it, or set a"
                + " larger -Xmx in NARTHEX_JAVA_OPTS");
  }

  /** Returns the largest exposition to check: as in a scrape, so that its series fit the heap. */
  public static int largest(long heap) {
    return (int) Math.clamp(heap / 12, 8L << 20, 1L << 30);
  }

  private static Verdict check(byte[] text) {
    MetricsLint lint = new MetricsLint();
    try {
      TextReader.read(text, text.length, false).families().values().forEach(lint::judge);
    } catch (ExpositionException e) {
      return new Verdict(1, "error while linting: " + e.getMessage());
    }
    return lint.problems.isEmpty()
        ? new Verdict(0, "")
        : new Verdict(3, String.join("\n", lint.problems));
  }

  private void judge(Family f) {
    String name = f.name();
    Set<String> labelNames = new HashSet<>();
    Set<SeriesLabels> seen = new HashSet<>();
    boolean twice = false;
    for (Metric m : f.metrics()) {
      twice |= !seen.add(m.labels());
      for (int i = 0; i < m.labels().size(); i++) {
        labelNames.add(m.labels().name(i));
      }
    }
    List<String> found = new ArrayList<>();
    if (f.help().isEmpty()) {
      found.add("no help text");
    }
    if (twice) {
      found.add("metric not unique");
    }
    unit(name, found);
    if (f.kind() != Kind.UNTYPED) {
      typed(name, f.kind(), labelNames, found);
    }
    if (name.indexOf(':') >= 0) {
      found.add("metric names should not contain ':'");
    }
    if (CAMEL_CASE.matcher(name).find()) {
      found.add("metric names should be written in 'snake_case' not 'camelCase'");
    }
    if (labelNames.stream().anyMatch(l -> CAMEL_CASE.matcher(l).find())) {
      found.add("label names should be written in 'snake_case' not 'camelCase'");
    }
    if (ABBREVIATIONS.stream().anyMatch(a -> hasWord(name.toLowerCase(Locale.ROOT), a))) {
      found.add("metric names should not contain abbreviated units");
    }
    found.forEach(text -> problems.add(name + " " + text));
  }

  /** Returns whether a word of a name other than the first is {@code word}. */
  private static boolean hasWord(String name, String word) {
    return name.contains("_" + word + "_") || name.endsWith("_" + word);
  }

  private static void unit(String name, List<String> found) {
    for (String word : name.split("_", -1)) {
      String base = UNITS.get(word);
      for (String prefix : PREFIXES) {
        if (base == null && word.startsWith(prefix)) {
          base = UNITS.get(word.substring(prefix.length()));
        }
      }
      if (base != null) {
        if (!base.equals(word)) {
          found.add("use base unit \"" + base + "\" instead of \"" + word + "\"");
        }
        return;
      }
    }
  }

  private static void typed(String name, Kind kind, Set<String> labelNames, List<String> found) {
    boolean total = name.endsWith("_total");
    if (kind == Kind.COUNTER && !total) {
      found.add("counter metrics should have \"_total\" suffix");
    }
    if (kind != Kind.COUNTER && total) {
      found.add("non-counter metrics should not have \"_total\" suffix");
    }
    boolean histogram = kind.isHistogram();
    boolean summary = kind == Kind.SUMMARY;
    if (!histogram && name.endsWith("_bucket")) {
      found.add("non-histogram metrics should not have \"_bucket\" suffix");
    }
    for (String part : List.of("_count", "_sum")) {
      if (!histogram && !summary && name.endsWith(part)) {
        found.add("non-histogram and non-summary metrics should not have \"" + part + "\" suffix");
      }
    }
    if (!histogram && labelNames.contains("le")) {
      found.add("non-histogram metrics should not have \"le\" label");
    }
    if (!summary && labelNames.contains("quantile")) {
      found.add("non-summary metrics should not have \"quantile\" label");
    }
    String type = kind.name().toLowerCase(Locale.ROOT);
    if (hasWord(name.toLowerCase(Locale.ROOT), type)) {
      found.add("metric name should not include type '" + type + "'");
    }
  }
}
