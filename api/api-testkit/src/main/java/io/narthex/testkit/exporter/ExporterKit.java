package io.narthex.testkit.exporter;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.notifier.PlainHttp;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests for every exporter. Extend it and implement how to open the exporter. */
public abstract class ExporterKit {
  /** Folder of the test. */
  @TempDir protected Path directory;

  /** Clock of the exporter. */
  protected final FakeClock clock = new FakeClock(1_700_000_000_000L);

  /** For JUnit. */
  @SuppressWarnings({"NullAway", "this-escape"})
  protected ExporterKit() {}

  /** Opens the exporter under test. */
  protected abstract Exporter open(PluginContext context);

  /** Returns the context the exporter gets. */
  protected PluginContext context() {
    return new TestPluginContext(directory, clock, new PlainHttp());
  }

  /** Collects once. */
  protected final RecordingMetrics collect(Exporter exporter) throws InterruptedException {
    RecordingMetrics metrics = new RecordingMetrics();
    exporter.collect(metrics, Map.of());
    return metrics;
  }

  @Test
  final void writesWholeFamiliesWithoutDuplicates() throws InterruptedException {
    try (Exporter exporter = open(context())) {
      RecordingMetrics metrics = collect(exporter);
      assertThat(metrics.faults()).isEmpty();
      assertThat(metrics.samples()).isNotEmpty();
    }
  }

  @Test
  final void collectsAgain() throws InterruptedException {
    try (Exporter exporter = open(context())) {
      int first = collect(exporter).families().size();
      assertThat(collect(exporter).families()).hasSizeGreaterThanOrEqualTo(first / 2);
    }
  }

  @Test
  final void closesTwice() {
    Exporter exporter = open(context());
    exporter.close();
    exporter.close();
  }
}
