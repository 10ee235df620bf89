package io.narthex.exporter.jvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.exporter.jvm.jmx.FakeApplications;
import io.narthex.exporter.jvm.jmx.RuleFile;
import io.narthex.exporter.jvm.remote.JmxServer;
import io.narthex.exporter.jvm.remote.SpawnedJvm;
import io.narthex.exporter.jvm.remote.StoreSockets;
import io.narthex.exporter.jvm.remote.TlsStores;
import io.narthex.model.Labels;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
@Timeout(120)
class JvmModulesTest {
  private static final String KAFKA =
      """
      includeObjectNames: ["kafka.log:*"]
      rules:
      - pattern: kafka.log<type=Log, name=Size, topic=(.+), partition=(.+)><>Value
        name: kafka_log_size_bytes
        type: GAUGE
        labels: {topic: $1, partition: $2}
      """;

  private static final Labels ORDERS =
      Labels.of("__name__", "kafka_log_size_bytes", "topic", "orders", "partition", "0");

  @TempDir private Path folder;
  private final FakeClock clock = new FakeClock(1_700_000_000_000L);

  private PluginContext context() {
    return new TestPluginContext(folder, clock);
  }

  /** Builds a module from the defaults. */
  private static final class Module {
    private String rulesFile = "rules.yml";
    private List<String> targets = List.of();
    private List<String> attach = List.of();
    private String username = "";
    private Secret password;
    private String passwordFile = "";
    private TlsSettings tls;
    private boolean registryTls = true;
    private Duration timeout = Duration.ofSeconds(30);

    Module rulesFile(String value) {
      rulesFile = value;
      return this;
    }

    Module targets(String... values) {
      targets = List.of(values);
      return this;
    }

    Module attach(String... values) {
      attach = List.of(values);
      return this;
    }

    Module login(String name, Secret secret, String file) {
      username = name;
      password = secret;
      passwordFile = file;
      return this;
    }

    Module timeout(Duration value) {
      timeout = value;
      return this;
    }

    Module tls(TlsSettings value) {
      tls = value;
      return this;
    }

    Module plainRegistry() {
      registryTls = false;
      return this;
    }

    /** Returns the settings as the host gives them: with files of a folder. */
    ModuleConfig in(Path folder) {
      return new ModuleConfig(
          rulesFile.isEmpty() ? "" : folder.resolve(rulesFile).toString(),
          targets,
          attach,
          username,
          password,
          passwordFile.isEmpty() ? "" : folder.resolve(passwordFile).toString(),
          tls,
          registryTls,
          timeout);
    }
  }

  private JvmExporter exporter(String rules, Module module) throws IOException {
    if (rules != null) {
      Files.writeString(folder.resolve("rules.yml"), rules);
    }
    return new JvmExporter(new JvmConfig(Map.of("app", module.in(folder))), context());
  }

  private static Map<String, List<String>> parameters(String target) {
    return target == null
        ? Map.of("module", List.of("app"))
        : Map.of("module", List.of("app"), "target", List.of(target));
  }

  private static RecordingMetrics collect(JvmExporter exporter, String target)
      throws InterruptedException {
    RecordingMetrics metrics = new RecordingMetrics();
    exporter.collect(metrics, parameters(target));
    assertThat(metrics.faults()).isEmpty();
    return metrics;
  }

  private static double own(RecordingMetrics metrics, String name) {
    return metrics.samples().get(Labels.of("__name__", name));
  }

  @Test
  void scrapesTheOwnJvmByRules() throws Exception {
    FakeApplications applications = new FakeApplications();
    applications.register(ManagementFactory.getPlatformMBeanServer());
    try (JvmExporter exporter = exporter(KAFKA, new Module())) {
      RecordingMetrics metrics = collect(exporter, null);
      assertThat(metrics.samples()).containsEntry(ORDERS, 12345678.0 * 6);
      assertThat(own(metrics, "jmx_scrape_error")).isZero();
      assertThat(own(metrics, "jmx_scrape_duration_seconds")).isPositive();
      assertThat(metrics.samples().keySet())
          .as("the JVM's own metrics are those without module")
          .noneMatch(l -> l.metricName().startsWith("jvm_"));
    } finally {
      applications.unregister(ManagementFactory.getPlatformMBeanServer());
    }
  }

