package io.narthex.bench;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The expressions of the speed comparison, over {@link BenchData}: the list that the comparison
 * over HTTP and the micro benchmarks share.
 */
final class BenchQueries {
  /**
   * A query to time.
   *
   * @param expression PromQL
   * @param steps 1 = an instant query at the end of the data
   * @param kind what it reads
   */
  record Query(String expression, int steps, QueryClass kind) {
    /** Returns what it reads, over how many steps: what means are taken of. */
    String group() {
      return steps + (steps == 1 ? " step, " : " steps, ") + kind.title;
    }

    /** Returns a unique name. */
    String name() {
      return group() + ": " + expression;
    }

    /** Returns the time of the first step when the last one is at {@code endMs}. */
    long startMs(long endMs) {
      return endMs - (steps - 1) * kind.stepMs;
    }

    /** Returns whether it takes seconds rather than milliseconds. */
    boolean heavy() {
      return expression.contains("[1d]")
          || kind.nativeHistograms()
          || (kind == QueryClass.JOINS && steps > 1);
    }
  }

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
          "a_2000",
          "rate(a_2000[1m])",
          "a_2000 - b_2000",
          "abs(a_2000)",
          "sum(a_2000)",
          "avg(a_2000)",
          "sum(rate(a_2000[1m]))",
          "sum by(l)(a_2000)",
          "topk(5, a_2000)",
          "sum(a_2000 - b_2000)",
          "sum(a_2000)/(sum(a_2000)+sum(b_2000))",
          "max(a_2000)-min(a_2000)",
          "a_2000/(a_2000+b_2000)",
          "a_2000 and b_2000{l=~'.*[0-4]$'}",
          "a_2000{l='1234'} - b_2000",
          "sum(sum_over_time(a_2000[10m:3m]))",
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
          "histogram_count(sum(nh_X))",
          "histogram_sum(sum(nh_X))",
          "sum(rate(nh_X[2m]))",
          "histogram_count(sum(rate(nh_X[2m])))",
          "histogram_sum(sum(rate(nh_X[2m])))",
          "histogram_quantile(0.9, sum(rate(nh_X[2m])))",
          "sum(rate(nh_X[20m]))",
          "histogram_count(sum(rate(nh_X[20m])))",
          "histogram_sum(sum(rate(nh_X[20m])))");

  private static final List<String> INFO =
      List.of(
          "info(rate(http_server_request_duration_seconds_count[2m]))",
          "info(rate(http_server_request_duration_seconds_count[2m]),"
              + " {k8s_cluster_name='us-east'})",
          "sum by (k8s_cluster_name)"
              + " (info(rate(http_server_request_duration_seconds_count[2m])))");

  /** Steps of ten seconds that joins have. */
  static final int JOIN_STEPS = 5_000;

  /** Two hours in steps of thirty seconds. */
  private static final int TWO_HOURS = 241;

  /** Valid expressions for the parser. */
  static final List<String> VALID =
      List.of(
          "a",
          "42",
          "1 < bool 2",
          "2 * (3 - 1/4)",
          "a or b",
          "a and b unless c or d",
          "a - on(x) b * on(x, y) group_left(z) c",
          "a / ignoring(x, y) group_right(z) b",
          "a + ignoring(x) group_left(y, z) b",
          "requests_total{job=\"api\", code!=\"500\", path=~\"/a.*\", zone!~\"x|y\"}",
          "sum by (job, mode) (rate(node_cpu_seconds_total[5m]))",
          "histogram_quantile(0.9, sum by (le) (rate(latency_bucket{job=~\"a.*\"}[5m])))",
          "max_over_time(rate(x{l=\"v\"}[1m])[10m:])[1h:1m] offset 5m",
          "((((((((((1 + 2) * 3) - 4) / 5) ^ 6) % 7) + a) > bool 1) and b) or c)");

  /** Invalid expressions for the parser. */
  static final List<String> INVALID =
      List.of(
          "sum(",
          "]",
          "1 and 2",
          "1 unless on(x) a",
          "a or on(x) group_right(y) b",
          "x[1h] offset 5s [5m:1s]");

  /** Returns all, small ones first. */
  static List<Query> all() {
    Set<Query> out = new LinkedHashSet<>();
    for (int steps : new int[] {1, 1_000}) {
      for (QueryClass kind : List.of(QueryClass.ONE, QueryClass.HUNDRED)) {
        SIZED.forEach(expression -> out.add(sized(expression, steps, kind)));
        out.add(sized("count_values('value', h_X)", Math.min(steps, 100), kind));
      }
      out.add(new Query("rate(sparse[1m])", steps, QueryClass.HUNDRED));
    }
    out.add(new Query("count({__name__!=\"\"})", 1, QueryClass.HUNDRED));
    out.add(new Query("count({__name__!=\"\",l=\"\"})", 1, QueryClass.HUNDRED));
    for (QueryClass kind : List.of(QueryClass.ONE, QueryClass.HUNDRED)) {
      for (String expression : List.of("rate(a_X[1m])", "rate(a_X[1m] smoothed)", "a_X - b_X")) {
        out.add(sized(expression, 10_000, kind));
      }
    }
    out.add(new Query("rate(sparse[1m])", 10_000, QueryClass.HUNDRED));
    out.add(new Query("rate(sparse[1m] smoothed)", 10_000, QueryClass.HUNDRED));
    add(LARGE, 1, QueryClass.TWO_THOUSAND, out);
    add(LARGE, 1_000, QueryClass.TWO_THOUSAND, out);
    add(INFO, 1, QueryClass.INFO, out);
    add(INFO, TWO_HOURS, QueryClass.INFO, out);
    add(JOINS, 1, QueryClass.JOINS, out);
    add(JOINS, JOIN_STEPS, QueryClass.JOINS, out);
    for (int steps : new int[] {1, TWO_HOURS}) {
      add(histograms("exponential"), steps, QueryClass.EXPONENTIAL, out);
      add(histograms("custom"), steps, QueryClass.CUSTOM, out);
    }
    return List.copyOf(out);
  }

  private static Query sized(String expression, int steps, QueryClass kind) {
    return new Query(
        expression.replace("X", kind == QueryClass.ONE ? "one" : "hundred"), steps, kind);
  }

  private static List<String> histograms(String buckets) {
    return HISTOGRAMS.stream().map(expression -> expression.replace("X", buckets)).toList();
  }

  private static void add(List<String> expressions, int steps, QueryClass kind, Set<Query> out) {
    expressions.forEach(expression -> out.add(new Query(expression, steps, kind)));
  }

  /** Returns the query of that name. */
  static Query named(String name) {
    return all().stream()
        .filter(query -> query.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("queries: none is named " + name));
  }

  /** Returns a selection of each kind for a quick overview. */
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
