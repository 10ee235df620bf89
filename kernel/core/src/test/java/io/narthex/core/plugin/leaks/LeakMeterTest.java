package io.narthex.core.plugin.leaks;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.host.HostThreads;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.service.plugins.PluginHealth.Leak;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LeakMeterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private final LeakMeter meter = new LeakMeter(new HostThreads(), () -> {});

  /** Loads the leaver itself, all else by its parent. */
  private static final class PluginLoader extends ClassLoader {
    PluginLoader() {
      super(LeakMeterTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(Leaver.class.getName())) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      String file = name.substring(name.lastIndexOf('.') + 1) + ".class";
      try (InputStream in = LeakMeterTest.class.getResourceAsStream(file)) {
        byte[] code = Objects.requireNonNull(in, file).readAllBytes();
        return defineClass(name, code, 0, code.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  /** Makes a plugin, lets it do its work, and returns it. */
  private static Object plugin() throws Exception {
    ClassLoader loader = new PluginLoader();
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader); // as the guard does
    try {
      Object leaver =
          loader.loadClass(Leaver.class.getName()).getDeclaredConstructor().newInstance();
      ((Runnable) leaver).run();
      return leaver;
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Waits until a condition holds, with garbage collections meanwhile. */
  private static void afterCollections(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      System.gc();
      LockSupport.parkNanos(50_000_000);
    }
  }

  private static void cleanUp(Object plugin) throws Exception {
    plugin.getClass().getMethod("cleanUp").invoke(plugin);
  }

  private List<String> whats() {
    return meter.leaks("io.acme").stream().map(Leak::what).sorted().toList();
  }

  private List<String> metrics() {
    List<String> out = new ArrayList<>();
    meter.collect(
        new MetricSink() {
          @Override
          public void family(MetricMetadata metadata) {}

          @Override
          public void sample(String name, Labels labels, double value) {
            out.add(name + labels + " " + value);
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
  void namesWhatAVersionHasLeftBehind() throws Exception {
    Object plugin = plugin();
    try {
      meter.watch("io.acme", "1.0.0", plugin.getClass().getClassLoader());
      assertThat(meter.leaks("io.acme"))
          .contains(
              new Leak("thread", "leaver thread", "1.0.0"),
              new Leak("timer", "leaver timer", "1.0.0"),
              new Leak("mbean", "io.acme:type=Leaver", "1.0.0"),
              new Leak("jdbc_driver", Leaver.class.getName(), "1.0.0"));
      assertThat(metrics())
          .contains("narthex_plugin_leaked{plugin=\"io.acme\", what=\"thread\"} 1.0")
          .contains("narthex_plugin_leaked{plugin=\"io.acme\", what=\"mbean\"} 1.0");
      assertThat(meter.alive("io.acme")).isEqualTo(1);
      assertThat(meter.leaks("io.other")).isEmpty();
      assertThat(meter.removedWithLeftovers()).isEmpty();
      meter.removed("io.acme");
      assertThat(meter.removedWithLeftovers()).containsExactly("io.acme");
    } finally {
      cleanUp(plugin);
    }
  }

  @Test
  void loaderThatACollectionDoesNotTakeIsALeak() throws Exception {
    Object plugin = plugin();
    cleanUp(plugin);
    meter.watch("io.acme", "1.0.0", plugin.getClass().getClassLoader());
    afterCollections(() -> whats().contains("class_loader"));
    assertThat(meter.leaks("io.acme").getLast().name()).contains("nothing visible holds it");
    assertThat(plugin).isNotNull(); // this reference is the leak
  }

  @Test
  void loaderThatIsCollectedLeavesNothing() throws Exception {
    Object plugin = plugin();
    cleanUp(plugin);
    meter.watch("io.acme", "1.0.0", plugin.getClass().getClassLoader());
    assertThat(meter.alive("io.acme")).isEqualTo(1);
    assertThat(whats()).as("not collected yet is no leak").doesNotContain("class_loader");
    plugin = null;
    afterCollections(() -> meter.alive("io.acme") == 0);
    assertThat(whats()).isEmpty();
    assertThat(metrics()).hasSize(5).allMatch(m -> m.endsWith(" 0.0"));
  }
}
