package io.narthex.promql;

import static io.narthex.promql.ValueType.MATRIX;
import static io.narthex.promql.ValueType.SCALAR;
import static io.narthex.promql.ValueType.STRING;
import static io.narthex.promql.ValueType.VECTOR;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The functions of the language. */
public final class Functions {
  private static final Map<String, FunctionSignature> ALL = new TreeMap<>();

  static {
    for (String name :
        List.of(
            "abs",
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atanh",
            "ceil",
            "cos",
            "cosh",
            "deg",
            "exp",
            "floor",
            "ln",
            "log10",
            "log2",
            "rad",
            "sgn",
            "sin",
            "sinh",
            "sqrt",
            "tan",
            "tanh",
            "absent",
            "histogram_avg",
            "histogram_count",
            "histogram_stddev",
            "histogram_stdvar",
            "histogram_sum",
            "sort",
            "sort_desc",
            "timestamp")) {
      add(name, VECTOR, VECTOR);
    }
    for (String name :
        List.of(
            "absent_over_time",
            "avg_over_time",
            "changes",
            "count_over_time",
            "delta",
            "deriv",
            "first_over_time",
            "idelta",
            "increase",
            "irate",
            "last_over_time",
            "max_over_time",
            "min_over_time",
            "present_over_time",
            "rate",
            "resets",
            "stddev_over_time",
            "stdvar_over_time",
            "sum_over_time")) {
      add(name, VECTOR, MATRIX);
    }
    for (String name :
        List.of(
            "mad_over_time",
            "ts_of_first_over_time",
            "ts_of_last_over_time",
            "ts_of_max_over_time",
            "ts_of_min_over_time")) {
      experimental(name, 0, VECTOR, MATRIX);
    }
    for (String name :
        List.of(
            "day_of_month",
            "day_of_week",
            "day_of_year",
            "days_in_month",
            "hour",
            "minute",
            "month",
            "year")) {
      variadic(name, 1, VECTOR, VECTOR);
    }
    add("clamp", VECTOR, VECTOR, SCALAR, SCALAR);
    add("clamp_max", VECTOR, VECTOR, SCALAR);
    add("clamp_min", VECTOR, VECTOR, SCALAR);
    experimental("double_exponential_smoothing", 0, VECTOR, MATRIX, SCALAR, SCALAR);
    add("histogram_fraction", VECTOR, SCALAR, SCALAR, VECTOR);
    add("histogram_quantile", VECTOR, SCALAR, VECTOR);
    experimental("histogram_quantiles", 10, VECTOR, VECTOR, STRING, SCALAR, SCALAR);
    experimental("info", 1, VECTOR, VECTOR, VECTOR);
    variadic("label_join", -1, VECTOR, VECTOR, STRING, STRING, STRING);
    add("label_replace", VECTOR, VECTOR, STRING, STRING, STRING, STRING);
    experimental("max_of", 0, SCALAR, SCALAR, SCALAR);
    experimental("min_of", 0, SCALAR, SCALAR, SCALAR);
    add("pi", SCALAR);
    add("predict_linear", VECTOR, MATRIX, SCALAR);
    add("quantile_over_time", VECTOR, SCALAR, MATRIX);
    variadic("round", 1, VECTOR, VECTOR, SCALAR);
    add("scalar", SCALAR, VECTOR);
    experimental("sort_by_label", -1, VECTOR, VECTOR, STRING);
    experimental("sort_by_label_desc", -1, VECTOR, VECTOR, STRING);
    experimental("start", 0, SCALAR);
    experimental("end", 0, SCALAR);
    experimental("range", 0, SCALAR);
    experimental("step", 0, SCALAR);
    experimental("start_timestamp", 0, VECTOR, VECTOR);
    add("time", SCALAR);
    add("vector", VECTOR, SCALAR);
  }

  private Functions() {}

  private static void add(String name, ValueType returns, ValueType... arguments) {
    ALL.put(name, new FunctionSignature(name, List.of(arguments), 0, returns, false));
  }

  private static void variadic(String name, int n, ValueType returns, ValueType... arguments) {
    ALL.put(name, new FunctionSignature(name, List.of(arguments), n, returns, false));
  }

  private static void experimental(String name, int n, ValueType returns, ValueType... arguments) {
    ALL.put(name, new FunctionSignature(name, List.of(arguments), n, returns, true));
  }

  /** Returns the function of a name, or null. */
  public static @Nullable FunctionSignature get(String name) {
    return ALL.get(name);
  }

  /** Returns all functions by name. */
  public static Collection<FunctionSignature> all() {
    return Collections.unmodifiableCollection(ALL.values());
  }
}
