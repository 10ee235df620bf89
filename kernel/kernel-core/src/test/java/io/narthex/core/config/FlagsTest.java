package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlagsTest {
  private static Flags parse(String... arguments) {
    return Flags.parse(List.of(arguments));
  }

  @Test
  void takesValuesInBothForms() {
    Flags flags = parse("--config.file=a.yml", "--storage.tsdb.path", "data");
    assertThat(flags.text("config.file")).isEqualTo("a.yml");
    assertThat(flags.text("storage.tsdb.path")).isEqualTo("data");
    assertThat(flags.text("web.listen-address")).isEqualTo("0.0.0.0:9090");
    assertThat(flags.duration("query.timeout")).isEqualTo(Duration.ofMinutes(2));
  }

  @Test
  void takesBooleansInBothForms() {
    assertThat(parse("--web.enable-lifecycle").bool("web.enable-lifecycle")).isTrue();
    assertThat(parse("--no-web.enable-lifecycle").bool("web.enable-lifecycle")).isFalse();
    assertThat(parse().bool("web.enable-lifecycle")).isFalse();
  }

  @Test
  void listsAreRepeatedAndFeaturesCommaSeparated() {
    Flags flags =
        parse(
            "--web.listen-address=:1",
            "--web.listen-address=:2",
            "--enable-feature=a,b",
            "--enable-feature=c");
    assertThat(flags.list("web.listen-address")).containsExactly(":1", ":2");
    assertThat(flags.feature("b")).isTrue();
    assertThat(flags.feature("c")).isTrue();
    assertThat(flags.feature("d")).isFalse();
  }

  @Test
  void readsArgumentsFromAFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("args");
    Files.writeString(file, "# comment\n--config.file=a.yml\n\n--log.level=debug\n");
    Flags flags = parse("@" + file);
    assertThat(flags.text("config.file")).isEqualTo("a.yml");
    assertThat(flags.text("log.level")).isEqualTo("debug");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--nonsense | 2 | unknown long flag '--nonsense'",
        "-x | 2 | unknown short flag '-x'",
        "word | 1 | unexpected word",
        "--config.file | 2 | expected argument for flag '--config.file'",
        "--query.timeout=x | 2 | not a valid duration string: \"x\"",
        "--query.max-samples=x | 2 | --query.max-samples",
        "--log.level=loud | 2 | loud",
        "--log.format=xml | 2 | xml",
        "--web.enable-lifecycle=true | 1 | unexpected true",
        "--agent | 3 | agent mode is not available yet",
        "--storage.agent.path=x | 3 | can only be used in agent mode",
        "@/does/not/exist | 2 | /does/not/exist"
      })
  void refusesWithTheOriginalsStatus(String argument, int status, String text) {
    assertThatThrownBy(() -> parse(argument))
        .isInstanceOfSatisfying(
            Flags.FlagException.class, e -> assertThat(e.exitStatus()).isEqualTo(status))
        .hasMessageContaining(text);
  }

  @Test
  void refusesARepeatedFlag() {
    assertThatThrownBy(() -> parse("--config.file=a", "--config.file=b"))
        .hasMessageContaining("flag 'config.file' cannot be repeated");
  }

  @Test
  void knowsHelpAndVersion() {
    assertThat(parse("--help").help()).isTrue();
    assertThat(parse("-h").help()).isTrue();
    assertThat(parse("--version").version()).isTrue();
    assertThat(Flags.usage()).contains("--config.file=prometheus.yml").contains("--[no-]");
  }
}
