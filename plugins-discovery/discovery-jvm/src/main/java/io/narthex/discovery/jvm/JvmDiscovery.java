package io.narthex.discovery.jvm;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Lists the JVMs of this machine but the server's own, and makes them targets of the server's JVM
 * exporter, which decides which of them it attaches to.
 */
final class JvmDiscovery implements Discovery {
  private static final String META = "__meta_jvm_";

  private final JvmConfig config;
  private final Supplier<List<LocalJvm>> jvms;

  JvmDiscovery(JvmConfig config, Supplier<List<LocalJvm>> jvms) {
    this.config = config;
    this.jvms = jvms;
  }

  @Override
  public void run(TargetSink sink) throws InterruptedException {
    while (true) {
      sink.update(List.of(group()));
      Thread.sleep(config.refreshInterval());
    }
  }

  @Override
  public Optional<List<TargetGroup>> probe() {
    return Optional.of(List.of(group()));
  }

  private TargetGroup group() {
    long own = ProcessHandle.current().pid();
    List<Map<String, String>> targets = new ArrayList<>();
    for (LocalJvm jvm : jvms.get()) {
      if (jvm.pid() != own) {
        targets.add(target(jvm));
      }
    }
    return new TargetGroup("jvm", Map.of(), targets);
  }

  private Map<String, String> target(LocalJvm jvm) {
    String target = "attach:" + jvm.pid();
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(TargetGroup.ADDRESS, "self");
    labels.put("__metrics_path__", "/exporters/jvm/metrics");
    labels.put("__param_target", target);
    if (!config.module().isEmpty()) {
      labels.put("__param_module", config.module());
    }
    labels.put("instance", target); // the address is the same for all
    labels.put(META + "pid", Long.toString(jvm.pid()));
    labels.put(META + "main_class", jvm.mainClass());
    labels.put(META + "display_name", jvm.displayName());
    labels.put(META + "java_version", jvm.javaVersion());
    labels.put(META + "user", jvm.user());
    return labels;
  }
}
