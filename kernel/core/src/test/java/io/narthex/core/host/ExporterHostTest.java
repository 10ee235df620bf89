package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.exporter.ParameterException;
import io.narthex.spi.exporter.PartialExporter;
import io.narthex.spi.exporter.TargetExporter;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExporterHostTest {
  private final List<String> closed = new CopyOnWriteArrayList<>();
  private final HostEnvironment environment = Fakes.environment();
  private final ExporterHost host =
      new ExporterHost(environment, (Mapping) Fakes.yaml("node: {name: one}"), Path.of("."));

  /** Remembers sample names. */
  private static final class Names implements MetricSink {
    final List<String> names = new CopyOnWriteArrayList<>();

    @Override
    public void family(MetricMetadata metadata) {}

    @Override
    public void sample(String name, Labels labels, double value) {
      names.add(name);
    }

    @Override
    public void sample(
        String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {}

    @Override
    public void histogram(String name, Labels labels, NativeHistogram histogram) {}
  }

  private interface Body {
    void collect(MetricSink sink) throws InterruptedException;
  }

  private Provider provider(String version, Body body) {
    return new Provider(
        Kind.EXPORTER,
        "node",
        "p",
        new ExporterProvider<Fakes.Block>() {
          @Override
          public String type() {
            return "node";
          }

          @Override
          public Class<Fakes.Block> configType() {
            return Fakes.Block.class;
          }

          @Override
          public Exporter open(Fakes.Block config, PluginContext context) {
            if (config.name().equals("bad")) {
              throw new ConfigException("name is bad");
            }
            return new Exporter() {
              @Override
              public void collect(MetricSink sink, Map<String, List<String>> parameters)
                  throws InterruptedException {
                body.collect(sink);
              }

              @Override
              public void close() {
                closed.add(version + " " + config.name());
              }
            };
          }
        });
  }

  private Provider emitting(String version) {
    return provider(version, sink -> sink.sample(version, Labels.EMPTY, 1));
  }

  private void run(Provider provider) {
    host.changed(Kind.EXPORTER, "node", provider);
  }

  private void run(String version, Body body) {
    run(provider(version, body));
  }

  private List<String> collect() throws IOException, InterruptedException {
    Names names = new Names();
    host.collect("node", names, Map.of());
    return names.names;
  }

  @Test
  void collectsFromTheOpenedExporter() throws Exception {
    assertThatThrownBy(this::collect).hasMessageContaining("waiting for plugin `node`");
    run(emitting("v1"));
    assertThat(collect()).containsExactly("v1");
    assertThat(host.types()).containsExactly("node");
    host.changed(Kind.EXPORTER, "node", null);
    assertThat(closed).containsExactly("v1 one");
    assertThat(host.has("node")).isFalse();
    assertThatThrownBy(this::collect).hasMessageContaining("is not available");
  }

  /** Has a part for each letter of its name; capital ones cannot be used. */
  private final ExporterProvider<Fakes.Block> partial =
      new ExporterProvider<>() {
        @Override
        public String type() {
          return "node";
        }

        @Override
        public Class<Fakes.Block> configType() {
          return Fakes.Block.class;
        }

        @Override
        public Exporter open(Fakes.Block config, PluginContext context) {
          return new PartialExporter() {
            @Override
            public Map<String, String> problems() {
              Map<String, String> out = new TreeMap<>();
              config
                  .name()
                  .chars()
                  .filter(Character::isUpperCase)
                  .filter(c -> !mended)
                  .forEach(c -> out.put("" + (char) c, (char) c + " is bad"));
              return out;
            }

            @Override
            public void collect(MetricSink sink, Map<String, List<String>> parameters) {
              sink.sample(config.name(), Labels.EMPTY, 1);
            }

            @Override
            public void close() {}
          };
        }
      };

  private volatile boolean mended;

  private static Mapping named(String name) {
    return (Mapping) Fakes.yaml("node: {name: " + name + "}");
  }

  @Test
  void partThatCannotBeUsedCostsThatPartAtTheStartAndTheReloadLater() throws Exception {
    Path folder = Path.of(".");
    host.settings(named("aBcD"), folder);
    Provider provider = new Provider(Kind.EXPORTER, "node", "p", partial);
    host.probe(provider);
    run(provider);
    assertThat(collect()).containsExactly("aBcD");
    assertThat(host.instances("node").values())
        .containsExactly(new InstanceProblem(PluginProblem.SETTINGS, "B is bad; D is bad"));
    host.check(named("aB"), folder); // no other part fails
    assertThatThrownBy(() -> host.check(named("aBE"), folder))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith(":1:7: E is bad");
    host.settings(named("aB"), folder);
    assertThat(host.instances("node").values())
        .containsExactly(new InstanceProblem(PluginProblem.SETTINGS, "B is bad"));
    mended = true; // a file that the settings name, which are the same
    host.check(named("aB"), folder);
    host.settings(named("aB"), folder);
    assertThat(host.instances("node").values()).containsExactly(InstanceProblem.NONE);
    mended = false;
    assertThatThrownBy(() -> host.probe(provider)) // an update that can do less
        .hasMessageEndingWith("B is bad");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sampleOfAnotherFamilyFailsTheCollection(boolean caught) {
    AtomicInteger after = new AtomicInteger();
    run(
        "v1",
        sink -> {
          sink.family(new MetricMetadata("acme_jobs", MetricType.GAUGE, "", ""));
          sink.sample("acme_jobs", Labels.EMPTY, 1);
          try {
            sink.sample("other - name", Labels.EMPTY, 2);
          } catch (IllegalArgumentException e) {
            after.incrementAndGet();
            if (!caught) {
              throw e;
            }
          }
        });
    assertThatThrownBy(this::collect)
        .isInstanceOf(IOException.class)
        .hasMessage(
            "exporter `node` failed: the sample \"other - name\" stands in the family \"acme_jobs\";"
                + " the name of a sample is that of its family, or begins with it");
    assertThat(after).hasValue(1);
    assertThat(environment.guard().metrics().calls("p"))
        .filteredOn(c -> c.operation().equals("collect"))
        .singleElement()
        .satisfies(c -> assertThat(c.exceptions()).isEqualTo(1));
  }

  @Test
  void samplesWithTheSuffixesOfTheirTypesBelongToTheirFamily() throws Exception {
    run(
        "v1",
        sink -> {
          sink.sample("without_family", Labels.EMPTY, 1);
          sink.family(new MetricMetadata("jobs_total", MetricType.COUNTER, "", ""));
          sink.sample("jobs_total", Labels.EMPTY, 1);
          sink.sample("jobs_created", Labels.EMPTY, 1);
          sink.family(new MetricMetadata("wait", MetricType.HISTOGRAM, "", ""));
          sink.sample("wait_bucket", Labels.of("le", "+Inf"), 1);
        });
    assertThat(collect())
        .containsExactly("without_family", "jobs_total", "jobs_created", "wait_bucket");
  }

  @Test
  void collectionThatWaitsDuringASwapGoesToTheNewVersion() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    run(
        "v1",
        sink -> {
          inside.countDown();
          go.await();
          sink.sample("v1", Labels.EMPTY, 1);
        });
    FutureTask<List<String>> running = new FutureTask<>(this::collect);
    Thread.ofVirtual().start(running);
    inside.await();
    FutureTask<List<String>> waiting = new FutureTask<>(this::collect);
    Thread waiter = Thread.ofPlatform().start(waiting);
    Fakes.eventually(() -> waiter.getState() == Thread.State.TIMED_WAITING);
    Thread swap = Thread.ofPlatform().start(() -> run(emitting("v2")));
    Fakes.eventually(() -> swap.getState() == Thread.State.TIMED_WAITING);
    assertThat(collect()).as("while the previous still collects").containsExactly("v2");
    assertThat(waiting.get(10, TimeUnit.SECONDS)).as("so does who waited").containsExactly("v2");
    assertThat(closed).isEmpty();
    go.countDown();
    assertThat(running.get(10, TimeUnit.SECONDS)).containsExactly("v1");
    swap.join();
    assertThat(closed).containsExactly("v1 one");
  }

  @Test
  void exceptionOfAnExporterIsAFailedCollection() {
    run(
        "v1",
        sink -> {
          throw new NoClassDefFoundError("gone");
        });
    assertThatThrownBy(this::collect)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("exporter `node` failed: ")
        .hasMessageContaining("gone");
  }

  @Test
  void probeOpensAndClosesWithoutTouchingTheRunningOne() throws Exception {
    run(emitting("v1"));
    host.probe(emitting("v2"));
    assertThat(closed).containsExactly("v2 one");
    assertThat(collect()).containsExactly("v1");
  }

  @Test
  void changedSettingsOpenTheExporterAnew() throws Exception {
    run(emitting("v1"));
    Mapping bad = (Mapping) Fakes.yaml("node: {name: bad}");
    assertThatThrownBy(() -> host.check(bad, Path.of("."))).hasMessage("test.yml:1:7: name is bad");
    host.settings((Mapping) Fakes.yaml("node: {name: one}"), Path.of("."));
    assertThat(closed).isEmpty();
    host.settings((Mapping) Fakes.yaml("node: {name: two}"), Path.of("."));
    assertThat(closed).containsExactly("v1 one");
    assertThat(collect()).containsExactly("v1");
  }

  @Test
  void collectionThatNeverEndsFailsItsScrapeAndHasNoSecondBesideIt() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger begun = new AtomicInteger();
    AtomicReference<@Nullable MetricSink> late = new AtomicReference<>();
    run(
        "v1",
        sink -> {
          begun.incrementAndGet();
          late.set(sink);
          while (go.getCount() > 0) {
            LockSupport.parkNanos(1_000_000); // deaf to interruption
            Thread.interrupted();
          }
        });
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread scrape =
        Thread.ofVirtual()
            .start(() -> {
              try {
                collect();
              } catch (IOException | InterruptedException e) {
                thrown.set(e);
              }
            });
    Fakes.eventually(() -> late.get() != null);
    scrape.interrupt(); // the scrape's time is over
    scrape.join();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(this::collect)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is still busy with a collection that does not stop");
    }
    assertThat(begun).hasValue(1);
    assertThat(host.instances("node").values())
        .singleElement()
        .satisfies(p -> {
          assertThat(p.text()).contains("a collection does not stop when interrupted");
          assertThat(p.kind()).isEqualTo(PluginProblem.CRASHED);
        });
    assertThatThrownBy(
            () -> java.util.Objects.requireNonNull(late.get()).sample("late", Labels.EMPTY, 1))
        .hasMessageContaining("this collection has been abandoned");
    go.countDown();
    Fakes.eventually(() -> {
      try {
        collect();
        return true;
      } catch (IOException | InterruptedException e) {
        return false;
      }
    });
  }

  @Test
  void exporterThatFailsAgainAndAgainIsLeftAloneForAWhile() {
    AtomicInteger asked = new AtomicInteger();
    run(
        "v1",
        sink -> {
          asked.incrementAndGet();
          throw new IllegalStateException("broken");
        });
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(this::collect).hasMessageContaining("failed: ");
    }
    assertThatThrownBy(this::collect)
        .hasMessageContaining("failed 5 times in a row, last: ")
        .hasMessageContaining("broken")
        .hasMessageContaining("next try in ");
    assertThat(asked).hasValue(5);
    assertThat(host.instances("node").values())
        .singleElement()
        .satisfies(p -> {
          assertThat(p.text()).contains("failed 5 times in a row");
          assertThat(p.kind()).isEqualTo(PluginProblem.CRASHED);
        });
    run(emitting("v2"));
    assertThat(host.instances("node").values()).containsExactly(InstanceProblem.NONE);
  }

  @Test
  void refusedParametersAreNotAFaultOfTheExporter() {
    run(
        "v1",
        sink -> {
          throw new ParameterException("missing collector: nope");
        });
    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(this::collect)
          .isExactlyInstanceOf(ParameterException.class)
          .hasMessage("missing collector: nope");
    }
    assertThat(host.instances("node").values()).containsExactly(InstanceProblem.NONE);
  }

  @Test
  @Timeout(60)
  void versionThatComesDuringAReloadIsNotReplacedByTheOneBefore() throws Exception {
    CountDownLatch opening = new CountDownLatch(2);
    CountDownLatch goOn = new CountDownLatch(1);
    Provider plain = emitting("1");
    Provider first =
        new Provider(
            Kind.EXPORTER,
            "node",
            "p",
            new ExporterProvider<Fakes.Block>() {
              @Override
              public String type() {
                return "node";
              }

              @Override
              public Class<Fakes.Block> configType() {
                return Fakes.Block.class;
              }

              @Override
              @SuppressWarnings("unchecked")
              public Exporter open(Fakes.Block config, PluginContext context) {
                opening.countDown();
                try {
                  if (opening.getCount() == 0) {
                    goOn.await();
                  }
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                return ((ExporterProvider<Fakes.Block>) plain.service()).open(config, context);
              }
            });
    run(first);
    Thread reload =
        Thread.ofPlatform()
            .start(() -> host.settings((Mapping) Fakes.yaml("node: {name: two}"), Path.of(".")));
    opening.await();
    Thread update = Thread.ofPlatform().start(() -> run(emitting("2")));
    Fakes.eventually(() ->
        update.getState() == Thread.State.BLOCKED || update.getState() == Thread.State.TERMINATED);
    goOn.countDown();
    reload.join();
    update.join();
    Names names = new Names();
    host.collect("node", names, Map.of());
    assertThat(names.names).containsExactly("2");
  }

  /** An exporter whose parameter {@code target} says what {@code body} does. */
  private Provider withTargets(BodyOfTarget body) {
    return new Provider(
        Kind.EXPORTER,
        "node",
        "p",
        new ExporterProvider<Fakes.Block>() {
          @Override
          public String type() {
            return "node";
          }

          @Override
          public Class<Fakes.Block> configType() {
            return Fakes.Block.class;
          }

          @Override
          public Exporter open(Fakes.Block config, PluginContext context) {
            return new TargetExporter() {
              @Override
              public String target(Map<String, List<String>> parameters) {
                String target = parameters.getOrDefault("target", List.of("")).get(0);
                if (target.equals("forbidden")) {
                  throw new IllegalArgumentException("not allowed");
                }
                return target;
              }

              @Override
              public void collect(MetricSink sink, Map<String, List<String>> parameters)
                  throws InterruptedException {
                body.collect(target(parameters), sink);
              }

              @Override
              public void close() {
                closed.add("targets");
              }
            };
          }
        });
  }

  private interface BodyOfTarget {
    void collect(String target, MetricSink sink) throws InterruptedException;
  }

  private List<String> collect(String target) throws IOException, InterruptedException {
    Names names = new Names();
    host.collect("node", names, Map.of("target", List.of(target)));
    return names.names;
  }

  @Test
  @Timeout(60)
  void targetThatHangsDelaysNoOtherButItself() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger inside = new AtomicInteger();
    run(
        withTargets((target, sink) -> {
          if (target.equals("slow")) {
            inside.incrementAndGet();
            go.await();
          }
          sink.sample("of_" + target, Labels.EMPTY, 1);
        }));
    FutureTask<List<String>> slow = new FutureTask<>(() -> collect("slow"));
    Thread.ofVirtual().start(slow);
    Fakes.eventually(() -> inside.get() == 1);
    FutureTask<List<String>> again = new FutureTask<>(() -> collect("slow"));
    Thread second = Thread.ofPlatform().start(again);
    Fakes.eventually(() -> second.getState() == Thread.State.TIMED_WAITING);
    assertThat(collect("quick")).containsExactly("of_quick");
    assertThat(collect()).containsExactly("of_");
    assertThat(inside).as("collections of one target at a time").hasValue(1);
    go.countDown();
    assertThat(slow.get(10, TimeUnit.SECONDS)).containsExactly("of_slow");
    assertThat(again.get(10, TimeUnit.SECONDS)).containsExactly("of_slow");
  }

  @Test
  void targetThatFailsOpensItsOwnCircuitOnly() throws Exception {
    run(
        withTargets((target, sink) -> {
          if (target.equals("broken")) {
            throw new IllegalStateException("broken");
          }
          sink.sample("of_" + target, Labels.EMPTY, 1);
        }));
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(() -> collect("broken")).hasMessageContaining("failed: ");
    }
    assertThatThrownBy(() -> collect("broken")).hasMessageContaining("failed 5 times in a row");
    assertThat(collect("whole")).containsExactly("of_whole");
    assertThat(host.instances("node").values()).containsExactly(InstanceProblem.NONE);
  }

  @Test
  void targetThatIsRefusedFailsTheRequestAndNothingElse() throws Exception {
    run(withTargets((target, sink) -> sink.sample("of_" + target, Labels.EMPTY, 1)));
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> collect("forbidden"))
          .isInstanceOf(IOException.class)
          .hasMessage("exporter `node`: not allowed");
    }
    assertThatThrownBy(() -> collect("x".repeat(1_001))).hasMessageContaining("got 1001");
    assertThat(collect()).containsExactly("of_");
  }

  @Test
  @Timeout(60)
  void targetsThatAreNotCollectedFromAnyMoreMakeRoom() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch inside = new CountDownLatch(1);
    AtomicInteger failures = new AtomicInteger();
    run(
        withTargets((target, sink) -> {
          if (target.equals("slow")) {
            inside.countDown();
            go.await();
          }
          if (target.equals("broken")) {
            failures.incrementAndGet();
            throw new IllegalStateException("broken");
          }
          sink.sample("of_" + target, Labels.EMPTY, 1);
        }));
    FutureTask<List<String>> slow = new FutureTask<>(() -> collect("slow"));
    Thread.ofVirtual().start(slow);
    inside.await();
    for (int i = 0; i < 6; i++) {
      assertThatThrownBy(() -> collect("broken")).isInstanceOf(IOException.class);
    }
    assertThat(failures).hasValue(5);
    for (int i = 0; i < 1_100; i++) {
      assertThat(collect("t" + i)).containsExactly("of_t" + i);
    }
    assertThatThrownBy(() -> collect("broken"))
        .as("it was forgotten, with its circuit")
        .hasMessageContaining("failed: ");
    go.countDown();
    assertThat(slow.get(10, TimeUnit.SECONDS)).containsExactly("of_slow");
  }

  @Test
  @Timeout(60)
  void replacedExporterIsClosedAfterTheCollectionsOfAllTargets() throws Exception {
    CountDownLatch inside = new CountDownLatch(2);
    CountDownLatch go = new CountDownLatch(1);
    run(
        withTargets((target, sink) -> {
          inside.countDown();
          go.await();
        }));
    FutureTask<List<String>> first = new FutureTask<>(() -> collect("a"));
    FutureTask<List<String>> second = new FutureTask<>(() -> collect("b"));
    Thread.ofVirtual().start(first);
    Thread.ofVirtual().start(second);
    inside.await();
    Thread swap = Thread.ofPlatform().start(() -> run(emitting("v2")));
    Fakes.eventually(() -> swap.getState() == Thread.State.TIMED_WAITING);
    assertThat(closed).isEmpty();
    go.countDown();
    swap.join();
    assertThat(first.get()).isEmpty();
    assertThat(second.get()).isEmpty();
    assertThat(closed).containsExactly("targets");
  }
}
