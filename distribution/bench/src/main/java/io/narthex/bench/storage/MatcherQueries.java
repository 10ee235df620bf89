package io.narthex.bench.storage;

import io.narthex.bench.Peer;
import io.narthex.bench.WriteRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts of series by label matchers over a million series with a sample each: ten metrics of
 * 100,000 numbers {@code i}; a label {@code n} that says which of them, one of two values of {@code
 * j}, a label {@code pod} of 20,000 values.
 *
 * <p>The kinds of matchers are those with which Prometheus measures its own index: equality,
 * prefixes, suffixes, parts, alternatives, classes, negative and empty ones, and combinations.
 */
final class MatcherQueries {
  private static final int NUMBERS = 100_000;
  private static final int METRICS = 10;
  private static final int PODS = 20_000;
  private static final int PER_REQUEST = 2_000;

  static final List<String> SELECTORS =
      List.of(
          "n=\"1\"",
          "n=\"1\",j=\"foo\"",
          "n=\"1\",j!=\"foo\"",
          "n=\"1\",i=~\"1.+\"",
          "n=\"1\",i=~\"1.+\",j=\"foo\"",
          "n=\"1\",i=~\".+\"",
          "n=\"1\",i=~\".*\"",
          "n=\"1\",i=~\"1.*\"",
          "n=\"1\",i=~\".*1\"",
          "n=\"1\",i=~\".*1.*\"",
          "n=\"1\",i!=\"\"",
          "n=\"1\",i!=\"\",j=\"foo\"",
          "n=\"1\",i!=\"\",j=~\"X.+\"",
          "n=\"1\",i!=\"\",j=~\"XXX|YYY\"",
          "n=\"1\",i=~\"X|Y|Z\",j=\"foo\"",
          "n=\"1\",i=~\".+\",j=\"foo\"",
          "n=\"1\",i=~\".+\",i!=\"2\",j=\"foo\"",
          "n=\"1\",i=~\".+\",i!~\"2.*\",j=\"foo\"",
          "n=\"1\",i=~\".+\",i!~\".*2.*\",j=\"foo\"",
          "n=\"1\",i=~\"1.+\",i!~\".*5\",j=\"bar\"",
          "n=\"1\",j=~\"foo|bar\"",
          "n=\"1\",j!~\"bar.*\"",
          "n=\"X\",i=~\"1.+\",j=\"foo\"",
          "n=\"1\",k=\"\"",
          "n=\"1\",k!=\"\"",
          "i=\"42\"",
          "i=\"42\",n=~\"[1-3]\"",
          "i=~\"4.\"",
          "i=~\"99.*\"",
          "i=~\".*99\"",
          "i=~\".*999.*\"",
          "i=~\"1|22|333|4444|55555\"",
          "i=~\"[0-4]{3}\"",
          "i=~\"(1|2|3)0+\"",
          "n=~\"1|2|3\",j=\"foo\"",
          "n!~\"1|2|3\",j=\"foo\"",
          "n=~\"[1-3]\",pod=~\"checkout-.*-7\"",
          "pod=~\"checkout-1[0-9]{2}-.*\"",
          "pod=~\".*-0007\"",
          "pod=\"checkout-107-0007\"",
          "pod!~\"checkout.*\",n=\"2\"",
          "__name__=~\"metric_[12]\",j=\"bar\",i=~\".*5\"",
          "__name__=\"metric_3\",pod=~\"(?i:CHECKOUT)-10.*\"");

  private static final String[] SERVICES = {"checkout", "cart", "search", "payment"};

  private final long timeMs = System.currentTimeMillis() / 60_000 * 60_000 - 30_000;

  long series() {
    return (long) NUMBERS * METRICS;
  }

  /** Sends a sample of each series. */
  void send(Peer peer) throws IOException, InterruptedException {
    WriteRequest request = new WriteRequest();
    long[] times = {timeMs};
    double[] values = {1};
    int n = 0;
    for (int metric = 0; metric < METRICS; metric++) {
      for (int i = 0; i < NUMBERS; i++) {
        TreeMap<String, String> labels = new TreeMap<>();
        labels.put("__name__", "metric_" + metric);
        labels.put("i", Integer.toString(i));
        labels.put("j", i % 2 == 0 ? "foo" : "bar");
        labels.put("n", Integer.toString(metric));
        int pod = i % PODS;
        labels.put(
            "pod", String.format(Locale.ROOT, "%s-%d-%04d", SERVICES[pod % 4], pod / 64, pod % 64));
        request.series(labels, times, values, 0, 1);
        if (++n % PER_REQUEST == 0) {
          peer.write(request.finish());
        }
      }
    }
  }

  private String path(String selector) {
    return "/api/v1/query?query="
        + DashboardQueries.encode("count({" + selector + "})")
        + "&nocache=1&time="
        + timeMs / 1000;
  }

  /** Returns the counts, or what was answered instead. */
  Map<String, String> counts(Peer peer) throws IOException, InterruptedException {
    Map<String, String> counts = new LinkedHashMap<>();
    for (String selector : SELECTORS) {
      String body = peer.get(path(selector)).body();
      int result = body.indexOf("\"result\":");
      int value = body.lastIndexOf(",\"");
      counts.put(
          selector,
          !body.contains("\"success\"")
              ? body
              : body.startsWith("[]", result + 9)
                  ? "0"
                  : body.substring(value + 2, body.indexOf('"', value + 2)));
    }
    return counts;
  }

  /** Returns the latency of each, ms. */
  List<Double> times(Peer peer) throws IOException {
    List<Double> times = new ArrayList<>();
    for (String selector : SELECTORS) {
      times.add(DashboardQueries.warmMillis(peer, path(selector)));
    }
    return times;
  }
}
