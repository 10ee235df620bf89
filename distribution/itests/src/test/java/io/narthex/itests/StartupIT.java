package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.acme.hostile.ClingingExporter;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts that work and starts that cannot: one clear line and Prometheus' exit status. */
@Tag("quiet")
class StartupIT {
  @TempDir private Path folder = Path.of("");
  private Path data = Path.of("");

  @BeforeEach
  void nameFolders() {
    data = folder.resolve("data");
  }

  @Test
  void tellsItsVersion() {
    Server server = Distribution.server(data).with("--version").launch();
    assertThat(server.awaitEnd()).isZero();
    assertThat(server.log()).startsWith("narthex, version " + Tree.VERSION);
  }

  @Test
  void runsFromAFolderWithABlankInItsName() throws IOException {
    Path home = folder.resolve("my server/narthex");
    Distribution.copy(home);
    Path classes = Files.writeString(home.resolve("no classes.jsa"), "not an archive");
    try (Server server =
        Distribution.server(home, folder.resolve("my server/data"))
            .environment("NARTHEX_CLASSES", classes.toString())
            .start()) {
      assertThat(server.get("metrics").body()).contains("prometheus_build_info");
      assertThat(server.log()).startsWith("time=");
    }
  }

  @Test
  void preparedItStartsFromAnArchiveOfClassesWhereverItIsMovedTo() throws Exception {
    Path home = folder.resolve("prepared");
    Distribution.copy(home);
    Path classes = home.resolve("lib/classes.jsa");
    assertThat(prepare(home)).isEmpty();
    assertThat(classes).isNotEmptyFile();

    Path moved = Files.move(home, folder.resolve("moved to here"));
    String loaded = loadedClasses(moved);
    assertThat(loaded)
        .contains("io.narthex.core.Boot source: shared objects file (top)")
        .contains("io.narthex.http.QueryFilter source: shared objects file (top)");
  }

