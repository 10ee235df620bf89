package io.narthex.bench.ui;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.narthex.bench.Peer;
import io.narthex.bench.WriteRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;

/**
 * Series for dashboards: of every selector that occurs in their queries and variables, some that it
 * selects, so that panels have something to draw. Variables that a selector names have the values
 * of {@link #VALUES} series each; series of a selector differ in all labels that are not fixed, so
 * that operators between them find partners.
 */
public final class DashboardData {
  /** Series per selector. */
  private static final int VALUES = 3;

  /** Samples of a series that are sent before those of the next. */
  private static final int SLICE = 100;

  private static final java.util.regex.Pattern RANGE_VARIABLE =
      java.util.regex.Pattern.compile(
          "\\[\\s*\\$(?:\\{)?(?:__rate_interval|__interval|__range|[a-z_]+)\\}?\\s*(:[^\\]]*)?\\]",
          0);
  private static final java.util.regex.Pattern VARIABLE =
      java.util.regex.Pattern.compile("\\$\\{([A-Za-z_]\\w*)(?::\\w+)?\\}|\\$([A-Za-z_]\\w*)", 0);
  private static final java.util.regex.Pattern LEGEND_LABEL =
      java.util.regex.Pattern.compile("\\{\\{\\s*([A-Za-z_]\\w*)\\s*\\}\\}", 0);
  private static final java.util.regex.Pattern LABEL_VALUES =
      java.util.regex.Pattern.compile(
          "label_values\\(\\s*(.*?)\\s*,\\s*([A-Za-z_]\\w*)\\s*\\)", 32);
  private static final java.util.regex.Pattern WORDS =
      java.util.regex.Pattern.compile("[A-Za-z0-9_/ .-]+", 0);

  /** Values that patterns of dashboards look for and that are not words of the pattern. */
  private static final List<String> USUAL =
      List.of(
          "v0",
          "v1",
          "200",
          "302",
          "404",
          "503",
          "sda",
          "nvme0n1",
          "/dev/sda",
          "eth0",
          "idle",
          "G1 Eden Space",
          "G1 Survivor Space",
          "user",
          "web-7d4b9",
          "10.0.0.1:9100",
          "0.9");

  private static final List<String> BOUNDS = List.of("0.1", "0.5", "1", "+Inf");

  private final Peer parser;
  private final Map<String, List<JsonNode>> selectors = new LinkedHashMap<>();
  private final Map<String, Set<String>> labelsOf = new HashMap<>();
  private final Map<String, Map<String, String>> series = new LinkedHashMap<>();

  /**
   * Creates one.
   *
   * @param parser a Narthex, which is asked how expressions are read
   */
  public DashboardData(Peer parser) {
    this.parser = parser;
  }

  /** Adds what a dashboard asks for. */
  public void add(JsonNode dashboard) throws IOException, InterruptedException {
    for (JsonNode variable : dashboard.path("templating").path("list")) {
      JsonNode query = variable.path("query");
      Matcher m =
          LABEL_VALUES.matcher(query.isObject() ? query.path("query").asText() : query.asText());
      if (m.find()) {
        expression(m.group(1), Set.of(m.group(2)));
      }
    }
    for (JsonNode panel : Panels.of(dashboard)) {
      for (JsonNode target : panel.path("targets")) {
        Set<String> labels = new TreeSet<>();
        Matcher legend = LEGEND_LABEL.matcher(target.path("legendFormat").asText());
        while (legend.find()) {
          labels.add(legend.group(1));
        }
        expression(target.path("expr").asText(), labels);
      }
    }
  }

  private void expression(String text, Set<String> labels)
      throws IOException, InterruptedException {
    if (text.isBlank()) {
      return;
    }
    // a variable is any value, as if All were chosen
    String plain = RANGE_VARIABLE.matcher(text).replaceAll("[5m]");
    plain =
        VARIABLE
            .matcher(plain)
            .replaceAll(m -> "any-" + (m.group(1) == null ? m.group(2) : m.group(1)));
    JsonNode answer = parser.json("/api/v1/parse_query", "query", plain);
    if (!answer.path("status").asText().equals("success")) {
      throw new IOException(plain + ": " + answer);
    }
    Set<String> all = new TreeSet<>(labels);
    grouping(answer.path("data"), all);
    selectors(answer.path("data"), all);
  }

  private static void grouping(JsonNode node, Set<String> into) {
    if (node.path("type").asText().equals("aggregation") && !node.path("without").asBoolean()) {
      node.path("grouping").forEach(label -> into.add(label.asText()));
    }
    if (node.path("matching").path("on").asBoolean()) {
      node.path("matching").path("labels").forEach(label -> into.add(label.asText()));
    }
    node.path("matching").path("include").forEach(label -> into.add(label.asText()));
    node.forEach(child -> grouping(child, into));
  }

  private void selectors(JsonNode node, Set<String> labels) {
    String type = node.path("type").asText();
    if (type.equals("vectorSelector") || type.equals("matrixSelector")) {
      select(node, labels);
    }
    node.forEach(child -> selectors(child, labels));
  }

