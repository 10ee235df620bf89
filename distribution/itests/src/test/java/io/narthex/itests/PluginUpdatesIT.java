package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.acme.hostile.HostileDiscovery;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.osgi.framework.Bundle;

/**
 * Updates through the plugin manager's service, the one that the HTTP interface calls, seen from
 * the framework: the whole server runs inside it, and what counts are its bundles.
 */
@TestInstance(Lifecycle.PER_CLASS)
class PluginUpdatesIT {
  private static final String SAMPLE = "io.acme.discovery";

  @RegisterExtension private final Stage stage = new Stage();
  private @Nullable OsgiFramework framework;
  private final AtomicReference<@Nullable String> ended = new AtomicReference<>();

  @BeforeAll
  void start() throws IOException {
    stage
        .file(
            "prometheus.yml",
            """
            global: {scrape_interval: 1s}
            scrape_configs:
              - {job_name: jvm, metrics_path: /exporters/jvm/metrics, static_configs: [{targets: [self]}]}
              - {job_name: acme, acme_sd_configs: [{hosts: ['{target}']}]}
              - {job_name: thrower, thrower_sd_configs: [{address: '{target}'}]}
              - {job_name: leaver, leaver_sd_configs: [{address: '{target}'}]}
            """)
        .file(
            "narthex.yml",
            "plugins: {removal_grace: 100ms, circuit_failures: 3, retry_pause: 50ms,"
                + " longest_retry_pause: 50ms}");
    List<Path> bundles = new ArrayList<>(Tree.jars("lib/system"));
    bundles.addAll(Tree.jars("lib/kernel"));
    OsgiFramework starting =
        new OsgiFramework(
            bundles,
            Map.of(
                "narthex.args",
                String.join(
                    "\u0001",
                    "--config.file=" + stage.folder.resolve("prometheus.yml"),
                    "--narthex.config.file=" + stage.folder.resolve("narthex.yml"),
                    "--storage.tsdb.path=" + stage.data,
                    "--web.listen-address=127.0.0.1:0"),
                "narthex.home",
                Tree.assembled().toString(),
                "narthex.plugins.shipped",
                Tree.assembled().resolve("lib/plugins").toString(),
                "narthex.plugins.path",
                stage.plugins.toString()));
    framework = starting;
    starting.start();
    BiConsumer<Integer, String> exit = (status, text) -> ended.set(status + " " + text);
    starting
        .context()
        .registerService(BiConsumer.class, exit, new Hashtable<>(Map.of("narthex.role", "exit")));
    Server.await(
        "the server is ready",
        () -> {
          FrameworkService server = service("io.narthex.service.server.ServerInfo");
          return ended.get() != null
              || (server != null && Boolean.TRUE.equals(server.call("ready")));
        });
    assertThat(ended.get()).isNull();
  }

  @AfterAll
  void stop() {
    if (framework != null) {
      framework.stop();
    }
  }

  @AfterEach
  void theServerRuns() {
    assertThat(ended.get()).isNull();
  }

  private @Nullable FrameworkService service(String name) {
    return FrameworkService.find(Objects.requireNonNull(framework).context(), name);
  }

  private FrameworkService manager() {
    return Objects.requireNonNull(service("io.narthex.service.plugins.PluginService"));
  }

  private Object install(String file, byte[] jar) {
    return Objects.requireNonNull(
        manager().call("install", file, new ByteArrayInputStream(jar), false, "test"));
  }

  /** Returns a plugin as users see it: version, state, reason. */
  private String looks(String id) {
    Object info = manager().call("plugin", id);
    return info == null ? "absent" : looks(info);
  }

  private static String looks(Object info) {
    return String.join(
            " ",
            FrameworkService.part(info, "version"),
            FrameworkService.part(info, "state"),
            FrameworkService.part(info, "reason"))
        .strip();
  }

  private void awaitLooks(String id, String pattern) {
    Server.await(id + " is " + pattern, () -> looks(id).matches(pattern));
  }

  /** Returns the bundles of a plugin: version and state. */
  private List<String> bundles(String id) {
    List<String> out = new ArrayList<>();
    for (Bundle bundle : Objects.requireNonNull(framework).context().getBundles()) {
      if (id.equals(bundle.getSymbolicName())) {
        out.add(bundle.getVersion() + (bundle.getState() == Bundle.ACTIVE ? "" : " not active"));
      }
    }
    return out;
  }

  /** One version of a plugin is in the framework, and active; others leave after the change. */
  private void awaitOnlyBundle(String id, String version) {
    Server.await(
        "only " + id + " " + version + " is in the framework",
        () -> bundles(id).equals(List.of(version)));
  }

  /** Returns when each bundle and each plugin but one was last changed. */
  private Map<String, String> others(String id) {
    Map<String, String> out = new TreeMap<>();
    for (Bundle bundle : Objects.requireNonNull(framework).context().getBundles()) {
      if (!id.equals(bundle.getSymbolicName())) {
        out.put("bundle " + bundle, bundle.getState() + " " + bundle.getLastModified());
      }
    }
    for (Object info : manager().list("plugins")) {
      if (!FrameworkService.part(info, "id").equals(id)) {
        out.put(
            FrameworkService.part(info, "id"),
            looks(info) + " " + FrameworkService.part(info, "startedMs"));
      }
    }
    assertThat(out).hasSizeGreaterThan(20);
    return out;
  }

