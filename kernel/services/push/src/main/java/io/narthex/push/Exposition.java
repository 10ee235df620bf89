package io.narthex.push;

import io.narthex.model.Labels;
import io.narthex.model.go.GoFloat;
import io.narthex.relabel.NameScheme;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * Writes all groups as one exposition: families by name, series in the order of {@link
 * PushedLabels#compareSeries}.
 */
final class Exposition {
  private final boolean utf8Names;
  private final StringBuilder out = new StringBuilder();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private Exposition(boolean utf8Names) {
    this.utf8Names = utf8Names;
  }

  /**
   * Merges the families of groups. Where groups have different help texts one of them is taken.
   *
   * <p>A metric that is not of the type of its family, which only pushes without check can cause,
   * is left out: the others can be read.
   */
  static List<Family> merged(Collection<Group> groups) {
    TreeMap<String, List<Family>> byName = new TreeMap<>();
    for (Group g : groups) {
      g.exposed()
          .forEach(
              (name, s) -> byName.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(s.family()));
    }
    List<Family> all = new ArrayList<>(byName.size());
    for (List<Family> same : byName.values()) {
      Family first = same.getFirst();
      List<Metric> metrics = new ArrayList<>();
      String help = "";
      for (Family f : same) {
        if (f.kind() == first.kind()) {
          metrics.addAll(f.metrics());
        }
        help = help.isEmpty() ? f.help() : help;
      }
      metrics.sort((a, b) -> PushedLabels.compareSeries(a.labels(), b.labels()));
      all.add(new Family(first.name(), first.kind(), help, metrics));
    }
    return all;
  }

  /**
   * Returns the text format 0.0.4.
   *
   * @param utf8Names whether names may be any UTF-8; else their other characters are replaced
   */
  static byte[] text(List<Family> families, boolean utf8Names) {
    Exposition e = new Exposition(utf8Names);
    for (Family f : families) {
      e.family(f);
      e.flush();
    }
    return e.bytes.toByteArray();
  }

  /** Returns delimited messages. */
  static byte[] messages(List<Family> families, boolean utf8Names) {
    MessageWriter writer = utf8Names ? MessageWriter.exact() : MessageWriter.escaping();
    families.forEach(writer::add);
    return Arrays.copyOf(writer.bytes().buffer(), writer.bytes().length());
  }

  private void flush() {
    byte[] utf8 = out.toString().getBytes(StandardCharsets.UTF_8);
    bytes.write(utf8, 0, utf8.length);
    out.setLength(0);
  }

  private void family(Family f) {
    String name = f.name();
    if (!f.help().isEmpty()) {
      out.append("# HELP ");
      metaName(name);
      out.append(' ');
      escaped(f.help(), false);
      out.append('\n');
    }
    out.append("# TYPE ");
    metaName(name);
    out.append(' ').append(f.kind().text()).append('\n');
    for (Metric m : f.metrics()) {
      metric(name, m);
      if (out.length() > 1 << 16) {
        flush();
      }
    }
  }

  private void metric(String name, Metric m) {
    switch (m) {
      case Metric.Value v -> line(name, "", v.labels(), "", 0, v.value());
      case Metric.Summary s -> {
        for (int i = 0; i < s.quantiles().length; i++) {
          line(name, "", s.labels(), "quantile", s.quantiles()[i], s.values()[i]);
        }
        line(name, "_sum", s.labels(), "", 0, s.sum());
        line(name, "_count", s.labels(), "", 0, unsigned(s.count()));
      }
      case Metric.Histogram h -> {
        boolean infinite = false;
        for (int i = 0; i < h.bounds().length; i++) {
          line(name, "_bucket", h.labels(), "le", h.bounds()[i], h.counts()[i]);
          infinite |= h.bounds()[i] == Double.POSITIVE_INFINITY;
        }
        if (!infinite) {
          line(name, "_bucket", h.labels(), "le", Double.POSITIVE_INFINITY, h.count());
        }
        line(name, "_sum", h.labels(), "", 0, h.sum());
        line(name, "_count", h.labels(), "", 0, h.count());
      }
      case Metric.Missing _ -> {
        // has no value
      }
    }
  }

  static double unsigned(long v) {
    return v >= 0 ? v : (v >>> 1 | v & 1) * 2.0;
  }

  private void metaName(String name) {
    if (utf8Names && !NameScheme.isLegacyMetricName(name)) {
      quoted(name);
    } else {
      out.append(Names.underscores(name, false));
    }
  }

  private void line(
      String family, String suffix, PushedLabels labels, String extra, double at, double value) {
    String name = family + suffix;
    boolean inside = utf8Names && !NameScheme.isLegacyMetricName(name);
    if (!inside) {
      out.append(Names.underscores(name, false));
    }
    boolean any = inside || labels.size() > 0 || !extra.isEmpty();
    if (any) {
      out.append('{');
      if (inside) {
        quoted(name);
      }
      for (int i = 0; i < labels.size(); i++) {
        pair(labels.name(i), labels.value(i), inside || i > 0);
      }
      if (!extra.isEmpty()) {
        pair(extra, number(at), inside || labels.size() > 0);
      }
      out.append('}');
    }
    out.append(' ').append(number(value)).append('\n');
  }

  static String number(double v) {
    return GoFloat.toString(v == 0 ? 0.0 : v, GoFloat.Style.GENERAL);
  }

  private void pair(String name, String value, boolean comma) {
    if (comma) {
      out.append(',');
    }
    if (Labels.isLegacyName(name)) {
      out.append(name);
    } else if (utf8Names) {
      quoted(name);
    } else {
      out.append(Names.underscores(name, true));
    }
    out.append('=');
    quoted(value);
  }

  private void quoted(String text) {
    out.append('"');
    escaped(text, true);
    out.append('"');
  }

  private void escaped(String text, boolean quotes) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '"' -> out.append(quotes ? "\\\"" : "\"");
        default -> out.append(c);
      }
    }
  }
}
