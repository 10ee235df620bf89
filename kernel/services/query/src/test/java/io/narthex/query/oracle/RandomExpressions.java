package io.narthex.query.oracle;

import java.util.List;
import java.util.Random;

/** Makes random expressions over the series of {@link RandomData}; all of them parse. */
final class RandomExpressions {
  private static final List<String> GAUGES =
      List.of(
          "gauge",
          "gauge",
          "special",
          "temperature",
          "constant",
          "huge",
          "lonely",
          "latency_bucket",
          "build");
  private static final List<String> COUNTERS = List.of("requests_total", "bytes_total");
  private static final List<String> OVER_RANGES =
      List.of(
          "rate",
          "rate",
          "increase",
          "delta",
          "irate",
          "idelta",
          "deriv",
          "changes",
          "resets",
          "avg_over_time",
          "sum_over_time",
          "min_over_time",
          "max_over_time",
          "count_over_time",
          "stddev_over_time",
          "stdvar_over_time",
          "last_over_time",
          "first_over_time",
          "present_over_time",
          "absent_over_time",
          "mad_over_time",
          "ts_of_first_over_time",
          "ts_of_last_over_time",
          "ts_of_min_over_time",
          "ts_of_max_over_time");
  private static final List<String> OF_VECTORS =
      List.of(
          "abs",
          "ceil",
          "floor",
          "exp",
          "ln",
          "log2",
          "log10",
          "sqrt",
          "sgn",
          "round",
          "sin",
          "cos",
          "tan",
          "asin",
          "acos",
          "atan",
          "sinh",
          "cosh",
          "tanh",
          "asinh",
          "acosh",
          "atanh",
          "deg",
          "rad",
          "timestamp",
          "timestamp",
          "start_timestamp",
          "sort",
          "sort_desc",
          "absent");
  private static final List<String> DATES =
      List.of(
          "minute",
          "hour",
          "day_of_week",
          "day_of_month",
          "day_of_year",
          "days_in_month",
          "month",
          "year");
  private static final List<String> AGGREGATIONS =
      List.of("sum", "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar");
  private static final List<String> ARITHMETIC = List.of("+", "-", "*", "/", "%", "^", "atan2");
  private static final List<String> COMPARISONS = List.of("==", "!=", "<", ">", "<=", ">=");
  private static final List<String> LABELS = List.of("job", "instance", "mode", "le", "version");
  private static final List<Integer> SECONDS =
      List.of(15, 30, 47, 60, 90, 120, 300, 450, 900, 1800);

  private final Random random;
  private final long baseSeconds;
  private boolean delayedNames;

  /**
   * Creates a generator.
   *
   * @param baseMs a time in the middle of the data, for {@code @}
   */
  RandomExpressions(Random random, long baseMs) {
    this.random = random;
    this.baseSeconds = baseMs / 1000;
  }

  private <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  private boolean rarely() {
    return random.nextInt(8) == 0;
  }

  /**
   * Returns the next expression that is no range vector.
   *
   * @param stepMs distance of the steps it is evaluated at; 0 for one step
   */
  String next(long stepMs, boolean delayed) {
    delayedNames = delayed;
    int step = (int) ((stepMs + 999) / 1000);
    return random.nextInt(30) == 0 ? scalar(2, step) : vector(1 + random.nextInt(4), step);
  }

  /** Returns the next range vector. */
  String nextRange() {
    delayedNames = false;
    return range(1, 0);
  }

  /** Returns a call over the ranges of the metric with the most series. */
  String overManySeries() {
    return one(OVER_RANGES) + "(latency_bucket[" + one(SECONDS) + "s])";
  }

  /* selectors */

  private String selector(List<String> names) {
    String text = one(names);
    if (random.nextInt(40) == 0) {
      return "{__name__=~\"gauge|constant|" + text + "\", " + condition() + "}";
    }
    return switch (random.nextInt(4)) {
      case 0 -> text + "{" + condition() + "}";
      case 1 -> text + "{" + condition() + ", " + condition() + "}";
      default -> text;
    };
  }

  private String condition() {
    return one(
        List.of(
            "job=\"api\"",
            "job!=\"db\"",
            "job=~\"api|web\"",
            "instance=~\"i[0-1]\"",
            "instance=~\".+\"",
            "instance!=\"i2\"",
            "mode!~\"id.*\"",
            "mode=\"user\"",
            "mode=~\"|user\"",
            "missing=\"\"",
            "missing!~\".+\"",
            "version=\"v1\"",
            "job=\"none\""));
  }

  private String modifiers() {
    String offset =
        switch (random.nextInt(8)) {
          case 0 -> " offset " + one(SECONDS) + "s";
          case 1 -> " offset -" + one(SECONDS) + "s";
          case 2 -> rarely() ? " offset (step() * 2 - 7)" : "";
          default -> "";
        };
    String at =
        switch (random.nextInt(16)) {
          case 0 -> " @ start()";
          case 1 -> " @ end()";
          case 2 -> " @ " + (baseSeconds + random.nextInt(1200) - 600) + ".5";
          default -> "";
        };
    return random.nextBoolean() ? offset + at : at + offset;
  }

