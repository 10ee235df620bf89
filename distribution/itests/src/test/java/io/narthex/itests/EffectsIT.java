package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.yaml.snakeyaml.Yaml;

/**
 * Observes the effects that the table of flags and keys names, each with the setting and without
 * it: what also holds without the setting is no effect of it. See {@code settings/table.txt}.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class EffectsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @RegisterExtension private final Stage stage = new Stage();
  private final EffectsTarget target = target();
  private Path flagged = Path.of("");
  private String key = "";

  private static EffectsTarget target() {
    try {
      return new EffectsTarget();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeAll
  void start() throws IOException {
    secrets();
    Files.writeString(stage.folder.resolve("own.tmpl"), "{{ define \"own\" }}from a file{{ end }}");
    stage.file(
        "rules.yml",
        """
        groups:
          - name: own
            rules:
              - {record: rule_time, expr: time()}
              - {alert: Lit, expr: 'rule_time > 0', annotations: {summary: hello}}
        """);
    Files.writeString(
        stage.folder.resolve("more-rules.yml"),
        """
        groups:
          - name: more
            interval: 700ms
            query_offset: 4s
            labels: {of: group}
            rules:
              - {record: offset_time, expr: time(), labels: {of_rule: x}}
        """);
    Files.writeString(
        stage.folder.resolve("more.yml"),
        json(Map.of("scrape_configs", List.of(job("more", Map.of())))));
    Files.writeString(stage.folder.resolve("alertmanager.yml"), json(alertmanager()));
    configure(Map.of());
    stage.start(s ->
        s.with("--web.enable-lifecycle").environment("http_proxy", "http://" + target.address()));
  }

  @AfterAll
  void stop() {
    target.close();
  }

  private void secrets() throws IOException {
    Files.writeString(stage.folder.resolve("secret.txt"), "filed");
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      String pem =
          "-----BEGIN PRIVATE KEY-----\n"
              + Base64.getMimeEncoder(64, new byte[] {'\n'})
                  .encodeToString(generator.generateKeyPair().getPrivate().getEncoded())
              + "\n-----END PRIVATE KEY-----\n";
      Files.writeString(stage.folder.resolve("key.pem"), pem);
      key = pem;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  // --- the configuration

  /** Writes a file with the jobs of the table, and with global keys. */
  private void configure(Map<String, Object> more) throws IOException {
    Map<String, Object> top = new LinkedHashMap<>();
    Map<String, Object> global = new LinkedHashMap<>();
    global.put("scrape_interval", "1s");
    global.put("scrape_timeout", "900ms");
    global.put("evaluation_interval", "1s");
    global.putAll(map(more.getOrDefault("global", Map.of())));
    top.put("global", global);
    top.put("rule_files", List.of("rules.yml"));
    List<Object> jobs = new ArrayList<>();
    for (SettingRow row : more.isEmpty() ? SettingRow.of("job") : List.<SettingRow>of()) {
      Map<String, Object> with = yaml(row, row.cell(0));
      jobs.add(job(id(row), with));
      jobs.add(job(id(row) + "-without", without(row, with)));
    }
    for (SettingRow row : SettingRow.of("global")) {
      jobs.add(job(id(row), yaml(row, row.cell(1))));
    }
    top.put("scrape_configs", jobs);
    more.forEach((key, value) -> {
      if (!key.equals("global")) {
        top.put(key, value);
      }
    });
    // in one step, for the server may be reading it
    Path half = stage.folder.resolve("prometheus.part");
    Files.writeString(half, json(top));
    Files.move(
        half,
        stage.folder.resolve("prometheus.yml"),
        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  /** Returns a configuration with a route and a receiver for each row of receivers. */
  private Map<String, Object> alertmanager() {
    List<Object> routes = new ArrayList<>();
    List<Object> receivers = new ArrayList<>();
    receivers.add(Map.of("name", "nobody"));
    for (SettingRow row : SettingRow.of("receiver")) {
      for (boolean with : new boolean[] {true, false}) {
        String name = id(row) + (with ? "" : "-without");
        String last = row.key().substring(row.key().lastIndexOf('.') + 1);
        Map<String, Object> route =
            map(new Yaml().load(filled(row, row.cell(0)).replace(id(row), name)));
        Map<String, Object> receiver =
            map(new Yaml().load(filled(row, row.cell(1)).replace(id(row), name)));
        if (!with) {
          boolean stripped = strip(route, last) | strip(receiver, last);
          assertThat(stripped).as("the block of %s has its key", row).isTrue();
        }
        route.put("receiver", name);
        route.put("continue", true);
        routes.add(route);
        receiver.put("name", name);
        receivers.add(receiver);
      }
    }
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("receiver", "nobody");
    root.put("group_wait", "0s");
    root.put("group_interval", "1s");
    root.put("routes", routes);
    Map<String, Object> top = new LinkedHashMap<>();
    top.put(
        "global",
        Map.of(
            "http_config",
            Map.of("http_headers", Map.of("X-Global", Map.of("values", List.of("g"))))));
    top.put("route", root);
    top.put("receivers", receivers);
    top.put("templates", List.of("*.tmpl"));
    top.put(
        "time_intervals",
        List.of(
            Map.of(
                "name", "always", "time_intervals", List.of(Map.of("years", List.of("2000:2999")))),
            Map.of("name", "never", "time_intervals", List.of(Map.of("years", List.of("1999"))))));
    return top;
  }

  /** Removes a key wherever it stands. */
  private static boolean strip(Object node, String key) {
    boolean found = false;
    if (node instanceof Map<?, ?> map) {
      found = map.containsKey(key);
      map.remove(key);
      for (Object value : map.values()) {
        found |= strip(value, key);
      }
    } else if (node instanceof List<?> list) {
      for (Object item : list) {
        found |= strip(item, key);
      }
    }
    return found;
  }

  private static String json(Object value) throws JsonProcessingException {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(value);
  }

  private static String id(SettingRow row) {
    return (row.section() + "." + row.key()).replaceAll("[^A-Za-z0-9_]+", "-");
  }

  /** Returns the block that a row has, with its names filled in. */
  private Map<String, Object> yaml(SettingRow row, String text) {
    return map(new Yaml().load(filled(row, text)));
  }

  private String filled(SettingRow row, String text) {
    return text.replace("$addr", target.address())
        .replace("$dir", stage.folder.toString())
        .replace("$key", key.replace("\n", "\\n"))
        .replace("$row", id(row));
  }

  private static Map<String, Object> map(Object value) {
    Map<String, Object> out = new LinkedHashMap<>();
    ((Map<?, ?>) value).forEach((k, v) -> out.put(String.valueOf(k), v));
    return out;
  }

  /** Returns what a row is compared with: its third cell, or its block without the key. */
  private Map<String, Object> without(SettingRow row, Map<String, Object> with) {
    if (row.cells().size() > 2) {
      return yaml(row, row.cell(2));
    }
    Map<String, Object> out = new LinkedHashMap<>(with);
    String key =
        row.key().contains(".") ? row.key().substring(0, row.key().indexOf('.')) : row.key();
    assertThat(out).as("the block of %s has its key", row).containsKey(key);
    out.remove(key);
    return out;
  }

  private Map<String, Object> job(String name, Map<String, Object> block) {
    Map<String, Object> job = new LinkedHashMap<>();
    job.put("job_name", name);
    job.putAll(block);
    job.putIfAbsent("scrape_timeout", job.containsKey("scrape_interval") ? "200ms" : null);
    if (job.get("scrape_timeout") == null) {
      job.remove("scrape_timeout");
    }
    List<Object> groups = new ArrayList<>();
    Object given = block.get("targets");
    job.remove("targets");
    groups.add(
        Map.of(
            "targets",
            given == null ? List.of(target.address()) : given,
            "labels",
            Map.of("row", name)));
    if (block.keySet().stream().noneMatch(k -> k.endsWith("_configs") && k.contains("sd_"))
        && !block.containsKey("static_configs")) {
      job.put("static_configs", groups);
    }
    return job;
  }

  // --- the checks

  /** Returns whether something is observed; {@code $row} in it is the name of the job. */
  private boolean holds(Server server, SettingRow row, String check, String name) {
    String text =
        check
            .replace("$row", name)
            .replace("$addr", target.address())
            .replace("$dir", stage.folder.toString());
    int tilde = text.indexOf(" ~ ");
    String regex = tilde < 0 ? "" : text.substring(tilde + 3);
    if (text.startsWith("get ")) {
      HttpResponse<String> answer = server.get(text.substring(4, tilde).strip());
      return Pattern.compile(regex, Pattern.DOTALL)
          .matcher(answer.statusCode() + "\n" + answer.headers().map() + "\n" + answer.body())
          .find();
    }
    if (text.startsWith("post ")) {
      String[] parts = text.substring(5, tilde).strip().split(" ", 2);
      HttpResponse<String> answer = server.postJson(parts[0], parts.length > 1 ? parts[1] : "");
      return Pattern.compile(regex, Pattern.DOTALL)
          .matcher(answer.statusCode() + "\n" + answer.body())
          .find();
    }
    if (text.startsWith("file ")) {
      Path file = stage.folder.resolve(text.substring(5, tilde).strip());
      try {
        return Files.exists(file)
            && Pattern.compile(regex, 0).matcher(Files.readString(file)).find();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (text.startsWith("asked ~ ")) {
      String path = row.section().startsWith("consul") ? "/consul/" : "/hook/";
      return Pattern.compile(regex, Pattern.DOTALL).matcher(target.received(path + name)).find();
    }
    if (text.equals("unasked")) {
      return target.received("/hook/" + name).isEmpty();
    }
    if (text.startsWith("log ~ ")) {
      return Pattern.compile(regex, 0).matcher(server.log()).find();
    }
    // what a server without the setting cannot even read is not observed there
    return !server
        .json("api/v1/query?" + Server.form("query", text))
        .path("data")
        .path("result")
        .isEmpty();
  }

  /** Waits until every row's effect is there; names those that are not. */
  private static void awaitAll(List<SettingRow> rows, Predicate<SettingRow> seen) {
    List<SettingRow> missing = new ArrayList<>(rows);
    try {
      Server.await(
          "the effects",
          PATIENCE,
          () -> {
            missing.removeIf(seen);
            return missing.isEmpty();
          });
    } catch (org.awaitility.core.ConditionTimeoutException e) {
      assertThat(missing).as("settings without their effect").isEmpty();
    }
  }

  @Test
  @Order(2)
  void keysOfJobsDoWhatTheTableSays() {
    List<SettingRow> rows = SettingRow.of("job");
    assertThat(rows).hasSizeGreaterThan(40);
    awaitAll(rows, r -> holds(stage.server(), r, r.cell(1), id(r)));
    awaitAll(rows, r -> scraped(id(r) + "-without"));
    assertThat(rows.stream().filter(r -> holds(stage.server(), r, r.cell(1), id(r) + "-without")))
        .as("what holds without the setting, too")
        .isEmpty();
  }

  @Test
  @Order(3)
  void keysOfReceiversDoWhatTheTableSays() {
    List<SettingRow> rows = SettingRow.of("receiver");
    assertThat(rows).hasSizeGreaterThan(20);
    awaitAll(rows, r -> !target.received("/hook/" + id(r) + "-without").isEmpty());
    awaitAll(rows, r -> holds(stage.server(), r, r.cell(2), id(r)));
    assertThat(rows.stream().filter(r -> holds(stage.server(), r, r.cell(2), id(r) + "-without")))
        .as("what holds without the setting, too")
        .isEmpty();
  }

  @Test
  @Order(4)
  void globalKeysDoWhatTheTableSays() throws IOException {
    List<SettingRow> rows = SettingRow.of("global");
    assertThat(rows).hasSizeGreaterThan(15);
    awaitAll(rows, r -> scraped(id(r)));
    assertThat(rows.stream().filter(r -> holds(stage.server(), r, r.cell(2), id(r))))
        .as("what holds without the setting, too")
        .isEmpty();
    Map<String, Object> more = new HashMap<>();
    Map<String, Object> global = new LinkedHashMap<>();
    for (SettingRow row : rows) {
      Map<String, Object> block = yaml(row, row.cell(0));
      if (row.key().startsWith("global.")) {
        global.putAll(block);
      } else {
        more.putAll(block);
      }
    }
    more.put("global", global);
    configure(more);
    HttpResponse<String> answer = stage.server().post("-/reload");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    awaitAll(rows, r -> holds(stage.server(), r, r.cell(2), id(r)));
  }

  private boolean scraped(String job) {
    // a job of discovery or dropped targets has no series
    return stage.server().value("count_over_time(up{job=\"" + job + "\"}[1h])") >= 2
        || stage.server().get("api/v1/targets?state=dropped").body().contains("\"" + job + "\"");
  }

  @Test
  @Order(1)
  void flagsDoWhatTheTableSays() throws IOException {
    List<SettingRow> rows = SettingRow.of("flag");
    assertThat(rows).hasSizeGreaterThan(10);
    assertThat(rows.stream().filter(r -> holds(stage.server(), r, r.cell(1), id(r))))
        .as("what holds without the flag, too")
        .isEmpty();
    flagged = Files.createDirectories(stage.folder.resolve("flagged"));
    Files.writeString(
        flagged.resolve("main.yml"),
        json(
            Map.of(
                "global",
                Map.of(
                    "scrape_interval",
                    "1s",
                    "scrape_timeout",
                    "900ms",
                    "evaluation_interval",
                    "300ms"),
                "scrape_configs",
                List.of(
                    job("flagged", Map.of("metrics_path", "/vanishing/flagged")),
                    job("created", Map.of("metrics_path", "/created")),
                    job("begun", Map.of("metrics_path", "/begun"))),
                "rule_files",
                List.of(stage.folder.resolve("rules.yml").toString()))));
    Files.writeString(
        flagged.resolve("alerts.yml"),
        "route: {receiver: other}\nreceivers: [{name: other, labels: {crew: night}}]\n");
    Files.writeString(flagged.resolve("own.yml"), "exporters: {jvm: {}}\n");
    Files.createDirectories(flagged.resolve("jars"));
    Files.writeString(flagged.resolve("jars/broken.jar"), "no jar");
    Files.createDirectories(flagged.resolve("assets"));
    Files.writeString(flagged.resolve("assets/own.txt"), "an asset");
    Server.Setup setup =
        new Server.Setup(Distribution.home())
            .with("--config.file=" + flagged.resolve("main.yml"))
            .with("--storage.tsdb.path=" + flagged.resolve("data"))
            .with("--config.auto-reload", "--config.auto-reload-interval=1s");
    for (SettingRow row : rows) {
      if (!row.cell(0).equals("-")) {
        setup.with(filled(row, row.cell(0)).split(" "));
      }
    }
    try (Server server = setup.start()) {
      awaitAll(rows, r -> holds(server, r, r.cell(1), "flagged"));
      Files.writeString(
          flagged.resolve("main.yml"),
          "global: {external_labels: {seen_by: nobody_asked}, scrape_interval: 1s}\n");
      Server.await(
          "--config.auto-reload and its interval",
          Duration.ofSeconds(20),
          () -> server.get("api/v1/status/config").body().contains("nobody_asked"));
    }
  }
}
