package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every sample plugin, dropped into the packed distribution, does what its README says. */
class SamplesIT {
  private static final Path SAMPLES = Tree.ROOT.resolve("distribution/samples");
  private static final String SELF =
      """
      global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 200ms}
      scrape_configs:
        - {job_name: narthex, static_configs: [{targets: [self]}]}
      """;

  @TempDir private Path folder = Path.of("");
  private Path plugins = Path.of("");

  @BeforeEach
  void makeTheDropFolder() throws IOException {
    plugins = Files.createDirectories(folder.resolve("plugins"));
  }

  private void write(String name, String content, Object... values) throws IOException {
    Files.writeString(folder.resolve(name), content.formatted(values));
  }

  private Server.Setup server() {
    return Distribution.server(folder.resolve("data"))
        .with(
            "--config.file=" + folder.resolve("prometheus.yml"),
            "--narthex.config.file=" + folder.resolve("narthex.yml"));
  }

  /** Puts the jar of a sample into the folder in one step. */
  private void drop(String sample) throws IOException {
    drop(sample, Files.readAllBytes(Tree.jar("distribution/samples/" + sample)));
  }

  private void drop(String sample, byte[] jar) throws IOException {
    Path hidden = folder.resolve(sample + ".part");
    Files.write(hidden, jar);
    Files.move(
        hidden,
        plugins.resolve(sample + ".jar"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static String state(Server server, String plugin) {
    return server.plugin(plugin).path("state").asText();
  }

  /** An httpd that shows its status page. */
  private static final class Httpd implements AutoCloseable {
    private final AtomicReference<byte[]> page = new AtomicReference<>(new byte[0]);
    private final HttpServer server;

    Httpd(String text) throws IOException {
      show(text);
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
      server.createContext(
          "/server-status",
          exchange -> {
            boolean auto = "auto".equals(exchange.getRequestURI().getQuery());
            byte[] body = auto ? page.get() : "<html>".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=ISO-8859-1");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
    }

    void show(String text) {
      page.set(text.getBytes(StandardCharsets.UTF_8));
    }

    String url() {
      return "http://127.0.0.1:" + server.getAddress().getPort() + "/server-status?auto";
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }

  @Test
  void exporterDiscoveryNotifierAndFunctionsComeAliveWhenDropped() throws IOException {
    String page =
        Files.readString(
            SAMPLES.resolve("acme-httpd-exporter/src/test/resources/io/acme/httpd/event.txt"));
    try (Httpd httpd = new Httpd(page);
        MetricsStandIn target = new MetricsStandIn("# TYPE lamp gauge\nlamp 1\n");
        WebhookSink sink = new WebhookSink()) {
      write(
          "prometheus.yml",
          SELF
              + """
                - job_name: acme
                  acme_sd_configs: [{hosts: ['%s'], team: blue}]
                - job_name: httpd
                  metrics_path: /exporters/acme_httpd/metrics
                  static_configs: [{targets: [self]}]
              rule_files: [rules.yml]
              """,
          target.address());
      write(
          "narthex.yml",
          Stage.QUICK_REMOVAL + "exporters:\n  acme_httpd: {url: '%s'}\n",
          httpd.url());
      write("rules.yml", "groups: [{name: lamps, rules: [{alert: LampOn, expr: lamp == 1}]}]\n");
      write(
          "alertmanager.yml",
          """
          route: {receiver: acme, group_by: [alertname], group_wait: 200ms, group_interval: 200ms}
          receivers: [{name: acme, acme_configs: [{url: '%s'}]}]
          """,
          sink.url());
      try (Server server = server().start()) {
        Server.await("a job without its plugin", () -> server.value("up{job=\"httpd\"}") == 0);
        drop("acme-httpd-exporter");
        drop("acme-discovery");
        drop("acme-notifier");
        drop("acme-functions");

        Server.await(
            "series of the exporter",
            () -> server.value("apache_accesses_total{job=\"httpd\"}") == 131);
        assertThat(server.value("up{job=\"httpd\"}")).isEqualTo(1);
        assertThat(server.value("apache_up")).isEqualTo(1);
        assertThat(server.value("apache_version")).isEqualTo(2.04057);
        assertThat(server.value("apache_workers{state=\"idle\"}")).isEqualTo(48);
        assertThat(server.value("sum(apache_scoreboard)")).isEqualTo(56);
        assertThat(server.json("api/v1/metadata?metric=apache_accesses_total").toString())
            .contains("\"type\":\"counter\"");
        httpd.show(page.replace("Total Accesses: 131", "Total Accesses: 150"));
        Server.await(
            "the next figures",
            () -> server.value("increase(apache_accesses_total{job=\"httpd\"}[1m])") > 0);

        Server.await(
            "targets of the discovery",
            () -> server.value("up{job=\"acme\", team=\"blue\", release=\"first\"}") == 1);
        Server.await("a notification", () -> !sink.received().isEmpty());
        assertThat(sink.received().getFirst().path("status").asText()).isEqualTo("firing");

        Server.await("the functions", () -> state(server, "io.acme.functions").equals("running"));
        assertThat(server.value("acme_clamp01(vector(7))")).isEqualTo(1);
        assertThat(server.value("acme_ewma(apache_up[5s], 0.5)")).isEqualTo(1);

        for (String id : new String[] {"io.acme.httpd", "io.acme.discovery", "io.acme.notifier"}) {
          assertThat(state(server, id)).as(id).isEqualTo("running");
        }
        Files.delete(plugins.resolve("acme-httpd-exporter.jar"));
        Server.await("the exporter goes", () -> server.value("up{job=\"httpd\"}") == 0);
        assertThat(server.value("up{job=\"narthex\"}")).isEqualTo(1);
      }
    }
  }

  @Test
  void storageIsChosenKeepsSamplesOverACrashAndIsReplaced() throws IOException {
    write("prometheus.yml", SELF);
    write("narthex.yml", "storage:\n  type: acme\n  settings: {retention: 2h}\n");
    drop("acme-storage");
    long first = System.currentTimeMillis();
    try (Server server = server().start()) {
      Server.await("samples", () -> server.value("count_over_time(up[1m])") >= 4);
      assertThat(state(server, "io.acme.storage")).isEqualTo("running");
      assertThat(server.json("api/v1/status/tsdb").path("data").path("headStats").toString())
          .contains("\"numSeries\":");
      server.kill();
    }
    long down = System.currentTimeMillis();
    assertThat(folder.resolve("data/acme-storage/00000001.log")).isNotEmptyFile();
    assertThat(folder.resolve("data/wal")).as("files of the other storage").doesNotExist();

    try (Server server = server().start()) {
      String before = "count_over_time(up[%dms] @ %.3f)".formatted(down - first, down / 1000.0);
      assertThat(server.value(before)).as("samples of before the crash").isGreaterThanOrEqualTo(4);
      Server.await("scrapes go on", () -> server.value("count_over_time(up[8s])") >= 5);

      // replaced under load: appends wait, nothing that was there is lost
      double samples = server.value("sum(count_over_time(up[1h]))");
      long since = System.currentTimeMillis();
      drop(
          "acme-storage",
          SampleJar.of(Tree.jar("distribution/samples/acme-storage"))
              .header("Bundle-Version", "1.1.0")
              .bytes());
      Server.await(
          "the new version",
          () -> server.plugin("io.acme.storage").path("version").asText().equals("1.1.0"));
      Server.await(
          "scrapes go on", () -> server.value("sum(count_over_time(up[1h]))") >= samples + 5);
      long elapsed = System.currentTimeMillis() - since;
      assertThat(server.value("min_over_time(up[" + elapsed + "ms])")).isEqualTo(1);
      assertThat(server.value(before)).isGreaterThanOrEqualTo(4);
    }
  }

  @Test
  void storageThatIsNotThereStopsTheStartWithALineThatSaysSo() throws IOException {
    write("prometheus.yml", SELF);
    write("narthex.yml", "storage: {type: acme}\n");
    try (Server server = server().with("--web.listen-address=127.0.0.1:0").launch()) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.log()).contains("opening storage failed: waiting for");
    }
  }
}
