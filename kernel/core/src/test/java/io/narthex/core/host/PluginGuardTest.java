package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.service.plugins.PluginHealth;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.MetricSink;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PluginGuardTest {
  private final PluginGuard guard = new PluginGuard();
  private final Provider plugin = new Provider(Kind.EXPORTER, "x", "io.acme", new Object());

  private PluginHealth.Calls calls(String operation) {
    return guard.metrics().calls("io.acme").stream()
        .filter(c -> c.operation().equals(operation))
        .findFirst()
        .orElseThrow();
  }

  private Map<String, Double> metrics() {
    Map<String, Double> out = new TreeMap<>();
    guard
        .metrics()
        .collect(
            new MetricSink() {
              @Override
              public void family(MetricMetadata metadata) {
                assertThat(metadata.help()).as(metadata.name()).isNotEmpty();
              }

              @Override
              public void sample(String name, Labels labels, double value) {
                out.put(name + labels, value);
              }

              @Override
              public void sample(
                  String name,
                  Labels labels,
                  double value,
                  long timestampMs,
                  @Nullable Exemplar exemplar) {}

              @Override
              public void histogram(String name, Labels labels, NativeHistogram histogram) {}
            });
    return out;
  }

  @Test
  void contextClassLoaderIsThePluginsDuringTheCallAndResetAfter() throws Exception {
    ClassLoader mine = new ClassLoader() {};
    Thread.currentThread().setContextClassLoader(mine);
    try {
      ClassLoader during =
          guard
              .here(
                  plugin,
                  Operation.RUN,
                  "x",
                  () ->
                      java.util.Optional.ofNullable(Thread.currentThread().getContextClassLoader()))
              .orElse(null);
      assertThat(during).as("that of Object").isNull();
      assertThatThrownBy(() ->
              guard.here(
                  plugin,
                  Operation.RUN,
                  "x",
                  () -> {
                    Thread.currentThread().setContextClassLoader(new ClassLoader() {});
                    throw new IllegalStateException("broken");
                  }))
          .hasMessage("broken");
      assertThat(Thread.currentThread().getContextClassLoader()).isSameAs(mine);
    } finally {
      Thread.currentThread().setContextClassLoader(PluginGuardTest.class.getClassLoader());
    }
  }

  @Test
  void countsCallsFailuresAndDurations() throws Exception {
    assertThat(guard.<String>open(plugin, "exporter x", () -> "opened")).isEqualTo("opened");
    assertThatThrownBy(() ->
            guard.open(
                plugin,
                "exporter x",
                () -> {
                  throw new NoClassDefFoundError("gone");
                }))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThatThrownBy(() ->
            guard.open(
                plugin,
                "exporter x",
                () -> {
                  throw new AssertionError("no");
                }))
        .isInstanceOf(PluginCalls.PluginErrorException.class)
        .hasMessage("exporter x failed: java.lang.AssertionError: no");
    assertThatThrownBy(() ->
            guard.open(
                plugin,
                "exporter x",
                () -> {
                  throw new ConfigException("the user's fault");
                }))
        .isInstanceOf(ConfigException.class);
    PluginHealth.Calls open = calls("open");
    assertThat(open.calls()).isEqualTo(4);
    assertThat(open.exceptions()).isEqualTo(2);
    assertThat(open.inFlight()).isZero();
    assertThat(open.maxSeconds()).isPositive().isGreaterThanOrEqualTo(open.meanSeconds());
    String labels = "{kind=\"exporter\", operation=\"open\", plugin=\"io.acme\"";
    assertThat(metrics())
        .containsEntry("narthex_plugin_calls_total" + labels + "}", 4.0)
        .containsEntry(
            "narthex_plugin_call_failures_total" + labels + ", reason=\"exception\"}", 2.0)
        .containsEntry("narthex_plugin_call_failures_total" + labels + ", reason=\"timeout\"}", 0.0)
        .containsEntry("narthex_plugin_calls_in_flight" + labels + "}", 0.0)
        .containsEntry("narthex_plugin_call_duration_seconds_count" + labels + "}", 4.0)
        .containsEntry(
            "narthex_plugin_call_duration_seconds_bucket{kind=\"exporter\", le=\"+Inf\","
                + " operation=\"open\", plugin=\"io.acme\"}",
            4.0);
    guard.metrics().forget("io.acme");
    assertThat(metrics()).isEmpty();
  }

  @Test
  void overdueCallIsATimeoutAndStaysInFlightUntilItEnds() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    PluginCall<String> call =
        guard.start(
            plugin,
            Operation.COLLECT,
            "exporter x",
            () -> {
              while (go.getCount() > 0) {
                LockSupport.parkNanos(1_000_000); // deaf to interruption
                Thread.interrupted();
              }
              throw new IllegalStateException("too late to matter");
            });
    assertThatThrownBy(() -> call.await(Duration.ofMillis(20)))
        .isInstanceOf(PluginCalls.PluginTimeoutException.class)
        .hasMessage("exporter x did not come back within 0.02 s");
    assertThat(call.isAbandoned()).isTrue();
    assertThat(call.isRunning()).isTrue();
    assertThat(calls("collect").inFlight()).isEqualTo(1);
    assertThat(calls("collect").timeouts()).isEqualTo(1);
    go.countDown();
    assertThat(call.join(Duration.ofSeconds(10))).isTrue();
    Fakes.eventually(() -> calls("collect").inFlight() == 0);
    assertThat(calls("collect").exceptions()).as("counted once").isZero();
  }

  @Test
  void interruptedCallerInterruptsTheCall() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    PluginCall<Boolean> call =
        guard.start(
            plugin,
            Operation.COLLECT,
            "exporter x",
            () -> {
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
              }
              return true;
            });
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread caller =
        Thread.ofVirtual()
            .start(() -> {
              try {
                call.await(Duration.ofMinutes(1));
              } catch (Exception e) {
                thrown.set(e);
              }
            });
    caller.interrupt();
    caller.join();
    assertThat(interrupted.getCount()).isZero();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
  }

  @Test
  void pluginsGetThreadsThatTheyCannotHog() throws Exception {
    guard.trust("io.acme", true); // a call of the system that hangs is no fault of its author
    PluginCall<Boolean> call =
        guard.start(plugin, Operation.COLLECT, "x", () -> Thread.currentThread().isVirtual());
    assertThat(call.await(java.time.Duration.ofSeconds(10))).isFalse();
  }

  @Test
  void lentThreadsAreEndedWithTheirOwner() throws Exception {
    Object owner = new Object();
    Object other = new Object();
    CountDownLatch go = new CountDownLatch(1);
    Thread obedient =
        guard
            .threads()
            .lend(Thread.ofVirtual().name("obedient"), owner, new PluginUsage(), () -> waitFor(go));
    Thread others =
        guard
            .threads()
            .lend(Thread.ofVirtual().name("others"), other, new PluginUsage(), () -> waitFor(go));
    Thread deaf =
        guard
            .threads()
            .lend(
                Thread.ofPlatform().daemon().name("deaf"),
                owner,
                new PluginUsage(),
                () -> {
                  while (go.getCount() > 0) {
                    LockSupport.parkNanos(1_000_000);
                    Thread.interrupted();
                  }
                });
    assertThat(guard.threads().end(owner, Duration.ofSeconds(1))).containsExactly("deaf");
    assertThat(obedient.isAlive()).isFalse();
    assertThat(others.isAlive()).isTrue();
    ClassLoader mine = PluginGuardTest.class.getClassLoader();
    assertThat(guard.threads().inside(mine)).anyMatch(t -> t.startsWith("deaf, for "));
    go.countDown();
    deaf.join();
    others.join();
    assertThat(guard.threads().inside(mine)).isEmpty();
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      // interrupted to stop
    }
  }

  @Test
  void processorTimeAndAllocationAreCountedWhileACallRunsAndAfterwards() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    PluginCall<Integer> call =
        guard.start(
            plugin,
            Operation.RUN,
            "busy",
            () -> {
              int kept = 0;
              while (go.getCount() > 0) {
                kept += new byte[10_000].length;
              }
              return kept;
            });
    Fakes.eventually(() -> {
      PluginHealth.Usage now = guard.metrics().usageOf("io.acme");
      return now.cpuSeconds() > 0.02 && now.allocatedBytes() > 1_000_000;
    });
    go.countDown();
    assertThat(call.await(Duration.ofSeconds(10))).isNotNull();
    PluginHealth.Usage after = guard.metrics().usageOf("io.acme");
    assertThat(after.cpuSeconds()).isGreaterThan(0.02);
    assertThat(guard.metrics().usageOf("io.acme")).as("nothing runs").isEqualTo(after);
    assertThat(metrics())
        .containsEntry("narthex_plugin_cpu_seconds_total{plugin=\"io.acme\"}", after.cpuSeconds())
        .containsEntry(
            "narthex_plugin_allocated_bytes_total{plugin=\"io.acme\"}", after.allocatedBytes());
    guard.metrics().forget("io.acme");
    assertThat(guard.metrics().usageOf("io.acme")).isEqualTo(PluginHealth.Usage.NONE);
  }

  @Test
  void threadThatHasLeftIsNotInterrupted() {
    HostThreads threads = guard.threads();
    ClassLoader mine = Objects.requireNonNull(PluginGuardTest.class.getClassLoader());
    HostThreads.Stay stay = threads.enter(mine, "a call", null);
    assertThat(threads.leave(stay)).isFalse();
    stay.interrupt(); // decided while it was inside
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    HostThreads.Stay second = threads.enter(mine, "a call", null);
    second.interrupt();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(threads.leave(second)).isTrue();
  }

  @Test
  void threadThatOutlivesItsFirstCallerKeepsNothingOfIt() throws Exception {
    Thread caller = Thread.currentThread();
    ClassLoader before = caller.getContextClassLoader();
    AtomicReference<@Nullable ClassLoader> seen = new AtomicReference<>();
    Thread thread;
    try (URLClassLoader part = new URLClassLoader(new URL[0], before)) {
      caller.setContextClassLoader(part); // a part of the server that may be replaced
      thread =
          PluginGuard.hostThread(
              "x", () -> seen.set(Thread.currentThread().getContextClassLoader()));
    } finally {
      caller.setContextClassLoader(before);
    }
    thread.start();
    thread.join();
    assertThat(seen.get()).isSameAs(PluginGuard.class.getClassLoader());
  }
}