  private String any() {
    return selector(random.nextInt(4) == 0 ? COUNTERS : GAUGES) + modifiers();
  }

  private String range(int depth, int step) {
    // a window that leaves none of the steps out: the engine evaluates those in between as well
    int seconds = Math.max(one(SECONDS), step);
    if (depth > 0 && random.nextInt(4) == 0) {
      int inner = one(List.of(13, 15, 30, 60, 120));
      int length = Math.max(Math.max(inner, step), Math.min(seconds, 300));
      String written = inner == 60 ? "" : inner + "s";
      return "(" + vector(depth - 1, inner) + ")[" + length + "s:" + written + "]" + modifiers();
    }
    String length = rarely() ? "min_of(" + one(SECONDS) + ", 2m) + 15" : seconds + "s";
    List<String> names = random.nextInt(2) == 0 ? COUNTERS : GAUGES;
    return selector(names) + "[" + length + "]" + modifiers();
  }

  /* numbers */

  private String number() {
    return one(
        List.of("0", "1", "2", "-1", "0.5", "1e3", "100", "Inf", "-Inf", "NaN", "3.7", "1e-9"));
  }

  private String scalar(int depth, int step) {
    return switch (random.nextInt(9)) {
      case 0 -> "time()";
      case 1 -> depth > 0 ? "scalar(" + vector(depth - 1, step) + ")" : number();
      case 2 -> one(List.of("pi()", "start()", "end()", "range()", "step()"));
      case 3 ->
          depth > 0
              ? "("
                  + scalar(depth - 1, step)
                  + one(ARITHMETIC).replace("atan2", " atan2 ")
                  + scalar(depth - 1, step)
                  + ")"
              : number();
      case 4 ->
          depth > 0
              ? one(List.of("min_of", "max_of"))
                  + "("
                  + scalar(depth - 1, step)
                  + ", "
                  + number()
                  + ")"
              : number();
      case 5 -> "(" + number() + " " + one(COMPARISONS) + " bool " + number() + ")";
      default -> number();
    };
  }

  /* vectors */

  private String vector(int depth, int step) {
    if (depth <= 0) {
      return any();
    }
    int less = depth - 1;
    return switch (random.nextInt(16)) {
      case 0, 1, 2 -> one(OVER_RANGES) + "(" + range(less, step) + ")";
      case 3 -> one(OF_VECTORS) + "(" + vector(less, step) + ")";
      case 4, 5 -> one(AGGREGATIONS) + grouping() + " (" + vector(less, step) + ")";
      case 6 -> withParameter(less, step);
      case 7 -> withNumber(one(ARITHMETIC), less, step);
      case 8 -> withNumber(one(COMPARISONS) + (random.nextBoolean() ? " bool" : ""), less, step);
      case 9, 10 -> binary(less, step);
      case 11 ->
          "("
              + vector(less, step)
              + ") "
              + one(List.of("and", "or", "unless"))
              + matching()
              + " ("
              + vector(less, step)
              + ")";
      case 12, 13 -> special(less, step);
      case 14 -> histogram(step);
      default -> one(List.of("-", "-", "+")) + "(" + vector(less, step) + ")";
    };
  }

  private String grouping() {
    String labels = one(LABELS) + (random.nextInt(2) == 0 ? ", " + one(LABELS) : "");
    if (!delayedNames && random.nextInt(20) == 0) {
      labels = "__name__, " + labels;
    }
    return switch (random.nextInt(4)) {
      case 0 -> "";
      case 1 -> " without (" + labels + ")";
      default -> " by (" + labels + ")";
    };
  }

  private String withParameter(int depth, int step) {
    String in = vector(depth, step) + ")";
    return switch (random.nextInt(6)) {
      case 0, 1 ->
          one(List.of("topk", "bottomk", "limitk"))
              + grouping()
              + " ("
              + one(
                  List.of(
                      "0",
                      "1",
                      "2",
                      "3",
                      "5",
                      "2.9",
                      "-1",
                      rarely() ? one(List.of("NaN", "Inf", "-Inf")) : "4"))
              + ", "
              + in;
      case 2 ->
          "limit_ratio"
              + grouping()
              + " ("
              + one(List.of("0.3", "-0.3", "0.8", "-0.8", "1", "-1", "0", "2"))
              + ", "
              + in;
      case 3 -> "count_values" + grouping() + " (\"value\", " + in;
      default ->
          "quantile"
              + grouping()
              + " ("
              + one(List.of("0", "0.3", "0.5", "0.99", "1", "-1", "2", "NaN"))
              + ", "
              + in;
    };
  }

  private String withNumber(String operator, int depth, int step) {
    String v = "(" + vector(depth, step) + ")";
    String s = scalar(depth, step);
    return random.nextBoolean() ? v + " " + operator + " " + s : s + " " + operator + " " + v;
  }

