package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.bench.Peer;
import io.narthex.bench.ui.Browser;
import io.narthex.bench.ui.DashboardData;
import io.narthex.bench.ui.Panels;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Public dashboards in a real browser: what every panel asks for is what its file says, the answer
 * is that of the real Prometheus on the same data, and the panel has a picture unless that answer
 * is empty.
 */
@Tag("alone")
class DashboardsIT {
  /** How long the first page of a server that has just started may take, with all its panels. */
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  private static final String DASHBOARDS = "conformance/dashboards";
  private static final long HOUR = 3_600_000;
  private static final long STEP = 15_000;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern VARIABLE =
      Pattern.compile("\\$\\{([A-Za-z_]\\w*)(?::(\\w+))?\\}|\\$([A-Za-z_]\\w*)", 0);
  private static final Pattern LABEL_VALUES =
      Pattern.compile("label_values\\(\\s*(.*?)\\s*,\\s*([A-Za-z_]\\w*)\\s*\\)", Pattern.DOTALL);
  private static final String DURATION = "(\\d+(ms|s|m|h|d))+";

  @TempDir private static Path folder = Path.of("");
  private static @Nullable Peer narthex;
  private static @Nullable Peer prometheus;
  private static @Nullable Browser browser;
  private static long from;
  private static long to;
  private static int asked;
  private static int equal;