  @Test
  void warmUpEndsSoonAndIsNeitherCountedNorLogged() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("prometheus.yml"), "global: {query_log_file: queries.log}\n");
    try (Server server =
        Distribution.server(data)
            .with("--config.file=" + file, "--log.level=debug", "--query.max-concurrency=1")
            .start()) {
      Server.await("its end", () -> server.log().contains("source=WarmUp"));
      assertThat(server.log()).containsPattern("source=WarmUp msg=\"\\d+ queries in \\d+ ms");
      assertThat(server.get("metrics").body())
          .doesNotContain("handler=\"/api/v1/query")
          .contains("prometheus_engine_query_samples_total 0")
          .contains("net_conntrack_listener_conn_accepted_total");
      assertThat(folder.resolve("queries.log")).isEmptyFile();
      assertThat(server.get("api/v1/query?query=1").statusCode()).isEqualTo(200);
      assertThat(folder.resolve("queries.log")).isNotEmptyFile();
    }
  }

  @Test
  void whereNoArchiveOfClassesCanBeWrittenPreparingSaysSo() throws Exception {
    Path absent = folder.resolve("absent/classes.jsa");
    assertThat(prepare(Distribution.home(), absent.toString()))
        .hasSize(1)
        .first()
        .asString()
        .startsWith("narthex: prepare: " + absent + " cannot be written; name another file");
  }

  /**
   * Runs {@code narthex prepare} and returns what it prints; demands success exactly if nothing.
   */
  private static List<String> prepare(Path home, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(home.resolve("bin/narthex").toString()));
    command.add("prepare");
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("NARTHEX_JAVA_OPTS", Server.JAVA_OPTIONS);
    Process process = builder.start();
    List<String> said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(process.waitFor() == 0).as(said.toString()).isEqualTo(said.isEmpty());
    return said;
  }

  /** Starts a server as its script does, and returns the JVM's log of the classes it has loaded. */
  private String loadedClasses(Path home) throws IOException {
    Path log = folder.resolve("classes.log");
    try (Server server =
        Distribution.server(home, data)
            .environment("NARTHEX_CLASSES", home.resolve("lib/classes.jsa").toString())
            .environment("NARTHEX_JAVA_OPTS", Server.JAVA_OPTIONS + " -Xlog:class+load:file=" + log)
            .start()) {
      assertThat(server.get("api/v1/query?query=1").statusCode()).isEqualTo(200);
    }
    return Files.readString(log);
  }

  @Test
  void tellsItsFlags() {
    Server server = Distribution.server(data).with("--help").launch();
    assertThat(server.awaitEnd()).isZero();
    assertThat(server.log())
        .contains("--config.file", "--web.listen-address", "--storage.tsdb.path", "narthex plugin");
  }

  @ParameterizedTest
  @CsvSource({
    "--storage.tsdb.retention.size=huge, huge",
    "--storage.tsdb.retention.time=soon, soon",
    "--log.level=loud, loud",
  })
  void badFlagEndsWithStatusTwo(String flag, String message) {
    Server server =
        Distribution.server(data).with("--web.listen-address=127.0.0.1:0", flag).launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(2);
    assertOneLine(server.log(), "Error parsing command line arguments: ", message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stray", "--web.enable-lifecycle=perhaps"})
  void argumentWithoutMeaningEndsWithStatusOne(String argument) {
    Server server = Distribution.server(data).with(argument).launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(1);
    assertOneLine(server.log(), "Error parsing command line arguments: unexpected ");
  }

  @Test
  void unknownFlagEndsWithStatusOneAsInPrometheus() {
    Server server = Distribution.server(data).with("--no.such.flag=1").launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(1);
    assertOneLine(
        server.log(), "Error parsing command line arguments: unknown long flag '--no.such.flag'");
  }

  @Test
  void unknownKeyInTheConfigurationEndsWithStatusTwo() throws IOException {
    assertBadConfiguration(
        "scrape_configs:\n  - job_name: a\n    scrap_interval: 5s\n", ":3:5: ", "scrap_interval");
  }

  @Test
  void brokenYamlEndsWithStatusTwo() throws IOException {
    assertBadConfiguration("global: {scrape_interval: 5s\nscrape_configs: [\n", ":", "");
  }

  @Test
  void valueThatMakesNoSenseEndsWithStatusTwo() throws IOException {
    assertBadConfiguration("global:\n  scrape_interval: often\n", ":2:20: ", "often");
  }

  @Test
  void badRuleFileEndsWithStatusTwo() throws IOException {
    Files.writeString(
        folder.resolve("rules.yml"),
        "groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: up ==\n");
    assertBadConfiguration("rule_files: [rules.yml]\n", "rules.yml", "");
  }

  @Test
  void absentConfigurationEndsWithStatusTwo() {
    Server server =
        Distribution.server(data).with("--config.file=" + folder.resolve("absent.yml")).launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(2);
    assertOneLine(server.log(), "Error loading config", "absent.yml");
  }

  private void assertBadConfiguration(String text, String place, String culprit)
      throws IOException {
    Path file = Files.writeString(folder.resolve("prometheus.yml"), text);
    Server server =
        Distribution.server(data)
            .with("--config.file=" + file, "--web.listen-address=127.0.0.1:0")
            .launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(2);
    assertOneLine(server.log(), "Error loading config", place);
    assertThat(server.log()).contains(culprit);
  }

  @Test
  void takenPortEndsWithStatusOne() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      Server server = Distribution.server(data).with("--web.listen-address=" + address).launch();
      assertThat(server.awaitEnd()).as(server.log()).isEqualTo(1);
      assertOneLine(server.log(), address, "address already in use");
    }
  }

  @Test
  void dataFolderThatCannotBeWrittenEndsWithStatusOne() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    Server server =
        Distribution.server(file.resolve("data")).with("--web.listen-address=127.0.0.1:0").launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(1);
    assertOneLine(server.log(), "opening storage failed", file.toString());
  }

  @Test
  void startsWithFewOpenFiles() {
    Needs.need("prlimit", Peers.find("prlimit").isPresent());
    try (Server server =
        Distribution.server(data).under("prlimit").under("--nofile=128:128").start()) {
      Server.await("a scrape", () -> server.value("up{job=\"node\"}") == 1);
    }
  }

  @Test
  void withoutJavaItSaysWhatToInstall() throws Exception {
    // no folder to look in stands for a machine without Java
    String bash = Peers.find("bash").orElseThrow().toString();
    ProcessBuilder builder =
        new ProcessBuilder(bash, Distribution.home().resolve("bin/narthex").toString());
    builder.environment().clear();
    builder.environment().put("PATH", "/nonexistent");
    builder.environment().put("NARTHEX_JAVA_FOLDERS", "");
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(1);
    assertThat(said).startsWith("narthex: no Java 25 or newer found").contains("install");
    assertThat(said.lines()).hasSize(1);
  }

  @Test
  void tooLittleMemoryIsSaidBeforeTheStart() {
    Server server =
        Distribution.server(data)
            .environment("NARTHEX_JAVA_OPTS", "")
            .environment("NARTHEX_MEMORY_MIB", "100")
            .with("--web.listen-address=127.0.0.1:0")
            .launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(1);
    assertOneLine(server.log(), "the limit of 100 MiB", "at least 144 MiB are needed");
  }

  @Test
  void withLittleMemoryItLeavesRoomBesidesTheHeap() {
    try (Server server =
        Distribution.server(data)
            .environment("NARTHEX_JAVA_OPTS", "")
            .environment("NARTHEX_MEMORY_MIB", "192")
            .start()) {
      double queries = server.ownMetric("narthex_work_memory_limit_bytes{use=\"queries\"}");
      assertThat(queries / 0.3).as("heap").isBetween(80.0 * (1 << 20), 97.0 * (1 << 20));
    }
  }

  @Test
  void archiveWithItsOwnJavaNeedsNoneOfTheMachine() {
    Path home = Distribution.unpack(Tree.archiveWithRuntime(), "runtime");
    try (Server server =
        new Server.Setup(home)
            .with("--storage.tsdb.path=" + data)
            .environment("JAVA_HOME", "")
            .environment("NARTHEX_JAVA_FOLDERS", "")
            .environment("NARTHEX_PLUGINS", folder.resolve("plugins").toString())
            .start()) {
      assertThat(ProcessHandle.of(server.pid()).flatMap(p -> p.info().command()))
          .contains(home.resolve("runtime/bin/java").toString());
    }
  }

  @Test
  void termEndsItCleanlyWithinFiveSeconds() {
    Server server = Distribution.server(data).start();
    long began = System.nanoTime();
    server.signal("TERM");
    assertThat(server.awaitEnd()).as(server.log()).isZero();
    assertThat((System.nanoTime() - began) / 1e9).isLessThan(5);
    assertThat(server.log()).doesNotContain("ERROR").doesNotContain("Exception");
    assertThat(server.log().lines().filter(l -> l.contains("plugin")))
        .as("the plugins of the distribution take one line")
        .hasSize(1);
  }

  @Test
  void hangupReloadsTheConfiguration() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("prometheus.yml"), "global: {external_labels: {a: one}}\n");
    try (Server server = Distribution.server(data).with("--config.file=" + file).start()) {
      assertThat(yaml(server)).contains("a: one");
      Files.writeString(file, "global: {external_labels: {a: two}}\n");
      server.signal("HUP");
      Server.await("the new label", () -> yaml(server).contains("a: two"));

      Files.writeString(file, "global: {no_such_key: 1}\n");
      server.signal("HUP");
      Server.await(
          "the failed reload",
          () ->
              server.value("prometheus_config_last_reload_successful") == 0
                  || server
                      .get("metrics")
                      .body()
                      .contains("prometheus_config_last_reload_successful 0"));
      assertThat(yaml(server)).contains("a: two");
      Server.await("the log says why", () -> server.log().contains("no_such_key"));
      assertThat(server.get("-/reload").statusCode()).isIn(403, 405);
    }
  }

  @Test
  void reloadOverHttpNeedsTheFlagAndTellsWhatIsWrong() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("prometheus.yml"), "global: {external_labels: {a: one}}\n");
    try (Server server =
        Distribution.server(data).with("--config.file=" + file, "--web.enable-lifecycle").start()) {
      assertThat(server.post("-/reload").statusCode()).isEqualTo(200);
      Files.writeString(file, "global: {no_such_key: 1}\n");
      var answer = server.post("-/reload");
      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(answer.body()).contains("no_such_key");
      assertThat(server.post("-/quit").statusCode()).isEqualTo(200);
      assertThat(server.awaitEnd()).isZero();
    }
  }

  private static String yaml(Server server) {
    return server.json("api/v1/status/config").path("data").path("yaml").asText();
  }

  private static void assertOneLine(String log, String... parts) {
    List<String> lines =
        log.lines().filter(l -> !l.startsWith("time=") || l.contains("level=ERROR")).toList();
    assertThat(lines).as(log).hasSize(1);
    assertThat(lines.getFirst()).contains(parts);
  }

  @Test
  void storageIsClosedInTimeThoughAPluginHangsInItsEnd() throws Exception {
    Path plugins = Files.createDirectories(folder.resolve("plugins"));
    Files.write(
        plugins.resolve("clinging.jar"),
        SampleJar.plugin(
                "io.acme.clinging", "1.0.0", "exporter.ExporterProvider", ClingingExporter.class)
            .bytes());
    Path settings = folder.resolve("narthex.yml");
    Files.writeString(settings, "stop_timeout: 3s\n");
    Server server =
        Distribution.server(data)
            .with("--plugins.path=" + plugins, "--narthex.config.file=" + settings)
            .start();
    Server.await(
        "the plugin runs",
        () -> server.plugin("io.acme.clinging").path("state").asText().equals("running"));
    assertThat(data.resolve("lock")).isNotEmptyFile();
    assertThat(server.get("exporters/clinging/metrics").statusCode()).isEqualTo(200); // clings now
    server.stop();
    assertThat(data.resolve("lock")).as("the mark of an owner that has not closed").isEmptyFile();
  }
}
