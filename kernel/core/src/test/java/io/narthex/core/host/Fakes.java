package io.narthex.core.host;

import io.narthex.config.yaml.YamlReader;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.discovery.TargetGroupListener;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Setting;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** Hand-written stand-ins for what the hosts work with. */
final class Fakes {
  private Fakes() {}

  /** A block with one key. */
  record Block(@Setting(help = "Any text") String name) {}

  static HostEnvironment environment() {
    return new HostEnvironment(
        Clock.systemUTC(),
        (request, settings) -> {
          throw new IOException("no network in tests");
        },
        Path.of("target", "test-state"),
        new MetricsRegistry());
  }

  /** Returns an environment whose guard grants other times. */
  static HostEnvironment environment(Map<Operation, Duration> deadlines) {
    HostEnvironment usual = environment();
    GuardLimits limits = GuardLimits.DEFAULT;
    return new HostEnvironment(
        usual.clock(),
        usual.http(),
        usual.stateRoot(),
        usual.metrics(),
        new PluginGuard(
            new GuardLimits(
                limits.failures(),
                limits.crashes(),
                limits.starts(),
                limits.window(),
                limits.restartPause(),
                limits.longestPause(),
                limits.probation(),
                limits.targets(),
                limits.targetBytes(),
                deadlines)));
  }

  static ConfigNode yaml(String text) {
    return YamlReader.read("test.yml", text);
  }

  static DiscoveryBlock block(String type, int index, String name) {
    return new DiscoveryBlock(type, index, yaml("name: " + name));
  }

  /** Waits until a condition holds. */
  static void eventually(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the condition did not become true within 10 s");
      }
      LockSupport.parkNanos(5_000_000);
    }
  }

  static TargetGroup group(String source, String... addresses) {
    return new TargetGroup(
        source,
        Map.of(),
        List.of(addresses).stream().map(a -> Map.of(TargetGroup.ADDRESS, a)).toList());
  }

  static Provider discovery(String pluginId, String type, Function<Block, Discovery> opener) {
    return new Provider(
        Kind.DISCOVERY,
        type,
        pluginId,
        new DiscoveryProvider<Block>() {
          @Override
          public String type() {
            return type;
          }

          @Override
          public Class<Block> configType() {
            return Block.class;
          }

          @Override
          public Discovery open(Block config, PluginContext context) {
            return opener.apply(config);
          }
        });
  }

  /** Remembers the newest targets of every set. */
  static final class Targets implements TargetGroupListener {
    final Map<String, List<String>> bySet = new ConcurrentHashMap<>();
    final Map<String, List<String>> sources = new ConcurrentHashMap<>();
    final List<String> removed = new CopyOnWriteArrayList<>();
    final AtomicInteger told = new AtomicInteger();

    @Override
    public void targetsChanged(String set, List<TargetGroup> groups) {
      told.incrementAndGet();
      sources.put(set, groups.stream().map(TargetGroup::source).sorted().toList());
      bySet.put(
          set,
          groups.stream()
              .flatMap(g -> g.targets().stream())
              .map(t -> t.get(TargetGroup.ADDRESS))
              .sorted()
              .toList());
    }

    @Override
    public void setRemoved(String set) {
      removed.add(set);
    }
  }
}
