package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Jars dropped into the folder of a running server: live, replaced, deleted, broken. */
class DropFolderIT {
  private static final Path DISCOVERY = Tree.jar("distribution/samples/acme-discovery");
  private static final Path FUNCTIONS = Tree.jar("distribution/samples/acme-functions");
  private static final Path NOTIFIER = Tree.jar("distribution/samples/acme-notifier");

  private static final String REAL_GRACE = "real-grace";

  @RegisterExtension private final Stage stage = new Stage();

  @BeforeEach
  void startWithBlocksOfAbsentPlugins(TestInfo test) throws IOException {
    if (test.getTags().contains(REAL_GRACE)) {
      Files.delete(stage.folder.resolve("narthex.yml"));
    }
    stage
        .file(
            "prometheus.yml",
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 200ms}
            rule_files: [rules.yml]
            scrape_configs:
              - {job_name: narthex, static_configs: [{targets: [self]}]}
              - job_name: acme
                acme_sd_configs:
                  - {hosts: ['{target}'], team: blue}
            """)
        .file(
            "rules.yml",
            """
            groups:
              - name: lamps
                rules:
                  - {alert: LampOn, expr: lamp == 1}
            """)
        .file(
            "alertmanager.yml",
            """
            route: {receiver: acme, group_by: [alertname], group_wait: 200ms, group_interval: 200ms}
            receivers:
              - name: acme
                acme_configs: [{url: '{sink}'}]
            """)
        .start();
  }

  private Server server() {
    return stage.server();
  }

  @Test
  void discoveryAndNotifierComeAliveAreReplacedAndGo() throws IOException {
    Server.await("the server scrapes itself", () -> server().value("up{job=\"narthex\"}") == 1);
    assertThat(server().query("up{job=\"acme\"}")).isEmpty();
    assertThat(server().plugin("io.acme.discovery").isMissingNode()).isTrue();
    long others = startOf("io.narthex.discovery.statics");
    long since = System.currentTimeMillis();

    // live without restart
    long dropped = System.nanoTime();
    drop(DISCOVERY, "acme-discovery.jar");
    Server.await(
        "targets of the dropped discovery",
        () -> server().value("up{job=\"acme\", team=\"blue\", release=\"first\"}") == 1);
    assertThat((System.nanoTime() - dropped) / 1e9).as("seconds from drop to live").isLessThan(10);
    runs("io.acme.discovery", "1.0.0");

    drop(NOTIFIER, "acme-notifier.jar"); // a plain jar, without OSGi headers
    Server.await("the notification", () -> lastRelease().equals("first"));
    runs("io.acme.notifier", "1.0.0");

    // replaced
    drop(
        SampleJar.of(DISCOVERY)
            .header("Bundle-Version", "1.1.0")
            .file("io/acme/discovery/release.txt", "second")
            .bytes(),
        "acme-discovery.jar");
    Server.await(
        "targets of the new version",
        () -> server().value("up{job=\"acme\", release=\"second\"}") == 1);
    Server.await(
        "series of the former version end",
        () -> server().query("up{job=\"acme\", release=\"first\"}").isEmpty());
    runs("io.acme.discovery", "1.1.0");

    drop(
        SampleJar.of(NOTIFIER)
            .header("Implementation-Version", "1.1.0")
            .file("io/acme/notifier/release.txt", "second")
            .bytes(),
        "acme-notifier.jar");
    runs("io.acme.notifier", "1.1.0");
    stage.target.metrics("# TYPE lamp gauge\nlamp 0\n");
    Server.await(
        "the new version tells the end",
        () ->
            lastRelease().equals("second")
                && stage.sink.received().getLast().path("status").asText().equals("resolved"));

    // undone
    stage.ok(stage.act("io.acme.discovery", "rollback"));
    Server.await(
        "targets of the former version",
        () -> server().value("up{job=\"acme\", release=\"first\"}") == 1);

    // deleted
    Files.delete(stage.plugins.resolve("acme-discovery.jar"));
    Server.await("the targets go", () -> server().query("up{job=\"acme\"}").isEmpty());
    Server.await("the discovery goes", () -> server().plugin("io.acme.discovery").isMissingNode());
    Files.delete(stage.plugins.resolve("acme-notifier.jar"));
    Server.await("the notifier goes", () -> server().plugin("io.acme.notifier").isMissingNode());

    assertThat(startOf("io.narthex.discovery.statics"))
        .as("others never restart")
        .isEqualTo(others);
    Scrapes.noneFailed(server(), "up{job=\"narthex\"}", since);
  }

  @Test
  void notifierUpdateThatFailsEverySendGoesBackAndItsNotificationsArrive() throws IOException {
    drop(NOTIFIER, "acme-notifier.jar");
    alert("Before");
    Server.await("the notification", () -> lastRelease().equals("first"));
    Path source = stage.folder.resolve("AcmeNotifier.java");
    Files.writeString(
        source,
        """
        package io.acme.notifier;
        import io.narthex.spi.notifier.*;
        final class AcmeNotifier implements Notifier {
          AcmeNotifier(io.narthex.model.go.GoUrl url, io.narthex.spi.plugin.HttpTransport http) {}
          @Override public SendResult send(Notification n) { throw new IllegalStateException("broken"); }
          @Override public void close() {}
        }
        """);
    Path classes = Files.createDirectories(stage.folder.resolve("classes"));
    CompiledPlugin.compile(source, classes);
    String failing = "io/acme/notifier/AcmeNotifier.class";
    drop(
        SampleJar.of(NOTIFIER)
            .header("Implementation-Version", "1.1.0")
            .file(failing, Files.readAllBytes(classes.resolve(failing)))
            .bytes(),
        "acme-notifier.jar");
    runs("io.acme.notifier", "1.1.0");

    for (int i = 1; i <= 6; i++) {
      alert("During" + i);
    }
    runs("io.acme.notifier", "1.0.0");
    assertThat(server().plugin("io.acme.notifier").path("reason").asText()).contains("1.1.0");
    Server.await(
        "each alert was told once, by the version before",
        () -> {
          Map<String, Long> told =
              stage.sink.received().stream()
                  .collect(
                      Collectors.groupingBy(
                          n -> n.path("release").asText() + n.path("key").asText(),
                          Collectors.counting()));
          return told.size() == 7
              && told.keySet().stream().allMatch(k -> k.startsWith("first"))
              && told.values().stream().allMatch(n -> n == 1);
        });
  }

  private void alert(String name) {
    HttpResponse<String> answer =
        server().postJson("api/v2/alerts", "[{\"labels\": {\"alertname\": \"" + name + "\"}}]");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  @Test
  @Tag(REAL_GRACE)
  void jarThatIsDeletedMayBeReplacedForSomeSecondsWithoutAGap() throws IOException {
    drop(DISCOVERY, "acme-discovery.jar");
    Server.await("the sample runs", () -> server().value("up{job=\"acme\"}") == 1);
    long since = System.currentTimeMillis();
    Server.await("a second scrape", () -> server().value("scrape_series_added{job=\"acme\"}") == 0);
    Files.delete(stage.plugins.resolve("acme-discovery.jar"));
    Server.await(
        "the deletion is shown",
        () ->
            server()
                .plugin("io.acme.discovery")
                .path("reason")
                .asText()
                .contains("its file was deleted"));
    assertThat(server().plugin("io.acme.discovery").path("state").asText()).isEqualTo("running");
    drop(
        SampleJar.of(DISCOVERY)
            .header("Bundle-Version", "1.1.0")
            .file("META-INF/note.txt", "another")
            .bytes(),
        "acme-discovery-1.1.0.jar");
    runs("io.acme.discovery", "1.1.0");
    Server.await(
        "nothing is wrong",
        () -> server().plugin("io.acme.discovery").path("reason").asText().isEmpty());
    // longer than the grace: the former file takes nothing along when it is given up
    Server.await(
        "scrapes after the grace",
        () ->
            server().value("count_over_time(up{job=\"acme\"}[1h])") > 12
                && System.currentTimeMillis() - since > 12_000);
    assertThat(server().plugin("io.acme.discovery").path("version").asText()).isEqualTo("1.1.0");
    assertThat(server().value("sum_over_time(scrape_series_added{job=\"acme\"}[1h])"))
        .as("the target was never forgotten")
        .isEqualTo(1);
    assertThat(server().value("min_over_time(up{job=\"acme\"}[1h])")).isEqualTo(1);
  }

  @Test
  void functionsComeAliveAndGo() throws IOException {
    assertThat(server().get("api/v1/query?query=acme_clamp01(vector(7))").body())
        .contains("unknown function with name \\\"acme_clamp01\\\"");
    drop(FUNCTIONS, "acme-functions.jar");
    Server.await(
        "the plugin runs",
        () -> server().plugin("io.acme.functions").path("state").asText().equals("running"));
    assertThat(server().value("acme_clamp01(vector(7))")).isEqualTo(1);
    assertThat(server().value("acme_ewma(vector(3)[1m:10s], 0.5)")).isEqualTo(3);

    Files.delete(stage.plugins.resolve("acme-functions.jar"));
    Server.await("the plugin goes", () -> server().plugin("io.acme.functions").isMissingNode());
    assertThat(server().get("api/v1/query?query=acme_clamp01(vector(7))").body())
        .contains("plugin io.acme.functions, which had it, is not running");
  }

  @Test
  void brokenJarsAreReportedAndDisturbNothing() throws IOException {
    drop(DISCOVERY, "acme-discovery.jar");
    Server.await("the sample runs", () -> server().value("up{job=\"acme\"}") == 1);
    long before = startOf("io.acme.discovery");
    long since = System.currentTimeMillis();

    byte[] whole = Files.readAllBytes(DISCOVERY);
    drop(java.util.Arrays.copyOf(whole, whole.length / 2), "truncated.jar");
    byte[] noise = new byte[5_000];
    new Random(42).nextBytes(noise);
    drop(noise, "noise.jar");
    drop(
        SampleJar.of(DISCOVERY)
            .header("Bundle-SymbolicName", "io.acme.needy")
            .header("Import-Package", "com.example.absent;version=\"[2,3)\"")
            .bytes(),
        "needy.jar");
    drop(
        SampleJar.of(DISCOVERY)
            .header("Bundle-SymbolicName", "io.acme.future")
            .header(
                "Import-Package",
                "io.narthex.spi.discovery;version=\"[9,10)\",io.narthex.model,io.narthex.spi.config,io.narthex.spi.plugin")
            .bytes(),
        "future.jar");
    drop(
        SampleJar.of(NOTIFIER)
            .header("Automatic-Module-Name", "io.acme.absent")
            .file(
                "META-INF/services/io.narthex.spi.notifier.NotifierProvider", "io.acme.NoSuchClass")
            .bytes(),
        "absent-class.jar");
    drop(SampleJar.of(DISCOVERY).header("Bundle-SymbolicName", "io.acme.twin").bytes(), "twin.jar");
    drop(
        SampleJar.of(DISCOVERY).header("Bundle-SymbolicName", "io.narthex.core").bytes(),
        "usurper.jar");
    drop(
        SampleJar.of(NOTIFIER)
            .header("Automatic-Module-Name", "io.acme.nothing")
            .without("META-INF/services/io.narthex.spi.notifier.NotifierProvider")
            .bytes(),
        "nothing.jar");

    reported("truncated.jar", "not a complete jar");
    reported("noise.jar", "not a complete jar");
    reported("needy.jar", "needs package com.example.absent");
    reported("future.jar", "needs the API package io.narthex.spi.discovery in version 9");
    reported("absent-class.jar", "io.acme.NoSuchClass");
    reported("twin.jar", "acme");
    reported("usurper.jar", "io.narthex.core");
    reported("nothing.jar", "is not a plugin");

    assertThat(startOf("io.acme.discovery")).isEqualTo(before);
    assertThat(server().plugin("io.acme.discovery").path("state").asText()).isEqualTo("running");
    Scrapes.noneFailed(server(), "up{job=\"acme\"}", since);
    assertThat(server().get("-/ready").statusCode()).isEqualTo(200);

    // what was broken leaves no trace when it goes, and a good jar of that name works
    for (String name : new String[] {"needy.jar", "twin.jar", "noise.jar", "nothing.jar"}) {
      Files.delete(stage.plugins.resolve(name));
      Server.await(name + " is forgotten", () -> problem(name).isEmpty());
    }
    drop(NOTIFIER, "truncated.jar");
    Server.await(
        "the mended jar runs",
        () -> server().plugin("io.acme.notifier").path("state").asText().equals("running"));
  }

  @Test
  void jarThatArrivesInManyPiecesIsTouchedWhenItIsWhole() throws IOException {
    byte[] whole = Files.readAllBytes(DISCOVERY);
    try (OutputStream out = Files.newOutputStream(stage.plugins.resolve("slow.jar"))) {
      for (int i = 0; i < 50; i++) {
        int from = whole.length * i / 50;
        out.write(whole, from, whole.length * (i + 1) / 50 - from);
        out.flush();
        // the copy is slower than the folder is looked at
        java.util.concurrent.locks.LockSupport.parkNanos(100_000_000);
        String state = server().plugin("io.acme.discovery").path("state").asText();
        if (i < 49) {
          assertThat(state).isEmpty();
        }
      }
    }
    Server.await(
        "it runs",
        () -> server().plugin("io.acme.discovery").path("state").asText().equals("running"));
    assertThat(server().log()).doesNotContain("slow.jar: not a complete jar");
  }

  private void drop(Path jar, String name) throws IOException {
    drop(Files.readAllBytes(jar), name);
  }

  private void drop(byte[] jar, String name) throws IOException {
    stage.drop(jar, name);
  }

  private String lastRelease() {
    var received = stage.sink.received();
    return received.isEmpty() ? "" : received.getLast().path("release").asText();
  }

  /** What a plugin does may show before its state and version. */
  private void runs(String id, String version) {
    Server.await(
        id + " " + version + " runs",
        () -> {
          JsonNode plugin = server().plugin(id);
          return plugin.path("state").asText().equals("running")
              && plugin.path("version").asText().equals(version);
        });
  }

  private long startOf(String plugin) {
    return server().plugin(plugin).path("started").asLong();
  }

  private void reported(String file, String reason) {
    Server.await(file + " is reported", () -> problem(file).contains(reason));
  }

  /** Returns what the plugin manager says is wrong with a file, empty when nothing is. */
  private String problem(String file) {
    for (JsonNode plugin : server().json("narthex/api/v1/plugins").path("plugins")) {
      if (plugin.path("file").asText().equals(file)
          && !plugin.path("state").asText().equals("running")) {
        return plugin.path("reason").asText();
      }
    }
    return "";
  }
}
