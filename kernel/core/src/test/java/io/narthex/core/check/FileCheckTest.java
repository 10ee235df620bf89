package io.narthex.core.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.Flags;
import io.narthex.service.config.ConfigService.Ignored;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code narthex check} says of files. */
class FileCheckTest {
  @TempDir Path folder;

  /** The part that reads rule files. */
  private record Rules(Map<String, Integer> found, String wrong) implements ReloadListener {
    @Override
    public String name() {
      return "rules";
    }

    @Override
    public ReloadStage stage() {
      return ReloadStage.SCRAPING;
    }

    @Override
    public void apply(ConfigSnapshot snapshot) {
      throw new AssertionError("only checked");
    }

    @Override
    public Map<String, Integer> check(ConfigSnapshot snapshot) {
      if (!wrong.isEmpty()) {
        throw new ConfigException(wrong);
      }
      return found;
    }
  }

  private ConfigFiles.Loaded load(String alertmanager) throws IOException {
    Path main = Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
    if (!alertmanager.isEmpty()) {
      Files.writeString(folder.resolve("alertmanager.yml"), alertmanager);
    }
    return new ConfigFiles(Flags.parse(List.of("--config.file=" + main))).load();
  }

  @Test
  void goodFilesAreNamedWithWhatIsInThem() throws IOException {
    assertThat(
            new FileCheck("config", "p.yml")
                .passed(
                    load(""),
                    List.of(),
                    List.of(
                        new Ignored("prometheus.yml", "remote_write", "no sample is sent"),
                        new Ignored("flag", "--agent", "never said here")),
                    new Rules(Map.of("r.yml", 3), "")))
        .isEqualTo(
            """
            Checking p.yml
              SUCCESS: 1 rule files found
             SUCCESS: p.yml is valid prometheus config file syntax
              WARNING: prometheus.yml: remote_write has no effect: no sample is sent

            Checking r.yml
              SUCCESS: 3 rules found

            """);
    assertThat(
            new FileCheck("rules", "r.yml")
                .passed(load(""), List.of(), List.of(), new Rules(Map.of("r.yml", 3), "")))
        .isEqualTo("Checking r.yml\n  SUCCESS: 3 rules found\n\n");
    assertThat(
            new FileCheck("alertmanager-config", "am.yml")
                .passed(
                    load("route: {receiver: r}\nreceivers: [{name: r}, {name: s}]\n"),
                    List.of(),
                    List.of(),
                    null))
        .isEqualTo(
            """
            Checking 'am.yml'  SUCCESS
            Found:
             - global config
             - route
             - 0 inhibit rules
             - 2 receivers
             - 0 templates
            """);
  }

  @Test
  void wrongOnesFailWithTheReason() throws IOException {
    ConfigException wrong = new ConfigException("r.yml:3:1: is wrong");
    assertThat(new FileCheck("config", "p.yml").failed(wrong))
        .isEqualTo("Checking p.yml\n  FAILED: r.yml:3:1: is wrong\n");
    assertThat(new FileCheck("alertmanager-config", "am.yml").failed(wrong))
        .isEqualTo("Checking 'am.yml'  FAILED: r.yml:3:1: is wrong\n");
    FileCheck rules = new FileCheck("config", "p.yml");
    ConfigFiles.Loaded loaded = load("");
    assertThatThrownBy(() ->
            rules.passed(loaded, List.of(), List.of(), new Rules(Map.of(), "r.yml:3:1: is wrong")))
        .isInstanceOf(ConfigException.class);
    assertThat(rules.failed(wrong))
        .as("the configuration itself is good")
        .startsWith("Checking p.yml\n SUCCESS: ")
        .endsWith("  FAILED: r.yml:3:1: is wrong\n");
    assertThatThrownBy(
            () -> new FileCheck("rules", "r.yml").passed(loaded, List.of(), List.of(), null))
        .hasMessageContaining("rules are not checked");
  }
}
