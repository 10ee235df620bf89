package io.narthex.core.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.host.GuardLimits;
import io.narthex.core.plugin.state.PluginRecords;
import io.narthex.service.plugins.PluginProblem;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class CrashedPluginsTest {
  @TempDir private Path folder;

  @Test
  void noOtherTryIsPlannedWhenTheServerStops() {
    Clock clock = Clock.systemUTC();
    GuardLimits limits = GuardLimits.DEFAULT;
    PluginTable table = new PluginTable(folder, clock);
    ScheduledExecutorService stopped = Executors.newSingleThreadScheduledExecutor();
    stopped.shutdownNow();
    CrashedPlugins crashed =
        new CrashedPlugins(
            table, null, null, null, PluginRecords.in(folder, clock, limits), limits, stopped);
    Plugin plugin = table.add("x");
    plugin.failed(PluginProblem.SETTINGS, "failed to start: boom");
    crashed.startFailed(
        plugin,
        () -> {
          throw new AssertionError("is tried again");
        });
    assertThat(plugin.reason).as("whatever the text says").isEqualTo("failed to start: boom");
    plugin.failed(PluginProblem.CRASHED, "in other words");
    crashed.startFailed(
        plugin,
        () -> {
          throw new AssertionError("is tried again");
        });
    assertThat(plugin.reason).startsWith("in other words; tries again in ");
  }
}
