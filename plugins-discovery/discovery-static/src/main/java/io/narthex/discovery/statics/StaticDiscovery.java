package io.narthex.discovery.statics;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Publishes the targets of the configuration, once. */
final class StaticDiscovery implements Discovery {
  private final TargetGroup group;

  StaticDiscovery(StaticConfig config) {
    List<Map<String, String>> targets =
        config.targets().stream().map(t -> Map.of(TargetGroup.ADDRESS, t)).toList();
    group = new TargetGroup("0", config.labels(), targets);
  }

  @Override
  public void run(TargetSink sink) {
    sink.update(List.of(group));
  }

  @Override
  public Optional<List<TargetGroup>> probe() {
    return Optional.of(List.of(group));
  }
}
