package io.narthex.bench;

import java.util.List;
import java.util.Random;

/**
 * Makes random PromQL expressions over the native histograms of {@link DifferentialData}. Left out
 * are queries whose result in Prometheus 3.5 depends on the layout of its chunks ({@code changes},
 * which counts one where a chunk has gained a bucket that is still empty), and custom with
 * exponential buckets, which it adds up only inside {@code histogram_count}.
 */
final class RandomHistogramQueries {
  private static final List<String> DURATIONS = List.of("30s", "1m", "2m", "5m", "15m", "1h");
  private static final List<String> SCALES = List.of("2", "0.5", "-1", "0", "3.7", "1e9");
  private static final List<String> QUANTILES =
      List.of("0", "0.1", "0.5", "0.9", "0.99", "1", "-1", "2", "NaN");

  /** Lower bounds of fractions; most observations lie above, or the difference would cancel out. */
  private static final List<String> LOWER = List.of("-Inf", "-3", "-0.5", "0", "0.0005", "0.2");

  private static final List<String> UPPER =
      List.of("-3", "-0.5", "0", "0.0005", "0.2", "1", "4", "100", "+Inf");

  private final Random random;

  RandomHistogramQueries(long seed) {
    random = new Random(seed);
  }

  private <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** Returns the next expression. */
  String next() {
    int depth = random.nextInt(3);
    return random.nextInt(3) == 0 ? histogram(depth) : number(depth);
  }

  private String selector() {
    return one(List.of("nh", "nh", "nhcb", "nhgauge"))
        + one(List.of("", "", "{job=\"api\"}", "{instance=~\"i[0-2]\"}", "{job!=\"db\"}"));
  }

  private String counter() {
    return one(List.of("nh", "nh", "nhcb"))
        + one(List.of("", "", "{job=\"api\"}", "{instance=~\"i[0-2]\"}", "{job!=\"db\"}"));
  }

  private String modifiers() {
    return switch (random.nextInt(10)) {
      case 0 -> " offset " + one(DURATIONS);
      case 1 -> " @ end()";
      default -> "";
    };
  }

  private String range() {
    return selector() + "[" + one(DURATIONS) + "]" + modifiers();
  }

  private String grouping() {
    return one(List.of("", " by (job)", " by (instance)", " without (instance)", " without (job)"));
  }

  /** A vector of histograms. */
  private String histogram(int depth) {
    if (depth <= 0) {
      return random.nextBoolean() ? selector() + modifiers() : overRange();
    }
    return switch (random.nextInt(9)) {
      case 0, 1 -> one(List.of("sum", "avg")) + grouping() + " (" + positive(depth - 1) + ")";
      case 2 -> "(" + histogram(depth - 1) + ") * " + one(SCALES);
      case 3 -> "(" + histogram(depth - 1) + ") / " + one(List.of("2", "-0.3", "1e9"));
      case 4 -> {
        String left = one(List.of("nh", "nhgauge")); // 3.5 drops custom bounds in some places
        yield left + one(List.of(" + ", " - ")) + left + " offset " + one(DURATIONS);
      }
      case 5 ->
          one(List.of("sum_over_time", "avg_over_time", "last_over_time"))
              + "(("
              + positive(depth - 1)
              + ")[5m:"
              + one(List.of("30s", "1m", "17s"))
              + "])";
      case 6 ->
          "("
              + histogram(depth - 1)
              + one(List.of(") and (", ") unless (", ") or (", ") == (", ") != ("))
              + histogram(depth - 1)
              + ")";
      case 7 ->
          one(List.of("sum", "avg"))
              + grouping()
              + " ({__name__=~\""
              + one(List.of("nh|nhgauge", "nh|constant"))
              + "\"})";
      default -> overRange();
    };
  }

  private String overRange() {
    return random.nextInt(3) == 0
        ? one(List.of("delta", "irate", "idelta")) + "(" + range() + ")"
        : positiveOverRange();
  }

  /**
   * Without negative populations: versions differ in their quantiles, and sums that cancel out are
   * meaningless.
   */
  private String positiveOverRange() {
    return random.nextBoolean()
        ? one(List.of("rate", "increase"))
            + "("
            + counter()
            + "["
            + one(DURATIONS)
            + "]"
            + modifiers()
            + ")"
        : one(List.of("sum_over_time", "avg_over_time", "last_over_time")) + "(" + range() + ")";
  }

  private String positive(int depth) {
    if (depth <= 0) {
      return random.nextBoolean() ? selector() + modifiers() : positiveOverRange();
    }
    return switch (random.nextInt(3)) {
      case 0 -> one(List.of("sum", "avg")) + grouping() + " (" + positive(depth - 1) + ")";
      case 1 -> "(" + positive(depth - 1) + ") * 3.7";
      default -> positiveOverRange();
    };
  }

  /** A vector of numbers. */
  private String number(int depth) {
    return switch (random.nextInt(10)) {
      case 0, 1 ->
          "histogram_"
              + one(List.of("count", "sum", "avg", "stddev", "stdvar"))
              + "("
              + histogram(depth)
              + ")";
      case 2, 3 -> "histogram_quantile(" + one(QUANTILES) + ", " + positive(depth) + ")";
      case 4 ->
          "histogram_fraction(" + one(LOWER) + ", " + one(UPPER) + ", " + histogram(depth) + ")";
      case 5 ->
          one(
                  List.of(
                      "resets",
                      "count_over_time",
                      "present_over_time",
                      "max_over_time",
                      "stddev_over_time"))
              + "("
              + range()
              + ")";
      case 6 ->
          one(List.of("count", "group", "max", "min", "stddev"))
              + grouping()
              + " ("
              + histogram(depth)
              + ")";
      case 7 -> one(List.of("abs", "absent", "timestamp")) + "(" + histogram(depth) + ")";
      case 8 -> "(" + histogram(depth) + ") " + one(List.of(">", "+", "^", "%")) + " 1";
      default -> "sum" + grouping() + " (" + (depth > 0 ? number(depth - 1) : "gauge") + ")";
    };
  }
}
