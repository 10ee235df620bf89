package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks an exposition against the OpenMetrics 1.0 standard, which asks for more than a scrape
 * does: order of metadata and samples, values, labels and completeness by type.
 */
public final class OpenMetricsCheck {
  private static final int MAX_EXEMPLAR_CHARACTERS = 128;

  private final Set<String> families = new HashSet<>();
  private final Set<String> sampleNames = new HashSet<>();

  // the present family
  private @Nullable String family;
  private MetricType type = MetricType.UNKNOWN;
  private boolean typeSeen;
  private boolean helpSeen;
  private boolean unitSeen;
  private boolean samplesSeen;
  private final Set<Labels> closedGroups = new HashSet<>();
  private @Nullable Labels group;
  private final Map<Labels, Last> lastOfSeries = new HashMap<>();
  private Group histogram = new Group();

  /** The newest sample of a series. */
  private record Last(boolean timed, long timestampMs) {}

  /** What is known about one histogram. */
  private static final class Group {
    final List<Double> bounds = new ArrayList<>();
    final List<Double> counts = new ArrayList<>();
    boolean infinite;
    @Nullable Double count;
    @Nullable Double sum;
    boolean any;
  }

  private OpenMetricsCheck() {}

  /**
   * Checks a whole exposition.
   *
   * @throws ExpositionException when it breaks the standard
   */
  public static void check(byte[] data) throws ExpositionException {
    new OpenMetricsCheck().run(data);
  }

  private void run(byte[] data) throws ExpositionException {
    OpenMetricsParser p =
        new OpenMetricsParser(new ParserOptions(false, false, false, false, false));
    p.reset(data, data.length);
    while (true) {
      ExpositionParser.Entry e = p.next();
      switch (e) {
        case END -> {
          endFamily();
          return;
        }
        case HELP, TYPE, UNIT -> metadata(e, p);
        case SERIES -> sample(p);
        case COMMENT, HISTOGRAM -> throw new ExpositionException("unexpected entry " + e);
      }
    }
  }

  private static ExpositionException fault(String what) {
    return new ExpositionException(what);
  }

  private void metadata(ExpositionParser.Entry e, ExpositionParser p) throws ExpositionException {
    String name = p.metadataName();
    if (!name.equals(family)) {
      beginFamily(name);
    } else if (samplesSeen) {
      throw fault("metadata of \"" + name + "\" must stand before its samples");
    }
    boolean again =
        switch (e) {
          case HELP -> helpSeen;
          case TYPE -> typeSeen;
          default -> unitSeen;
        };
    if (again) {
      throw fault(e + " of \"" + name + "\" is repeated");
    }
    switch (e) {
      case HELP -> helpSeen = true;
      case TYPE -> {
        typeSeen = true;
        type = p.type();
      }
      default -> unitSeen = !p.metadataText().isEmpty() || unitSeen;
    }
    if (unitSeen && (type == MetricType.INFO || type == MetricType.STATESET)) {
      throw fault("\"" + name + "\" must not have a unit");
    }
  }

  private void beginFamily(String name) throws ExpositionException {
    endFamily();
    if (!families.add(name)) {
      throw fault("family \"" + name + "\" is repeated or interleaved");
    }
    family = name;
    type = MetricType.UNKNOWN;
    typeSeen = false;
    helpSeen = false;
    unitSeen = false;
    samplesSeen = false;
    closedGroups.clear();
    group = null;
    lastOfSeries.clear();
    histogram = new Group();
  }

  private static List<String> suffixes(MetricType type) {
    return switch (type) {
      case COUNTER -> List.of("_total", "_created");
      case HISTOGRAM -> List.of("_bucket", "_count", "_sum", "_created");
      case GAUGEHISTOGRAM -> List.of("_bucket", "_gcount", "_gsum");
      case SUMMARY -> List.of("", "_count", "_sum", "_created");
      case INFO -> List.of("_info");
      case GAUGE, STATESET, UNKNOWN -> List.of("");
    };
  }

