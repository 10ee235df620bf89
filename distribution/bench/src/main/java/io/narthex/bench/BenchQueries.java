package io.narthex.bench;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The expressions of the speed comparison, over {@link BenchData}. */
final class BenchQueries {
  /**
   * A query to time.
   *
   * @param expression PromQL
   * @param steps 1 = an instant query at the end of the data
   * @param size the size of the metrics it reads, or their kind
   */
  record Query(String expression, int steps, String size) {}

  /** X stands for the size. */
  private static final List<String> SIZED =
      List.of(
          "a_X",
          "rate(a_X[1m])",
          "rate(a_X[1m] smoothed)",
          "double_exponential_smoothing(a_X[1d], 0.3, 0.3)",
          "changes(a_X[1d])",
          "rate(a_X[1d])",
          "absent_over_time(a_X[1d])",
          "-a_X",
          "a_X - b_X",
          "a_X and b_X{l=~'.*[0-4]$'}",
          "a_X or b_X{l=~'.*[0-4]$'}",
          "a_X unless b_X{l=~'.*[0-4]$'}",
          "a_X and b_X{l='notfound'}",
          "abs(a_X)",
          "label_replace(a_X, 'l2', '$1', 'l', '(.*)')",
          "label_join(a_X, 'l2', '-', 'l', 'l')",
          "sum(a_X)",
          "avg(a_X)",
          "sum without(l)(h_X)",
          "sum without(le)(h_X)",
          "sum by(l)(h_X)",
          "sum by(le)(h_X)",
          "topk(1, a_X)",
          "topk(5, a_X)",
          "limitk(1, a_X)",
          "limitk(5, a_X)",
          "limit_ratio(0.1, a_X)",
          "limit_ratio(0.5, a_X)",
          "limit_ratio(-0.5, a_X)",
          "rate(a_X[1m]) + rate(b_X[1m])",
          "sum without(l)(rate(a_X[1m]))",
          "sum without(l)(rate(a_X[1m])) / sum without(l)(rate(b_X[1m]))",
          "histogram_quantile(0.9, rate(h_X[5m]))",
          "a_X + on(l) group_right a_one",
          "timestamp(a_X)",
          "sum(a_X)/(sum(a_X)+sum(b_X))",
          "max(a_X)-min(a_X)",
          "a_X/(a_X+b_X)",
          "sum_over_time(a_X[10m:3m])",
          "quantile(0.9, a_X)",
          "quantile by(le)(0.9, h_X)",
          "topk by(le)(5, h_X)");

  private BenchQueries() {}

  /** Over two thousand series. */
  private static final List<String> LARGE =
      List.of(
          "sum(a_2000)",
          "sum(rate(a_2000[1m]))",
          "topk(5, a_2000)",
          "sum(a_2000 - b_2000)",
          "a_2000{l='1234'} - b_2000",
          "quantile(0.9, a_2000)");

  /** Joins of two metrics with a thousand instances each. */
  private static final List<String> JOINS =
      List.of(
          "rpc_success_total + rpc_error_total",
          "rpc_success_total + on(job, instance) group_left rpc_error_total",
          "rpc_success_total and rpc_error_total{instance=~'0.*'}",
          "rpc_success_total or rpc_error_total{instance=~'0.*'}",
          "rpc_success_total unless rpc_error_total{instance=~'0.*'}");

  /** Over native histograms; X stands for the kind of buckets. */
  private static final List<String> HISTOGRAMS =
      List.of(
          "sum(nh_X)",
          "sum(rate(nh_X[2m]))",
          "sum(rate(nh_X[20m]))",
          "histogram_count(sum(nh_X))",
          "histogram_sum(sum(nh_X))",
          "histogram_count(sum(rate(nh_X[2m])))",
          "histogram_sum(sum(rate(nh_X[20m])))",
          "histogram_quantile(0.9, sum(rate(nh_X[2m])))");

  private static final List<String> INFO =
      List.of(
          "info(rate(http_server_request_duration_seconds_count[2m]))",
          "info(rate(http_server_request_duration_seconds_count[2m]),"
              + " {k8s_cluster_name='us-east'})",
          "sum by (k8s_cluster_name)"
              + " (info(rate(http_server_request_duration_seconds_count[2m])))");

  /** Returns all, small ones first. */
  static List<Query> all() {
    Set<Query> out = new LinkedHashSet<>();
    for (int steps : new int[] {1, 1000}) {
      for (String size : new String[] {"one", "hundred"}) {
        for (String expression : SIZED) {
          out.add(new Query(expression.replace("X", size), steps, size));
        }
      }
      out.add(new Query("count_values('value', h_one)", Math.min(steps, 100), "one"));
      out.add(new Query("count_values('value', h_hundred)", Math.min(steps, 100), "hundred"));
      out.add(new Query("rate(sparse[1m])", steps, "hundred"));
    }
    out.add(new Query("count({__name__!=\"\"})", 1, "hundred"));
    out.add(new Query("count({__name__!=\"\",l=\"\"})", 1, "hundred"));
    for (String size : new String[] {"one", "hundred"}) {
      for (String expression : List.of("rate(a_X[1m])", "rate(a_X[1m] smoothed)", "a_X - b_X")) {
        out.add(new Query(expression.replace("X", size), 10_000, size));
      }
    }
    out.add(new Query("rate(sparse[1m])", 10_000, "hundred"));
    out.add(new Query("rate(sparse[1m] smoothed)", 10_000, "hundred"));
    for (int steps : new int[] {1, 1000}) {
      LARGE.forEach(expression -> out.add(new Query(expression, steps, "two thousand")));
      JOINS.forEach(expression -> out.add(new Query(expression, steps, "joins")));
    }
    for (int steps : new int[] {1, 240}) {
      for (String kind : new String[] {"exponential", "custom"}) {
        HISTOGRAMS.forEach(expression ->
            out.add(new Query(expression.replace("X", kind), steps, "native histograms")));
      }
      INFO.forEach(expression -> out.add(new Query(expression, steps, "info")));
    }
    return new ArrayList<>(out);
  }

  /** Returns a selection of each kind, enough to see where things stand. */
  static List<Query> quick() {
    Set<String> chosen =
        Set.of(
            "a_hundred",
            "rate(a_hundred[1m])",
            "rate(a_hundred[1d])",
            "a_hundred - b_hundred",
            "a_hundred and b_hundred{l=~'.*[0-4]$'}",
            "sum(a_hundred)",
            "sum by(le)(h_hundred)",
            "topk(5, a_hundred)",
            "sum without(l)(rate(a_hundred[1m]))",
            "histogram_quantile(0.9, rate(h_hundred[5m]))",
            "label_replace(a_hundred, 'l2', '$1', 'l', '(.*)')",
            "sum_over_time(a_hundred[10m:3m])",
            "quantile(0.9, a_hundred)",
            "rate(sparse[1m])");
    return all().stream().filter(q -> chosen.contains(q.expression)).toList();
  }
}
