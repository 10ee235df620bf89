package io.narthex.discovery.jvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

final class JvmDiscoveryTest extends DiscoveryKit {
  private final List<LocalJvm> jvms =
      new CopyOnWriteArrayList<>(
          List.of(
              new LocalJvm(4711, "kafka.Kafka config/server.properties", "21.0.9", "kafka"),
              new LocalJvm(ProcessHandle.current().pid(), "the.Server", "25", "me"),
              new LocalJvm(4712, "/opt/app.jar", "", "")));

  @Override
  protected Discovery open(PluginContext context) {
    return new JvmDiscovery(new JvmConfig(Duration.ofMillis(50), ""), () -> List.copyOf(jvms));
  }

  private static Map<String, String> target(
      String pid, String mainClass, String displayName, String version, String user) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put("__address__", "self");
    labels.put("__metrics_path__", "/exporters/jvm/metrics");
    labels.put("__param_target", "attach:" + pid);
    labels.put("instance", "attach:" + pid);
    labels.put("__meta_jvm_pid", pid);
    labels.put("__meta_jvm_main_class", mainClass);
    labels.put("__meta_jvm_display_name", displayName);
    labels.put("__meta_jvm_java_version", version);
    labels.put("__meta_jvm_user", user);
    return labels;
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(
        new TargetGroup(
            "jvm",
            Map.of(),
            List.of(
                target(
                    "4711",
                    "kafka.Kafka",
                    "kafka.Kafka config/server.properties",
                    "21.0.9",
                    "kafka"),
                target("4712", "/opt/app.jar", "/opt/app.jar", "", ""))));
  }

  @Test
  void noticesJvmsThatStartAndEnd() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("first targets", PATIENCE, () -> running.sink.updates() > 0);
      jvms.removeIf(j -> j.pid() == 4711);
      running.sink.await(
          "one target less", PATIENCE, () -> running.sink.groups().get(0).targets().size() == 1);
      jvms.clear();
      running.sink.await("no targets", PATIENCE, () -> running.sink.groups().isEmpty());
    }
  }

  @Test
  void namesTheModuleOfTheSettings() throws Exception {
    Discovery discovery =
        new JvmDiscovery(
            new JvmConfig(Duration.ofSeconds(30), "kafka"), () -> List.of(jvms.get(0)));
    assertThat(discovery.probe().orElseThrow().get(0).targets())
        .singleElement()
        .satisfies(t -> assertThat(t).containsEntry("__param_module", "kafka"));
  }

  @Test
  void findsARealJvmButNotItself() throws Exception {
    try (WaitingJvm other = new WaitingJvm()) {
      Discovery discovery =
          new JvmDiscoveryProvider().open(new JvmConfig(Duration.ofSeconds(30), ""), context());
      List<Map<String, String>> targets = discovery.probe().orElseThrow().get(0).targets();
      assertThat(targets)
          .filteredOn(t -> Long.toString(other.pid()).equals(t.get("__meta_jvm_pid")))
          .singleElement()
          .satisfies(t ->
              assertThat(t)
                  .containsEntry("__meta_jvm_main_class", WaitingJvm.class.getName())
                  .containsEntry(
                      "__meta_jvm_display_name", WaitingJvm.class.getName() + " some words")
                  .containsEntry("__meta_jvm_java_version", System.getProperty("java.version"))
                  .containsEntry("__meta_jvm_user", System.getProperty("user.name"))
                  .containsEntry("__param_target", "attach:" + other.pid()));
      assertThat(targets)
          .noneMatch(
              t -> Long.toString(ProcessHandle.current().pid()).equals(t.get("__meta_jvm_pid")));
    }
  }
}
