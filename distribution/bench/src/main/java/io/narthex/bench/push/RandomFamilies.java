package io.narthex.bench.push;

import io.narthex.bench.push.Family.Kind;
import io.narthex.bench.push.Family.Metric;
import io.narthex.bench.push.Family.Point;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Random families of few names and labels, so that groups share series and types contradict each
 * other now and then. Not thread-safe.
 */
final class RandomFamilies {
  /** A name and the type that it mostly has. */
  private record Name(String text, Kind kind) {}

  private static final List<Name> NAMES =
      List.of(
          new Name("jobs_total", Kind.COUNTER),
          new Name("items", Kind.COUNTER),
          new Name("temperature", Kind.GAUGE),
          new Name("depth", Kind.GAUGE),
          new Name("thing", Kind.UNTYPED),
          new Name("job:things:sum", Kind.UNTYPED),
          new Name("lag", Kind.SUMMARY),
          new Name("wait_seconds", Kind.SUMMARY),
          new Name("size", Kind.HISTOGRAM),
          new Name("latency_seconds", Kind.HISTOGRAM));

  /** Names that clash with what a histogram or a summary exposes, or only seem to. */
  private static final List<Name> CLASHES =
      List.of(
          new Name("size_count", Kind.COUNTER),
          new Name("size_sum", Kind.GAUGE),
          new Name("size_bucket", Kind.UNTYPED),
          new Name("size_created", Kind.GAUGE),
          new Name("size_count", Kind.HISTOGRAM),
          new Name("lag_count", Kind.COUNTER),
          new Name("lag_sum", Kind.UNTYPED),
          new Name("lag_bucket", Kind.GAUGE),
          new Name("items_total", Kind.COUNTER),
          new Name("items_created", Kind.GAUGE),
          // not the time of failures: a body may set that of an existing group in the original
          new Name("push_time_seconds", Kind.GAUGE));

  private static final List<String> HELPS =
      List.of("", "", "A text.", "Another text", "With \\ and \n in it", "Größe, \"quoted\" ");

  private static final double[] BOUNDS = {0.1, 0.5, 1, 2.5, 10, 1e6};
  private static final double[] QUANTILES = {0, 0.5, 0.9, 0.99, 1};

  /** So many bodies of a hundred have what may be refused. */
  private static final int ODD_PERCENT = 35;

  private final Dice dice;
  private boolean odd;

  RandomFamilies(Dice dice) {
    this.dice = dice;
  }

  /** Returns a few families. */
  List<Family> next() {
    List<Family> families = new ArrayList<>();
    odd = dice.percent(ODD_PERCENT);
    int number = 1 + dice.below(3);
    for (int i = 0; i < number; i++) {
      Family family = family();
      // the same family twice is refused in the text format
      if (odd && dice.percent(8)
          || families.stream().noneMatch(f -> f.name().equals(family.name()))) {
        families.add(family);
      }
    }
    return families;
  }

  private Family family() {
    Name name = dice.pick(odd && dice.percent(15) ? CLASHES : NAMES);
    Kind kind = odd && dice.percent(7) ? dice.pick(List.of(Kind.values())) : name.kind;
    List<Metric> metrics = new ArrayList<>();
    int number = 1 + dice.below(3);
    for (int i = 0; i < number; i++) {
      Map<String, String> labels = labels();
      // the same labels twice are refused
      if (odd && dice.percent(3) || metrics.stream().noneMatch(m -> m.labels().equals(labels))) {
        metrics.add(metric(kind, labels));
      }
    }
    return new Family(name.text, kind, dice.pick(HELPS), metrics);
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new LinkedHashMap<>();
    if (dice.percent(50)) {
      labels.put("code", dice.pick("200", "500", ""));
    }
    if (dice.percent(odd ? 20 : 6)) {
      // what the groups of some pushes have, so that two groups can hold the same series
      labels.put("zone", dice.pick("z1", "z2", ""));
    }
    if (dice.percent(10)) {
      labels.put("text", dice.pick("ä€😀", "a\\b", "\"q\"", "two\nlines", "{,}= #"));
    }
    if (dice.percent(6)) {
      labels.put("job", "from the body");
    }
    if (dice.percent(8)) {
      labels.put("instance", dice.pick("i1", "i9", ""));
    }
    if (odd && dice.percent(2)) {
      labels.put("__hidden", "x");
    }
    return labels;
  }

  private Metric metric(Kind kind, Map<String, String> labels) {
    Long timestampMs = odd && dice.percent(3) ? Long.valueOf(dice.below(3) * 1000L) : null;
    return switch (kind) {
      case COUNTER, GAUGE, UNTYPED ->
          new Metric(labels, value(), List.of(), null, null, timestampMs);
      case SUMMARY ->
          new Metric(labels, value(), points(QUANTILES, false), sum(), count(), timestampMs);
      case HISTOGRAM ->
          new Metric(labels, value(), points(BOUNDS, true), sum(), count(), timestampMs);
    };
  }

  private double value() {
    return switch (dice.below(14)) {
      case 0 -> Double.NaN;
      case 1 -> Double.POSITIVE_INFINITY;
      case 2 -> Double.NEGATIVE_INFINITY;
      case 3 -> -dice.below(1000);
      case 4 -> dice.below(1000) / 7.0;
      case 5 -> dice.below(1000) * 1e18;
      case 6 -> dice.below(1000) * 1e-12;
      default -> dice.below(100_000);
    };
  }

  private @Nullable Double sum() {
    return dice.percent(12) ? null : Double.valueOf(value());
  }

  private @Nullable Double count() {
    if (dice.percent(12)) {
      return null;
    }
    return dice.percent(4) ? dice.below(1000) / 8.0 : (double) dice.below(100_000);
  }

  private List<Point> points(double[] bounds, boolean buckets) {
    List<Point> points = new ArrayList<>();
    if (dice.percent(10)) {
      return points;
    }
    double value = 0;
    for (double bound : bounds) {
      if (dice.percent(70)) {
        value = buckets ? value + dice.below(50) : value();
        points.add(new Point(bound, value));
      }
    }
    if (buckets && dice.percent(70)) {
      points.add(new Point(Double.POSITIVE_INFINITY, value + dice.below(50)));
    }
    if (points.size() > 1 && dice.percent(4)) {
      points.add(points.removeFirst());
    }
    if (!points.isEmpty() && dice.percent(3)) {
      points.add(points.getFirst());
    }
    return points;
  }
}
