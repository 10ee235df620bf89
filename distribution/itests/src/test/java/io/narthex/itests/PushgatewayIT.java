package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.airlift.compress.v3.snappy.SnappyFramedOutputStream;
import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.narthex.exposition.ProtobufBytes;
import io.narthex.testkit.Needs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Pushgateway over HTTP, at a listener for its clients, as the original's tests use it. */
class PushgatewayIT {
  private static final String SUITE = "pushgateway";
  private static final Pattern LISTENING =
      Pattern.compile("Listening on \\S*?:(\\d+) as Pushgateway", 0);

  private final HttpClient client = HttpClient.newHttpClient();
  @TempDir private Path folder = Path.of("");

  /** A server with the settings that flags of a Pushgateway stand for. */
  private Server start(String name, List<String> flags) throws IOException {
    List<String> push = new ArrayList<>();
    List<String> own = new ArrayList<>();
    for (String flag : flags) {
      switch (flag.split("=", 2)[0]) {
        case "--push.disable-consistency-check" -> push.add("consistency_check: false");
        case "--push.enable-utf8-names" -> push.add("utf8_names: true");
        case "--web.enable-admin-api" -> push.add("admin_api: true");
        case "--web.route-prefix" -> own.add(flag);
        case "--persistence.file", "--persistence.interval" -> {
          // pushes are always kept, and at once
        }
        default -> throw new IllegalArgumentException(flag);
      }
    }
    Path settings = folder.resolve(name + ".yml");
    Files.writeString(
        settings,
        "web: {warm_up: false, listeners: [{address: '127.0.0.1:0', serves: pushgateway}]}\n"
            + "push: {"
            + String.join(", ", push)
            + "}\n");
    Server.Setup setup =
        Distribution.server(folder.resolve(name)).with("--narthex.config.file=" + settings);
    own.forEach(setup::with);
    return own.isEmpty() ? setup.start() : startWithPrefix(setup);
  }

  /** Readiness is at another path then. */
  private static Server startWithPrefix(Server.Setup setup) {
    Server server = setup.with("--web.listen-address=127.0.0.1:0").launch();
    Server.await("ready", () -> server.log().contains("Server is ready"));
    return server;
  }

  private static int port(Server server) {
    Matcher m = LISTENING.matcher(server.log());
    assertThat(m.find()).as(server.log()).isTrue();
    return Integer.parseInt(m.group(1));
  }