  static List<String> files() throws IOException {
    try (Stream<Path> all = Files.list(Needs.shared(DASHBOARDS))) {
      return all.map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".json"))
          .sorted()
          .toList();
    }
  }

  @BeforeAll
  static void start() throws Exception {
    Path dashboards = Needs.shared(DASHBOARDS);
    Peers.original("prometheus");
    Peers.Chromium chromium = Peers.chromium();
    Path home = Distribution.home();
    Path ours = Files.createDirectories(folder.resolve("narthex"));
    Files.writeString(ours.resolve("empty.yml"), "global: {scrape_interval: 15s}\n");
    Files.writeString(
        ours.resolve("narthex.yml"),
        "dashboards: {folders: [{name: Public, path: '" + dashboards + "'}]}\n");
    int port = Peer.freePort();
    narthex =
        Peer.start(
            "narthex",
            List.of(
                home.resolve("bin/narthex").toString(),
                "--config.file=empty.yml",
                "--narthex.config.file=narthex.yml",
                "--storage.tsdb.path=data",
                "--web.listen-address=127.0.0.1:" + port,
                "--web.enable-remote-write-receiver"),
            ours,
            port,
            Duration.ofSeconds(60));
    prometheus = Peer.prometheus(folder.resolve("prometheus"));
    to = System.currentTimeMillis() / 60_000 * 60_000 - 60_000;
    from = to - HOUR;
    DashboardData data = new DashboardData(narthex());
    for (String file : files()) {
      data.add(document(file));
    }
    assertThat(data.size()).isGreaterThan(1000);
    data.write(List.of(narthex(), prometheus()), from - HOUR, to, STEP);
    browser = new Browser(chromium.driver(), chromium.browser(), folder.resolve("profile"));
  }

  @AfterAll
  static void stop() throws IOException {
    if (asked > 0) {
      String line = "conformance dashboard-queries: passed " + equal + " of " + asked;
      System.out.println(line);
      Path report =
          Tree.ROOT.resolve("distribution/itests/target/conformance/dashboard-queries.txt");
      Files.createDirectories(report.getParent());
      Files.writeString(report, line + "\n");
    }
    if (browser != null) {
      browser.close();
    }
    if (narthex != null) {
      narthex.close();
    }
    if (prometheus != null) {
      prometheus.close();
    }
  }

  private static Peer narthex() {
    return Objects.requireNonNull(narthex);
  }

  private static Peer prometheus() {
    return Objects.requireNonNull(prometheus);
  }

  private static Browser browser() {
    return Objects.requireNonNull(browser);
  }

  private static JsonNode document(String file) throws IOException {
    return JSON.readTree(Needs.shared(DASHBOARDS).resolve(file).toFile());
  }

  /** What stands for a variable in queries, and what the address says of it. */
  private record Chosen(String pattern, String parameter, List<String> values) {}

  @ParameterizedTest
  @MethodSource("files")
  void everyPanelShowsWhatPrometheusAnswers(String file) throws Exception {
    JsonNode dashboard = document(file);
    Map<String, Chosen> chosen = choose(dashboard);
    StringBuilder address =
        new StringBuilder("/d/" + dashboard.path("uid").asText())
            .append("?from=" + from + "&to=" + to + "");
    chosen.forEach(
        (name, c) -> address.append('&').append(Server.form("var-" + name, c.parameter)));
    // all panels are visible, and so all ask
    browser().size(1400, 16_000);
    browser().open(narthex().url(address.toString()));
    browser().until("the board", () -> !browser().find("board").isEmpty());
    // rows that are folded are opened
    browser()
        .until(
            "open rows of " + file,
            () ->
                browser()
                    .script(
                        """
                        const folded = [...document.querySelectorAll('[data-testid="board-row"][aria-expanded="false"]')];
                        folded.forEach((b) => b.click());
                        return document.querySelector('[data-testid="panel"]') !== null && folded.length === 0;
                        """)
                    .asBoolean());
    browser()
        .until(
            "every panel of " + file,
            PATIENCE,
            () ->
                browser()
                    .script(
                        """
                        const panels = [...document.querySelectorAll('[data-testid="panel"]')];
                        panels.find((p) => p.dataset.state === 'waiting')?.scrollIntoView();
                        return panels.length > 0
                            && panels.every((p) => !/^(waiting|loading)$/.test(p.dataset.state));
                        """)
                    .asBoolean());
    JsonNode seen =
        browser()
            .script(
                """
                return [...document.querySelectorAll('[data-testid="panel"]')].map((p) => ({
                  id: p.dataset.panel, state: p.dataset.state, asked: p.dataset.asked,
                  series: Number(p.dataset.series), text: p.textContent.slice(0, 400),
                  legend: [...p.querySelectorAll('[data-testid="series"]')].map((s) => s.dataset.name),
                }));
                """);
    browser()
        .screenshot(
            Tree.ROOT.resolve(
                "distribution/itests/target/browser/dashboards/" + file.replace(".json", ".png")));
    // their panels show queries that were refused
    assertThat(browser().consoleErrors().stream().filter(e -> !e.contains("/api/v1/query")))
        .isEmpty();
    List<String> wrong = new ArrayList<>();
    List<JsonNode> left = new ArrayList<>();
    seen.forEach(left::add);
    int compared = 0;
    for (JsonNode panel : Panels.of(dashboard)) {
      String name = panel.path("id").asText() + " (" + panel.path("title").asText() + "): ";
      Chosen repeated = chosen.get(panel.path("repeat").asText());
      if (repeated != null) {
        compared += repeated(panel, left, chosen, problem -> wrong.add(name + problem));
        continue;
      }
      List<JsonNode> shown = left.stream().filter(p -> isOf(p, panel, chosen)).toList();
      if (shown.isEmpty()) {
        wrong.add(name + "is not on the page");
        continue;
      }
      // a file need not number its panels; then each is the first that asks the same
      JsonNode one = shown.getFirst();
      left.remove(one);
      compared += compare(panel, one, chosen, problem -> wrong.add(name + problem));
    }
    assertThat(wrong).as(file).isEmpty();
    assertThat(compared).as("queries compared of " + file).isPositive();
  }

  /** Compares the panels that a panel becomes, one for each value of a variable. */
  private static int repeated(
      JsonNode panel, List<JsonNode> left, Map<String, Chosen> chosen, Report report)
      throws Exception {
    String variable = panel.path("repeat").asText();
    Chosen all = Objects.requireNonNull(chosen.get(variable));
    int compared = 0;
    for (String value : all.values) {
      Map<String, Chosen> one = new LinkedHashMap<>(chosen);
      one.put(variable, new Chosen(Pattern.quote(value), value, List.of(value)));
      List<JsonNode> shown =
          left.stream()
              .filter(p -> {
                JsonNode asked = Server.parse(p.path("asked").asText("[]"));
                return targets(panel).stream().allMatch(t -> find(asked, t, one) != null);
              })
              .toList();
      if (shown.isEmpty()) {
        report.of("is not on the page for " + value);
        continue;
      }
      left.remove(shown.getFirst());
      compared += compare(panel, shown.getFirst(), one, report);
    }
    return compared;
  }

  private static List<JsonNode> targets(JsonNode panel) {
    List<JsonNode> targets = new ArrayList<>();
    panel
        .path("targets")
        .forEach(target -> {
          if (!target.path("hide").asBoolean() && !target.path("expr").asText().isBlank()) {
            targets.add(target);
          }
        });
    return targets;
  }

  /** Returns whether a panel on the page is one of the file. */
  private static boolean isOf(JsonNode shown, JsonNode panel, Map<String, Chosen> chosen) {
    if (panel.has("id")) {
      return shown.path("id").asText().equals(panel.path("id").asText());
    }
    JsonNode asked = Server.parse(shown.path("asked").asText("[]"));
    return asked.isEmpty() == targets(panel).isEmpty()
        && targets(panel).stream().allMatch(t -> find(asked, t, chosen) != null);
  }

  /** Returns the request of a target, null when it was not asked. */
  private static @Nullable JsonNode find(
      JsonNode asked, JsonNode target, Map<String, Chosen> chosen) {
    Pattern expected =
        Pattern.compile(expected(target.path("expr").asText(), chosen), Pattern.DOTALL);
    for (JsonNode one : asked) {
      if (expected.matcher(one.path("expr").asText().strip()).matches()) {
        return one;
      }
    }
    return null;
  }

  private interface Report {
    void of(String problem);
  }

  /** Compares one panel; returns how many of its queries were compared. */
  private static int compare(
      JsonNode panel, JsonNode shown, Map<String, Chosen> chosen, Report report) throws Exception {
    List<JsonNode> targets = targets(panel);
    JsonNode requests = JSON.readTree(shown.path("asked").asText("[]"));
    int series = 0;
    boolean failed = false;
    int compared = 0;
    for (JsonNode target : targets) {
      asked++;
      JsonNode query = find(requests, target, chosen);
      if (query == null) {
        report.of(
            "asked "
                + shown.path("asked").asText()
                + " where "
                + expected(target.path("expr").asText(), chosen)
                + " was expected");
        continue;
      }
      String expr = query.path("expr").asText();
      TreeMap<String, String> theirs = answer(prometheus(), query);
      TreeMap<String, String> ours = answer(narthex(), query);
      if (!theirs.equals(ours)) {
        report.of("answers differ for " + expr + ": " + theirs + " and " + ours);
      }
      failed |= theirs.containsKey("error");
      int n = theirs.containsKey("error") ? 0 : theirs.size();
      if (query.path("series").asInt(-1) == n && theirs.equals(ours)) {
        equal++;
      }
      if (query.path("series").asInt(-1) != n) {
        report.of("says " + query.path("series") + " series for " + expr + ", expected " + n);
      }
      series += n;
      compared++;
    }
    String state = shown.path("state").asText();
    String wanted = failed ? "error" : series == 0 && !targets.isEmpty() ? "empty" : "done";
    if (!state.equals(wanted)) {
      report.of("is " + state + ", expected " + wanted + ": " + shown.path("text").asText());
    }
    boolean lines = panel.path("type").asText().equals("timeseries");
    // an override may hide series from the picture
    boolean hides = panel.findValues("value").stream().anyMatch(v -> v.path("viz").asBoolean());
    if (lines && !hides && shown.path("series").asInt(-1) != series) {
      report.of("draws " + shown.path("series") + " series, expected " + series);
    }
    return compared;
  }

  /** Returns the series of an answer, with all their values, or the error. */
  private static TreeMap<String, String> answer(Peer server, JsonNode query) throws Exception {
    String start = seconds(query.path("startMs").asLong());
    String end = seconds(query.path("endMs").asLong());
    JsonNode answer =
        query.path("instant").asBoolean()
            ? server.json("/api/v1/query", "query", query.path("expr").asText(), "time", end)
            : server.json(
                "/api/v1/query_range",
                "query",
                query.path("expr").asText(),
                "start",
                start,
                "end",
                end,
                "step",
                seconds(query.path("stepMs").asLong()));
    TreeMap<String, String> found = new TreeMap<>();
    if (!answer.path("status").asText().equals("success")) {
      found.put("error", answer.path("errorType").asText());
      return found;
    }
    JsonNode result = answer.path("data").path("result");
    if (answer.path("data").path("resultType").asText().equals("scalar")) {
      found.put("{}", result.toString());
      return found;
    }
    for (JsonNode one : result) {
      TreeMap<String, String> labels = new TreeMap<>();
      one.path("metric").properties().forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
      found.put(labels.toString(), one.path("values").toString() + one.path("value"));
    }
    return found;
  }

  private static String seconds(long ms) {
    return ms / 1000 + "." + String.format(java.util.Locale.ROOT, "%03d", ms % 1000);
  }

  /** Chooses All where there is one, else the first value that the real Prometheus names. */
  private static Map<String, Chosen> choose(JsonNode dashboard) throws Exception {
    Map<String, Chosen> chosen = new LinkedHashMap<>();
    for (JsonNode variable : dashboard.path("templating").path("list")) {
      String name = variable.path("name").asText();
      if (!variable.path("type").asText().equals("query")) {
        continue;
      }
      JsonNode query = variable.path("query");
      Matcher m =
          LABEL_VALUES.matcher(query.isObject() ? query.path("query").asText() : query.asText());
      assertThat(m.find()).as(name + ": " + query).isTrue();
      String selector = plain(m.group(1), chosen);
      JsonNode answer =
          JSON.readTree(
              prometheus()
                  .get(
                      "/api/v1/label/"
                          + m.group(2)
                          + "/values?"
                          + Server.form(
                              "match[]", selector, "start", seconds(from), "end", seconds(to)))
                  .body());
      TreeSet<String> values = new TreeSet<>();
      answer.path("data").forEach(v -> values.add(v.asText()));
      assertThat(values).as("values of %s, %s", name, selector).isNotEmpty();
      boolean all = variable.path("includeAll").asBoolean();
      String allValue = variable.path("allValue").asText("");
      if (all && !allValue.isEmpty()) {
        chosen.put(name, new Chosen(Pattern.quote(allValue), "$__all", List.copyOf(values)));
      } else if (all) {
        String one = String.join("|", values.stream().map(v -> Pattern.quote(escaped(v))).toList());
        chosen.put(
            name,
            new Chosen(
                values.size() == 1
                    ? "\\(?" + one + "\\)?"
                    : "\\((?:" + one + ")(?:\\|(?:" + one + ")){" + (values.size() - 1) + "}\\)",
                "$__all",
                List.copyOf(values)));
      } else {
        String value =
            variable.path("sort").asInt() % 2 == 0 && variable.path("sort").asInt() > 0
                ? values.last()
                : values.first();
        chosen.put(
            name,
            new Chosen(
                Pattern.quote(variable.path("multi").asBoolean() ? escaped(value) : value),
                value,
                List.of(value)));
      }
    }
    return chosen;
  }

  /**
   * Escapes what patterns of PromQL would read otherwise, twice, since it stands between quotes.
   */
  private static String escaped(String value) {
    return value.replaceAll("([\\\\^$.*+?()\\[\\]{}|/])", "\\\\\\\\$1").replace("\\\\/", "/");
  }

  /** Fills in values for a request of this test's own; All is every value. */
  private static String plain(String text, Map<String, Chosen> chosen) {
    return VARIABLE
        .matcher(text)
        .replaceAll(m -> {
          Chosen c = chosen.get(m.group(1) == null ? m.group(3) : m.group(1));
          String value = c == null ? m.group() : c.parameter.equals("$__all") ? ".*" : c.parameter;
          return Matcher.quoteReplacement(value);
        });
  }

  /** Returns a pattern of what a query should have become. */
  private static String expected(String expr, Map<String, Chosen> chosen) {
    StringBuilder out = new StringBuilder();
    String text = expr.strip();
    Matcher m = VARIABLE.matcher(text);
    int at = 0;
    while (m.find()) {
      out.append(Pattern.quote(text.substring(at, m.start())));
      String name = m.group(1) == null ? m.group(3) : m.group(1);
      Chosen c = chosen.get(name);
      out.append(
          c != null
              ? c.pattern
              : name.startsWith("__") ? DURATION : "(?<unknown" + at + ">" + name + ")");
      at = m.end();
    }
    return out.append(Pattern.quote(text.substring(at))).toString();
  }
}