  private void endFamily() throws ExpositionException {
    if (family == null) {
      return;
    }
    endGroup();
    Set<String> names = new HashSet<>(List.of(family));
    for (String suffix : suffixes(type)) {
      names.add(family + suffix);
    }
    for (String name : names) {
      if (!sampleNames.add(name)) {
        throw fault("name \"" + name + "\" clashes with another family");
      }
    }
  }

  private void sample(OpenMetricsParser p) throws ExpositionException {
    Labels labels = p.labels();
    checkSpelling(p);
    String name = labels.metricName();
    String suffix = suffix(name);
    if (suffix == null) {
      beginFamily(name);
      suffix = "";
    }
    samplesSeen = true;
    Labels own = labels.without(Labels.METRIC_NAME);
    Labels key = groupOf(own, suffix);
    if (!key.equals(group)) {
      endGroup();
      if (closedGroups.contains(key)) {
        throw fault("samples of " + name + key + " are interleaved with others");
      }
      group = key;
    }
    order(labels, p);
    value(name, suffix, own, p.value());
    exemplar(suffix, p);
  }

  /** Returns what the name adds to that of the present family, or null when it is of another. */
  private @Nullable String suffix(String name) {
    if (family == null || !name.startsWith(family)) {
      return null;
    }
    String rest = name.substring(family.length());
    return suffixes(type).contains(rest) ? rest : null;
  }

  private Labels groupOf(Labels own, String suffix) throws ExpositionException {
    return switch (type) {
      case HISTOGRAM, GAUGEHISTOGRAM -> own.without("le");
      case SUMMARY -> suffix.isEmpty() ? own.without("quantile") : own;
      case STATESET -> {
        if (!own.has(String.valueOf(family))) {
          throw fault("stateset sample must have the label \"" + family + "\"");
        }
        yield own.without(String.valueOf(family));
      }
      case COUNTER, GAUGE, INFO, UNKNOWN -> own;
    };
  }

  private void order(Labels series, OpenMetricsParser p) throws ExpositionException {
    Last last = lastOfSeries.put(series, new Last(p.hasTimestamp(), p.timestampMs()));
    if (last == null) {
      return;
    }
    if (last.timed != p.hasTimestamp() || !last.timed) {
      throw fault("samples of one series must all have timestamps: " + series);
    }
    if (p.timestampMs() < last.timestampMs) {
      throw fault("timestamps must not fall: " + series);
    }
  }

  private void value(String name, String suffix, Labels own, double v) throws ExpositionException {
    switch (type) {
      case COUNTER -> counted(name, v);
      case HISTOGRAM, GAUGEHISTOGRAM -> histogramPart(name, suffix, own, v);
      case SUMMARY -> {
        if (suffix.isEmpty()) {
          double q = bound(own.get("quantile"), name, "quantile");
          if (!(q >= 0 && q <= 1)) {
            throw fault("quantile of " + name + " must lie between 0 and 1");
          }
          if (v < 0) {
            throw fault("value of " + name + " must not be negative");
          }
        } else {
          counted(name, v);
        }
      }
      case INFO -> {
        if (v != 1) {
          throw fault("value of " + name + " must be 1");
        }
      }
      case STATESET -> {
        if (v != 0 && v != 1) {
          throw fault("value of " + name + " must be 0 or 1");
        }
      }
      case GAUGE, UNKNOWN -> {
        // anything goes
      }
    }
  }

  private static void counted(String name, double v) throws ExpositionException {
    if (Double.isNaN(v) || v < 0) {
      throw fault("value of " + name + " must be 0 or more");
    }
  }

  private static double bound(String text, String name, String label) throws ExpositionException {
    if (text.isEmpty()) {
      throw fault(name + " must have the label \"" + label + "\"");
    }
    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    try {
      return FloatReader.read(bytes, 0, bytes.length);
    } catch (NumberFormatException e) {
      throw fault("label \"" + label + "\" of " + name + " must be a number");
    }
  }