  @Test
  void scrapesAJmxServerThatTheRuleFileNames() throws Exception {
    try (JmxServer server = new JmxServer(null, null)) {
      new FakeApplications().register(server.beans());
      String rules = "hostPort: " + server.address() + "\n" + KAFKA;
      try (JvmExporter exporter = exporter(rules, new Module())) {
        for (String target :
            new String[] {
              null,
              server.address(),
              "service:jmx:rmi:///jndi/rmi://" + server.address() + "/jmxrmi"
            }) {
          assertThat(collect(exporter, target).samples()).containsKey(ORDERS);
        }
      }
    }
  }

  @Test
  void logsInByTheSettingsOfModuleOrRuleFile() throws Exception {
    try (JmxServer server = new JmxServer("secret", null)) {
      new FakeApplications().register(server.beans());
      Files.writeString(folder.resolve("pass"), "secret\n");
      String withLogin = "username: monitor\npassword: secret\n" + KAFKA;
      List<JvmExporter> exporters = new ArrayList<>();
      exporters.add(
          exporter(KAFKA, new Module().targets(server.address()).login("monitor", null, "pass")));
      exporters.add(
          exporter(
              KAFKA,
              new Module().targets(server.address()).login("monitor", Secret.of("secret"), "")));
      exporters.add(exporter("hostPort: " + server.address() + "\n" + withLogin, new Module()));
      for (JvmExporter exporter : exporters) {
        assertThat(collect(exporter, null).samples()).containsKey(ORDERS);
        exporter.close();
      }
      try (JvmExporter wrong =
          exporter(
              KAFKA, new Module().targets(server.address()).login("monitor", Secret.of("x"), ""))) {
        RecordingMetrics metrics = collect(wrong, null);
        assertThat(own(metrics, "jmx_scrape_error")).isEqualTo(1);
        assertThat(metrics.samples()).doesNotContainKey(ORDERS);
      }
    }
  }

