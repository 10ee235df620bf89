package io.narthex.spi.function;

import java.util.Set;

/**
 * The names of PromQL itself when this package was published: functions, aggregations, keywords. A
 * plugin's function must not use any of them.
 *
 * @deprecated no names are added here. The complete list is the query engine's table of functions,
 *     which the engine reserves when it starts; the server refuses a plugin that uses one of its
 *     names, whether it is listed here or not.
 */
@Deprecated(since = "1.1.0")
public final class BuiltinNames {
  private static final Set<String> ALL =
      Set.of(
          """
          abs absent absent_over_time acos acosh asin asinh atan atanh avg avg_over_time bottomk
          ceil changes clamp clamp_max clamp_min cos cosh count count_over_time count_values
          day_of_month day_of_week day_of_year days_in_month deg delta deriv
          double_exponential_smoothing end exp first_over_time floor group histogram_avg
          histogram_count histogram_fraction histogram_quantile histogram_quantiles
          histogram_stddev histogram_stdvar histogram_sum hour idelta increase info irate
          label_join label_replace last_over_time limit_ratio limitk ln log10 log2 mad_over_time
          max max_of max_over_time min min_of min_over_time minute month pi predict_linear
          present_over_time quantile quantile_over_time rad range rate resets round scalar sgn sin
          sinh sort sort_by_label sort_by_label_desc sort_desc sqrt start start_timestamp stddev
          stddev_over_time stdvar stdvar_over_time step sum sum_over_time tan tanh time timestamp
          topk ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time
          ts_of_min_over_time vector year
          anchored and atan2 bool by fill fill_left fill_right group_left group_right ignoring inf
          nan offset on or smoothed unless without
          """
              .strip()
              .split("\\s+"));

  private BuiltinNames() {}

  /** Returns all names, lower-case. */
  public static Set<String> all() {
    return ALL;
  }
}
