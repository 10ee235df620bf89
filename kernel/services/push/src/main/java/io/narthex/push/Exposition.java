package io.narthex.push;

import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.model.Labels;
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
 * SeriesLabels#compareSeries}.
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
      metrics.sort((a, b) -> SeriesLabels.compareSeries(a.labels(), b.labels()));
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
      m.samples((suffix, extra, at, value) -> line(name, suffix, m.labels(), extra, at, value));
      if (out.length() > 1 << 16) {
        flush();
      }
    }
  }

  private void metaName(String name) {
    if (utf8Names && !NameScheme.isLegacyMetricName(name)) {
      quoted(name);
    } else {
      out.append(Names.underscores(name, false));
    }
  }

  private void line(
      String family, String suffix, SeriesLabels labels, String extra, double at, double value) {
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
        pair(extra, Metric.number(at), inside || labels.size() > 0);
      }
      out.append('}');
    }
    out.append(' ').append(Metric.number(value)).append('\n');
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