  private void histogramPart(String name, String suffix, Labels own, double v)
      throws ExpositionException {
    histogram.any = true;
    switch (suffix) {
      case "_bucket" -> {
        counted(name, v);
        String le = own.get("le");
        double bound = bound(le, name, "le");
        if (Double.isNaN(bound) || (Double.isInfinite(bound) && !le.equals("+Inf"))) {
          throw fault("bound of " + name + " must be a number or +Inf");
        }
        int n = histogram.bounds.size();
        if (n > 0 && (bound <= histogram.bounds.get(n - 1) || v < histogram.counts.get(n - 1))) {
          throw fault("bounds and counts of " + name + " must rise");
        }
        histogram.bounds.add(bound);
        histogram.counts.add(v);
        histogram.infinite |= le.equals("+Inf");
      }
      case "_count", "_gcount" -> {
        counted(name, v);
        histogram.count = v;
      }
      case "_sum" -> {
        counted(name, v);
        histogram.sum = v;
      }
      case "_gsum" -> {
        if (Double.isNaN(v)) {
          throw fault("value of " + name + " must be a number");
        }
        histogram.sum = v;
      }
      default -> {
        // _created
      }
    }
  }

  private void endGroup() throws ExpositionException {
    if (group != null) {
      closedGroups.add(group);
    }
    Group h = histogram;
    histogram = new Group();
    if (!h.any) {
      return;
    }
    String name = String.valueOf(family);
    if (!h.infinite) {
      throw fault("histogram \"" + name + "\" has no bucket le=\"+Inf\"");
    }
    if ((h.count == null) != (h.sum == null)) {
      throw fault("histogram \"" + name + "\" must have both count and sum, or neither");
    }
    if (h.count != null && !h.count.equals(h.counts.getLast())) {
      throw fault("count of histogram \"" + name + "\" differs from its bucket +Inf");
    }
    boolean negative = h.bounds.getFirst() < 0;
    if (h.sum != null && negative && type == MetricType.HISTOGRAM) {
      throw fault("histogram \"" + name + "\" with negative bounds must not have a sum");
    }
    if (h.sum != null && h.sum < 0 && !negative) {
      throw fault("sum of \"" + name + "\" is negative though no bound is");
    }
  }

  private void exemplar(String suffix, OpenMetricsParser p) throws ExpositionException {
    if (p.exemplarCount() == 0) {
      return;
    }
    boolean allowed =
        (type == MetricType.COUNTER && suffix.equals("_total"))
            || ((type == MetricType.HISTOGRAM || type == MetricType.GAUGEHISTOGRAM)
                && suffix.equals("_bucket"));
    if (!allowed) {
      throw fault("exemplars belong to counters and buckets only");
    }
    Exemplar x = p.exemplar(0);
    int characters = 0;
    for (int i = 0; i < x.labels().size(); i++) {
      String n = x.labels().name(i);
      String v = x.labels().value(i);
      characters += n.codePointCount(0, n.length()) + v.codePointCount(0, v.length());
    }
    if (characters > MAX_EXEMPLAR_CHARACTERS) {
      throw fault(
          "labels of an exemplar have at most "
              + MAX_EXEMPLAR_CHARACTERS
              + " characters, got "
              + characters);
    }
  }

  /** Scrapes tolerate a comma before the closing brace and other spellings of infinity. */
  private static void checkSpelling(OpenMetricsParser p) throws ExpositionException {
    for (int i = 0; i < p.placeCount; i += 4) {
      String name = Utf8.text(p.b, p.places[i], p.places[i + 1]);
      String value = Utf8.text(p.b, p.places[i + 2], p.places[i + 3]);
      if (name.equals("le") && value.equalsIgnoreCase("+inf") && !value.equals("+Inf")) {
        throw fault("infinity must be written +Inf, got \"" + value + "\"");
      }
    }
    byte[] b = p.seriesBytes();
    int end = p.seriesEnd();
    if (end - p.seriesStart() > 1 && b[end - 1] == '}' && b[end - 2] == ',') {
      throw fault("a comma stands before the closing brace");
    }
  }
}
