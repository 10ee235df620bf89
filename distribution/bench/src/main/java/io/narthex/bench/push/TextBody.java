package io.narthex.bench.push;

import io.narthex.bench.push.Family.Kind;
import io.narthex.bench.push.Family.Metric;
import io.narthex.bench.push.Family.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes families in the text format, seldom in the way a client library does: odd spaces, lines in
 * another order, twice or not at all, quoted names, other forms of numbers. Not thread-safe.
 */
final class TextBody {
  private static final String NUMBERS_REFUSED =
      "0x1p3 0x10 1_000 0b1 1e 1d 1P3 -NaN 1e999 x 1.2.3 ١";
  private static final String NUMBERS_TAKEN =
      "+inf infinity -Infinity nAn +1 .5 5. 1e-999 -0 1E3 0e0 000012 1e+06 1.7976931348623157e308";

  /** So many bodies of a hundred have what is mostly refused; more would hide what is accepted. */
  private static final int ODD_PERCENT = 35;

  private final Dice dice;
  private boolean odd;

  TextBody(Dice dice) {
    this.dice = dice;
  }

  /** Returns the families as a body. */
  String write(List<Family> families) {
    odd = dice.percent(ODD_PERCENT);
    List<String> lines = new ArrayList<>();
    for (Family family : families) {
      int from = lines.size();
      List<String> header = header(family);
      List<String> samples = new ArrayList<>();
      family.metrics().forEach(metric -> samples(family, metric, samples));
      if (seldom(1)) {
        lines.addAll(samples);
        lines.addAll(header);
      } else {
        lines.addAll(header);
        lines.addAll(samples);
      }
      if (seldom(3) && from < lines.size()) {
        // a line of another family comes between the lines of this one
        lines.add(from + dice.below(lines.size() - from), lines.removeLast());
      }
    }
    if (seldom(4) && lines.size() > 1) {
      lines.add(lines.remove(dice.below(lines.size())));
    }
    extras(lines);
    StringBuilder body = new StringBuilder();
    lines.forEach(line -> body.append(line).append('\n'));
    if (seldom(1) && !body.isEmpty()) {
      body.setLength(body.length() - 1);
    }
    return body.toString();
  }

  private boolean seldom(int percent) {
    return odd && dice.percent(percent);
  }

  private void extras(List<String> lines) {
    if (dice.percent(6)) {
      String extra =
          dice.pick("", " \t", "#", "# a comment", "#!", "# EOF", "# HELP", "# TYPE", "# HELP x");
      lines.add(dice.below(lines.size() + 1), extra);
    }
    if (seldom(2)) {
      String wrong =
          dice.pick(
              "{}",
              "1up 1",
              "-",
              "name",
              "{\"two\",\"names\"} 1",
              "name{a=\"1\",a=\"2\"} 1",
              "name{__name__=\"x\"} 1",
              "{\"dotted.name\"} 1",
              "name{\"dotted.label\"=\"x\"} 1",
              "größe 1",
              "name{a:b=\"c\"} 1",
              "name{a='c'} 1",
              "name{a=\"\\t\"} 1",
              "# TYPE 1up gauge",
              "# UNIT name seconds",
              "name 1 # {trace_id=\"x\"} 1",
              "name 1 2 3",
              "name 1 1.5");
      // a brace alone continues the sample before in the original: only a first line is the same
      lines.add(wrong.equals("{}") ? 0 : dice.below(lines.size() + 1), wrong);
    }
    if (seldom(1) && !lines.isEmpty()) {
      lines.replaceAll(line -> line + "\r");
    }
  }

  private List<String> header(Family family) {
    List<String> lines = new ArrayList<>();
    String name = dice.percent(2) ? '"' + family.name() + '"' : family.name();
    if (!family.help().isEmpty()) {
      lines.add(spaced("# HELP " + name + ' ') + help(family.help()));
    }
    boolean plain = family.kind() == Kind.UNTYPED;
    if (plain ? dice.percent(50) : !seldom(1)) {
      String type = family.kind().toString().toLowerCase(Locale.ROOT);
      if (dice.percent(3)) {
        type = type.toUpperCase(Locale.ROOT);
      } else if (seldom(2)) {
        type = dice.pick("unknown", "info", "stateset", type + ' ', "", "gauge histogram");
      }
      lines.add(spaced("# TYPE " + name + ' ') + type);
    }
    if (lines.size() == 2 && dice.percent(15)) {
      lines.add(lines.removeFirst());
    }
    if (!lines.isEmpty() && seldom(1)) {
      lines.add(lines.getFirst());
    }
    return lines;
  }

