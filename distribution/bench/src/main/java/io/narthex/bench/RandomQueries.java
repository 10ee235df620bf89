package io.narthex.bench;

import io.narthex.promql.FunctionSignature;
import io.narthex.promql.Functions;
import io.narthex.promql.ValueType;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Makes random PromQL expressions over the metrics of {@link DifferentialData}; some of them are
 * invalid on purpose.
 */
final class RandomQueries {
  private static final List<String> GAUGES =
      List.of("gauge", "special", "sparse", "constant", "temperature");
  private static final List<String> COUNTERS = List.of("requests_total", "bytes_total");

  /** Functions that the oldest version compared with does not have. */
  private static final Set<String> NEWER = Set.of("first_over_time");

  /** Functions of a range vector alone. */
  private static final List<String> RANGE_FUNCTIONS =
      functions(f -> f.arguments().equals(List.of(ValueType.MATRIX)));

  /** Functions of an instant vector alone, those of native histograms left out. */
  private static final List<String> MATHS =
      functions(f ->
          !f.name().startsWith("histogram_")
              && f.returnType() == ValueType.VECTOR
              && !f.arguments().isEmpty()
              && f.arguments().getFirst() == ValueType.VECTOR
              && f.arguments().size() - (f.variadic() > 0 ? f.variadic() : 0) <= 1
              && f.variadic() >= 0);

  private static final List<String> AGGREGATIONS =
      List.of("sum", "avg", "min", "max", "count", "group");
  private static final List<String> ARITHMETIC = List.of("+", "-", "*", "/", "%", "^", "atan2");
  private static final List<String> COMPARISONS = List.of("==", "!=", "<", ">", "<=", ">=");
  private static final List<String> LABELS = List.of("job", "instance", "mode", "le");
  private static final List<String> DURATIONS =
      List.of("30s", "1m", "2m", "5m", "7m30s", "15m", "1h");

  private final Random random;

  RandomQueries(long seed) {
    random = new Random(seed);
  }

  private static List<String> functions(Predicate<FunctionSignature> which) {
    return Functions.all().stream()
        .filter(f -> !f.experimental() && !NEWER.contains(f.name()) && which.test(f))
        .map(FunctionSignature::name)
        .toList();
  }

  private <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** Returns the next expression. */
  String next() {
    return random.nextInt(50) == 0
        ? broken()
        : random.nextInt(2) == 0 ? repeated() : vector(1 + random.nextInt(3));
  }

  /** Expressions in which a part occurs twice, or one side restricts the other. */
  private String repeated() {
    String v = vector(1 + random.nextInt(2));
    String name = one(random.nextBoolean() ? COUNTERS : GAUGES);
    String operator = " " + one(ARITHMETIC) + " ";
    return switch (random.nextInt(8)) {
      case 0 -> "(" + v + ")" + operator + "(" + v + ")";
      case 1 -> "sum(" + v + ") / (sum(" + v + ") + sum(" + any() + "))";
      case 2 -> "max_over_time((" + v + ")[5m:30s]) - min_over_time((" + v + ")[5m:30s])";
      case 3 -> overRange(name) + operator + overRange(name);
      case 4 -> name + modifiers() + operator + overRange(name);
      case 5 -> any() + " " + one(List.of("and", "unless", "or")) + matching() + " " + any();
      case 6 -> any() + " " + one(List.of("and", "unless")) + matching() + " (" + v + ")";
      default -> any() + operator + matching() + " " + any();
    };
  }

  private String overRange(String name) {
    return one(RANGE_FUNCTIONS) + "(" + name + "[" + one(DURATIONS) + "]" + modifiers() + ")";
  }

  private String broken() {
    String text = vector(2);
    return switch (random.nextInt(4)) {
      case 0 -> text.substring(0, random.nextInt(text.length()));
      case 1 -> text + one(List.of(")", " by (x)", "[5m]", " offset", "}"));
      case 2 -> "rate(" + text + ")";
      default -> one(List.of("$", "!", "\"", "9")) + text.substring(1);
    };
  }

  /** A selector of series whose values differ from each other. */
  private String distinct() {
    return selector(List.of("gauge")) + modifiers();
  }

  private String selector(List<String> names) {
    String text = one(names);
    if (random.nextInt(2) == 0) {
      String value =
          switch (random.nextInt(6)) {
            case 0 -> "job=\"api\"";
            case 1 -> "instance=~\"i[0-3]\"";
            case 2 -> "job!=\"db\"";
            case 3 -> "mode!~\"id.*|user\"";
            case 4 -> "instance=~\".+\"";
            default -> "missing=\"\"";
          };
      text += "{" + value + "}";
    }
    return text;
  }

  private String modifiers() {
    return switch (random.nextInt(12)) {
      case 0 -> " offset " + one(DURATIONS);
      case 1 -> " offset -" + one(DURATIONS);
      case 2 -> " @ start()";
      case 3 -> " @ end()";
      default -> "";
    };
  }

  private String any() {
    List<String> names = random.nextInt(3) == 0 ? COUNTERS : GAUGES;
    return selector(names) + modifiers();
  }