  @Test
  void connectsToNothingThatTheSettingsDoNotName() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        JvmExporter exporter =
            exporter(KAFKA, new Module().targets("127.0.0.1:1", "127.0.0.1:2"))) {
      String address = "127.0.0.1:" + other.getLocalPort();
      for (String target :
          List.of(
              address,
              "service:jmx:rmi:///jndi/rmi://" + address + "/jmxrmi",
              "service:jmx:rmi:///jndi/rmi://" + address + "/other",
              "127.0.0.1:1/x")) {
        assertThatThrownBy(() -> collect(exporter, target))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("module \"app\" does not allow this target");
        assertThatThrownBy(() -> exporter.target(parameters(target)))
            .isInstanceOf(IllegalArgumentException.class);
      }
      assertThatThrownBy(() -> collect(exporter, null)).hasMessageContaining("several JVMs");
      assertThatThrownBy(() -> collect(exporter, "attach:1"))
          .hasMessageContaining("module \"app\" attaches to no JVM");
      assertThatThrownBy(() -> exporter.target(Map.of("target", List.of(address))))
          .hasMessageContaining("needs the parameter module");
      assertThatThrownBy(() -> exporter.target(Map.of("module", List.of("none"))))
          .hasMessage("there is no such module in narthex.yml; modules: [app]");
      assertThat(exporter.target(parameters("127.0.0.1:1"))).isEqualTo("app 127.0.0.1:1");
      assertThat(exporter.target(Map.of())).isEmpty();
      other.setSoTimeout(1);
      assertThatThrownBy(other::accept).isInstanceOf(java.net.SocketTimeoutException.class);
    }
  }

  @Test
  void unreachableJvmIsAnErrorOfItsScrape() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (JvmExporter exporter = exporter(KAFKA, new Module().targets("127.0.0.1:" + port))) {
      RecordingMetrics metrics = collect(exporter, null);
      assertThat(own(metrics, "jmx_scrape_error")).isEqualTo(1);
      assertThat(metrics.samples().keySet()).allMatch(l -> l.metricName().startsWith("jmx_"));
    }
  }

  @Test
  void attachesToLocalJvmsWithAnAllowedMainClass() throws Exception {
    try (SpawnedJvm jvm = new SpawnedJvm();
        JvmExporter exporter =
            exporter(KAFKA, new Module().attach("no.such.Main", ".*SpawnedJvm.Main"));
        JvmExporter other =
            exporter(KAFKA, new Module().attach("SpawnedJvm", ".*SpawnedJvm.Main some.*"))) {
      String target = "attach:" + jvm.pid();
      assertThatThrownBy(() -> collect(other, target))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("which the settings do not allow");
      assertThat(collect(exporter, target).samples()).containsEntry(ORDERS, 12345678.0 * 6);
      assertThat(own(collect(exporter, target), "jmx_scrape_error")).isZero();

      signal("STOP", jvm);
      try (JvmExporter late =
          exporter(
              KAFKA, new Module().attach(".*SpawnedJvm.Main").timeout(Duration.ofMillis(500)))) {
        assertThat(own(collect(late, target), "jmx_scrape_error")).isEqualTo(1);
        signal("CONT", jvm);
        assertThat(own(collect(late, target), "jmx_scrape_error")).isZero();
      }

      jvm.close();
      assertThat(own(collect(exporter, target), "jmx_scrape_error")).isEqualTo(1);
    }
  }

  private static void signal(String name, SpawnedJvm jvm) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(jvm.pid())).start();
    assertThat(kill.waitFor()).isZero();
    String state = name.equals("STOP") ? "State:\tT" : "State:\t";
    Path status = Path.of("/proc/" + jvm.pid() + "/status");
    for (long end = System.nanoTime() + 10_000_000_000L; System.nanoTime() < end; ) {
      boolean stopped = Files.readString(status).contains("State:\tT");
      if (stopped == state.endsWith("T")) {
        return;
      }
      Thread.onSpinWait();
    }
    throw new AssertionError("process " + jvm.pid() + " is not in the state after " + name);
  }

  @Test
  void eachModuleDecidesForItself() throws Exception {
    try (SpawnedJvm jvm = new SpawnedJvm();
        JvmExporter exporter =
            new JvmExporter(
                new JvmConfig(
                    Map.of(
                        "app",
                        new Module().rulesFile("").attach(".*SpawnedJvm.Main").in(folder),
                        "other",
                        new Module().rulesFile("").attach("kafka.Kafka").in(folder))),
                context())) {
      String target = "attach:" + jvm.pid();
      assertThat(own(collect(exporter, target), "jmx_scrape_error")).isZero();
      Map<String, List<String>> other =
          Map.of("module", List.of("other"), "target", List.of(target));
      assertThatThrownBy(() -> exporter.collect(new RecordingMetrics(), other))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("which the settings do not allow");
    }
  }

  @Test
  void attachToTheServerItselfIsTheOwnJvm() throws Exception {
    try (JvmExporter exporter =
        exporter("includeObjectNames: ['java.lang:type=Memory']", new Module().attach(".*"))) {
      RecordingMetrics metrics = collect(exporter, "attach:" + ProcessHandle.current().pid());
      assertThat(metrics.families()).containsKey("java_lang_Memory_HeapMemoryUsage_used");
      assertThatThrownBy(() -> collect(exporter, "attach:-5"))
          .hasMessageContaining("a local JVM is named attach:PID");
    }
    try (JvmExporter exporter = exporter("", new Module().attach("kafka.Kafka"))) {
      assertThatThrownBy(() -> collect(exporter, "attach:" + ProcessHandle.current().pid()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("which the settings do not allow");
    }
  }

  @Test
  void ruleFileIsReadAgainWhenItChangesAndKeptWhenItIsBroken() throws Exception {
    FakeApplications applications = new FakeApplications();
    applications.register(ManagementFactory.getPlatformMBeanServer());
    try (JvmExporter exporter = exporter(KAFKA, new Module())) {
      assertThat(collect(exporter, null).samples()).containsKey(ORDERS);
      Path file = folder.resolve("rules.yml");
      change(file, KAFKA.replace("kafka_log_size_bytes", "renamed"), 1);
      RecordingMetrics renamed = collect(exporter, null);
      assertThat(renamed.families()).containsKey("renamed");
      assertThat(own(renamed, "jmx_config_reload_success_total")).isEqualTo(1);
      change(file, "rules: [{pattern: '('}]", 2);
      collect(exporter, null);
      RecordingMetrics broken = collect(exporter, null);
      assertThat(broken.families()).containsKey("renamed");
      assertThat(own(broken, "jmx_config_reload_failure_total")).isEqualTo(1);
      Files.delete(file);
      collect(exporter, null);
      assertThat(own(collect(exporter, null), "jmx_config_reload_failure_total")).isEqualTo(2);
      change(file, KAFKA, 3);
      RecordingMetrics restored = collect(exporter, null);
      assertThat(restored.samples()).containsKey(ORDERS);
      assertThat(own(restored, "jmx_config_reload_success_total")).isEqualTo(2);
    } finally {
      applications.unregister(ManagementFactory.getPlatformMBeanServer());
    }
  }

  private static void change(Path file, String text, int version) throws IOException {
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_000_000L + version * 1_000L));
  }

  @Test
  void hasNoMetricsDuringTheStartDelay() throws Exception {
    try (JvmExporter exporter =
        exporter(
            "startDelaySeconds: 5\nincludeObjectNames: ['java.lang:type=Memory']", new Module())) {
      assertThat(collect(exporter, null).samples()).isEmpty();
      clock.advance(Duration.ofSeconds(6));
      assertThat(collect(exporter, null).families())
          .containsKey("java_lang_Memory_HeapMemoryUsage_used");
    }
  }

  @Test
  void withoutRuleFileEveryAttributeIsAMetric() throws Exception {
    try (JvmExporter exporter = exporter(null, new Module().rulesFile(""))) {
      assertThat(collect(exporter, null).families())
          .containsKeys("java_lang_Memory_HeapMemoryUsage_used", "java_lang_Threading_ThreadCount");
    }
  }

  private String problem(String rules, Module module) throws IOException {
    try (JvmExporter exporter = exporter(rules, module)) {
      assertThat(exporter.problems()).containsOnlyKeys("app");
      return exporter.problems().get("app");
    }
  }

  @Test
  void namesSettingsThatCannotWork() throws Exception {
    assertThat(problem(null, new Module().rulesFile("absent.yml")))
        .isEqualTo("modules: app: rules_file: there is no file %s", folder.resolve("absent.yml"));
    assertThat(problem("rules: 5", new Module()))
        .isEqualTo(
            "modules: app: %s:1:8: a rule must be a map, got \"5\"", folder.resolve("rules.yml"));
    assertThat(problem("rules: [{pattern: '(', name: x}]", new Module()))
        .startsWith("modules: app: " + folder.resolve("rules.yml") + ":1:");
    assertThat(problem("hostPort: nowhere", new Module()))
        .contains("must be HOST:PORT or a JMX URL, got \"nowhere\"");
    assertThat(problem("", new Module().targets("host:99999")))
        .isEqualTo(
            "modules: app: targets: the address of a JVM must be HOST:PORT or a JMX URL, got"
                + " \"host:99999\"");
    assertThat(problem("", new Module().targets("service:jmx:jmxmp://h:1")))
        .contains("a JMX URL must be service:jmx:rmi:///jndi/rmi://HOST:PORT/jmxrmi");
    assertThat(problem("", new Module().attach("(")))
        .contains("attach: must be a regular expression of java.util.regex, got \"(\"");
    assertThat(problem("", new Module().login("", Secret.of("x"), "")))
        .contains("a password needs a username");
  }

  @Test
  void moduleThatCannotWorkCostsNeitherTheOthersNorTheOwnMetrics() throws Exception {
    Map<String, ModuleConfig> modules =
        Map.of(
            "app", new Module().rulesFile("").in(folder),
            "bad", new Module().rulesFile("absent.yml").in(folder));
    try (JvmExporter exporter = new JvmExporter(new JvmConfig(modules), context())) {
      RecordingMetrics own = new RecordingMetrics();
      exporter.collect(own, Map.of());
      assertThat(own.families()).containsKey("jvm_buffer_pool_capacity_bytes");
      assertThat(collect(exporter, null).families())
          .containsKey("java_lang_Memory_HeapMemoryUsage_used");
      assertThatThrownBy(() -> exporter.target(Map.of("module", List.of("bad"))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "modules: bad: rules_file: there is no file %s; mend it and reload the"
                  + " configuration",
              folder.resolve("absent.yml"));
    }
  }

  @Test
  void speaksTlsAsRuleFileOrModuleSays() throws Exception {
    TlsStores.make(folder, "app", "ip:127.0.0.1");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    String stores =
        "hostPort: 127.0.0.1:"
            + port
            + "\nssl: {trustStore: {filename: app-trust.p12, type: PKCS12, password: "
            + TlsStores.PASSWORD
            + "}}\n";
    try (SpawnedJvm unused =
        new SpawnedJvm(
            "-Dcom.sun.management.jmxremote.port=" + port,
            "-Dcom.sun.management.jmxremote.host=127.0.0.1",
            "-Dcom.sun.management.jmxremote.authenticate=false",
            "-Dcom.sun.management.jmxremote.ssl=true",
            "-Djavax.net.ssl.keyStore=" + folder.resolve("app.p12"),
            "-Djavax.net.ssl.keyStorePassword=" + TlsStores.PASSWORD)) {
      try (JvmExporter byFile = exporter(stores + KAFKA, new Module().plainRegistry())) {
        assertThat(collect(byFile, null).samples()).containsKey(ORDERS);
      }
      try (JvmExporter registryToo = exporter(stores + KAFKA, new Module())) {
        assertThat(own(collect(registryToo, null), "jmx_scrape_error")).isEqualTo(1);
      }
      TlsSettings settings = new TlsSettings("", "ca.pem", "", "", null, "", "", false, "", "");
      AtomicReference<TlsSettings> asked = new AtomicReference<>();
      PluginContext context =
          new TlsContext(
              context(),
              given -> {
                asked.set(given);
                try {
                  return new StoreSockets(
                      new RuleFile.Tls(
                          null,
                          new RuleFile.Store("app-trust.p12", "PKCS12", TlsStores.PASSWORD),
                          List.of(),
                          List.of()),
                      folder);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      Files.writeString(folder.resolve("rules.yml"), KAFKA);
      Module module = new Module().targets("127.0.0.1:" + port).plainRegistry().tls(settings);
      try (JvmExporter byModule =
          new JvmExporter(new JvmConfig(Map.of("app", module.in(folder))), context)) {
        assertThat(collect(byModule, null).samples()).containsKey(ORDERS);
        assertThat(asked).hasValue(settings);
      }
    }
  }

  /** A context whose TLS is given. */
  private record TlsContext(PluginContext inner, Function<TlsSettings, SSLSocketFactory> factory)
      implements PluginContext {
    @Override
    public SSLSocketFactory tls(TlsSettings settings) {
      return factory.apply(settings);
    }

    @Override
    public String instance() {
      return inner.instance();
    }

    @Override
    public Clock clock() {
      return inner.clock();
    }

    @Override
    public HttpTransport http() {
      return inner.http();
    }

    @Override
    public Path stateDirectory() {
      return inner.stateDirectory();
    }

    @Override
    public Path configDirectory() {
      return inner.configDirectory();
    }
  }
}
