package io.narthex.bench.ui;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.bench.Peer;
import io.narthex.bench.Proof;
import io.narthex.bench.WriteRequest;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How quick the pages are in Debian's Chromium, medians of several rounds: first paint, until the
 * query page can be typed into, a change of a variable on Node Exporter Full, filtering and
 * scrolling with 10,000 targets, 5,000 alerts, 20,000 rows and a dashboard of 40 panels.
 *
 * <p>Usage: {@code UiBench ASSEMBLED_FOLDER [--rounds=5] [--dashboard=FILE] [--keep]}. Without the
 * file of Node Exporter Full (dashboard 1860 of Grafana's catalogue) the row of variables is left
 * out. Needs {@code chromium} and {@code chromedriver} in PATH (Debian packages chromium and
 * chromium-driver).
 */
public final class UiBench {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TARGETS = 10_000;
  private static final int ALERTS = 5_000;
  private static final int ROWS = 20_000;
  private static final int PANELS = 40;
  private static final long STEP = 15_000;
  private static final double FRAMES = 30;

  private final Proof proof;
  private final int rounds;
  private final List<String> behind = new ArrayList<>();

  private UiBench(Proof proof) {
    this.proof = proof;
    rounds = (int) proof.number("rounds");
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.run(
        "ui",
        args,
        new Proof.Options(Map.of("rounds", 5L), Map.of("dashboard", ""), List.of()),
        proof -> new UiBench(proof).run());
  }

  private void run() throws IOException, InterruptedException {
    Path dashboards = Files.createDirectories(proof.folder().resolve("dashboards"));
    Files.writeString(dashboards.resolve("forty.json"), forty().toString());
    String full = proof.text("dashboard");
    JsonNode nodes = null;
    if (!full.isEmpty()) {
      nodes = JSON.readTree(Path.of(full).toFile());
      Files.copy(Path.of(full), dashboards.resolve("full.json"));
    }
    try (Peer server = start(dashboards);
        Browser browser =
            new Browser(
                Peer.program("chromedriver"),
                Peer.program("chromium"),
                proof.folder().resolve("profile"))) {
      fill(server, nodes);
      browser.size(1400, 900);
      row("first contentful paint of Home, ms", 1000, () -> paint(browser, server, ""));
      row("first contentful paint of Explore, ms", 1000, () -> paint(browser, server, "query"));
      row("Explore can be typed into, ms", 1500, () -> interactive(browser, server));
      if (nodes != null) {
        variable(browser, server, nodes);
      }
      list(browser, server, TARGETS + " targets", "targets?pool=many", "target-row", "host-77");
      list(browser, server, ALERTS + " alerts", "alerts", "alert-rule", "row=\"77\"");
      list(
          browser,
          server,
          ROWS + " rows",
          "query?g0.tab=table&g0.expr=" + encoded("bench_row"),
          "result-row",
          "row=\"77");
      board(browser, server);
    }
    proof.verdict("pages", rounds + " rounds", behind);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private Peer start(Path dashboards) throws IOException, InterruptedException {
    Path folder = Files.createDirectories(proof.folder().resolve("server"));
    StringBuilder targets = new StringBuilder();
    for (int i = 0; i < TARGETS; i++) {
      targets.append(i == 0 ? "" : ", ").append("'host-").append(i).append(".invalid:9100'");
    }
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 15s, evaluation_interval: 15s}
        rule_files: [rules.yml]
        scrape_configs:
          - {job_name: narthex, static_configs: [{targets: [self]}]}
          - {job_name: node, metrics_path: /exporters/node/metrics, static_configs: [{targets: [self]}]}
          - {job_name: jvm, metrics_path: /exporters/jvm/metrics, static_configs: [{targets: [self]}]}
          - {job_name: many, scrape_interval: 1h, static_configs: [{targets: [TARGETS]}]}
        """
            .replace("TARGETS", targets));
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: many
            rules:
              - {alert: Row, expr: 'bench_row{row=~"[0-9]{1,3}|[0-4][0-9]{3}"} > 0', labels: {severity: warning}}
        """);
    Files.writeString(
        folder.resolve("narthex.yml"),
        "dashboards: {folders: [{name: Bench, path: '" + dashboards + "'}]}\n");
    int port = Peer.freePort();
    return Peer.start(
        "narthex",
        List.of(
            proof.assembled().resolve("bin/narthex").toString(),
            "--config.file=prometheus.yml",
            "--narthex.config.file=narthex.yml",
            "--storage.tsdb.path=data",
            "--web.listen-address=127.0.0.1:" + port,
            "--web.enable-remote-write-receiver"),
        folder,
        port,
        PATIENCE);
  }

  private static void fill(Peer server, @Nullable JsonNode nodes)
      throws IOException, InterruptedException {
    long to = System.currentTimeMillis() / STEP * STEP;
    // the newest samples come last: the storage takes none that are an hour older
    if (nodes != null) {
      DashboardData data = new DashboardData(server);
      data.add(nodes);
      data.write(List.of(server), to - 1_800_000, to, STEP);
    }
    WriteRequest request = new WriteRequest();
    // rows stay for the whole run: an instant query looks back five minutes
    for (int i = 0; i < ROWS; i++) {
      request.series(
          new TreeMap<>(
              Map.of("__name__", "bench_row", "row", Integer.toString(i), "job", "bench")),
          new long[] {to, to + 240_000, to + 480_000},
          new double[] {1, 1, 1},
          0,
          3);
    }
    server.write(request.finish());
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (server
            .json("/api/v1/query", "query", "count(ALERTS)")
            .at("/data/result/0/value/1")
            .asInt()
        < ALERTS) {
      if (System.nanoTime() > deadline) {
        throw new IOException("alerts do not fire");
      }
      Thread.sleep(500);
    }
  }

  /** A dashboard of 40 panels of the server's own metrics. */
  private static JsonNode forty() {
    ObjectNode dashboard = JSON.createObjectNode();
    dashboard.put("uid", "forty").put("title", "Forty panels");
    ArrayNode panels = dashboard.putArray("panels");
    for (int i = 0; i < PANELS; i++) {
      ObjectNode panel = panels.addObject();
      panel.put("id", i + 1).put("type", "timeseries").put("title", "Panel " + i);
      panel.putObject("gridPos").put("x", i % 3 * 8).put("y", i / 3 * 7).put("w", 8).put("h", 7);
      panel
          .putArray("targets")
          .addObject()
          .put("refId", "A")
          .put(
              "expr",
              "topk(" + (i % 5 + 4) + ", rate(prometheus_http_requests_total[1m]) + " + i + ")")
          .put("legendFormat", "{{handler}}");
    }
    return dashboard;
  }

  private interface Measure {
    double once();
  }

  private void row(String what, double aim, Measure measure) {
    measure.once();
    double[] all = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      all[i] = measure.once();
    }
    report(what, all, aim, false);
  }

  private void report(String what, double[] all, double aim, boolean more) {
    double[] sorted = all.clone();
    Arrays.sort(sorted);
    double median = sorted[sorted.length / 2];
    boolean met = more ? median >= aim : median <= aim;
    System.out.println(
        String.format(
            Locale.ROOT,
            "%-52s %8.1f  (%.1f to %.1f; aim %s %.0f)%s",
            what,
            median,
            sorted[0],
            sorted[sorted.length - 1],
            more ? "≥" : "≤",
            aim,
            met ? "" : "  behind"));
    if (!met) {
      behind.add(what + ": " + String.format(Locale.ROOT, "%.1f", median));
    }
  }

  private static double paint(Browser browser, Peer server, String page) {
    browser.open("about:blank");
    browser.open(server.url("/" + page));
    String script =
        "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1";
    browser.until("a paint", () -> browser.script(script).asDouble() >= 0);
    return browser.script(script).asDouble();
  }

  private static double interactive(Browser browser, Peer server) {
    browser.open("about:blank");
    browser.open(server.url("/query"));
    return browser
        .async(
            """
            const look = () => document.querySelector('[data-testid="query-input"] .cm-content, .cm-content[data-testid="query-input"], [data-testid="query-input"]')
                ? done(performance.now()) : requestAnimationFrame(look);
            look();
            """)
        .asDouble();
  }

  /** Filters a list by a word, and scrolls through it. */
  private void list(
      Browser browser, Peer server, String what, String page, String row, String word) {
    browser.open(server.url("/" + page));
    browser.until(what, () -> !browser.find(row).isEmpty());
    double[] all = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      all[i] = filter(browser, word);
      filter(browser, "");
    }
    report("filter " + what + ", ms", all, 100, false);
    browser.script(
        "[...document.querySelectorAll('p.more button')].find((b) => b.textContent === 'Show all').click()");
    // so tall are the rows in all, at least
    browser.until(
        "all " + what,
        () ->
            browser
                    .script(
                        "return Math.max(...[...document.querySelectorAll('table')].map((t) => t.offsetHeight))")
                    .asDouble()
                >= 20.0 * Integer.parseInt(what.substring(0, what.indexOf(' '))));
    frames(browser, "scroll all " + what + ", frames/s");
  }

  private static double filter(Browser browser, String word) {
    return browser
        .async(
            """
            const input = document.querySelector('[data-testid="filter"]');
            const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
            const begun = performance.now();
            set.call(input, WORD);
            input.dispatchEvent(new Event('input', {bubbles: true}));
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
            """
                .replace("WORD", "'" + word + "'"))
        .asDouble();
  }

  /** Scrolls what scrolls, the page or a table in it, for two seconds. */
  private void frames(Browser browser, String what) {
    double[] all = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      all[i] =
          browser
              .async(
                  """
                  const tall = [document.scrollingElement, ...document.querySelectorAll('main, main *')]
                      .filter((e) => e.scrollHeight > e.clientHeight + 200 && /auto|scroll|visible/.test(getComputedStyle(e).overflowY))
                      .sort((a, b) => b.scrollHeight - a.scrollHeight);
                  const box = tall.find((e) => { const was = e.scrollTop; e.scrollTop = was + 1; const moved = e.scrollTop !== was; e.scrollTop = 0; return moved; }) ?? document.scrollingElement;
                  let frames = 0, down = 1;
                  const begun = performance.now();
                  const step = () => {
                    frames++;
                    const was = box.scrollTop;
                    box.scrollTop = was + 120 * down;
                    if (box.scrollTop === was) down = -down;
                    const took = performance.now() - begun;
                    if (took > 2000) done(frames * 1000 / took); else requestAnimationFrame(step);
                  };
                  requestAnimationFrame(step);
                  """)
              .asDouble();
    }
    report(what, all, FRAMES, true);
  }

  private void board(Browser browser, Peer server) {
    browser.open(server.url("/d/forty?from=now-15m&to=now"));
    browser.until(
        "panels",
        () ->
            browser
                .script(
                    "return document.querySelectorAll('[data-testid=\"panel\"][data-state=\"done\"]').length >= 6")
                .asBoolean());
    frames(browser, "scroll a dashboard of " + PANELS + " panels, frames/s");
  }

  /** Chooses another job on Node Exporter Full, until every visible panel shows it. */
  private void variable(Browser browser, Peer server, JsonNode nodes) {
    browser.open(server.url("/d/" + nodes.path("uid").asText() + "?from=now-30m&to=now"));
    double[] all = new double[rounds];
    for (int i = -1; i < rounds; i++) {
      String job = "job-" + (i + 3) % 3;
      browser.until("a quiet board", () -> quiet(browser));
      double took =
          browser
              .async(
                  """
                  const control = document.querySelector('[data-testid="variable"][data-name="job"] select');
                  const begun = performance.now();
                  const seen = () => [...document.querySelectorAll('[data-testid="panel"]')].filter((p) => {
                    const r = p.getBoundingClientRect();
                    return r.bottom > 0 && r.top < innerHeight && p.dataset.asked !== '[]';
                  });
                  const before = new Map(seen().map((p) => [p, p.dataset.asked]));
                  const look = () => {
                    const now = seen();
                    if (now.length > 0 && now.every((p) => /^(done|empty|error)$/.test(p.dataset.state) && p.dataset.asked !== before.get(p)))
                      requestAnimationFrame(() => done(performance.now() - begun));
                    else if (performance.now() - begun > 10000) done(-1);
                    else requestAnimationFrame(look);
                  };
                  control.value = VALUE;
                  control.dispatchEvent(new Event('change', {bubbles: true}));
                  requestAnimationFrame(look);
                  """
                      .replace("VALUE", "'" + job + "'"))
              .asDouble();
      if (took < 0) {
        throw new IllegalStateException("panels of Node Exporter Full did not change");
      }
      if (i >= 0) {
        all[i] = took;
      }
    }
    report("change a variable of Node Exporter Full, ms", all, 300, false);
  }

  private static boolean quiet(Browser browser) {
    return browser
        .script(
            """
            const panels = [...document.querySelectorAll('[data-testid="panel"]')];
            return document.querySelector('[data-testid="variable"][data-name="job"] select') !== null
                && panels.some((p) => p.dataset.state === 'done')
                && !panels.some((p) => p.dataset.state === 'loading');
            """)
        .asBoolean();
  }
}
