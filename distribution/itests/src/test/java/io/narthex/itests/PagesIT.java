package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import io.narthex.bench.ui.Browser;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every page of a server with real data and with hostile names: pictures, accessibility as axe
 * judges it, requests, old addresses, many tabs.
 */
class PagesIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> TEXTS = HostileTexts.all();

  /** Pages that show the hostile texts, so that it means something when nothing of them runs. */
  private static final Set<String> SHOW_TEXTS =
      Set.of(
          "home",
          "table",
          "names",
          "names drawn",
          "hostile-dashboard",
          "dashboards",
          "alerts",
          "groups");

  /** Rules that axe judges by. */
  private static final String EVERYTHING =
      "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

  private static final String FEW_ROWS =
      "{exclude: ['tbody tr:nth-child(n+6)', 'li:nth-child(n+12)']}";
  private static final String COLORS = "{type: 'rule', values: ['color-contrast']}";

  /** Kinds of panels of the plain dashboard. */
  private static final List<String> PLAIN =
      List.of(
          "timeseries", "stat", "gauge", "bargauge", "table", "state-timeline", "heatmap", "text");

  @TempDir private static Path folder = Path.of("");
  private static @Nullable Server server;
  private static @Nullable Browser browser;
  private static @Nullable HttpServer hostile;

  @BeforeAll
  static void start() throws Exception {
    Peers.Chromium chromium = Peers.chromium();
    configure("", "");
    Files.writeString(
        folder.resolve("narthex.yml"),
        """
        ui:
          links:
            logs: {title: '<img src=x onerror=window.hit=1001>', url: '/logs?q={labels}&t={labels.text}'}
            trace: {title: Trace, url: '/trace?id={labels.trace_id}'}
        """);
    server =
        Distribution.server(folder.resolve("data"))
            .with(
                "--config.file=" + folder.resolve("prometheus.yml"),
                "--narthex.config.file=" + folder.resolve("narthex.yml"),
                "--web.enable-lifecycle")
            .start();
    browser = new Browser(chromium.driver(), chromium.browser(), folder.resolve("profile"));
    pictures();
    hostile = hostileTarget();
    configure(
        "  - {job_name: hostile, static_configs: [{targets: ['127.0.0.1:PORT']}]}\n"
            .replace("PORT", Integer.toString(hostile.getAddress().getPort())),
        """
              - alert: Hostile
                expr: hostile_value
                labels: {severity: warning, again: '{{ $labels.text }}'}
                annotations:
                  summary: '{{ $labels.text }}'
                  runbook_url: '{{ $labels.text }}'
                  dashboard: 'javascript:window.hit=1000'
        """);
    assertThat(server().post("-/reload").statusCode()).isEqualTo(200);
    Server.await("every target's first scrape", () -> server().query("up").size() == 5);
    Server.await(
        "hostile alerts",
        () -> server().query("ALERTS{alertname=\"Hostile\"}").size() == TEXTS.size());
    upload(hostileDashboard());
    upload(plainDashboard());
    upload(markedDashboard());
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    if (server != null) {
      server.close();
    }
    if (hostile != null) {
      hostile.stop(0);
    }
  }

  /** Writes the configuration, with further lines of scrape jobs and rules. */
  private static void configure(String jobs, String rules) throws IOException {
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
        rule_files: [rules.yml]
        scrape_configs:
          - {job_name: narthex, static_configs: [{targets: [self]}]}
          - {job_name: node, metrics_path: /exporters/node/metrics, static_configs: [{targets: [self]}]}
          - {job_name: jvm, metrics_path: /exporters/jvm/metrics, static_configs: [{targets: [self]}]}
          - {job_name: absent, static_configs: [{targets: ['127.0.0.1:9']}]}
        """
            + jobs);
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: example
            rules:
              - {record: 'job:up:avg', expr: 'avg by (job) (up)'}
              - alert: TargetDown
                expr: up == 0
                labels: {severity: critical}
                annotations: {summary: '{{ $labels.job }} is down'}
        """
            + rules);
  }

  /** Makes the pictures of the documentation, of a server without hostile names. */
  private static void pictures() {
    Server.await("an alert", () -> server().query("ALERTS{alertstate=\"firing\"}").size() == 1);
    Server.await(
        "some samples", () -> server().value("count_over_time(up{job=\"node\"}[1m])") >= 20);
    browser().size(1400, 900);
    Map<String, String> pictures =
        Map.of(
            "home", "",
            "explore", "query?g0.expr=node_load1%7Bjob%3D%22nod%22%7D&g0.tab=table",
            "dashboard", "d/narthex-node?from=now-30s&to=now",
            "alerts", "alerts");
    pictures.forEach((name, page) -> {
      open(page);
      browser().screenshot(picture("docs/" + name));
    });
  }

  private static Server server() {
    return Objects.requireNonNull(server);
  }

  private static Browser browser() {
    return Objects.requireNonNull(browser);
  }

  private static void upload(JsonNode dashboard) {
    assertThat(
            server()
                .admin(
                    "PUT",
                    "narthex/api/v1/dashboards",
                    folder.resolve("data"),
                    BodyPublishers.ofString(dashboard.toString()))
                .statusCode())
        .isEqualTo(201);
  }

  /** A target whose names, values, HELP and exemplars are the hostile texts. */
  private static HttpServer hostileTarget() throws IOException {
    StringBuilder page = new StringBuilder("# TYPE hostile_value gauge\n");
    for (String text : TEXTS) {
      page.append("hostile_value{text=\"").append(quoted(text)).append("\"} 1\n");
    }
    for (String text : TEXTS) {
      page.append("# HELP \"").append(quoted(text)).append("\" ").append(quoted(text)).append('\n');
      page.append("# TYPE \"").append(quoted(text)).append("\" gauge\n");
      page.append("{\"")
          .append(quoted(text))
          .append("\",\"")
          .append(quoted(text))
          .append("\"=\"1\"} 2\n");
    }
    page.append("# TYPE marked counter\nmarked_total 7 # {trace_id=\"t-1\"} 7\n");
    page.append("# EOF\n");
    byte[] body = page.toString().getBytes(StandardCharsets.UTF_8);
    HttpServer target =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    target.createContext(
        "/metrics",
        exchange -> {
          exchange
              .getResponseHeaders()
              .set(
                  "Content-Type",
                  "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    target.start();
    return target;
  }

  private static String quoted(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  private static ObjectNode panel(ArrayNode panels, String type, String title) {
    ObjectNode panel = panels.addObject();
    int n = panels.size();
    panel.put("id", n).put("type", type).put("title", title);
    panel.putObject("gridPos").put("x", n % 4 * 6).put("y", n / 4 * 6).put("w", 6).put("h", 6);
    return panel;
  }

  private static void target(ObjectNode panel, String expr, String legend) {
    panel
        .putArray("targets")
        .addObject()
        .put("refId", "A")
        .put("expr", expr)
        .put("legendFormat", legend);
  }

  /** A dashboard that has a hostile text wherever it can have a text. */
  private static JsonNode hostileDashboard() {
    ObjectNode dashboard = JSON.createObjectNode();
    dashboard.put("uid", "hostile").put("title", TEXTS.get(0)).put("description", TEXTS.get(1));
    dashboard.putArray("tags").add(TEXTS.get(2));
    ArrayNode variables = dashboard.putObject("templating").putArray("list");
    variables
        .addObject()
        .put("name", "text")
        .put("type", "query")
        .put("label", TEXTS.get(3))
        .put("query", "label_values(hostile_value, text)")
        .put("multi", true)
        .put("includeAll", true);
    variables
        .addObject()
        .put("name", "custom")
        .put("type", "custom")
        .put("query", String.join(",", TEXTS.subList(0, 20)));
    ArrayNode links = dashboard.putArray("links");
    ArrayNode panels = dashboard.putArray("panels");
    int at = 0;
    for (String text : TEXTS) {
      if (at < 60) {
        links.addObject().put("title", text).put("url", text).put("type", "link").put("icon", text);
      }
      if (at % 4 == 0) {
        ObjectNode words = panel(panels, "text", text);
        words
            .putObject("options")
            .put("content", text)
            .put("mode", at % 8 == 0 ? "markdown" : "html");
        words.put("description", text);
      }
      if (at % 10 == 0) {
        for (String type : List.of("timeseries", "stat", "table", "bargauge", "gauge")) {
          ObjectNode panel = panel(panels, type, text);
          target(panel, "hostile_value{text=~\"$text\"}", at % 20 == 0 ? text + " {{text}}" : "");
          panel.putArray("links").addObject().put("title", text).put("url", text);
          ObjectNode defaults = panel.putObject("fieldConfig").putObject("defaults");
          defaults
              .put("unit", text)
              .put("displayName", at % 20 == 0 ? text : "${__field.labels.text}");
          defaults.putObject("color").put("mode", "fixed").put("fixedColor", text);
          defaults
              .putArray("links")
              .addObject()
              .put("title", text)
              .put("url", "${__field.labels.text}");
          defaults
              .putArray("mappings")
              .addObject()
              .put("type", "value")
              .putObject("options")
              .putObject("1")
              .put("text", text)
              .put("color", text);
        }
      }
      at++;
    }
    panel(panels, TEXTS.get(5), TEXTS.get(6));
    return dashboard;
  }

  /** A small dashboard of the server's own machine, in Grafana's newer schema. */
  private static JsonNode plainDashboard() {
    ObjectNode resource = JSON.createObjectNode();
    resource.put("apiVersion", "dashboard.grafana.app/v2beta1").put("kind", "Dashboard");
    resource.putObject("metadata").put("name", "plain");
    ObjectNode dashboard = resource.putObject("spec").put("title", "This machine");
    ObjectNode variable = dashboard.putArray("variables").addObject().put("kind", "QueryVariable");
    query(variable.putObject("spec").put("name", "job"))
        .put("__legacyStringValue", "label_values(up, job)");
    ObjectNode elements = dashboard.putObject("elements");
    ObjectNode layout = dashboard.putObject("layout").put("kind", "AutoGridLayout");
    ArrayNode items = layout.putObject("spec").put("maxColumnCount", 4).putArray("items");
    for (String type : PLAIN) {
      ObjectNode panel = elements.putObject(type).put("kind", "Panel").putObject("spec");
      panel.put("id", items.size() + 1).put("title", "As " + type);
      panel.putObject("vizConfig").put("kind", "VizConfig").put("group", type).putObject("spec");
      ObjectNode asked =
          panel
              .putObject("data")
              .putObject("spec")
              .putArray("queries")
              .addObject()
              .putObject("spec");
      query(asked.put("refId", "A"))
          .put("expr", "rate(node_cpu_seconds_total{cpu=\"0\"}[10s])")
          .put("legendFormat", "{{mode}}");
      ObjectNode item = items.addObject().put("kind", "AutoGridLayoutItem").putObject("spec");
      item.putObject("element").put("kind", "ElementReference").put("name", type);
    }
    return resource;
  }

  private static ObjectNode query(ObjectNode of) {
    ObjectNode query = of.putObject("query").put("kind", "DataQuery").put("group", "prometheus");
    return query.putObject("spec");
  }

  /** A dashboard with exemplars and annotations. */
  private static JsonNode markedDashboard() {
    ObjectNode dashboard = JSON.createObjectNode();
    dashboard.put("uid", "marked").put("title", "Marked");
    ObjectNode panel = panel(dashboard.putArray("panels"), "timeseries", "Exemplars");
    target(panel, "marked_total", "");
    ((ObjectNode) panel.path("targets").path(0)).put("exemplar", true);
    dashboard
        .putObject("annotations")
        .putArray("list")
        .addObject()
        .put("name", "Reachable")
        .put("enable", true)
        .put("iconColor", "purple")
        .put("expr", "up{job=\"hostile\"} == 1")
        .put("step", "1s")
        .put("textFormat", "job {{job}} answers");
    return dashboard;
  }

  /** Addresses of all pages with a name for the picture. */
  private static Map<String, String> pages() {
    Map<String, String> pages = new LinkedHashMap<>();
    pages.put("home", "");
    pages.put(
        "explore",
        "query?g0.expr=sum%20by%20(mode)%20(rate(node_cpu_seconds_total%5B10s%5D))&g0.tab=graph&g0.range_input=5m");
    pages.put("table", "query?g0.expr=hostile_value&g0.tab=table");
    pages.put(
        "explain",
        "query?g0.expr=sum(rate(node_cpu_seconds_total%5B10s%5D))&g0.tab=explain&g0.show_tree=1");
    pages.put("nothing", "query?g0.expr=node_load1%7Bjob%3D%22nod%22%7D&g0.tab=table");
    pages.put("dashboards", "dashboards");
    pages.put("dashboard", "d/plain?from=now-5m&to=now");
    pages.put("machines", "d/narthex-node?from=now-2m&to=now");
    pages.put("hostile-dashboard", "d/hostile?from=now-5m&to=now");
    for (String page :
        List.of(
            "alerts",
            "groups",
            "silences",
            "rules",
            "targets",
            "service-discovery",
            "pushes",
            "status",
            "tsdb-status",
            "config",
            "flags",
            "alertmanager-discovery",
            "queries",
            "plugins",
            "login")) {
      pages.put(page, page);
    }
    return pages;
  }

  private static Path picture(String name) {
    return Tree.ROOT.resolve("distribution/itests/target/browser/" + name + ".png");
  }

  private static void open(String page) {
    browser().open(server().url(page));
    browser().until("the shell of " + page, () -> !browser().find("nav-query").isEmpty());
    browser()
        .until(
            "what " + page + " loads",
            () ->
                browser()
                    .script(
                        """
                        return document.readyState === 'complete'
                            && !document.querySelector('.panel.loading, .skeleton')
                            && ![...document.querySelectorAll('[data-testid="panel"]')]
                                .some((p) => p.dataset.state === 'loading');
                        """)
                    .asBoolean());
  }

  @Test
  void everyPageIsAccessibleQuietAndAlone() throws IOException {
    List<String> findings = new ArrayList<>();
    browser().size(1400, 900);
    for (Map.Entry<String, String> page : pages().entrySet()) {
      open(page.getValue());
      browser().screenshot(picture(page.getKey()));
      for (String error : browser().consoleErrors()) {
        findings.add(page.getKey() + ": console: " + error);
      }
      for (String request : browser().requests()) {
        if (!request.startsWith(server().url(""))) {
          findings.add(page.getKey() + ": request to " + request);
        }
      }
      findings.addAll(inaccessible(page.getKey(), EVERYTHING));
    }
    assertThat(findings).isEmpty();
  }

  /**
   * The colours of all pages, of a few rows of each list; hostile texts on a dashboard have no
   * others.
   */
  @ParameterizedTest
  @CsvSource({"dark, no-preference", "light, more", "dark, more"})
  void coloursHaveContrastInOtherLooks(String scheme, String contrast) throws IOException {
    List<String> findings = new ArrayList<>();
    browser().size(1400, 900);
    browser().prefers(Map.of("prefers-color-scheme", scheme, "prefers-contrast", contrast));
    try {
      for (Map.Entry<String, String> page : pages().entrySet()) {
        if (page.getKey().equals("hostile-dashboard")) {
          continue;
        }
        open(page.getValue());
        browser().screenshot(picture(scheme + " " + contrast + "/" + page.getKey()));
        findings.addAll(inaccessible(page.getKey(), COLORS));
      }
    } finally {
      browser().prefers(Map.of());
    }
    assertThat(findings).isEmpty();
  }

  /** What axe finds in the open page that is serious or critical. */
  private static List<String> inaccessible(String page, String rules) throws IOException {
    String axe;
    try (InputStream in = PagesIT.class.getResourceAsStream("/axe.min.js")) {
      axe = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
    browser().script(axe + "\nreturn true;");
    browser()
        .script(
            """
            window.found = null;
            axe.run(CONTEXT, {runOnly: RULES})
                .then((r) => { window.found = r.violations; }, (e) => { window.found = [{id: String(e), impact: 'critical', nodes: []}]; });
            """
                .replace("CONTEXT", rules.equals(COLORS) ? FEW_ROWS : "document")
                .replace("RULES", rules));
    browser()
        .until(
            "axe on " + page, () -> browser().script("return window.found !== null").asBoolean());
    List<String> findings = new ArrayList<>();
    for (JsonNode violation : browser().script("return window.found")) {
      String impact = violation.path("impact").asText();
      if (impact.equals("serious") || impact.equals("critical")) {
        JsonNode first = violation.path("nodes").path(0);
        findings.add(
            page
                + ": axe: "
                + impact
                + " "
                + violation.path("id").asText()
                + " "
                + first.path("html").asText()
                + " "
                + first.path("failureSummary").asText());
      }
    }
    browser().consoleErrors(); // of axe
    return findings;
  }

  @Test
  void aLongTableHasTheRowsNearTheViewAndAllOfThemOneAfterTheOther() {
    open("query?g0.expr=%7Bjob%3D%22node%22%7D&g0.tab=table");
    browser().await("result-row");
    browser()
        .script(
            "[...document.querySelectorAll('p.more button')].find((b) => b.textContent === 'Show all').click()");
    int rows =
        browser()
            .script("return document.querySelector('[data-testid=\"result-table\"]').ariaRowCount")
            .asInt();
    assertThat(rows).isGreaterThan(400);
    JsonNode seen =
        browser()
            .async(
                """
                const box = document.querySelector('.tablewrap');
                const seen = new Set();
                let most = 0;
                const step = () => {
                  const now = [...document.querySelectorAll('[data-testid="result-row"]')];
                  most = Math.max(most, now.length);
                  for (const r of now) seen.add(Number(r.getAttribute('aria-rowindex')));
                  const was = box.scrollTop;
                  box.scrollTop = was + 400;
                  if (box.scrollTop === was) done([seen.size, most, Math.max(...seen)]);
                  else setTimeout(step, 40);
                };
                setTimeout(step, 300);
                """);
    assertThat(seen.path(0).asInt()).as("rows seen, without the head").isEqualTo(rows - 1);
    assertThat(seen.path(2).asInt()).isEqualTo(rows);
    assertThat(seen.path(1).asInt()).as("rows at a time").isLessThan(300);
  }

  @Test
  void exemplarsLeadToTheirTraceAndAnnotationsAreShown() {
    open("query?g0.expr=marked_total&g0.tab=graph&g0.show_exemplars=1&g0.range_input=1m");
    browser().await("exemplar");
    assertThat(
            browser()
                .script(
                    "return document.querySelector('[data-testid=\"exemplar\"] a').getAttribute('href')")
                .asText())
        .isEqualTo("/trace?id=t-1");
    open("d/marked?from=now-1m&to=now");
    browser()
        .until(
            "an exemplar to click on",
            () ->
                browser()
                    .script(
                        """
                        window.opened = [];
                        window.open = (url) => { window.opened.push(url); return null; };
                        const over = document.querySelector('.u-over');
                        if (!over) return false;
                        const r = over.getBoundingClientRect();
                        const fire = (type, clientX, clientY) =>
                            over.dispatchEvent(new MouseEvent(type, {bubbles: true, clientX, clientY}));
                        fire('mouseenter', r.left, r.top);
                        for (let y = r.top + 2; y < r.bottom; y += 6)
                          for (let x = r.left + 2; x < r.right; x += 6) {
                            fire('mousemove', x, y);
                            fire('mousedown', x, y);
                            fire('mouseup', x, y);
                            if (window.opened.length > 0) return true;
                          }
                        return false;
                        """)
                    .asBoolean());
    assertThat(browser().script("return window.opened").path(0).asText())
        .isEqualTo("/trace?id=t-1");
    String tip =
        browser()
            .async(
                "setTimeout(() => done(document.querySelector('.tip')?.textContent ?? ''), 200);")
            .asText();
    assertThat(tip).contains("exemplar 7", "trace_id", "click: Trace", "job hostile answers");
    browser().screenshot(picture("marked"));
  }

  @Test
  void aDashboardOfTheNewerSchemaIsDrawn() {
    open("d/plain?from=now-5m&to=now");
    assertThat(browser().find("panel")).hasSameSizeAs(PLAIN);
    assertThat(
            browser()
                .script(
                    "return [...document.querySelectorAll('[data-testid=\"panel\"]')].filter((p) => p.dataset.state !== 'done').map((p) => p.textContent)"))
        .isEmpty();
  }

  /** A phone, and a window of 1,280 pixels enlarged to 200 %. */
  @ParameterizedTest
  @CsvSource({"phone, 360, 740", "200 percent, 640, 450"})
  void pagesFitSmallWindows(String window, int width, int height) throws IOException {
    List<String> findings = new ArrayList<>();
    browser().size(width, height);
    try {
      for (Map.Entry<String, String> page : pages().entrySet()) {
        open(page.getValue());
        browser().screenshot(picture(window + "/" + page.getKey()));
        String wide =
            browser()
                .script(
                    """
                    const over = document.documentElement.scrollWidth - innerWidth;
                    if (over <= 0) return '';
                    const all = [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
                    return over + ' px wider than the window: ' + (all.at(-1)?.outerHTML.slice(0, 200) ?? '');
                    """)
                .asText();
        if (!wide.isEmpty()) {
          findings.add(page.getKey() + ": " + wide);
        }
        if (width < 400) {
          findings.addAll(inaccessible(page.getKey(), EVERYTHING));
        }
      }
    } finally {
      browser().size(1400, 900);
    }
    assertThat(findings).isEmpty();
  }

  @Test
  void hostileTextsAreNeverPartOfAPage() {
    List<String> findings = new ArrayList<>();
    Map<String, String> pages = pages();
    pages.put(
        "names",
        "query?g0.expr=" + "%7B__name__%3D~%22.%2B%22%2Cjob%3D%22hostile%22%7D&g0.tab=table");
    pages.put(
        "names drawn",
        "query?g0.expr="
            + "%7B__name__%3D~%22.%2B%22%2Cjob%3D%22hostile%22%7D&g0.tab=graph&g0.range_input=1m");
    for (Map.Entry<String, String> page : pages.entrySet()) {
      open(page.getValue());
      if (SHOW_TEXTS.contains(page.getKey())) {
        browser()
            .until(
                "hostile texts on " + page.getKey(),
                () ->
                    browser()
                        .script("return document.body.textContent.includes('window.hit=')")
                        .asBoolean());
      }
      String bad =
          browser()
              .script(
                  """
                  const bad = [];
                  if (window.hit) bad.push('ran ' + window.hit);
                  for (const e of document.querySelectorAll('*')) {
                    if (/^(IFRAME|OBJECT|EMBED|MARQUEE|VIDEO|AUDIO|IMG|STYLE|MATH|TEMPLATE)$/i.test(e.tagName)) bad.push(e.outerHTML.slice(0, 200));
                    if (e.tagName === 'SCRIPT' && !e.src) bad.push('script ' + e.textContent.slice(0, 100));
                    if (e.tagName === 'BASE' && document.querySelectorAll('base').length > 1) bad.push('base');
                    for (const a of e.attributes) {
                      if (/^on/i.test(a.name)) bad.push(e.tagName + ' ' + a.name);
                      if (/^(href|src|action|formaction|xlink:href|data|srcdoc)$/i.test(a.name)
                          && /^[\\u0000-\\u0020]*(j\\s*a\\s*v\\s*a\\s*s\\s*c\\s*r\\s*i\\s*p\\s*t|data|vbscript)\\s*:/i.test(a.value)) bad.push(a.name + ' ' + a.value);
                    }
                  }
                  return bad.slice(0, 5).join(' | ');
                  """)
              .asText();
      if (!bad.isEmpty()) {
        findings.add(page.getKey() + ": " + bad);
      }
      browser()
          .consoleErrors()
          .forEach(error -> findings.add(page.getKey() + ": console: " + error));
    }
    assertThat(findings).isEmpty();
  }

  @Test
  void oldAddressesOpenTheRightView() throws IOException {
    List<String> findings = new ArrayList<>();
    int tried = 0;
    for (String line : Files.readAllLines(Path.of("src/test/resources/old-addresses.tsv"))) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String[] parts = line.split("\t", -1);
      assertThat(parts).as(line).hasSize(3);
      browser().open("about:blank");
      browser().open(server().url(parts[0].substring(1)));
      tried++;
      try {
        browser()
            .until(
                line,
                Duration.ofSeconds(8),
                () -> {
                  JsonNode at =
                      browser()
                          .script(
                              """
                              const h = document.querySelector('h1');
                              const values = [...document.querySelectorAll('input, select, textarea, .cm-content, [aria-pressed="true"], [aria-current]')]
                                  .map((e) => e.value ?? e.textContent);
                              return [h ? h.textContent : '', decodeURIComponent(location.pathname + location.search).replaceAll('+', ' '), values.join('\\n')];
                              """);
                  boolean title = at.path(0).asText().equals(parts[1]);
                  String state = at.path(1).asText() + "\n" + at.path(2).asText();
                  return title && List.of(parts[2].split(";")).stream().allMatch(state::contains);
                });
      } catch (IllegalStateException e) {
        findings.add(
            line
                + ": is at "
                + browser()
                    .script(
                        "return location.href + ' ' + document.querySelector('h1')?.textContent")
                    .asText());
      }
    }
    assertThat(findings).isEmpty();
    assertThat(tried).isGreaterThanOrEqualTo(60);
  }

  @Test
  void tenTabsLoadAtTheSameTime() {
    String first = browser().tab();
    List<String> tabs = new ArrayList<>();
    try {
      for (int i = 0; i < 10; i++) {
        tabs.add(browser().newTab());
        browser().open(server().url(i % 2 == 0 ? "" : "targets"));
      }
      for (String tab : tabs) {
        browser().switchTo(tab);
        browser()
            .until(
                "a loaded tab",
                () ->
                    !browser().find("nav-query").isEmpty()
                        && browser()
                            .script("return !document.querySelector('.skeleton, .panel.loading')")
                            .asBoolean());
        assertThat(browser().consoleErrors()).isEmpty();
      }
    } finally {
      for (String tab : tabs) {
        browser().switchTo(tab);
        browser().closeTab();
      }
      browser().switchTo(first);
    }
  }
}
