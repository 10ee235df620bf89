package io.narthex.query.oracle;

import io.narthex.model.Labels;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.ValueType;
import io.narthex.query.oracle.Arithmetic.Sum;
import io.narthex.query.oracle.Oracle.Range;
import io.narthex.query.oracle.Oracle.Window;
import io.narthex.query.oracle.Series.Sample;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The functions over range vectors. */
final class RangeCalls {
  private final Oracle oracle;

  RangeCalls(Oracle oracle) {
    this.oracle = oracle;
  }

  List<Element> eval(Call c, long t) {
    String name = c.function().name();
    List<Double> numbers = new ArrayList<>();
    Expr over = null;
    for (Expr a : c.arguments()) {
      if (a.type() == ValueType.MATRIX) {
        over = a;
      } else {
        numbers.add(oracle.scalar(a, t));
      }
    }
    if (over == null) {
      throw new IllegalArgumentException("no range vector in " + name);
    }
    Range range = oracle.range(over, t);
    if (name.equals("absent_over_time")) {
      return range.windows().isEmpty()
          ? List.of(new Element(absentLabels(over), false, 1))
          : List.of();
    }
    boolean keepsName = name.equals("last_over_time") || name.equals("first_over_time");
    List<Element> out = new ArrayList<>();
    for (Window w : range.windows()) {
      Double v = value(name, range, w.samples(), numbers, t);
      if (v != null) {
        Element e = new Element(w.labels(), w.dropName(), v);
        Element result = keepsName ? e : oracle.nameless(e, v);
        out.add(result);
        if (!oracle.query.delayedNames()) {
          oracle.noteSource(c, result.labels(), w.labels());
        }
      }
    }
    return out;
  }

  private static Labels absentLabels(Expr over) {
    return Oracle.unwrap(over) instanceof MatrixSelector m
        ? Calls.absentLabels(m.selector())
        : Labels.EMPTY;
  }

  private @Nullable Double value(
      String name, Range range, List<Sample> samples, List<Double> numbers, long t) {
    List<Double> values = new ArrayList<>();
    samples.forEach(s -> values.add(s.value()));
    Sample first = samples.getFirst();
    Sample last = samples.getLast();
    return switch (name) {
      case "rate" -> extrapolated(range, samples, true, true);
      case "increase" -> extrapolated(range, samples, true, false);
      case "delta" -> extrapolated(range, samples, false, false);
      case "irate" -> lastTwo(samples, true);
      case "idelta" -> lastTwo(samples, false);
      case "changes" -> changes(values);
      case "resets" -> resets(samples);
      case "sum_over_time" -> sum(values);
      case "avg_over_time" -> Arithmetic.mean(values);
      case "min_over_time" -> Grouping.extreme(values, -1);
      case "max_over_time" -> Grouping.extreme(values, 1);
      case "ts_of_min_over_time" -> timeOfExtreme(samples, -1);
      case "ts_of_max_over_time" -> timeOfExtreme(samples, 1);
      case "ts_of_first_over_time" -> first.timeMs() / 1000.0;
      case "ts_of_last_over_time" -> last.timeMs() / 1000.0;
      case "count_over_time" -> (double) values.size();
      case "present_over_time" -> 1.0;
      case "first_over_time" -> first.value();
      case "last_over_time" -> last.value();
      case "stddev_over_time" -> Math.sqrt(variance(values));
      case "stdvar_over_time" -> variance(values);
      case "quantile_over_time" ->
          Arithmetic.quantile(numbers.getFirst(), oracle.unordered(values));
      case "mad_over_time" -> medianDeviation(values);
      case "deriv" ->
          samples.size() < 2 ? null : regression(samples, samples.getFirst().timeMs())[0];
      case "predict_linear" -> {
        if (samples.size() < 2) {
          yield null;
        }
        double[] line = regression(samples, t);
        yield line[0] * numbers.getFirst() + line[1];
      }
      case "double_exponential_smoothing" ->
          smoothed(values, numbers.getFirst(), numbers.getLast());
      default -> throw new IllegalArgumentException("no function of a range: " + name);
    };
  }

  /** Returns whether a counter was reset between two samples. */
  private boolean isReset(Sample before, Sample now) {
    if (now.value() < before.value()) {
      return true;
    }
    if (!oracle.query.startTimes() || now.startMs() == 0) {
      return false;
    }
    if (now.startMs() == before.timeMs()) {
      // a delta goes on where the one before ended, which must have been one, too
      return before.startMs() != 0 && before.startMs() < before.timeMs();
    }
    return now.startMs() > before.timeMs() && now.startMs() < now.timeMs();
  }

