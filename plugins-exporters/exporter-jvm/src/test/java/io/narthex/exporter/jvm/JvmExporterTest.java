package io.narthex.exporter.jvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.Needs;
import io.narthex.testkit.exporter.ExporterKit;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
final class JvmExporterTest extends ExporterKit {
  @Override
  protected Exporter open(PluginContext context) {
    return new JvmExporterProvider().open(new JvmConfig(Map.of()), context);
  }

  @Test
  void endsWhenNobodyWaitsForTheRest() {
    AtomicInteger calls = new AtomicInteger();
    MetricSink abandoned =
        (MetricSink)
            Proxy.newProxyInstance(
                MetricSink.class.getClassLoader(),
                new Class<?>[] {MetricSink.class},
                (proxy, method, arguments) -> {
                  calls.incrementAndGet();
                  throw new IllegalStateException("this collection has been abandoned");
                });
    try (OwnJvm exporter = new OwnJvm()) {
      assertThatThrownBy(() -> exporter.collect(abandoned))
          .isInstanceOf(IllegalStateException.class);
    }
    assertThat(calls).hasValue(1);
  }

  @Test
  void hasTheNamesOfClientJava() throws IOException, InterruptedException {
    Path file = Needs.shared("conformance/exporter-metrics/jvm.tsv");
    RecordingMetrics metrics;
    try (OwnJvm exporter = new OwnJvm()) {
      exporter.collect(new RecordingMetrics());
      System.gc();
      RecordingMetrics last = new RecordingMetrics();
      for (long end = System.nanoTime() + 5_000_000_000L; System.nanoTime() < end; ) {
        last = new RecordingMetrics();
        exporter.collect(last);
        if (last.families().containsKey("jvm_memory_pool_allocated_bytes_total")) {
          break;
        }
        Thread.onSpinWait();
      }
      metrics = last;
    }
    List<String> missing = new ArrayList<>();
    int all = 0;
    for (String line : Files.readAllLines(file).subList(1, Files.readAllLines(file).size())) {
      String[] f = line.split("\t", -1);
      all++;
      var family = metrics.families().get(f[0]);
      boolean ok =
          family != null
              && family.type().text().equals(f[1])
              && metrics.samples().keySet().stream()
                  .filter(l -> l.metricName().startsWith(f[0]))
                  .allMatch(
                      l -> f[2].isEmpty() || List.of(f[2].split(",")).stream().allMatch(l::has));
      if (!ok) {
        missing.add(f[0]);
      }
    }
    String line = "conformance exporter-jvm: passed " + (all - missing.size()) + " of " + all;
    System.out.println(line);
    Files.createDirectories(Path.of("target/conformance"));
    Files.writeString(Path.of("target/conformance/exporter-jvm.txt"), line + "\n");
    assertThat(missing).isEmpty();
  }
}