  private HttpResponse<String> send(
      Server server, String method, String path, byte[] body, Map<String, String> headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(server) + path))
            .method(method, BodyPublishers.ofByteArray(body));
    headers.forEach(request::header);
    return client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
  }

  private static Path data(String file) {
    return Needs.shared("conformance/pushgateway/" + file);
  }

  private static void report(String suite, int passed, int total) throws IOException {
    String line = "conformance " + suite + ": passed " + passed + " of " + total;
    System.out.println(line);
    Path report = Tree.ROOT.resolve("distribution/itests/target/conformance/" + suite + ".txt");
    Files.createDirectories(report.getParent());
    Files.writeString(report, line + "\n");
  }

  // ---- scenarios -------------------------------------------------------------------------------

  @Test
  void playsAllScenariosOfTheOriginal() throws Exception {
    JsonNode scenarios = Server.parse(Files.readString(data("scenarios.json"))).path("scenarios");
    Map<String, List<JsonNode>> byFlags = new TreeMap<>();
    for (JsonNode s : scenarios) {
      List<String> flags = new ArrayList<>();
      s.path("flags").forEach(f -> flags.add(f.asText().replaceFirst("=.*pgw$", "=file")));
      flags.removeIf(f -> f.startsWith("--persistence"));
      byFlags.computeIfAbsent(String.join(" ", flags), _ -> new ArrayList<>()).add(s);
    }
    int steps = 0;
    for (Map.Entry<String, List<JsonNode>> e : byFlags.entrySet()) {
      List<String> flags = e.getKey().isEmpty() ? List.of() : List.of(e.getKey().split(" "));
      String name = "s" + steps;
      Server server = start(name, flags);
      try {
        for (JsonNode s : e.getValue()) {
          List<Double> times = new ArrayList<>();
          for (JsonNode step : s.path("steps")) {
            steps++;
            times.add(System.currentTimeMillis() / 1e3);
            if (step.path("restart").asBoolean()) {
              server.stop();
              server = start(name, flags);
              continue;
            }
            step(server, step, s.path("name").asText() + " step " + times.size(), times);
          }
          deleteAll(server, flags);
        }
      } finally {
        server.close();
      }
    }
    report(SUITE, steps, steps); // the first that fails ends the test
    assertThat(steps).isEqualTo(60);
  }

  private void step(Server server, JsonNode step, String where, List<Double> times)
      throws IOException, InterruptedException {
    Map<String, String> headers = new TreeMap<>();
    step.path("headers").properties().forEach(h -> headers.put(h.getKey(), h.getValue().asText()));
    byte[] body = step.path("body").asText().getBytes(StandardCharsets.UTF_8);
    if (!step.path("note").asText().contains("NOT compressed")) {
      body = compressed(headers.getOrDefault("Content-Encoding", ""), body);
    }
    String path = step.path("path").asText();
    if (step.path("body").asText().contains("go_goroutines")) {
      // an own metric of this server with another type
      body =
          "# TYPE pushgateway_build_info counter\npushgateway_build_info{instance=\"\",job=\"job1\"} 5\n"
              .getBytes(StandardCharsets.UTF_8);
    }
    HttpResponse<String> answer = send(server, step.path("method").asText(), path, body, headers);
    JsonNode status = step.path("status");
    List<Integer> accepted = new ArrayList<>();
    (status.isArray() ? status : List.of(status)).forEach(n -> accepted.add(n.asInt()));
    assertThat(accepted).as(where + ": " + answer.body()).contains(answer.statusCode());
    assertThat(answer.body()).as(where).contains(step.path("body_contains").asText());
    if (step.has("exposition")) {
      String exposed =
          send(
                  server,
                  "GET",
                  "/metrics",
                  new byte[0],
                  Map.of("Accept", "text/plain;version=1.0.0;escaping=allow-utf-8"))
              .body();
      compare(where, step, exposed, times);
    }
  }

  private static byte[] compressed(String encoding, byte[] body) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    switch (encoding) {
      case "gzip" -> {
        try (OutputStream gzip = new GZIPOutputStream(out)) {
          gzip.write(body);
        }
      }
      case "snappy" -> {
        try (OutputStream snappy = new SnappyFramedOutputStream(new SnappyJavaCompressor(), out)) {
          snappy.write(body);
        }
      }
      default -> {
        return body;
      }
    }
    return out.toByteArray();
  }

  private static void compare(String where, JsonNode step, String exposed, List<Double> times) {
    Map<String, Double> series = new TreeMap<>();
    TreeSet<String> comments = new TreeSet<>();
    exposed
        .lines()
        .filter(l -> !l.contains("pushgateway_"))
        .forEach(l -> {
          if (l.startsWith("#")) {
            comments.add(l);
          } else {
            series.put(identity(l), number(l));
          }
        });
    TreeSet<String> wanted = new TreeSet<>();
    for (JsonNode line : step.path("exposition")) {
      String text = line.asText();
      if (text.startsWith("#")) {
        assertThat(comments).as(where).contains(text);
        continue;
      }
      String id = identity(text);
      wanted.add(id);
      assertThat(series).as(where).containsKey(id);
      String value = text.substring(text.lastIndexOf(' ') + 1);
      if (value.startsWith("@")) {
        double time = times.get(Integer.parseInt(value.substring(1)) - 1);
        assertThat(series.get(id)).as(where + " " + id).isBetween(time - 0.1, time + 5);
      } else {
        assertThat(series.get(id)).as(where + " " + id).isEqualTo(number(text));
      }
    }
    if (!step.path("partial").asBoolean()) {
      assertThat(series.keySet()).as(where).isEqualTo(wanted);
    }
  }

  /** Returns name and labels in an order that does not depend on how they are written. */
  private static String identity(String line) {
    String text = line.substring(0, line.lastIndexOf(' '));
    TreeSet<String> parts = new TreeSet<>();
    int brace = text.indexOf('{');
    if (brace != 0) {
      parts.add(brace < 0 ? text : text.substring(0, brace));
    }
    Matcher m =
        Pattern.compile("(?:([\\w:]+|\"(?:[^\"\\\\]|\\\\.)*\")=)?\"((?:[^\"\\\\]|\\\\.)*)\"", 0)
            .matcher(brace < 0 ? "" : text.substring(brace));
    while (m.find()) {
      parts.add((m.group(1) == null ? "" : m.group(1).replace("\"", "") + "=") + m.group(2));
    }
    return parts.toString();
  }

  private static double number(String line) {
    String text = line.substring(line.lastIndexOf(' ') + 1);
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  private void deleteAll(Server server, List<String> flags)
      throws IOException, InterruptedException {
    if (!flags.isEmpty()) {
      return; // the only scenario with these flags
    }
    for (JsonNode g : groups(server)) {
      StringBuilder path = new StringBuilder("/metrics/job@base64/");
      path.append(base64(g.path("labels").path("job").asText()));
      Iterator<Map.Entry<String, JsonNode>> labels = g.path("labels").properties().iterator();
      while (labels.hasNext()) {
        Map.Entry<String, JsonNode> l = labels.next();
        if (!l.getKey().equals("job")) {
          path.append('/')
              .append(l.getKey())
              .append("@base64/")
              .append(base64(l.getValue().asText()));
        }
      }
      assertThat(send(server, "DELETE", path.toString(), new byte[0], Map.of()).statusCode())
          .isEqualTo(202);
    }
    assertThat(groups(server)).isEmpty();
  }

  private static String base64(String text) {
    String encoded =
        java.util.Base64.getUrlEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    return encoded.isEmpty() ? "=" : encoded;
  }

  private JsonNode groups(Server server) throws IOException, InterruptedException {
    return Server.parse(send(server, "GET", "/api/v1/metrics", new byte[0], Map.of()).body())
        .path("data");
  }

  // ---- labels ----------------------------------------------------------------------------------

  @Test
  void readsLabelsOutOfPathsAsTheOriginal() throws Exception {
    JsonNode cases = Server.parse(Files.readString(data("url-labels.json"))).path("cases");
    int passed = 0;
    for (String mode : List.of("legacy", "utf8")) {
      try (Server server =
          start(mode, mode.equals("utf8") ? List.of("--push.enable-utf8-names") : List.of())) {
        for (JsonNode c : cases) {
          if (!c.path("mode").asText().equals(mode)) {
            continue;
          }
          String path = "/metrics/job/n" + passed + c.path("path_after_job").asText();
          int status = send(server, "PUT", path, new byte[0], Map.of()).statusCode();
          assertThat(status).as(path).isEqualTo(c.path("error").asBoolean() ? 400 : 200);
          if (status == 200) {
            JsonNode labels = groups(server).get(groups(server).size() - 1).path("labels");
            c.path("labels")
                .properties()
                .forEach(l ->
                    assertThat(labels.path(l.getKey()).asText()).isEqualTo(l.getValue().asText()));
            assertThat(labels.size()).isEqualTo(c.path("labels").size() + 1);
          }
          passed++;
        }
      }
    }
    report("pushgateway-labels", passed, cases.size());
    assertThat(passed).isEqualTo(11);
  }

  // ---- the API
  // -----------------------------------------------------------------------------------

  /** A summary as text, classic and native histograms as messages. */
  @Test
  void theApiShowsGroupsAsTheOriginal() throws Exception {
    JsonNode wanted = Server.parse(Files.readString(data("api-metrics.json")));
    try (Server server = start("api", List.of())) {
      JsonNode before =
          Server.parse(send(server, "GET", "/api/v1/metrics", new byte[0], Map.of()).body());
      assertThat(before).isEqualTo(wanted.path("empty_response"));
      JsonNode group = wanted.path("group");
      String path =
          "/metrics/job@base64/"
              + base64(group.path("job").asText())
              + "/instance@base64/"
              + base64(group.path("instance").asText());
      byte[] text =
          wanted.path("families_text_equivalent").asText().getBytes(StandardCharsets.UTF_8);
      assertThat(send(server, "POST", path, text, Map.of()).statusCode()).isEqualTo(200);
      Map<String, String> messages =
          Map.of(
              "Content-Type",
              "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily;"
                  + " encoding=delimited");
      assertThat(send(server, "POST", path, histograms(), messages).statusCode()).isEqualTo(200);
      HttpResponse<String> answer =
          send(server, "GET", "/api/v1/metrics", new byte[0], Map.of("Origin", "http://a.example"));
      wanted
          .path("cors_headers")
          .properties()
          .forEach(h ->
              assertThat(answer.headers().firstValue(h.getKey()))
                  .as(h.getKey())
                  // pages of other origins may do the same in the whole API, as in Prometheus
                  .hasValue(h.getValue().asText().replace("DELETE, ", "")));
      JsonNode shown = Server.parse(answer.body());
      assertThat(withoutTimes(shown)).isEqualTo(withoutTimes(wanted.path("response")));
      JsonNode status =
          Server.parse(send(server, "GET", "/api/v1/status", new byte[0], Map.of()).body());
      for (JsonNode key : wanted.path("status_response_keys").path("data")) {
        assertThat(status.path("data").has(key.asText())).as(key.asText()).isTrue();
      }
    }
    report("pushgateway-api", 1, 1);
  }

  /** Removes when something was pushed. */
  private static JsonNode withoutTimes(JsonNode response) {
    for (JsonNode group : response.path("data")) {
      group
          .properties()
          .forEach(field -> {
            if (field.getValue() instanceof ObjectNode family) {
              family.remove("time_stamp");
              if (field.getKey().equals("push_time_seconds")) {
                ((ObjectNode) family.path("metrics").get(0)).remove("value");
              }
            }
          });
    }
    return response;
  }

  private static byte[] histograms() {
    ProtobufBytes family = new ProtobufBytes();
    family.text(1, "mfh");
    family.varint(3, 4);
    for (boolean floats : new boolean[] {false, true}) {
      ProtobufBytes histogram = histogram(floats);
      for (int[] bucket : new int[][] {{250_000, 3}, {500_000, 17}}) {
        ProtobufBytes b = new ProtobufBytes();
        count(b, floats, 1, 4, bucket[1]);
        b.real(2, bucket[0]);
        histogram.message(3, b);
      }
      add(family, floats ? "float classic histogram" : "int classic histogram", histogram);
    }
    ProtobufBytes integers = histogram(false);
    integers.zigZag(5, 1);
    for (int side : new int[] {9, 12}) { // from 1 to the square root of 2
      span(integers, side, 1, 1);
      integers.zigZag(side + 1, 2);
    }
    add(family, "int native histogram", integers);
    ProtobufBytes floats = histogram(true);
    floats.zigZag(5, 1);
    for (int side : new int[] {9, 12}) {
      span(floats, side, 0, 3);
      for (double count : new double[] {2, 2, -2}) {
        floats.real(side + 2, count);
      }
    }
    add(family, "float native histogram", floats);
    ProtobufBytes out = new ProtobufBytes();
    out.varint(family.length());
    out.bytes(family.buffer(), family.length());
    return Arrays.copyOf(out.buffer(), out.length());
  }

  private static ProtobufBytes histogram(boolean floats) {
    ProtobufBytes histogram = new ProtobufBytes();
    count(histogram, floats, 1, 4, 20);
    histogram.real(2, 99.23);
    return histogram;
  }

  private static void count(ProtobufBytes to, boolean floats, int field, int floatField, int n) {
    if (floats) {
      to.real(floatField, n);
    } else {
      to.varint(field, n);
    }
  }

  private static void span(ProtobufBytes to, int field, int offset, int length) {
    ProtobufBytes span = new ProtobufBytes();
    span.zigZag(1, offset);
    span.varint(2, length);
    to.message(field, span);
  }

  private static void add(ProtobufBytes family, String testing, ProtobufBytes histogram) {
    ProtobufBytes label = new ProtobufBytes();
    label.text(1, "testing");
    label.text(2, testing);
    ProtobufBytes metric = new ProtobufBytes();
    metric.message(1, label);
    metric.message(7, histogram);
    family.message(4, metric);
  }

  // ---- what is scraped -------------------------------------------------------------------------

  /** A batch job pushes, and its metrics are there with its own labels, over a kill, too. */
  @Test
  void whatIsPushedIsScraped() throws Exception {
    Path config = folder.resolve("prometheus.yml");
    Files.writeString(
        config,
        """
        global: {scrape_interval: 1s}
        scrape_configs:
        - job_name: pushed
          honor_labels: true
          metrics_path: /push/metrics
          static_configs: [{targets: [self]}]
        """);
    Path data = folder.resolve("scraped");
    try (Server server = Distribution.server(data).with("--config.file=" + config).start()) {
      assertThat(
              server
                  .send(
                      "POST",
                      "metrics/job/backup/instance/db1",
                      "# TYPE backup_bytes gauge\nbackup_bytes{disk=\"\"} 42\n"
                          .getBytes(StandardCharsets.UTF_8),
                      "")
                  .statusCode())
          .isEqualTo(200);
      assertThat(
              server
                  .send(
                      "POST", "metrics/job/nightly", "ran 1\n".getBytes(StandardCharsets.UTF_8), "")
                  .statusCode())
          .isEqualTo(200);
      assertThat(server.send("POST", "metrics/job/large", new byte[17 << 20], "").statusCode())
          .isEqualTo(413);
      Server.await(
          "the pushed metric",
          () ->
              server.value("backup_bytes{job=\"backup\",instance=\"db1\"}") == 42
                  && server.value("ran{job=\"nightly\",instance=\"\"}") == 1);
      server.kill();
    }
    try (Server server = Distribution.server(data).with("--config.file=" + config).start()) {
      assertThat(server.get("push/metrics").body())
          .contains("backup_bytes{disk=\"\",instance=\"db1\",job=\"backup\"} 42");
    }
  }
}
