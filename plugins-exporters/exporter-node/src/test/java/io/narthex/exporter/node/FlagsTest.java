package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullUnmarked
final class FlagsTest {
  private static Flags flags(String... arguments) {
    return new Flags(List.of(arguments));
  }

  @Test
  void theLastOfTwoCounts() {
    Flags flags = flags("--collector.cpu.info", "--no-collector.cpu.info", "--path.procfs=/a");
    assertThat(flags.on("collector.cpu.info", true)).isFalse();
    assertThat(flags.text("path.procfs", "/proc")).isEqualTo("/a");
    assertThat(flags.text("path.sysfs", "/sys")).isEqualTo("/sys");
  }

  @Test
  void includeReplacesTheDefaultOfExclude() {
    Flags.Choice choice =
        flags("--collector.diskstats.device-include=^sd")
            .choice("collector.diskstats.device", "^sd[a-z][0-9]");
    assertThat(choice.takes("sda1")).isTrue();
    assertThat(choice.takes("vda")).isFalse();
    assertThat(flags().choice("collector.diskstats.device", "^sd[a-z][0-9]").takes("sda1"))
        .isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--collector.cpu.nope | unknown flag, got \"--collector.cpu.nope\"",
        "--web.listen-address=:9100 | unknown flag, got \"--web.listen-address=:9100\"",
        "--path.procfs | a value is missing, got \"--path.procfs\"",
        "--no-collector.vmstat.fields | a value is missing",
        "--collector.cpu.info=true | a switch has no value, got \"--collector.cpu.info=true\"",
        "--collector.processes=false | a switch has no value",
        "--web.max-requests=x | --web.max-requests must be a number, got \"x\"",
        "--collector.cpu.info=yes | a switch has no value, got \"--collector.cpu.info=yes\"",
        "--collector.vmstat.fields=( | --collector.vmstat.fields: not a regular expression, got"
            + " \"(\"",
      })
  void refusesWhatCannotBeUsed(String argument, String message) {
    assertThatThrownBy(() -> flags(argument))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("flags: ")
        .hasMessageContaining(message);
  }

  @Test
  void takesTheFormerNamesOfExcludingFlags() {
    Flags flags =
        flags(
            "--collector.filesystem.ignored-mount-points=^/(sys|proc)",
            "--collector.filesystem.ignored-fs-types=^tmpfs$",
            "--collector.diskstats.ignored-devices=^sd");
    assertThat(flags.choice("collector.filesystem.mount-points", "").takes("/proc")).isFalse();
    assertThat(flags.choice("collector.filesystem.fs-types", "").takes("tmpfs")).isFalse();
    assertThat(flags.choice("collector.diskstats.device", "").takes("sda")).isFalse();
    assertThat(flags.choice("collector.diskstats.device", "").takes("vda")).isTrue();
    assertThatThrownBy(() ->
            flags(
                "--collector.diskstats.ignored-devices=a",
                "--collector.diskstats.device-exclude=b"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("are the same");
    assertThatThrownBy(() -> flags("--collector.diskstats.ignored-devices=("))
        .isInstanceOf(ConfigException.class);
  }

  @Test
  void takesFlagsOfItsServerThatHaveNoEffectHere() {
    flags(
            "--web.disable-exporter-metrics",
            "--web.max-requests=40",
            "--runtime.gomaxprocs=1",
            "--collector.filesystem.stat-workers=4")
        .check(Set.of("cpu"));
  }

  @Test
  void includeAndExcludeDoNotGoTogether() {
    assertThatThrownBy(
            () -> flags("--collector.arp.device-include=a", "--collector.arp.device-exclude=b"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("exclude each other");
  }

  @Test
  void refusesToSwitchOnWhatDoesNotExist() {
    assertThatThrownBy(() -> flags("--collector.wifi").check(Set.of("cpu")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no such collector, got \"--collector.wifi\"");
    assertThatThrownBy(() -> flags("--no-collector.nosuch").check(Set.of("cpu")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no such collector, got \"--no-collector.nosuch\"");
    flags("--no-collector.wifi", "--collector.cpu", "--collector.disable-defaults")
        .check(Set.of("cpu"));
  }
}