  private @Nullable Double extrapolated(
      Range range, List<Sample> samples, boolean counter, boolean perSecond) {
    Sample first = samples.getFirst();
    Sample last = samples.getLast();
    boolean fromZero =
        counter
            && oracle.query.startTimes()
            && first.startMs() > range.startMs()
            && first.startMs() < first.timeMs();
    if (samples.size() < 2 && !fromZero) {
      return null;
    }
    double result = last.value() - first.value();
    if (counter) {
      for (int i = 1; i < samples.size(); i++) {
        if (isReset(samples.get(i - 1), samples.get(i))) {
          result += samples.get(i - 1).value();
        }
      }
    }
    double toStart = (first.timeMs() - range.startMs()) / 1000.0;
    double toEnd = (range.endMs() - last.timeMs()) / 1000.0;
    double sampled = (last.timeMs() - first.timeMs()) / 1000.0;
    double average = samples.size() < 2 ? 0 : sampled / (samples.size() - 1);
    double threshold = average * 1.1;
    if (toStart >= threshold) {
      toStart = average / 2;
    }
    if (fromZero) {
      result += first.value();
      sampled = (last.timeMs() - first.startMs()) / 1000.0;
      toStart = 0;
    } else if (counter && result > 0 && first.value() >= 0) {
      double toZero = sampled * (first.value() / result);
      if (toZero < toStart) {
        toStart = toZero;
      }
    }
    if (toEnd >= threshold) {
      toEnd = average / 2;
    }
    double factor = (sampled + toStart + toEnd) / sampled;
    if (perSecond) {
      factor /= (range.endMs() - range.startMs()) / 1000.0;
    }
    return result * factor;
  }

  private @Nullable Double lastTwo(List<Sample> samples, boolean rate) {
    if (samples.size() < 2) {
      return null;
    }
    Sample before = samples.get(samples.size() - 2);
    Sample last = samples.getLast();
    if (!rate) {
      return last.value() - before.value();
    }
    boolean reset = isReset(before, last);
    double rise = reset ? last.value() : last.value() - before.value();
    return rise / ((last.timeMs() - before.timeMs()) / 1000.0);
  }

  private static double changes(List<Double> values) {
    int n = 0;
    for (int i = 1; i < values.size(); i++) {
      double a = values.get(i - 1);
      double b = values.get(i);
      n += a != b && !(Double.isNaN(a) && Double.isNaN(b)) ? 1 : 0;
    }
    return n;
  }

  private double resets(List<Sample> samples) {
    int n = 0;
    for (int i = 1; i < samples.size(); i++) {
      n += isReset(samples.get(i - 1), samples.get(i)) ? 1 : 0;
    }
    return n;
  }

  private static double sum(List<Double> values) {
    Sum s = new Sum(0, 0);
    values.forEach(s::add);
    return s.total();
  }

  private static double timeOfExtreme(List<Sample> samples, int sign) {
    Sample best = samples.getFirst();
    for (Sample s : samples) {
      if (s.value() * sign >= best.value() * sign || Double.isNaN(best.value())) {
        best = s;
      }
    }
    return best.timeMs() / 1000.0;
  }

  /** Returns the variance by Welford's method with compensated sums. */
  private static double variance(List<Double> values) {
    Sum mean = new Sum(0, 0);
    Sum squares = new Sum(0, 0);
    double n = 0;
    for (double v : values) {
      n++;
      double delta = v - mean.total();
      mean.add(delta / n);
      squares.add(delta * (v - mean.total()));
    }
    return squares.total() / n;
  }

  private static double medianDeviation(List<Double> values) {
    if (values.stream().anyMatch(v -> Double.isNaN(v))) {
      return Double.NaN;
    }
    double median = Arithmetic.quantile(0.5, values);
    List<Double> distances = new ArrayList<>();
    values.forEach(v -> distances.add(Math.abs(v - median)));
    return Arithmetic.quantile(0.5, distances);
  }

  /** Returns slope and value at a time of the line with the least squares. */
  private static double[] regression(List<Sample> samples, long zeroMs) {
    double firstValue = samples.getFirst().value();
    boolean constant = true;
    Sum x = new Sum(0, 0);
    Sum y = new Sum(0, 0);
    Sum xy = new Sum(0, 0);
    Sum xx = new Sum(0, 0);
    for (int i = 0; i < samples.size(); i++) {
      double at = (samples.get(i).timeMs() - zeroMs) / 1000.0;
      double v = samples.get(i).value();
      if (i > 0 && v != firstValue) {
        constant = false;
      }
      x.add(at);
      y.add(v);
      xy.add(at * v);
      xx.add(at * at);
    }
    if (constant) {
      return Double.isInfinite(firstValue)
          ? new double[] {Double.NaN, Double.NaN}
          : new double[] {0, firstValue};
    }
    double n = samples.size();
    double covariance = xy.total() - x.total() * y.total() / n;
    double variance = xx.total() - x.total() * x.total() / n;
    double slope = covariance / variance;
    return new double[] {slope, y.total() / n - slope * x.total() / n};
  }

  private static @Nullable Double smoothed(
      List<Double> values, double smoothing, double trendFactor) {
    if (!(smoothing > 0 && smoothing < 1 && trendFactor > 0 && trendFactor < 1)) {
      throw new OracleException("double_exponential_smoothing: bad factor");
    }
    if (values.size() < 2) {
      return null;
    }
    double before = 0;
    double level = values.get(0);
    double trend = values.get(1) - values.get(0);
    for (int i = 1; i < values.size(); i++) {
      double x = smoothing * values.get(i);
      if (i > 1) {
        trend = trendFactor * (level - before) + (1 - trendFactor) * trend;
      }
      double y = (1 - smoothing) * (level + trend);
      before = level;
      level = x + y;
    }
    return level;
  }
}