  private String range() {
    if (random.nextInt(6) == 0) {
      return "("
          + vector(1)
          + ")["
          + one(DURATIONS)
          + ":"
          + one(List.of("", "15s", "1m", "37s"))
          + "]"
          + modifiers();
    }
    List<String> names = random.nextInt(2) == 0 ? COUNTERS : GAUGES;
    return selector(names) + "[" + one(DURATIONS) + "]" + modifiers();
  }

  private String number() {
    return one(List.of("0", "1", "2", "-1", "0.5", "1e3", "100", "Inf", "NaN", "3.7", "1e-9"));
  }

  private String scalar(int depth) {
    return switch (random.nextInt(6)) {
      case 0 -> "time()";
      case 1 -> depth > 0 ? "scalar(" + vector(depth - 1) + ")" : number();
      case 2 -> "pi()";
      default -> number();
    };
  }

  private String grouping() {
    String labels = one(LABELS) + (random.nextInt(2) == 0 ? ", " + one(LABELS) : "");
    return switch (random.nextInt(3)) {
      case 0 -> "";
      case 1 -> " by (" + labels + ")";
      default -> " without (" + labels + ")";
    };
  }

  private String vector(int depth) {
    if (depth <= 0) {
      return any();
    }
    return switch (random.nextInt(14)) {
      case 0, 1 -> one(RANGE_FUNCTIONS) + "(" + range() + ")";
      case 2 -> one(MATHS) + "(" + vector(depth - 1) + ")";
      case 3, 4 -> one(AGGREGATIONS) + grouping() + " (" + vector(depth - 1) + ")";
      case 5 -> "(" + vector(depth - 1) + ") " + one(ARITHMETIC) + " " + scalar(depth - 1);
      case 6 ->
          "("
              + vector(depth - 1)
              + ") "
              + one(COMPARISONS)
              + (random.nextBoolean() ? " bool " : " ")
              + scalar(depth - 1);
      case 7 -> binary(depth);
      case 8 ->
          "("
              + vector(depth - 1)
              + ") "
              + one(List.of("and", "or", "unless"))
              + matching()
              + " ("
              + vector(depth - 1)
              + ")";
      // between equal values, and in sums that cancel out, the order of the series decides;
      // Prometheus
      // has one for selectors only
      case 9 -> orderSensitive();
      case 10 ->
          "quantile"
              + grouping()
              + " ("
              + one(List.of("0", "0.3", "0.5", "0.99", "1", "-1", "2"))
              + ", "
              + vector(depth - 1)
              + ")";
      case 11 -> special(depth);
      case 12 ->
          "histogram_quantile("
              + one(List.of("0.1", "0.5", "0.9", "0.99", "1.5"))
              + ", "
              + histogram()
              + ")";
      default -> "-(" + vector(depth - 1) + ")";
    };
  }

  private String orderSensitive() {
    return switch (random.nextInt(3)) {
      case 0 -> one(List.of("stddev", "stdvar")) + grouping() + " (" + distinct() + ")";
      default ->
          one(List.of("topk", "bottomk"))
              + grouping()
              + " ("
              + (1 + random.nextInt(4))
              + ", "
              + distinct()
              + ")";
    };
  }

  private String histogram() {
    return switch (random.nextInt(3)) {
      case 0 -> "latency_seconds_bucket";
      case 1 -> "rate(latency_seconds_bucket[" + one(DURATIONS) + "])";
      default ->
          "sum by (le"
              + (random.nextBoolean() ? ", job" : "")
              + ") (rate(latency_seconds_bucket[5m]))";
    };
  }

  private String special(int depth) {
    return switch (random.nextInt(8)) {
      case 0 -> "clamp(" + vector(depth - 1) + ", " + number() + ", " + number() + ")";
      case 1 -> "clamp_min(" + vector(depth - 1) + ", " + number() + ")";
      case 2 ->
          "label_replace(" + vector(depth - 1) + ", \"x\", \"$1-v\", \"instance\", \"i(.*)\")";
      case 3 -> "label_join(" + vector(depth - 1) + ", \"x\", \"-\", \"job\", \"instance\")";
      case 4 -> "predict_linear(" + range() + ", " + one(List.of("60", "3600", "-30")) + ")";
      case 5 ->
          "quantile_over_time("
              + one(List.of("0.1", "0.5", "0.9", "-1", "2"))
              + ", "
              + range()
              + ")";
      case 6 -> "count_values" + grouping() + " (\"v\", " + any() + ")";
      default -> "vector(" + scalar(depth - 1) + ")";
    };
  }

  private String matching() {
    return switch (random.nextInt(4)) {
      case 0 -> " on (job, instance)";
      case 1 -> " ignoring (mode)";
      default -> "";
    };
  }

  private String binary(int depth) {
    String operator =
        random.nextInt(3) == 0
            ? one(COMPARISONS) + (random.nextBoolean() ? " bool" : "")
            : one(ARITHMETIC);
    String match =
        switch (random.nextInt(5)) {
          case 0 -> " on (job, instance) group_left ()";
          case 1 -> " ignoring (mode) group_right ()";
          case 2 -> " on (job, instance, mode)";
          default -> "";
        };
    return "(" + vector(depth - 1) + ") " + operator + match + " (" + vector(depth - 1) + ")";
  }
}
