package io.narthex.exporter.jvm.jmx;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import io.prometheus.metrics.model.snapshots.PrometheusNaming;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The samples of one scrape by family. Names and types are settled at the end, as in the Java
 * client: a suffix that says a type is no part of a family's name, samples of several types make a
 * family of unknown type, and where label sets are not unique each sample gets the name of its
 * MBean as label {@code _objectname}.
 */
public final class Families {
  private static final String OBJECT_NAME = "_objectname";

  private record Sample(Match match, BeanValue origin, String text, double value) {}

  private final Limits limits;
  private final boolean inferCounter;
  private final Map<String, List<Sample>> families = new TreeMap<>();
  private int samples;
  private long chars;

  Families(Limits limits, boolean inferCounter) {
    this.limits = limits;
    this.inferCounter = inferCounter;
  }

  void add(Match match, BeanValue origin, String text, double value) throws JmxException {
    chars += match.name().length() + text.length();
    for (String label : match.labels()) {
      chars += label.length();
    }
    if (++samples > limits.samples() || chars > limits.allChars()) {
      throw new JmxException(
          "a scrape gives at most "
              + limits.samples()
              + " samples with "
              + limits.allChars()
              + " characters in names and labels; leave MBeans out by excludeObjectNames or rules");
    }
    families
        .computeIfAbsent(PrometheusNaming.sanitizeMetricName(match.name()), n -> new ArrayList<>())
        .add(new Sample(match, origin, text, value));
  }

  /** Returns the number of samples. */
  public int size() {
    return samples;
  }

  /** Writes all families by name. */
  public void write(MetricSink sink) {
    families.forEach((name, members) -> write(sink, name, members));
  }

  private void write(MetricSink sink, String base, List<Sample> members) {
    MetricType type = type(members);
    String name = type == MetricType.COUNTER ? base + "_total" : base;
    Sample first = members.get(0);
    String help = first.match().help();
    sink.family(new MetricMetadata(name, type, help == null ? first.origin().help() : help, ""));
    boolean unique = true;
    Set<Labels> seen = new HashSet<>();
    List<Labels> labels = new ArrayList<>(members.size());
    for (Sample member : members) {
      Labels own = labels(member.match().labels());
      labels.add(own);
      unique &= seen.add(own);
    }
    seen.clear();
    for (int i = 0; i < members.size(); i++) {
      Labels own = labels.get(i);
      if (!unique) {
        String text = members.get(i).text();
        own = own.with(OBJECT_NAME, text.substring(0, text.lastIndexOf(':')));
      }
      if (unique || seen.add(own)) {
        sink.sample(name, own, members.get(i).value());
      }
    }
  }

  private MetricType type(List<Sample> members) {
    Rule.Type common = null;
    for (Sample member : members) {
      Rule.Type type = member.match().type();
      if (inferCounter && member.match().name().endsWith("_total")) {
        type = Rule.Type.COUNTER;
      }
      if (common != null && common != type) {
        return MetricType.UNKNOWN;
      }
      common = type;
    }
    return switch (common) {
      case COUNTER -> MetricType.COUNTER;
      case GAUGE -> MetricType.GAUGE;
      case UNKNOWN -> MetricType.UNKNOWN;
      case null -> MetricType.UNKNOWN;
    };
  }

  /** Returns a label set; of two labels with one name the first counts. */
  private static Labels labels(List<String> pairs) {
    List<String> kept = new ArrayList<>(pairs.size());
    Set<String> names = new HashSet<>();
    for (int i = 0; i < pairs.size(); i += 2) {
      if (names.add(pairs.get(i))) {
        kept.add(pairs.get(i));
        kept.add(pairs.get(i + 1));
      }
    }
    return Labels.of(kept.toArray(new String[0]));
  }
}
