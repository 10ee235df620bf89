package io.narthex.testkit.swap.plugin;

import io.narthex.model.TargetGroup;
import io.narthex.spi.config.Setting;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** A discovery of the hosts in its settings. */
public final class Discoverer implements DiscoveryProvider<Discoverer.Config> {
  /** Settings. */
  public record Config(@Setting(required = true) List<String> hosts) {}

  @Override
  public String type() {
    return "faulty";
  }

  @Override
  public Class<Config> configType() {
    return Config.class;
  }

  private static TargetGroup group(String host) {
    return new TargetGroup(host, Map.of(), List.of(Map.of(TargetGroup.ADDRESS, host)));
  }

  @Override
  public Discovery open(Config config, PluginContext context) {
    Mode.leak();
    List<TargetGroup> all = config.hosts().stream().map(Discoverer::group).toList();
    return sink -> {
      switch (Mode.get()) {
        case "loses a target" -> sink.update(all.subList(1, all.size()));
        case "delivers bit by bit" -> all.forEach(g -> sink.update(List.of(g)));
        case "delivers nothing" -> sink.refreshFailed("no route to host");
        case "throws" -> throw new IllegalStateException("no such table");
        case "ignores interruption" -> {
          sink.update(all);
          long end = System.nanoTime() + 10_000_000_000L;
          while (System.nanoTime() < end) {
            Thread.interrupted();
            LockSupport.parkNanos(1_000_000);
          }
        }
        default -> {
          sink.update(all);
          Thread.sleep(60_000);
        }
      }
    };
  }
}