  private void remove(String id) {
    manager().call("remove", id, "test");
    assertThat(looks(id)).isEqualTo("absent");
    Server.await("no bundle of " + id + " is left", () -> bundles(id).isEmpty());
  }

  @Test
  void sampleIsUpdatedTakenBackAndRemovedWhileOthersStay() throws IOException {
    Path jar = Tree.jar("distribution/samples/acme-discovery");
    String shipped = SampleJar.of(jar).header("Bundle-Version");
    Map<String, String> before = others(SAMPLE);

    install("acme.jar", Files.readAllBytes(jar));
    awaitLooks(SAMPLE, shipped + " RUNNING");
    awaitOnlyBundle(SAMPLE, shipped);

    install("acme.jar", SampleJar.of(jar).header("Bundle-Version", "1.99.0").bytes());
    awaitLooks(SAMPLE, "1\\.99\\.0 RUNNING");
    awaitOnlyBundle(SAMPLE, "1.99.0");
    assertThat(FrameworkService.part(plugin(SAMPLE), "undoVersion")).isEqualTo(shipped);

    manager().call("rollback", SAMPLE, "test");
    awaitLooks(SAMPLE, shipped + " RUNNING.*");
    awaitOnlyBundle(SAMPLE, shipped);

    assertThat(others(SAMPLE)).isEqualTo(before);
    remove(SAMPLE);
  }

  private Object plugin(String id) {
    return Objects.requireNonNull(manager().call("plugin", id), id);
  }

  private static byte[] hostile(String id, String version, Class<?> provider) {
    return SampleJar.plugin(id, version, "discovery.DiscoveryProvider", provider).bytes();
  }

  @Test
  void versionThatCannotStartIsRefusedAndThePresentOneRunsOn() throws IOException {
    String id = "io.acme.refused";
    install("refused.jar", hostile(id, "1.0.0", HostileDiscovery.Good.class));
    awaitLooks(id, "1\\.0\\.0 RUNNING");
    String started = FrameworkService.part(plugin(id), "startedMs");
    Map<String, String> before = others(id);

    assertThatThrownBy(
            () -> install("refused.jar", hostile(id, "2.0.0", HostileDiscovery.Thrower.class)))
        .hasMessageContaining("the constructor is broken");
    byte[] needy =
        SampleJar.of(Tree.jar("distribution/samples/acme-discovery"))
            .header("Bundle-SymbolicName", id)
            .header("Bundle-Version", "2.1.0")
            .header("Import-Package", "com.example.absent")
            .bytes();
    assertThatThrownBy(() -> install("refused.jar", needy))
        .hasMessageContaining("com.example.absent");

    assertThat(looks(id)).startsWith("1.0.0 RUNNING");
    assertThat(FrameworkService.part(plugin(id), "startedMs")).isEqualTo(started);
    awaitOnlyBundle(id, "1.0.0");
    assertThat(others(id)).isEqualTo(before);
    remove(id);
  }

  @Test
  void versionThatFailsOnceItHasTakenOverGoesBackByItself() {
    String id = "io.acme.dying";
    install("dying.jar", hostile(id, "1.0.0", HostileDiscovery.Tidy.class));
    awaitLooks(id, "1\\.0\\.0 RUNNING");
    Map<String, String> before = others(id);

    Object taken = install("dying.jar", hostile(id, "2.0.0", HostileDiscovery.Dying.class));
    assertThat(FrameworkService.part(taken, "version")).isEqualTo("2.0.0");
    awaitLooks(id, "1\\.0\\.0 RUNNING 2\\.0\\.0 of dying\\.jar failed after the update: .*");
    awaitOnlyBundle(id, "1.0.0");
    assertThat(manager().list("audit", id, 10).toString()).contains("rollback");
    assertThat(others(id)).isEqualTo(before);
    remove(id);
  }

  @Test
  void everyShippedPluginIsUpdatedAndTakenBackWhileTheOthersStay() throws IOException {
    for (Path jar : Tree.jars("lib/plugins")) {
      SampleJar next = SampleJar.of(jar).header("Bundle-Version", "99.0.0");
      String id = next.header("Bundle-SymbolicName");
      String before = looks(id);
      String version = before.substring(0, before.indexOf(' '));
      Map<String, String> others = others(id);

      install(jar.getFileName().toString(), next.bytes());
      assertThat(looks(id)).isEqualTo("99.0.0" + before.substring(version.length()));
      awaitOnlyBundle(id, "99.0.0");

      manager().call("rollback", id, "test");
      assertThat(looks(id)).startsWith(before);
      awaitOnlyBundle(id, version);

      manager().call("remove", id, "test"); // the shipped one takes over
      assertThat(looks(id)).isEqualTo(before);
      awaitOnlyBundle(id, version);
      assertThat(FrameworkService.part(plugin(id), "source")).isEqualTo("shipped");
      assertThat(others(id)).isEqualTo(others);
    }
  }
}
