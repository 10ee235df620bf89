package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates of the server's own bundles that worked when they came and do not after a restart. */
class KernelTrialIT {
  private static final String RULES = "io.narthex.rules";
  private static final String WEB = "io.narthex.web";
  private static final String QUERY = "io.narthex.query";
  private static final String GRAMMAR = "io.narthex.promql";
  private static final String CONFIGURATION =
      """
      global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 200ms}
      rule_files: [rules.yml]
      scrape_configs:
        - {job_name: lamps, static_configs: [{targets: ['{target}']}]}
      """;

  @RegisterExtension private final Stage stage = new Stage();

  @BeforeEach
  void start() throws IOException {
    stage.file("prometheus.yml", CONFIGURATION);
    stage.file(
        "rules.yml", "groups: [{name: lamps, rules: [{record: 'lamp:twice', expr: lamp * 2}]}]\n");
    stage.start();
  }

  private Server.Setup trap(String how) {
    return stage.setup().environment("NARTHEX_JAVA_OPTS", Server.JAVA_OPTIONS + " -Dtrap=" + how);
  }

  @Test
  void componentThatThrowsAfterARestartGivesWayInTheSameStart() throws Exception {
    stage.ok(stage.upload("rules.jar", withTrap("0.1.1")));
    stage.ok(stage.upload("web.jar", plain("kernel-web", "0.1.1").bytes()));
    stage.restart();
    assertThat(stage.version(RULES)).isEqualTo("0.1.1");
    assertThat(stage.reason(RULES)).isEmpty();
    assertThat(marker("kernel.trial")).as("the trial has been passed").doesNotExist();

    stage.server().stop();
    Server server = stage.start(trap("throw"));
    assertThat(stage.version(RULES)).as(server::log).isEqualTo("0.1.0");
    assertThat(server.plugin(RULES).path("state").asText()).isEqualTo("running");
    assertThat(stage.reason(RULES))
        .contains("update to 0.1.1 was taken back at the start", "the trap is shut");
    assertThat(server.log().lines().filter(l -> l.contains("0.1.1, an update, does not work")))
        .hasSize(1)
        .allMatch(l -> l.contains(RULES) && l.contains("the trap is shut"));
    assertThat(server.get("narthex/api/v1/audit?plugin=" + RULES).body())
        .contains("\"revert\"", "the trap is shut");
    assertThat(stage.cli(0, "list").lines().filter(l -> l.startsWith(RULES + " ")))
        .singleElement()
        .asString()
        .contains("0.1.0", "running", "update to 0.1.1 was taken back at the start");
    assertThat(stage.version(WEB)).as("the other update").isEqualTo("0.1.1");
    rulesAreEvaluated();

    stage.restart(); // the trap is open again
    assertThat(stage.version(RULES)).isEqualTo("0.1.0");
    assertThat(stage.reason(RULES)).contains("the trap is shut");
    stage.ok(stage.upload("rules.jar", withTrap("0.1.2")));
    assertThat(stage.reason(RULES)).isEmpty();
    stage.restart();
    assertThat(stage.version(RULES)).isEqualTo("0.1.2");
    assertThat(stage.reason(RULES)).isEmpty();
    rulesAreEvaluated();
  }

  @Test
  void startThatEndsTheProcessIsFollowedByOneWithoutTheUpdate() throws IOException {
    stage.ok(stage.upload("rules.jar", withTrap("0.1.1")));
    stage.server().stop();
    try (Server dying = trap("halt").with("--web.listen-address=127.0.0.1:0").launch()) {
      assertThat(dying.awaitEnd()).as(dying::log).isEqualTo(3);
    }
    Server server = stage.start(trap("halt"));
    assertThat(stage.version(RULES)).isEqualTo("0.1.0");
    assertThat(stage.reason(RULES))
        .contains("update to 0.1.1 was taken back at the start", "ended before it was ready");
    assertThat(server.get("narthex/api/v1/audit?plugin=" + RULES).body()).contains("\"revert\"");
    rulesAreEvaluated();
    assertThat(marker("kernel.trial")).doesNotExist();
    assertThat(marker("kernel.failed")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "io.narthex.service.server.ServerInfo"})
  void startThatHangsEndsAndIsFollowedByOneWithoutTheUpdate(String waitsFor) throws IOException {
    stage.ok(stage.upload("rules.jar", withTrap("0.1.1", waitsFor)));
    stage.server().stop();
    try (Server hanging =
        trap("hang -Dnarthex.start.seconds=5").with("--web.listen-address=127.0.0.1:0").launch()) {
      assertThat(hanging.awaitEnd()).as(hanging::log).isEqualTo(1);
      assertThat(hanging.log()).contains("does not come up within 5 s; ");
    }
    stage.start(trap("hang"));
    assertThat(stage.version(RULES)).isEqualTo("0.1.0");
    assertThat(stage.reason(RULES))
        .contains("update to 0.1.1 was taken back at the start", "does not come up within 5 s");
    rulesAreEvaluated();
    assertThat(marker("kernel.trial")).doesNotExist();
  }