  private void select(JsonNode selector, Set<String> labels) {
    String name = selector.path("name").asText();
    if (!name.isEmpty()) {
      selectors.computeIfAbsent(name, _ -> new ArrayList<>()).add(selector);
      Set<String> all = labelsOf.computeIfAbsent(name, _ -> new TreeSet<>());
      all.addAll(labels);
      selector.path("matchers").forEach(m -> all.add(m.path("name").asText()));
      all.remove("__name__");
    }
  }

  /** Makes the series: all of a metric have the same labels, so that one to one joins stay such. */
  private void make() {
    series.clear();
    selectors.forEach((name, all) -> all.forEach(one -> make(one, name)));
  }

  private void make(JsonNode selector, String name) {
    for (int i = 0; i < VALUES; i++) {
      Map<String, String> one = new TreeMap<>();
      for (String label : labelsOf.getOrDefault(name, Set.of())) {
        one.put(label, label + "-" + i);
      }
      for (String label : List.of("cluster", "job", "instance")) {
        one.putIfAbsent(label, label + "-" + i);
      }
      boolean possible = true;
      for (JsonNode matcher : selector.path("matchers")) {
        possible &= satisfy(matcher, one, i);
      }
      if (!possible) {
        continue;
      }
      one.put("__name__", name);
      if (one.containsKey("le") || name.endsWith("_bucket")) {
        for (String bound : BOUNDS) {
          Map<String, String> bucket = new TreeMap<>(one);
          bucket.put("le", bound);
          series.put(bucket.toString(), bucket);
        }
      } else {
        series.put(one.toString(), one);
      }
    }
  }

  /** Gives a label a value that a matcher wants; returns false when none is known. */
  private static boolean satisfy(JsonNode matcher, Map<String, String> labels, int i) {
    String name = matcher.path("name").asText();
    String value = matcher.path("value").asText();
    if (name.equals("__name__")) {
      return true;
    }
    String own = labels.getOrDefault(name, name + "-" + i);
    if (value.startsWith("any-")) {
      labels.put(name, own);
      return true;
    }
    switch (matcher.path("type").asText()) {
      case "=" -> {
        labels.put(name, value);
        if (value.isEmpty()) {
          labels.remove(name);
        }
        return true;
      }
      case "!=" -> {
        labels.put(name, own);
        return !own.equals(value);
      }
      case "=~", "!~" -> {
        boolean wanted = matcher.path("type").asText().equals("=~");
        Set<String> fits = new LinkedHashSet<>();
        List<String> candidates = new ArrayList<>();
        Matcher words = WORDS.matcher(value);
        while (words.find()) {
          candidates.add(words.group());
        }
        candidates.addAll(0, List.of(own));
        candidates.addAll(USUAL);
        try {
          Pattern pattern = Pattern.compile(value);
          for (String candidate : candidates) {
            if (pattern.matches(candidate) == wanted) {
              fits.add(candidate);
            }
          }
        } catch (PatternSyntaxException _) {
          return false;
        }
        if (fits.isEmpty()) {
          return false;
        }
        if (fits.contains(own)) {
          labels.put(name, own);
        } else {
          labels.put(name, List.copyOf(fits).get(i % fits.size()));
        }
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  /** Returns how many series there are. */
  public int size() {
    make();
    return series.size();
  }

  /** Writes a sample each {@code stepMs} from one time to another, the same to all servers. */
  public void write(List<Peer> servers, long fromMs, long toMs, long stepMs)
      throws IOException, InterruptedException {
    make();
    int n = (int) ((toMs - fromMs) / stepMs) + 1;
    long[] times = new long[n];
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      times[i] = fromMs + i * stepMs;
    }
    WriteRequest request = new WriteRequest();
    // Prometheus takes nothing that is an hour older than the newest sample
    for (int from = 0; from < n; from += SLICE) {
      int number = 0;
      for (Map<String, String> labels : series.values()) {
        fill(labels, number++, times, values);
        request.series(labels, times, values, from, Math.min(n, from + SLICE));
        if (request.size() > 1 << 20) {
          send(request, servers);
        }
      }
    }
    send(request, servers);
  }

  private static void send(WriteRequest request, List<Peer> servers)
      throws IOException, InterruptedException {
    if (request.size() == 0) {
      return;
    }
    byte[] body = request.finish();
    for (Peer server : servers) {
      server.write(body);
    }
  }

  private static void fill(Map<String, String> labels, int number, long[] times, double[] values) {
    String name = labels.getOrDefault("__name__", "");
    boolean counter = name.matches(".*_(total|count|sum|bucket)");
    double slope = 0.25 + number % 17 * 0.125;
    int bucket = BOUNDS.indexOf(labels.getOrDefault("le", ""));
    if (bucket >= 0) {
      slope = (bucket + 1) * 0.5;
    }
    boolean time =
        name.contains("time_seconds") || name.contains("last_seen") || name.contains("expiry");
    for (int i = 0; i < times.length; i++) {
      if (counter) {
        values[i] = Math.floor(i * slope * 15);
      } else if (time) {
        values[i] = times[0] / 1000.0 - 3600;
      } else {
        values[i] = 50 + number % 29 + 10 * Math.round(8 * Math.sin((i + number) / 9.0)) / 8.0;
      }
    }
  }
}
