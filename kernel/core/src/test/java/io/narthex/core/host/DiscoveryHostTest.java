package io.narthex.core.host;

import static io.narthex.core.host.Fakes.block;
import static io.narthex.core.host.Fakes.discovery;
import static io.narthex.core.host.Fakes.eventually;
import static io.narthex.core.host.Fakes.group;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.exposition.ExpositionWriter;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class DiscoveryHostTest {
  private static final Path FOLDER = Path.of(".");
  private final ProviderRegistry registry = new ProviderRegistry();
  private final HostEnvironment environment = Fakes.environment();
  private final DiscoveryHost host =
      new DiscoveryHost(environment, registry, Duration.ofMillis(200));
  private final Fakes.Targets targets = new Fakes.Targets();

  @BeforeEach
  void listen() {
    registry.listen(host);
    host.listen(targets);
  }

  @AfterEach
  void close() {
    host.close();
  }

  /** Hands its groups over and waits for its end. */
  private static Discovery handing(String... addresses) {
    return sink -> {
      sink.update(List.of(group("0", addresses)));
      new CountDownLatch(1).await();
    };
  }

  /** Publishes a plugin whose discoveries are opened like this. */
  private void publish(Function<Fakes.Block, Discovery> opener) {
    registry.publish("p", List.of(discovery("p", "x", opener)));
  }

  /** Publishes a plugin with the same run for every block. */
  private void publishRun(Discovery run) {
    publish(block -> run);
  }

  private void targetsAre(String set, String... addresses) {
    eventually(() -> List.of(addresses).equals(targets.bySet.get(set)));
  }

  private void configure(String name) {
    configure(block("x", 0, name));
  }

  private void configure(DiscoveryBlock... blocks) {
    host.configure(Map.of("scrape/a", List.of(blocks)), FOLDER);
  }

  @Test
  void tellsWhatAPluginFinds() {
    publish(c -> handing(c.name() + ":1"));
    configure("one");
    targetsAre("scrape/a", "one:1");
    assertThat(targets.sources.get("scrape/a")).containsExactly("x/0/0");
    assertThat(host.instances("x"))
        .containsExactly(Map.entry("scrape/a x[0]", InstanceProblem.NONE));
  }

  @Test
  void unchangedBlockIsNeitherOpenedNorToldAgain() {
    AtomicInteger opened = new AtomicInteger();
    publish(c -> {
      opened.incrementAndGet();
      return handing(c.name() + ":1");
    });
    configure("one");
    targetsAre("scrape/a", "one:1");
    int told = targets.told.get();
    Map<String, List<DiscoveryBlock>> same = Map.of("scrape/a", List.of(block("x", 0, "one")));
    host.check(same, FOLDER);
    host.configure(same, FOLDER);
    assertThat(opened).hasValue(1);
    // another set is told after the first would have been
    host.configure(
        Map.of("scrape/a", same.get("scrape/a"), "scrape/b", List.of(block("x", 0, "two"))),
        FOLDER);
    targetsAre("scrape/b", "two:1");
    assertThat(opened).hasValue(2);
    assertThat(targets.told).hasValue(told + 1);
    // what is checked is what would run
    host.check(Map.of("scrape/a", List.of(block("x", 0, "three"))), FOLDER);
    assertThat(opened).hasValue(3);
    host.check(same, Path.of("elsewhere"));
    assertThat(opened).hasValue(4);
  }

  @Test
  void blockOfAbsentPluginWaitsAndComesAlive() {
    configure("one");
    assertThat(host.instances("x").values())
        .containsExactly(InstanceProblem.reported("waiting for plugin `x`"));
    publish(c -> handing("a:1"));
    targetsAre("scrape/a", "a:1");
    assertThat(host.instances("x").values()).containsExactly(InstanceProblem.NONE);
  }

  @Test
  void groupsSurviveASwapUntilTheFirstFullList() {
    publish(c -> handing("old:1", "old:2"));
    configure("one");
    targetsAre("scrape/a", "old:1", "old:2");
    AtomicReference<TargetSink> sink = new AtomicReference<>();
    publishRun(s -> {
      sink.set(s);
      new CountDownLatch(1).await();
    });
    eventually(() -> sink.get() != null);
    assertThat(targets.bySet.get("scrape/a")).containsExactly("old:1", "old:2");
    sink.get().update(List.of(group("9", "new:1")));
    targetsAre("scrape/a", "new:1");
  }

  @Test
  void sinkOfAReplacedRunIsDeaf() {
    AtomicReference<TargetSink> previous = new AtomicReference<>();
    publishRun(s -> {
      previous.set(s);
      s.update(List.of(group("0", "old:1")));
      new CountDownLatch(1).await();
    });
    configure("one");
    targetsAre("scrape/a", "old:1");
    publish(c -> handing("new:1"));
    targetsAre("scrape/a", "new:1");
    previous.get().update(List.of(group("0", "late:1")));
    previous.get().refreshFailed("late");
    assertThat(host.instances("x").values()).containsExactly(InstanceProblem.NONE);
    targetsAre("scrape/a", "new:1");
  }

  @Test
  void groupsGoWithTheirPlugin() {
    publish(c -> handing("a:1"));
    configure("one");
    targetsAre("scrape/a", "a:1");
    registry.withdraw("p");
    assertThat(host.instances("x").values())
        .containsExactly(InstanceProblem.reported("waiting for plugin `x`"));
    Fakes.Targets late = new Fakes.Targets();
    host.listen(late);
    eventually(() -> List.of().equals(late.bySet.get("scrape/a")));
  }

  @Test
  void groupWithoutTargetsIsRemoved() {
    AtomicReference<TargetSink> sink = new AtomicReference<>();
    publishRun(s -> {
      s.update(List.of(group("0", "a:1"), group("1", "b:1")));
      sink.set(s);
      new CountDownLatch(1).await();
    });
    configure("one");
    targetsAre("scrape/a", "a:1", "b:1");
    sink.get().update(List.of(group("0")));
    targetsAre("scrape/a", "b:1");
  }

  @Test
  void pluginThatThrowsIsShownAndCounted() {
    publishRun(s -> {
      throw new AssertionError("broken");
    });
    configure("one");
    eventually(() -> host.instances("x").values().toString().contains("broken"));
    assertThat(
            environment
                .metrics()
                .counter("prometheus_sd_refresh_failures_total", "", "mechanism")
                .with("x")
                .value())
        .isEqualTo(1);
  }

  @Test
  void failuresAreCountedFromZeroAndThoseOfKubernetesTwice() {
    ExpositionWriter before = new ExpositionWriter(ExpositionWriter.Format.TEXT_0_0_4);
    configure("one");
    ((MetricsRegistry) environment.metrics()).collect(before);
    assertThat(new String(before.buffer(), 0, before.length(), StandardCharsets.UTF_8))
        .contains("prometheus_sd_refresh_failures_total{mechanism=\"x\"} 0\n")
        .contains("prometheus_sd_kubernetes_failures_total 0\n");
    registry.publish(
        "k",
        List.of(
            discovery(
                "k",
                "kubernetes",
                block ->
                    sink -> {
                      throw new IllegalStateException("broken");
                    })));
    configure(block("kubernetes", 0, "one"));
    eventually(() -> host.instances("kubernetes").values().toString().contains("broken"));
    ExpositionWriter after = new ExpositionWriter(ExpositionWriter.Format.TEXT_0_0_4);
    ((MetricsRegistry) environment.metrics()).collect(after);
    assertThat(new String(after.buffer(), 0, after.length(), StandardCharsets.UTF_8))
        .contains("prometheus_sd_refresh_failures_total{mechanism=\"kubernetes\"} 1\n")
        .contains("prometheus_sd_kubernetes_failures_total 1\n");
  }

  @Test
  void hostDoesNotGuessWhoIsToBlameForWhatAPluginReports() {
    publishRun(s -> {
      s.refreshFailed("403 Forbidden");
      new CountDownLatch(1).await();
    });
    configure("one");
    eventually(() -> !host.instances("x").containsValue(InstanceProblem.NONE));
    assertThat(host.instances("x").values())
        .containsExactly(InstanceProblem.reported("403 Forbidden"));
  }

  @Test
  void interruptionThatNobodyAskedForIsAFailure() {
    publishRun(s -> {
      throw new InterruptedException("of its own making");
    });
    configure("one");
    eventually(() -> host.instances("x").values().toString().contains("of its own making"));
    assertThat(host.instances("x").values())
        .extracting(InstanceProblem::kind)
        .as("code that throws is the plugin's fault")
        .containsExactly(PluginProblem.CRASHED);
  }

  @Test
  void pluginThatIgnoresInterruptionDoesNotHoldUpTheSwap() {
    CountDownLatch end = new CountDownLatch(1);
    publishRun(s -> {
      s.update(List.of(group("0", "old:1")));
      while (end.getCount() > 0) {
        LockSupport.parkNanos(1_000_000);
      }
    });
    configure("one");
    targetsAre("scrape/a", "old:1");
    publish(c -> handing("new:1"));
    targetsAre("scrape/a", "new:1");
    end.countDown();
  }

  @Test
  void reloadKeepsRunsThatHaveNotChanged() {
    AtomicInteger opened = new AtomicInteger();
    publish(c -> {
      opened.incrementAndGet();
      return handing(c.name() + ":1");
    });
    configure(block("x", 0, "one"), block("x", 1, "two"));
    targetsAre("scrape/a", "one:1", "two:1");
    assertThat(opened).hasValue(2);
    configure(block("x", 0, "two"), block("x", 1, "three"));
    targetsAre("scrape/a", "three:1", "two:1");
    assertThat(opened).hasValue(3);
    // places in the list are those of the new configuration: no two groups of one name
    assertThat(targets.sources.get("scrape/a")).containsExactly("x/0/0", "x/1/0");
  }

  @Test
  void removedSetIsTold() {
    configure("one");
    targetsAre("scrape/a");
    host.configure(Map.of(), FOLDER);
    eventually(() -> targets.removed.contains("scrape/a"));
  }

  @Test
  void countsTargetsOfAllBlocksOfASet() {
    publish(c -> handing(c.name() + ":1"));
    configure(block("x", 0, "one"), block("x", 1, "two"));
    targetsAre("scrape/a", "one:1", "two:1");
    assertThat(
            environment
                .metrics()
                .gauge("prometheus_sd_discovered_targets", "", "name", "config")
                .with("scrape", "scrape/a")
                .value())
        .isEqualTo(2);
  }

  @Test
  void checkNamesThePlaceOfABlockThePluginRefuses() {
    publish(c -> {
      throw new ConfigException("name is wrong, got " + c.name());
    });
    assertThatThrownBy(() -> host.check(Map.of("scrape/a", List.of(block("x", 0, "one"))), FOLDER))
        .isInstanceOf(ConfigException.class)
        .hasMessage("test.yml:1:1: name is wrong, got one");
    assertThatThrownBy(() ->
            host.check(
                Map.of("scrape/a", List.of(new DiscoveryBlock("x", 0, Fakes.yaml("names: one")))),
                FOLDER))
        .hasMessageContaining("test.yml:1:1: field names not found; did you mean \"name\"?");
  }

  @Test
  void probeRefusesAVersionThatCannotReadTheConfiguration() {
    publish(c -> handing("a:1"));
    configure("one");
    targetsAre("scrape/a", "a:1");
    assertThatThrownBy(() ->
            registry.probe(
                List.of(
                    discovery(
                        "p",
                        "x",
                        c -> {
                          throw new ConfigException("no longer supported");
                        }))))
        .hasMessageContaining("no longer supported");
    assertThat(host.instances("x").values()).containsExactly(InstanceProblem.NONE);
  }

  private static final GuardLimits QUICK =
      new GuardLimits(
          5,
          3,
          3,
          Duration.ofMinutes(1),
          Duration.ofMillis(1),
          Duration.ofMillis(5),
          Duration.ZERO,
          100,
          100_000);

  /** A host whose guard loses patience at once. */
  private record Impatient(
      ProviderRegistry registry, DiscoveryHost host, List<String> quarantined) {
    static Impatient create() {
      HostEnvironment usual = Fakes.environment();
      PluginGuard guard = new PluginGuard(QUICK);
      List<String> quarantined = new java.util.concurrent.CopyOnWriteArrayList<>();
      guard.onRepeatedCrashes(
          (plugin, reason) -> quarantined.add(plugin.pluginId() + ": " + reason));
      ProviderRegistry registry = new ProviderRegistry();
      DiscoveryHost host =
          new DiscoveryHost(
              new HostEnvironment(
                  usual.clock(), usual.http(), usual.stateRoot(), usual.metrics(), guard),
              registry,
              Duration.ofMillis(200));
      registry.listen(host);
      return new Impatient(registry, host, quarantined);
    }

    void publishRun(Discovery run) {
      registry.publish("p", List.of(discovery("p", "x", c -> run)));
    }

    void configure(DiscoveryBlock... blocks) {
      host.configure(Map.of("scrape/a", List.of(blocks)), FOLDER);
    }
  }

  @Test
  void runThatDiesAgainAndAgainIsReportedForQuarantine() {
    Impatient i = Impatient.create();
    AtomicInteger runs = new AtomicInteger();
    i.publishRun(s -> {
      runs.incrementAndGet();
      throw new IllegalStateException("broken");
    });
    i.configure(block("x", 0, "one"));
    eventually(() -> !i.quarantined.isEmpty());
    assertThat(i.quarantined.get(0))
        .contains("p: discovery scrape/a x[0] failed 3 times in a row, last: ")
        .contains("broken");
    assertThat(runs.get()).isGreaterThanOrEqualTo(3);
    i.host.close();
  }

  @Test
  void pluginThatServesAnotherBlockWellOrDeliversBetweenIsNot() {
    Impatient i = Impatient.create();
    AtomicInteger runs = new AtomicInteger();
    i.registry.publish(
        "p",
        List.of(
            discovery(
                "p",
                "x",
                c ->
                    c.name().equals("good")
                        ? handing("a:1")
                        : s -> {
                          runs.incrementAndGet();
                          throw new IllegalStateException("broken");
                        }),
            discovery(
                "p",
                "y",
                c ->
                    s -> {
                      s.update(List.of(group("0", "b:1")));
                      runs.incrementAndGet();
                      throw new IllegalStateException("broken after all");
                    })));
    Fakes.Targets seen = new Fakes.Targets();
    i.host.listen(seen);
    i.configure(block("x", 0, "good"));
    eventually(() -> List.of("a:1").equals(seen.bySet.get("scrape/a")));
    i.configure(block("x", 0, "good"), block("x", 1, "bad"));
    eventually(() -> runs.get() > 20);
    i.configure(block("y", 0, "any"));
    int before = runs.get();
    eventually(() -> runs.get() > before + 20);
    assertThat(i.quarantined).isEmpty();
    i.host.close();
  }

  @Test
  void threadsThatADiscoveryHasStartedEndWithItsRun() {
    AtomicReference<Thread> worker = new AtomicReference<>();
    registry.publish(
        "p",
        List.of(
            new ProviderRegistry.Provider(
                ProviderRegistry.Kind.DISCOVERY,
                "x",
                "p",
                new io.narthex.spi.discovery.DiscoveryProvider<Fakes.Block>() {
                  @Override
                  public String type() {
                    return "x";
                  }

                  @Override
                  public Class<Fakes.Block> configType() {
                    return Fakes.Block.class;
                  }

                  @Override
                  public Discovery open(
                      Fakes.Block config, io.narthex.spi.plugin.PluginContext context) {
                    return sink -> {
                      worker.set(
                          context.start(() -> {
                            try {
                              new CountDownLatch(1).await();
                            } catch (InterruptedException e) {
                              // interrupted to stop
                            }
                          }));
                      throw new IllegalStateException("forgot its worker");
                    };
                  }
                })));
    configure("one");
    eventually(() -> worker.get() != null && !worker.get().isAlive());
  }

  /** A host with small limits, whose block has found one target. */
  private final class Limited implements AutoCloseable {
    final AtomicReference<TargetSink> sink = new AtomicReference<>();
    final Fakes.Targets found = new Fakes.Targets();
    final DiscoveryHost limited =
        new DiscoveryHost(
            new HostEnvironment(
                environment.clock(),
                environment.http(),
                environment.stateRoot(),
                new io.narthex.core.metrics.MetricsRegistry(),
                new PluginGuard(
                    new GuardLimits(
                        5,
                        3,
                        3,
                        Duration.ofMinutes(1),
                        Duration.ofMillis(1),
                        Duration.ofMillis(5),
                        Duration.ZERO,
                        100,
                        100_000))),
            registry);

    Limited() {
      registry.listen(limited);
      limited.listen(found);
      limited.configure(Map.of("scrape/b", List.of(block("x", 0, "b"))), FOLDER);
      publishRun(s -> {
        sink.set(s);
        s.update(List.of(group("first", "a:1")));
        new CountDownLatch(1).await();
      });
      eventually(() -> List.of("a:1").equals(found.bySet.get("scrape/b")));
    }

    String problem() {
      return limited.instances("x").getOrDefault("scrape/b x[0]", InstanceProblem.NONE).text();
    }

    @Override
    public void close() {
      limited.close();
    }
  }

  @Test
  void discoveryThatAddsGroupsWithoutEndIsHeldAtItsLastGoodSet() {
    try (Limited l = new Limited()) {
      for (int i = 0; i < 300; i++) {
        l.sink.get().update(List.of(group("at " + i, "a:1")));
      }
      assertThat(l.problem())
          .startsWith("more than 100 targets or groups, got 101 targets in 101 groups; raise")
          .endsWith("the 100 previous targets are kept");
      assertThat(l.limited.instances("x").values())
          .extracting(InstanceProblem::kind)
          .containsExactly(PluginProblem.SETTINGS);
      eventually(() -> l.found.bySet.getOrDefault("scrape/b", List.of()).size() == 100);
    }
  }

  @Test
  void targetsThatAreTooLargeAreNotTaken() {
    try (Limited l = new Limited()) {
      l.sink.get().update(List.of(group("first", "a".repeat(100_000))));
      assertThat(l.problem()).startsWith("the targets take more than 100000 bytes; raise");
      assertThat(l.found.bySet.get("scrape/b")).containsExactly("a:1");
      l.sink.get().update(List.of(group("first", "b:1")));
      assertThat(l.problem()).isEmpty();
      eventually(() -> List.of("b:1").equals(l.found.bySet.get("scrape/b")));
    }
  }

  @Test
  @Timeout(60)
  void discoveryThatIsSlowToOpenHoldsUpNoOther() throws Exception {
    AtomicReference<TargetSink> sink = new AtomicReference<>();
    publishRun(s -> {
      sink.set(s);
      new CountDownLatch(1).await();
    });
    configure("one");
    eventually(() -> sink.get() != null);
    CountDownLatch opening = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    registry.publish(
        "slow",
        List.of(
            discovery(
                "slow",
                "y",
                block -> {
                  opening.countDown();
                  try {
                    goOn.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return handing("slow:1");
                })));
    Thread reload =
        Thread.ofPlatform().start(() -> configure(block("x", 0, "one"), block("y", 0, "two")));
    opening.await();
    assertThat(host.instances("x")).hasSize(1);
    sink.get().update(List.of(group("0", "quick:1")));
    targetsAre("scrape/a", "quick:1");
    goOn.countDown();
    reload.join();
    targetsAre("scrape/a", "quick:1", "slow:1");
  }
}
