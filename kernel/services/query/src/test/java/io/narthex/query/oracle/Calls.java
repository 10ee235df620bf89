package io.narthex.query.oracle;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.ValueType;
import io.narthex.query.BitExact;
import io.narthex.query.oracle.ClassicHistogram.Bucket;
import io.narthex.query.oracle.Oracle.Value;
import io.narthex.text.re2.Re2;
import io.narthex.text.re2.Template;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;

/** The functions over numbers and instant vectors; those over ranges are passed on. */
final class Calls {
  private final Oracle oracle;

  Calls(Oracle oracle) {
    this.oracle = oracle;
  }

  Value eval(Call c, long t) {
    List<Expr> a = c.arguments();
    for (Expr e : a) {
      if (e.type() == ValueType.MATRIX) {
        return new Value.Vector(new RangeCalls(oracle).eval(c, t));
      }
    }
    Oracle.Query q = oracle.query;
    return switch (c.function().name()) {
      case "time" -> new Value.Scalar(t / 1000.0);
      case "pi" -> new Value.Scalar(Math.PI);
      case "start" -> new Value.Scalar(q.startMs() / 1000.0);
      case "end" -> new Value.Scalar(q.endMs() / 1000.0);
      case "range" -> new Value.Scalar((q.endMs() - q.startMs()) / 1000.0);
      case "step" -> new Value.Scalar(q.stepMs() / 1000.0);
      case "min_of" ->
          new Value.Scalar(Arithmetic.min(oracle.scalar(a.get(0), t), oracle.scalar(a.get(1), t)));
      case "max_of" ->
          new Value.Scalar(Arithmetic.max(oracle.scalar(a.get(0), t), oracle.scalar(a.get(1), t)));
      case "scalar" -> {
        List<Element> v = oracle.vector(a.get(0), t);
        yield new Value.Scalar(v.size() == 1 ? v.getFirst().value() : Double.NaN);
      }
      case "vector" ->
          new Value.Vector(List.of(new Element(Labels.EMPTY, false, oracle.scalar(a.get(0), t))));
      default -> new Value.Vector(Oracle.unique(vector(c.function().name(), a, t)));
    };
  }

  private List<Element> vector(String name, List<Expr> a, long t) {
    return switch (name) {
      case "absent" -> absent(a.getFirst(), t);
      case "timestamp" -> timestamp(a.getFirst(), t);
      case "start_timestamp" -> startTimestamp(a.getFirst(), t);
      case "sort" -> sorted(oracle.vector(a.getFirst(), t), 1);
      case "sort_desc" -> sorted(oracle.vector(a.getFirst(), t), -1);
      case "sort_by_label", "sort_by_label_desc" ->
          oracle.unordered(oracle.vector(a.getFirst(), t));
      case "label_replace" -> replaced(a, t);
      case "label_join" -> joined(a, t);
      case "round" -> {
        double inverse = 1 / (a.size() > 1 ? oracle.scalar(a.get(1), t) : 1);
        yield each(a.getFirst(), t, v -> Math.floor(v * inverse + 0.5) / inverse);
      }
      case "clamp_min" -> {
        double min = oracle.scalar(a.get(1), t);
        yield each(a.getFirst(), t, v -> Arithmetic.max(min, v));
      }
      case "clamp_max" -> {
        double max = oracle.scalar(a.get(1), t);
        yield each(a.getFirst(), t, v -> Arithmetic.min(max, v));
      }
      case "clamp" -> {
        double min = oracle.scalar(a.get(1), t);
        double max = oracle.scalar(a.get(2), t);
        List<Element> all = each(a.getFirst(), t, v -> Arithmetic.max(min, Arithmetic.min(max, v)));
        yield max < min ? List.of() : all;
      }
      case "histogram_quantile" -> {
        double q = oracle.scalar(a.get(0), t);
        yield histograms(a.get(1), t, buckets -> ClassicHistogram.quantile(q, buckets));
      }
      case "histogram_fraction" -> {
        double lower = oracle.scalar(a.get(0), t);
        double upper = oracle.scalar(a.get(1), t);
        yield histograms(a.get(2), t, buckets -> ClassicHistogram.fraction(lower, upper, buckets));
      }
      case "minute",
          "hour",
          "day_of_week",
          "day_of_month",
          "day_of_year",
          "days_in_month",
          "month",
          "year" ->
          a.isEmpty()
              ? List.of(new Element(Labels.EMPTY, false, datePart(name, t / 1000.0)))
              : each(a.getFirst(), t, v -> datePart(name, v));
      default -> each(a.getFirst(), t, function(name));
    };
  }

  private List<Element> each(Expr e, long t, DoubleUnaryOperator f) {
    List<Element> out = new ArrayList<>();
    for (Element x : oracle.vector(e, t)) {
      out.add(oracle.nameless(x, f.applyAsDouble(x.value())));
    }
    return out;
  }

  private static DoubleUnaryOperator function(String name) {
    return switch (name) {
      case "abs" -> Math::abs;
      case "ceil" -> Math::ceil;
      case "floor" -> Math::floor;
      case "sqrt" -> Math::sqrt;
      case "sgn" -> v -> v < 0 ? -1 : v > 0 ? 1 : v;
      case "deg" -> v -> v * 180 / Math.PI;
      case "rad" -> v -> v * Math.PI / 180;
      default -> BitExact.function(name);
    };
  }

