package io.narthex.core.plugin;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.Flags;
import io.narthex.core.settings.PluginSettingsManager;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks that no plugin has are refused when their key looks like a known one. */
class MisspeltBlocksTest {
  private static final String NONE = "route: {receiver: r}\nreceivers: [{name: r}]\n";

  @TempDir Path folder;

  private void check(String prometheus, String alertmanager) throws IOException {
    Path main = Files.writeString(folder.resolve("prometheus.yml"), prometheus);
    Files.writeString(folder.resolve("alertmanager.yml"), alertmanager);
    try (PluginStage stage = new PluginStage(folder)) {
      new PluginSettingsManager(
              stage.registry, stage.functions, stage.notifiers, stage.manager, folder)
          .check(new ConfigFiles(Flags.parse(List.of("--config.file=" + main))).load());
    }
  }

  @Test
  void slipsInTheFilesAreRefusedWithTheirPlace() {
    assertThatThrownBy(
            () -> check("scrape_configs: [{job_name: a, kubernets_sd_configs: [{}]}]\n", NONE))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("prometheus.yml:1:")
        .hasMessageEndingWith(
            "field kubernets_sd_configs not found; did you mean \"kubernetes_sd_configs\"?");
    assertThatThrownBy(() ->
            check("{}\n", "route: {receiver: r}\nreceivers: [{name: r, slak_configs: [{}]}]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("alertmanager.yml:2:")
        .hasMessageEndingWith("field slak_configs not found; did you mean \"slack_configs\"?");
    assertThatCode(() -> check("scrape_configs: [{job_name: a, ourown_sd_configs: [{}]}]\n", NONE))
        .as("a plugin that is not installed")
        .doesNotThrowAnyException();
  }
}