  private String binary(int depth, int step) {
    String operator =
        random.nextInt(3) == 0
            ? one(COMPARISONS) + (random.nextBoolean() ? " bool" : "")
            : one(ARITHMETIC);
    if (random.nextInt(5) < 2) {
      String many = "(" + vector(depth, step) + ")";
      String part = one(List.of(" (build) ", " (sum by (job, instance) (" + any() + ")) "));
      return random.nextBoolean()
          ? many
              + " "
              + operator
              + " on (job, instance) group_left"
              + one(List.of(" ()", " (version)"))
              + fill()
              + part
          : part
              + operator
              + " on (job, instance) group_right"
              + one(List.of(" ()", " (version)"))
              + fill()
              + " "
              + many;
    }
    String match =
        switch (random.nextInt(8)) {
          case 0 -> " on (job, instance) group_left ()";
          case 1 -> " ignoring (mode) group_right ()";
          case 2, 3 -> " on (job, instance, mode)";
          case 4 -> " ignoring (mode, le)";
          case 5 -> " ignoring (version)";
          default -> "";
        };
    return "("
        + vector(depth, step)
        + ") "
        + operator
        + match
        + fill()
        + " ("
        + vector(depth, step)
        + ")";
  }

  private String fill() {
    return switch (random.nextInt(12)) {
      case 0 -> " fill (" + one(List.of("0", "1.5", "NaN")) + ")";
      case 1 -> " fill_left (7)";
      case 2 -> " fill_right (-3)";
      case 3 -> " fill_left (2) fill_right (3)";
      default -> "";
    };
  }

  private String matching() {
    return switch (random.nextInt(6)) {
      case 0 -> " on (job, instance)";
      case 1 -> " ignoring (mode)";
      case 2 -> " on ()";
      default -> "";
    };
  }

  private String histogram(int step) {
    String rate = "rate(latency_bucket[" + Math.max(120, step) + "s])";
    String buckets =
        switch (random.nextInt(4)) {
          case 0 -> "latency_bucket" + modifiers();
          case 1 -> rate;
          case 2 -> "latency_bucket / (latency_bucket % 7)";
          default -> "sum by (le" + (random.nextBoolean() ? ", job" : "") + ") (" + rate + ")";
        };
    return random.nextInt(3) == 0
        ? "histogram_fraction("
            + one(List.of("0", "0.07", "-1", "-Inf", "NaN", "0.5", "6"))
            + ", "
            + one(List.of("0.3", "1", "7", "Inf", "0.05", "NaN"))
            + ", "
            + buckets
            + ")"
        : "histogram_quantile("
            + one(List.of("0", "0.1", "0.5", "0.9", "0.99", "1", "1.5", "-1", "NaN"))
            + ", "
            + buckets
            + ")";
  }

  private String special(int depth, int step) {
    String in = vector(depth, step);
    return switch (random.nextInt(16)) {
      case 13, 14 -> smoothing(depth, step);
      case 0 -> "clamp(" + in + ", " + number() + ", " + number() + ")";
      case 1 -> "clamp_min(" + in + ", " + scalar(depth, step) + ")";
      case 2 -> "clamp_max(" + in + ", " + scalar(depth, step) + ")";
      case 3 ->
          "label_replace("
              + in
              + ", \""
              + one(List.of("x", "mode", "instance"))
              + "\", \""
              + one(List.of("$1-v", "", "same", "$2$1"))
              + "\", \"instance\", \""
              + one(List.of("i(.*)", "(i)([01])", "(.*)", ".*2"))
              + "\")";
      case 4 ->
          "label_join("
              + in
              + ", \""
              + one(List.of("x", "mode"))
              + "\", \"-\", \"job\", \""
              + one(LABELS)
              + "\")";
      case 5 ->
          "predict_linear(" + range(depth, step) + ", " + one(List.of("60", "3600", "-30")) + ")";
      case 6, 7 ->
          "quantile_over_time("
              + one(List.of("0", "0.1", "0.5", "0.9", "-1", "2", "NaN"))
              + ", "
              + range(depth, step)
              + ")";
      case 8 -> smoothing(depth, step);
      case 9 -> "round(" + in + ", " + one(List.of("0.1", "5", "1e-3", "0", "-2")) + ")";
      case 10 ->
          one(DATES)
              + "("
              + one(List.of("", "timestamp(" + in + ")", "build * 8640077", "vector(time())"))
              + ")";
      case 11 -> one(List.of("sort_by_label", "sort_by_label_desc")) + "(" + in + ", \"job\")";
      default -> "vector(" + scalar(depth, step) + ")";
    };
  }

  private String smoothing(int depth, int step) {
    return "double_exponential_smoothing("
        + range(depth, step)
        + ", "
        + one(List.of("0.3", "0.9", "0.01"))
        + ", "
        + one(List.of("0.1", "0.7", rarely() ? "0" : "0.99"))
        + ")";
  }
}