  private static double datePart(String name, double seconds) {
    OffsetDateTime d = Instant.ofEpochSecond((long) seconds).atOffset(ZoneOffset.UTC);
    return switch (name) {
      case "minute" -> d.getMinute();
      case "hour" -> d.getHour();
      case "day_of_week" -> d.getDayOfWeek().getValue() % 7;
      case "day_of_month" -> d.getDayOfMonth();
      case "day_of_year" -> d.getDayOfYear();
      case "days_in_month" -> d.toLocalDate().lengthOfMonth();
      case "month" -> d.getMonthValue();
      default -> d.getYear();
    };
  }

  private List<Element> absent(Expr e, long t) {
    if (!oracle.vector(e, t).isEmpty()) {
      return List.of();
    }
    Labels labels = Oracle.unwrap(e) instanceof VectorSelector v ? absentLabels(v) : Labels.EMPTY;
    return List.of(new Element(labels, false, 1));
  }

  /** Returns the labels that one equality matcher and no other matcher is about. */
  static Labels absentLabels(VectorSelector v) {
    Labels out = Labels.EMPTY;
    for (Matcher m : v.matchers()) {
      long about = v.matchers().stream().filter(o -> o.name().equals(m.name())).count();
      if (m.type() == Matcher.Type.EQUAL && about == 1 && !m.name().equals(Labels.METRIC_NAME)) {
        out = out.with(m.name(), m.value());
      }
    }
    return out;
  }

  private List<Element> timestamp(Expr e, long t) {
    List<Element> out = new ArrayList<>();
    if (Oracle.unwrap(e) instanceof VectorSelector v) {
      for (Element x : oracle.select(v, t, s -> s.timeMs() / 1000.0)) {
        out.add(oracle.nameless(x, x.value()));
      }
    } else {
      oracle.vector(e, t).forEach(x -> out.add(oracle.nameless(x, t / 1000.0)));
    }
    return out;
  }

  private List<Element> startTimestamp(Expr e, long t) {
    List<Element> out = new ArrayList<>();
    if (Oracle.unwrap(e) instanceof VectorSelector v && oracle.query.startTimes()) {
      for (Element x : oracle.select(v, t, s -> s.startMs() / 1000.0)) {
        out.add(oracle.nameless(x, x.value()));
      }
    }
    return out;
  }

  /** Sorts an instant query's vector by value, NaN last. */
  private List<Element> sorted(List<Element> in, int sign) {
    if (oracle.query.stepMs() != 0) {
      return in;
    }
    List<Element> out = new ArrayList<>(in);
    out.sort((x, y) -> {
      boolean nan = Double.isNaN(x.value()) || Double.isNaN(y.value());
      return nan
          ? Boolean.compare(Double.isNaN(x.value()), Double.isNaN(y.value()))
          : Arithmetic.nanFirst(x.value() * sign, y.value() * sign);
    });
    return out;
  }

  private List<Element> replaced(List<Expr> a, long t) {
    String target = Oracle.text(a.get(1));
    Template template = Template.of(Oracle.text(a.get(2)));
    String source = Oracle.text(a.get(3));
    Re2 regex = Re2.compileAnchored(Oracle.text(a.get(4)));
    List<Element> out = new ArrayList<>();
    for (Element e : oracle.vector(a.get(0), t)) {
      String value = regex.replace(e.labels().get(source), template);
      out.add(value == null ? e : relabelled(e, target, value));
    }
    return out;
  }

  private List<Element> joined(List<Expr> a, long t) {
    String target = Oracle.text(a.get(1));
    String separator = Oracle.text(a.get(2));
    List<Element> out = new ArrayList<>();
    for (Element e : oracle.vector(a.get(0), t)) {
      List<String> parts = new ArrayList<>();
      a.subList(3, a.size()).forEach(x -> parts.add(e.labels().get(Oracle.text(x))));
      out.add(relabelled(e, target, String.join(separator, parts)));
    }
    return out;
  }

  private static Element relabelled(Element e, String target, String value) {
    boolean drop = e.dropName() && !target.equals(Labels.METRIC_NAME);
    return new Element(e.labels().with(target, value), drop, e.value());
  }

  private List<Element> histograms(Expr e, long t, Function<List<Bucket>, Double> f) {
    Map<Labels, List<Bucket>> buckets = new LinkedHashMap<>();
    Map<Labels, Element> results = new LinkedHashMap<>();
    for (Element x : oracle.vector(e, t)) {
      String le = x.labels().get("le");
      double bound;
      try {
        bound = le.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(le);
      } catch (NumberFormatException notANumber) {
        continue;
      }
      Labels key = x.labels().without("le").without(Labels.METRIC_NAME);
      buckets.computeIfAbsent(key, k -> new ArrayList<>()).add(new Bucket(bound, x.value()));
      results.putIfAbsent(key, new Element(x.labels().without("le"), false, 0));
    }
    List<Element> out = new ArrayList<>();
    buckets.forEach((key, list) -> out.add(oracle.nameless(results.get(key), f.apply(list))));
    return out;
  }
}