  /** It comes up, and hangs when it is first used: the configuration is to be applied. */
  @Test
  void partThatHangsWhenItIsUsedEndsTheStartAndIsFollowedByOneWithoutTheUpdate()
      throws IOException {
    stage.ok(stage.upload("rules.jar", withListener("0.1.1")));
    stage.server().stop();
    try (Server hanging =
        trap("hang -Dnarthex.start.seconds=5").with("--web.listen-address=127.0.0.1:0").launch()) {
      assertThat(hanging.awaitEnd()).as(hanging::log).isEqualTo(1);
      assertThat(hanging.log()).contains("a part of the server does not come up within 5 s; ");
    }
    stage.start(trap("hang"));
    assertThat(stage.version(RULES)).isEqualTo("0.1.0");
    assertThat(stage.reason(RULES)).contains("update to 0.1.1 was taken back at the start");
    assertThat(marker("kernel.trial")).doesNotExist();
  }

  @Test
  void startsThatFailForOtherReasonsLeaveTheUpdateInCharge() throws IOException {
    stage.ok(stage.upload("rules.jar", withTrap("0.1.1")));
    int port = stage.server().port();
    try (Server second =
        Distribution.server(stage.folder.resolve("other"))
            .with("--config.file=" + stage.folder.resolve("prometheus.yml"))
            .start()) {
      stage.server().stop();
      ends(stage.setup().with("--web.listen-address=127.0.0.1:" + second.port()), 1);
      assertThat(port).isNotEqualTo(second.port());
    }
    ends(stage.setup().with("stray"), 1);
    stage.file("prometheus.yml", "global: {scrape_interval: never}\n");
    ends(stage.setup().with("--web.listen-address=127.0.0.1:0"), 2);
    stage.file("prometheus.yml", CONFIGURATION);
    stage.start();
    assertThat(stage.version(RULES)).as(() -> stage.server().log()).isEqualTo("0.1.1");
    rulesAreEvaluated();
  }

  private static void ends(Server.Setup setup, int status) {
    try (Server failing = setup.launch()) {
      assertThat(failing.awaitEnd()).as(failing::log).isEqualTo(status);
    }
  }

  @Test
  void updateThatLacksSomethingGivesWayBeforeAnythingStarts() throws IOException {
    stage.ok(
        stage.upload(
            "grammar.jar",
            plain("promql-grammar", "0.1.1").header("Provide-Capability", "acme.pitch").bytes()));
    stage.ok(
        stage.upload(
            "query.jar",
            plain("kernel-query", "0.1.1").header("Require-Capability", "acme.pitch").bytes()));
    stage.restart();
    assertThat(stage.version(QUERY)).isEqualTo("0.1.1");

    stage.server().stop();
    try (var kept = Files.list(stage.data.resolve("narthex/plugins/former").resolve(GRAMMAR))) {
      for (Path jar : kept.toList()) {
        Files.delete(jar);
      }
    }
    long started = System.currentTimeMillis();
    stage.start();
    assertThat(stage.version(GRAMMAR)).isEqualTo("0.1.0");
    assertThat(stage.version(QUERY)).isEqualTo("0.1.0");
    assertThat(stage.reason(QUERY)).contains("nothing provides acme.pitch");
    Scrapes.awaitAfter(stage.server(), "lamp", started);
    assertThat(stage.server().value("lamp * 2")).isEqualTo(2);
  }

  private Path marker(String name) {
    return stage.data.resolve("narthex/plugins").resolve(name);
  }

  private void rulesAreEvaluated() {
    long now = System.currentTimeMillis();
    Server.await(
        "rules are evaluated", () -> stage.server().value("timestamp(lamp:twice)") * 1000 > now);
  }

  private static SampleJar plain(String module, String version) {
    Path shipped =
        Distribution.home().resolve("lib/kernel").resolve(module + "-" + Tree.VERSION + ".jar");
    return SampleJar.of(shipped).header("Bundle-Version", version);
  }

  /** Returns the rules bundle with one more component, which may fail. */
  private static byte[] withTrap(String version) throws IOException {
    return withTrap(version, "");
  }

  /**
   * Returns the rules bundle with one more component, which may fail.
   *
   * @param waitsFor the service it needs, or nothing
   */
  private static byte[] withTrap(String version, String waitsFor) throws IOException {
    return with(
        version,
        "Trap",
        "immediate=\"true\"",
        waitsFor.isEmpty() ? "" : "<reference name=\"needed\" interface=\"" + waitsFor + "\"/>");
  }

  /** Returns the rules bundle with one more listener to the configuration, which may fail. */
  private static byte[] withListener(String version) throws IOException {
    return with(
        version,
        "TrapListener",
        "",
        "<service><provide interface=\"io.narthex.service.config.ReloadListener\"/></service>");
  }

  private static byte[] with(String version, String name, String attributes, String content)
      throws IOException {
    SampleJar jar = plain("kernel-rules", version);
    return jar.header("Service-Component", jar.header("Service-Component") + ",OSGI-INF/trap.xml")
        .file(
            "OSGI-INF/trap.xml",
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.4.0" name="trap" %s>
              <implementation class="io.acme.trap.%s"/>
              %s
            </scr:component>
            """
                .formatted(attributes, name, content))
        .file("io/acme/trap/" + name + ".class", trapClass(name))
        .bytes();
  }

  private static byte[] trapClass(String name) throws IOException {
    return Files.readAllBytes(
        Tree.ROOT.resolve(
            "distribution/itests/target/test-classes/io/acme/trap/" + name + ".class"));
  }
}
