package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.acme.hostile.HostileDiscovery;
import io.acme.hostile.HostileExporter;
import io.acme.hostile.HostileNotifier;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Plugins that misbehave: each is shown with its state and reason, and nothing else is disturbed:
 * no other plugin restarts, no other scrape fails. One server for all, but for the restart.
 */
@Tag("quiet")
@TestInstance(Lifecycle.PER_CLASS)
class HostilePluginsIT {
  private static final String DISCOVERY = "discovery.DiscoveryProvider";
  private static final String NOTIFIER = "notifier.NotifierProvider";
  private static final String EXPORTER = "exporter.ExporterProvider";
  private static final List<String> LIMITS =
      List.of(
          "body size limit exceeded",
          "sample limit exceeded",
          "deadline exceeded",
          "no end within the time of the scrape");
  private static final Path SAMPLE = Tree.jar("distribution/samples/acme-discovery");
  private static final Path PLAIN = Tree.jar("distribution/samples/acme-notifier");

  @RegisterExtension private final Stage stage = new Stage();
  private Map<String, Long> startsBefore = Map.of();
  private long since;

  @BeforeAll
  void start() throws IOException {
    String jobs = "";
    for (String type : List.of("deaf", "leaver", "crasher", "badopen", "thrower")) {
      jobs += job(type, 1);
    }
    jobs += job("spinner", 2 * Runtime.getRuntime().availableProcessors());
    stage
        .file(
            "prometheus.yml",
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms}
            rule_files: [rules.yml]
            scrape_configs:
              - {job_name: narthex, static_configs: [{targets: [self], labels: {instance: me}}]}
              - {job_name: jvm, metrics_path: /exporters/jvm/metrics, static_configs: [{targets: [self], labels: {instance: me}}]}
              - {job_name: hanging, metrics_path: /exporters/hanging/metrics, static_configs: [{targets: [self], labels: {instance: me}}]}
              - {job_name: endless, metrics_path: /exporters/endless/metrics, static_configs: [{targets: [self]}]}
              - {job_name: million, sample_limit: 100000, metrics_path: /exporters/million/metrics, static_configs: [{targets: [self]}]}
              - {job_name: throwing, metrics_path: /exporters/throwing/metrics, static_configs: [{targets: [self]}]}
              - {job_name: acme, acme_sd_configs: [{hosts: ['{target}'], team: blue}]}
            """
                + jobs)
        .file(
            "rules.yml",
            """
            groups:
              - {name: always, rules: [{alert: Always, expr: vector(1)}]}
            """)
        .file(
            "alertmanager.yml",
            """
            route: {receiver: team, group_wait: 200ms, group_interval: 500ms, repeat_interval: 1s}
            receivers:
              - name: team
                mute_configs: [{address: nowhere}]
                webhook_configs: [{url: '{sink}'}]
            """)
        .file(
            "narthex.yml",
            """
            plugins:
              circuit_failures: 3
              quarantine_crashes: 4
              quarantine_starts: 3
              retry_pause: 1s
              longest_retry_pause: 2s
              removal_grace: 100ms
            """);
    launchAndAwaitScrapes();
  }

  private void launchAndAwaitScrapes() {
    long launched = System.currentTimeMillis();
    launch();
    Scrapes.awaitAfter(server(), up("narthex"), launched);
    Scrapes.awaitAfter(server(), up("jvm"), launched);
  }

  private static String up(String job) {
    return "up{job=\"" + job + "\"}";
  }

  private String job(String type, int blocks) {
    String block = "{address: '{target}'}";
    return "  - {job_name: "
        + type
        + ", "
        + type
        + "_sd_configs: ["
        + String.join(", ", java.util.Collections.nCopies(blocks, block))
        + "]}\n";
  }

  private void launch() {
    stage.start(
        setup -> setup.with("--narthex.config.file=" + stage.folder.resolve("narthex.yml")));
  }

  private Server server() {
    return stage.server();
  }

  @BeforeEach
  void noteOthers() {
    startsBefore = shippedStarts();
    since = System.currentTimeMillis();
  }

  /** What holds after each of them: nothing else was disturbed. */
  @AfterEach
  void othersAreUndisturbed() {
    for (String job : new String[] {"narthex", "jvm"}) {
      Scrapes.awaitAfter(server(), up(job), since);
      Scrapes.noneFailed(server(), up(job), since);
    }
    assertThat(shippedStarts()).isEqualTo(startsBefore);
    assertThat(server().get("-/ready").statusCode()).isEqualTo(200);
  }

  /** A test that failed half way must not fail the next ones. */
  @AfterEach
  void emptyTheFolder() throws IOException {
    try (var left = Files.list(stage.plugins)) {
      for (Path jar : left.toList()) {
        Files.delete(jar);
      }
    }
    Server.await(
        "users' plugins go",
        () -> {
          for (JsonNode plugin : server().json("narthex/api/v1/plugins").path("plugins")) {
            if (plugin.path("source").asText().equals("user")) {
              return false;
            }
          }
          return true;
        });
  }

  private Map<String, Long> shippedStarts() {
    Map<String, Long> out = new TreeMap<>();
    for (JsonNode plugin : server().json("narthex/api/v1/plugins").path("plugins")) {
      if (!plugin.path("source").asText().equals("user")) {
        out.put(plugin.path("id").asText(), plugin.path("started").asLong());
      }
    }
    assertThat(out).hasSizeGreaterThan(5);
    return out;
  }

  private static SampleJar discovery(String id, String version, Class<?> provider) {
    return SampleJar.plugin(id, version, DISCOVERY, provider);
  }

  private void drop(byte[] jar, String name) throws IOException {
    stage.drop(jar, name);
  }

  private void remove(String name, String id) throws IOException {
    Files.delete(stage.plugins.resolve(name));
    Server.await(name + " goes", () -> server().plugin(id).isMissingNode());
  }

  private JsonNode info(String id) {
    return server().json("narthex/api/v1/plugins/" + id);
  }

  /** Waits for a state and returns the whole reason that was shown with it. */
  private String awaitState(String id, String state, String reason) {
    AtomicReference<String> shown = new AtomicReference<>("");
    Server.await(
        id + " is " + state,
        () -> {
          JsonNode plugin = server().plugin(id);
          shown.set(plugin.path("reason").asText());
          return plugin.path("state").asText().equals(state) && shown.get().contains(reason);
        });
    return shown.get();
  }

  private HttpResponse<String> act(String id, String act) {
    return stage.act(id, act);
  }

  private List<String> leaks(String id, String what) {
    List<String> out = new ArrayList<>();
    for (JsonNode leak : info(id).path("leaks")) {
      if (leak.path("what").asText().equals(what)) {
        out.add(leak.path("name").asText());
      }
    }
    return out;
  }

  private JsonNode calls(String id, String operation) {
    for (JsonNode calls : info(id).path("calls")) {
      if (calls.path("operation").asText().equals(operation)) {
        return calls;
      }
    }
    return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  private String ownMetrics() {
    return server().get("metrics").body();
  }

  private String cli(String... words) throws IOException, InterruptedException {
    return stage.cli(0, words);
  }

  @Test
  void liveWithinThreeSecondsOfBeingDropped() throws IOException {
    Server.await("no target", () -> !hasTarget());
    drop(Files.readAllBytes(SAMPLE), "acme-discovery.jar");
    Server.await("the target", Duration.ofSeconds(3), this::hasTarget);
    remove("acme-discovery.jar", "io.acme.discovery");
  }

  private boolean hasTarget() {
    return server()
        .get("api/v1/targets?state=active&scrapePool=acme")
        .body()
        .contains(stage.target.address());
  }

  @Test
  void plainJarIsFreedWhenItIsUninstalled() throws IOException {
    for (int i = 0; i < 2; i++) {
      drop(Files.readAllBytes(PLAIN), "acme-notifier.jar");
      awaitState("io.acme.notifier", "running", "");
      assertThat(ownMetrics())
          .contains(
              "narthex_plugin_calls_total{kind=\"plugin\",operation=\"start\",plugin=\"io.acme.notifier\"} 1");
      remove("acme-notifier.jar", "io.acme.notifier");
      Server.await(
          "its series go",
          () ->
              !ownMetrics()
                  .contains("{kind=\"plugin\",operation=\"start\",plugin=\"io.acme.notifier\"}"));
    }
    drop(Files.readAllBytes(PLAIN), "acme-notifier.jar");
    awaitState("io.acme.notifier", "running", "");
    server()
        .awaitCollected(
            "former class loaders are collected",
            () -> info("io.acme.notifier").path("staleClassLoaders").asInt(-1) == 0);
    assertThat(info("io.acme.notifier").path("leaks")).isEmpty();
    remove("acme-notifier.jar", "io.acme.notifier");
  }

  @Test
  void selfTestThatFails() throws IOException {
    drop(discovery("io.acme.badopen", "1.0.0", HostileDiscovery.BadOpen.class).bytes(), "bad.jar");
    assertThat(awaitState("io.acme.badopen", "failed", "tries again in "))
        .contains("self-test failed: ")
        .contains("open is broken");
    awaitState("io.acme.badopen", "quarantined", "3 starts failed in a row");
    remove("bad.jar", "io.acme.badopen");
  }

  @Test
  void constructorThatThrows() throws IOException {
    drop(discovery("io.acme.thrower", "1.0.0", HostileDiscovery.Thrower.class).bytes(), "th.jar");
    assertThat(awaitState("io.acme.thrower", "quarantined", "the constructor is broken"))
        .contains("3 starts failed in a row")
        .contains("another jar frees it");
    assertThat(act("io.acme.thrower", "enable").body()).contains("the constructor is broken");
    drop(discovery("io.acme.thrower", "1.0.1", HostileDiscovery.Good.class).bytes(), "th.jar");
    awaitState("io.acme.thrower", "running", "");
    Server.await("its target", () -> server().value("up{by=\"thrower\"}") == 1);
    remove("th.jar", "io.acme.thrower");
  }

  @Test
  void runThatIgnoresInterruptionIsShownAsALeak() throws Exception {
    drop(discovery("io.acme.deaf", "1.0.0", HostileDiscovery.Deaf.class).bytes(), "deaf.jar");
    Server.await("its target", () -> server().value("up{by=\"deaf\"}") == 1);
    awaitState("io.acme.deaf", "running", "");
    assertThat(calls("io.acme.deaf", "run").path("inFlight").asInt()).isEqualTo(1);
    drop(discovery("io.acme.deaf", "1.1.0", HostileDiscovery.Deaf.class).bytes(), "deaf.jar");
    Server.await(
        "the new version",
        () -> server().plugin("io.acme.deaf").path("version").asText().equals("1.1.0"));
    Server.await(
        "the thread is shown",
        () ->
            leaks("io.acme.deaf", "thread")
                .toString()
                .contains("discovery deaf deaf[0], for ".replace("deaf deaf", "scrape/deaf deaf")));
    assertThat(leaks("io.acme.deaf", "thread")).hasSize(1);
    assertThat(ownMetrics())
        .contains("narthex_plugin_leaked{plugin=\"io.acme.deaf\",what=\"thread\"} 1");
    server()
        .awaitCollected(
            "its class loader counts as leaked after a collection",
            () -> leaks("io.acme.deaf", "class_loader").size() == 1);
    assertThat(server().value("up{by=\"deaf\"}")).isEqualTo(1);
    assertThat(cli("info", "io.acme.deaf"))
        .contains("LEFT BEHIND")
        .contains("discovery scrape/deaf deaf[0]")
        .contains("discovery run ");
    remove("deaf.jar", "io.acme.deaf");
  }

  @Test
  void whatAPluginLeavesBehindIsNamed() throws IOException {
    drop(discovery("io.acme.leaver", "1.0.0", HostileDiscovery.Leaver.class).bytes(), "leave.jar");
    Server.await("its target", () -> server().value("up{by=\"leaver\"}") == 1);
    assertThat(info("io.acme.leaver").path("leaks")).as("while it runs").isEmpty();
    drop(discovery("io.acme.leaver", "1.1.0", HostileDiscovery.Tidy.class).bytes(), "leave.jar");
    Server.await("leaks", () -> !info("io.acme.leaver").path("leaks").isEmpty());
    assertThat(leaks("io.acme.leaver", "thread")).containsExactly("acme left running");
    assertThat(leaks("io.acme.leaver", "timer")).containsExactly("acme left ticking");
    assertThat(leaks("io.acme.leaver", "mbean")).containsExactly("io.acme:type=Left");
    Server.await(
        "the log names them",
        () -> server().log().contains("plugin io.acme.leaver 1.0.0 has left behind: "));
    remove("leave.jar", "io.acme.leaver");
  }

  @Test
  void runThatKeepsAllProcessorsBusyDoesNotStopTheServer() throws IOException {
    drop(discovery("io.acme.spin", "1.0.0", HostileDiscovery.Spinner.class).bytes(), "spin.jar");
    int blocks = 2 * Runtime.getRuntime().availableProcessors();
    Server.await(
        "all of them spin", () -> calls("io.acme.spin", "run").path("inFlight").asInt() == blocks);
    Server.await("the target is scraped", () -> server().value("max(up{by=\"spinner\"})") == 1);
    remove("spin.jar", "io.acme.spin");
  }

  @Test
  void collectionThatNeverEndsFailsItsScrapesAndKeepsOneThread() throws IOException {
    drop(
        SampleJar.plugin("io.acme.hanging", "1.0.0", EXPORTER, HostileExporter.class).bytes(),
        "hanging.jar");
    awaitState("io.acme.hanging", "running", "");
    Server.await(
        "scrapes are refused",
        () -> calls("io.acme.hanging", "collect").path("rejected").asInt() >= 3);
    JsonNode collect = calls("io.acme.hanging", "collect");
    assertThat(collect.path("calls").asInt()).isEqualTo(1);
    assertThat(collect.path("inFlight").asInt()).isEqualTo(1);
    assertThat(collect.path("timeouts").asInt()).isEqualTo(1);
    assertThat(server().value("up{job=\"hanging\"}")).isZero();
    awaitState("io.acme.hanging", "degraded", "a collection does not stop when interrupted");
    assertThat(server().get("api/v1/targets?state=active&scrapePool=hanging").body())
        .contains("is still busy with a collection that does not stop when interrupted");
    assertThat(server().get("exporters/hanging/metrics").statusCode()).isEqualTo(500);
    remove("hanging.jar", "io.acme.hanging");
    Server.await(
        "the thread is shown",
        () ->
            ownMetrics()
                .contains("narthex_plugin_leaked{plugin=\"io.acme.hanging\",what=\"thread\"} 1"));
  }

  @Test
  void exportersThatFloodOrThrowFailTheirOwnScrapesAndShowWhy() throws IOException {
    drop(
        SampleJar.plugin(
                "io.acme.flood", "1.0.0", EXPORTER, io.acme.hostile.FloodExporters.Endless.class)
            .file(
                "META-INF/services/io.narthex.spi." + EXPORTER,
                "io.acme.hostile.FloodExporters$Endless\n"
                    + "io.acme.hostile.FloodExporters$Million\n"
                    + "io.acme.hostile.FloodExporters$Throwing\n")
            .bytes(),
        "flood.jar");
    Server.await("the reason of throwing", () -> lastError("throwing").contains("out of order"));
    // the others are stopped by a limit or by the time of the scrape, whichever comes first
    for (String job : List.of("endless", "million")) {
      Server.await(
          "the reason of " + job,
          () -> LIMITS.stream().anyMatch(limit -> lastError(job).contains(limit)));
    }
    for (String job : List.of("endless", "million", "throwing")) {
      assertThat(server().value("up{job=\"" + job + "\"}")).isZero();
      assertThat(server().query(job)).as("nothing of it is stored").isEmpty();
    }
    remove("flood.jar", "io.acme.flood");
  }

  private String lastError(String job) {
    return server()
        .json("api/v1/targets?state=active&scrapePool=" + job)
        .path("data")
        .path("activeTargets")
        .get(0)
        .path("lastError")
        .asText();
  }

  @Test
  void notifierThatFailsIsLeftAloneForAWhileAndTheOthersDeliver() throws Exception {
    drop(
        SampleJar.plugin("io.acme.mute", "1.0.0", NOTIFIER, HostileNotifier.class).bytes(),
        "mute.jar");
    assertThat(awaitState("io.acme.mute", "degraded", " times in a row, last: "))
        .contains("team/mute[0]: failed ")
        .contains("send is broken")
        .contains("next try ");
    assertThat(cli("list")).containsPattern("io.acme.mute +1.0.0 +degraded +user .*next try ");
    assertThat(ownMetrics())
        .contains(
            "narthex_plugin_circuit_open{instance_name=\"team/mute[0]\",plugin=\"io.acme.mute\"} 1");
    assertThat(calls("io.acme.mute", "send").path("exceptions").asInt()).isGreaterThanOrEqualTo(3);
    Server.await("the webhook has it", () -> !stage.sink.received().isEmpty());
    remove("mute.jar", "io.acme.mute");
    // what it may have left behind is watched until a garbage collection tells
    server()
        .awaitCollected("its series go", () -> !ownMetrics().contains("plugin=\"io.acme.mute\""));
  }

  @Test
  void secondJarOfAPluginAndSecondPluginOfAType() throws IOException {
    byte[] whole = Files.readAllBytes(SAMPLE);
    drop(whole, "first.jar");
    awaitState("io.acme.discovery", "running", "");
    long begun = server().plugin("io.acme.discovery").path("started").asLong();
    drop(whole, "again.jar");
    awaitState("again.jar", "failed", "the same jar as first.jar; remove one of them");
    drop(SampleJar.of(SAMPLE).header("Bundle-SymbolicName", "io.acme.twin").bytes(), "twin.jar");
    awaitState(
        "io.acme.twin", "failed", "discovery:acme is already served by plugin `io.acme.discovery`");
    assertThat(server().plugin("io.acme.discovery").path("started").asLong()).isEqualTo(begun);
    Files.delete(stage.plugins.resolve("again.jar"));
    Server.await("it is forgotten", () -> server().plugin("again.jar").isMissingNode());
    remove("first.jar", "io.acme.discovery");
    awaitState("io.acme.twin", "running", "");
    remove("twin.jar", "io.acme.twin");
  }

  @Test
  void zipBombIsRefused() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] zeros = new byte[1 << 20];
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setLevel(1);
      zip.putNextEntry(new ZipEntry("META-INF/services/io.narthex.spi." + DISCOVERY));
      zip.write("io.acme.Bomb\n".getBytes(StandardCharsets.UTF_8));
      zip.closeEntry();
      zip.putNextEntry(new ZipEntry("bomb"));
      for (int i = 0; i < 513; i++) {
        zip.write(zeros);
      }
      zip.closeEntry();
    }
    assertThat(bytes.size()).isLessThan(10 << 20);
    drop(bytes.toByteArray(), "bomb.jar");
    awaitState("bomb.jar", "failed", "unpacks to more than 512 MiB");
    Files.delete(stage.plugins.resolve("bomb.jar"));
    Server.await("it is forgotten", () -> server().plugin("bomb.jar").isMissingNode());
  }

  @Test
  void pluginThatCrashesAgainAndAgainIsQuarantinedOverARestartUntilItIsEnabled() throws Exception {
    byte[] jar = discovery("io.acme.crasher", "1.0.0", HostileDiscovery.Crasher.class).bytes();
    drop(jar, "crash.jar");
    awaitState("io.acme.crasher", "degraded", "run is broken; starts again in ");
    awaitState("io.acme.crasher", "quarantined", "failed 4 times in a row");
    assertThat(cli("list")).containsPattern("io.acme.crasher +1.0.0 +quarantined +user ");
    assertThat(server().query("up{by=\"crasher\"}")).isEmpty();
    assertThat(cli("log", "io.acme.crasher")).contains("quarantine");

    server().stop();
    launchAndAwaitScrapes();
    awaitState("io.acme.crasher", "quarantined", "failed 4 times in a row");
    noteOthers();

    // its first crash may come before the answer
    assertThat(cli("enable", "io.acme.crasher")).containsPattern("state +(running|degraded)");
    awaitState("io.acme.crasher", "quarantined", "failed 4 times in a row");
    drop(discovery("io.acme.crasher", "1.0.1", HostileDiscovery.Good.class).bytes(), "crash.jar");
    awaitState("io.acme.crasher", "running", "");
    remove("crash.jar", "io.acme.crasher");
  }
}
