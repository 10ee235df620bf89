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
  void bothMessagesOfRemoteWriteAreAcceptedUnlessOneIsNamed() {
    String flag = "web.remote-write-receiver.accepted-protobuf-messages";
    assertThat(parse().list(flag))
        .containsExactly("prometheus.WriteRequest", "io.prometheus.write.v2.Request");
    assertThat(parse("--" + flag + "=io.prometheus.write.v2.Request").list(flag))
        .containsExactly("io.prometheus.write.v2.Request");
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
        "--nonsense | 1 | unknown long flag '--nonsense'",
        "-x | 1 | unknown short flag '-x'",
        "word | 1 | unexpected word",
        "--config.file | 1 | expected argument for flag '--config.file'",
        "--query.timeout=x | 2 | not a valid duration string: \"x\"",
        "--query.max-samples=x | 2 | --query.max-samples",
        "--query.max-samples=1.5e400 | 2 | out of range",
        "--web.max-connections=3000000000 | 2 | out of range",
        "--web.cors.origin=( | 2 | could not compile CORS regex string \"(\"",
        "--web.external-url=::bad | 2 | parse external URL \"::bad\"",
        "--alertmanager.notification-queue-capacity=-1 | 2 | must not be negative",
        "--auto-gomemlimit.ratio=2 | 1 | must be greater than 0 and less than or equal to 1.",
        "--storage.tsdb.wal-segment-size=1MB | 1 | must be set between 10MB and 256MB",
        "--storage.tsdb.wal-segment-size=big | 2 | invalid size \"big\"",
        "--web.remote-write-receiver.accepted-protobuf-messages=x | 2 | unknown type for remote write protobuf message x",
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
  void integersMayHaveAnExponentOrAFraction() {
    Flags flags = parse("--query.max-samples=5e7", "--web.max-connections=1.5");
    assertThat(flags.text("query.max-samples")).isEqualTo("50000000");
    assertThat(flags.text("web.max-connections")).isEqualTo("1");
    assertThat(
            parse("--storage.remote.read-sample-limit=5e12")
                .text("storage.remote.read-sample-limit"))
        .isEqualTo("5000000000000");
  }

  @Test
  void namesTheFlagsAndFeaturesWithoutEffectOnlyWhenTheyAreGiven() {
    assertThat(parse().withoutEffect()).isEmpty();
    Flags flags =
        parse(
            "--web.console.templates=x",
            "--auto-gomaxprocs",
            "--cluster.peer=a",
            "--enable-feature=otlp-deltatocumulative,promql-experimental-functions,nope");
    assertThat(flags.withoutEffect())
        .containsOnlyKeys(
            "--web.console.templates",
            "--auto-gomaxprocs",
            "--cluster.peer",
            "--enable-feature=otlp-deltatocumulative");
    assertThat(flags.unknownFeatures()).containsExactly("nope");
    assertThat(Flags.usage()).contains("No effect: console templates are not available yet.");
  }

  @Test
  void reloadsByItselfByEitherName() {
    assertThat(parse().autoReload()).isFalse();
    assertThat(parse("--config.auto-reload").autoReload()).isTrue();
    assertThat(parse("--enable-feature=auto-reload-config").autoReload()).isTrue();
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

  @Test
  void helpNamesTheFlagsOfGosRuntime() {
    assertThat(Flags.usage())
        .contains(
            "--[no-]auto-gomaxprocs\n",
            "--[no-]auto-gomemlimit\n",
            "--auto-gomemlimit.ratio=0.9\n");
  }
}