  /** Changes the spaces of what is before a text or a type. */
  private String spaced(String start) {
    return switch (dice.below(25)) {
      case 0 -> "  " + start;
      case 1 -> start.replace(" ", "  ");
      case 2 -> start.replace(' ', '\t');
      case 3 -> start.replaceFirst(" ", "");
      default -> start;
    };
  }

  private String help(String text) {
    return text.replace("\\", "\\\\").replace("\n", "\\n");
  }

  private void samples(Family family, Metric metric, List<String> lines) {
    switch (family.kind()) {
      case COUNTER, GAUGE, UNTYPED -> lines.add(line(family.name(), metric, null, metric.value()));
      case SUMMARY -> {
        points(family.name(), "quantile", metric, lines);
        parts(family.name(), metric, lines);
      }
      case HISTOGRAM -> {
        points(family.name() + (seldom(1) ? "" : "_bucket"), "le", metric, lines);
        parts(family.name(), metric, lines);
      }
    }
  }

  private void points(String name, String label, Metric metric, List<String> lines) {
    for (Point point : metric.points()) {
      String extra = label + "=\"" + number(point.bound()) + '"';
      if (seldom(1)) {
        extra = dice.pick("", label + "=\"\"", label + "=\"x\"", label + "=\"0x1\"");
      }
      lines.add(line(name, metric, extra.isEmpty() ? null : extra, point.value()));
    }
  }

  private void parts(String name, Metric metric, List<String> lines) {
    Double sum = metric.sum();
    Double count = metric.count();
    int at = lines.size();
    if (sum != null) {
      lines.add(line(name + "_sum", metric, null, sum));
    }
    if (count != null) {
      lines.add(dice.percent(10) ? at : lines.size(), line(name + "_count", metric, null, count));
    }
  }

  private String line(String name, Metric metric, @Nullable String extra, double value) {
    List<String> pairs = new ArrayList<>();
    for (Map.Entry<String, String> label : metric.labels().entrySet()) {
      String key = dice.percent(2) ? '"' + label.getKey() + '"' : label.getKey();
      pairs.add(key + equalsSign() + '"' + escaped(label.getValue()) + '"');
    }
    if (extra != null) {
      pairs.add(dice.below(pairs.size() + 1), extra);
    }
    boolean braces = dice.percent(2);
    if (braces) {
      // what le and quantile are is known only after the name
      pairs.add(extra == null && dice.percent(30) ? pairs.size() : 0, '"' + name + '"');
    }
    String labels = pairs.isEmpty() ? dice.percent(5) ? "{}" : "" : labels(pairs);
    String space = dice.percent(96) ? " " : dice.pick("  ", "\t", " \t ");
    String end = seldom(1) ? dice.pick(" ", "\t", " 12 13") : "";
    Long timestampMs = metric.timestampMs();
    return (braces ? "" : name)
        + labels
        + space
        + number(value)
        + (timestampMs == null ? "" : " " + timestampMs)
        + end;
  }

  private String equalsSign() {
    return dice.percent(97) ? "=" : dice.pick(" = ", "= ", "\t=");
  }

  private String labels(List<String> pairs) {
    String comma = dice.percent(95) ? "," : dice.pick(", ", " ,", " , ");
    String end = seldom(3) ? dice.pick(",}", " }", ", }", ",,}") : "}";
    return (dice.percent(2) ? " {" : "{") + String.join(comma, pairs) + end;
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\"");
  }

  private String number(double value) {
    if (odd && dice.below(200) == 0) {
      return dice.pick(NUMBERS_REFUSED.split(" ", -1));
    }
    if (dice.percent(2)) {
      return dice.pick(NUMBERS_TAKEN.split(" ", -1));
    }
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? dice.pick("+Inf", "Inf", "+Inf", "+Inf") : "-Inf";
    }
    if (value == Math.rint(value) && Math.abs(value) < 1e15 && dice.percent(80)) {
      return Long.toString((long) value);
    }
    return Double.toString(value);
  }
}
