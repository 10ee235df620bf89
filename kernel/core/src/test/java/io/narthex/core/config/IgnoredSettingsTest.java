package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.exposition.ExpositionWriter;
import io.narthex.service.config.ConfigService.Ignored;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode.Place;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nothing that is configured and has no effect stays unsaid. */
class IgnoredSettingsTest {
  @TempDir Path folder;

  private ConfigManager manager(String prometheus, String alertmanager, String... flags)
      throws IOException {
    Files.writeString(folder.resolve("prometheus.yml"), prometheus);
    if (!alertmanager.isEmpty()) {
      Files.writeString(folder.resolve("alertmanager.yml"), alertmanager);
    }
    List<String> arguments = new ArrayList<>(List.of(flags));
    arguments.add("--config.file=" + folder.resolve("prometheus.yml"));
    ConfigFiles files = new ConfigFiles(Flags.parse(arguments));
    return new ConfigManager(
        files, files.load(), next -> {}, new MetricsRegistry(), Clock.systemUTC());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "remote_write: [{url: 'http://x/w'}] | remote_write",
        "remote_read: [{url: 'http://x/r'}] | remote_read",
        "tracing: {endpoint: 'x:1'} | tracing",
        "otlp: {promote_scope_metadata: true} | otlp",
        "runtime: {gogc: 50} | runtime.gogc",
        "storage: {tsdb: {chunk_encoding: {floats: xor}}} | storage.tsdb.chunk_encoding",
        "alerting: {alertmanagers: [{sigv4: {region: x}}]} | alerting.alertmanagers[0].sigv4"
      })
  void keysWithoutEffectAreNamed(String yaml, String key) throws IOException {
    assertThat(manager(yaml, "").ignored())
        .extracting(Ignored::source, Ignored::name)
        .containsExactly(org.assertj.core.groups.Tuple.tuple("prometheus.yml", key));
  }

  @Test
  void thoseOfTheAlertmanagerAndFlagsAreNamedTooAndCounted() throws IOException {
    ConfigManager manager =
        manager(
            "global: {}",
            "route: {receiver: x}\nreceivers: [{name: x}]\ntracing: {endpoint: 'x:1'}\n",
            "--web.enable-otlp-receiver");
    ExpositionWriter writer = new ExpositionWriter(ExpositionWriter.Format.TEXT_0_0_4);
    manager.collect(writer);
    assertThat(new String(writer.buffer(), 0, writer.length(), StandardCharsets.UTF_8).lines())
        .filteredOn(l -> !l.startsWith("#"))
        .containsExactly(
            "narthex_config_ignored{name=\"--web.enable-otlp-receiver\",source=\"flag\"} 1",
            "narthex_config_ignored{name=\"tracing\",source=\"alertmanager.yml\"} 1");
    assertThat(manager.ignored()).allMatch(i -> !i.reason().isEmpty());
    assertThat(manager("global: {}", "").ignored()).extracting(Ignored::name).contains("tracing");
  }

  @Test
  void keysSpeltNearlyLikeAKnownOneAreRefused() {
    Place place = new Place("p.yml", 3, 5);
    List<String> known =
        OriginalNames.DISCOVERIES.stream().map(OriginalNames::discoveryKey).toList();
    assertThatThrownBy(() -> OriginalNames.refuseTypo("kubernets_sd_configs", place, known))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "p.yml:3:5: field kubernets_sd_configs not found; did you mean \"kubernetes_sd_configs\"?");
    assertThatThrownBy(() -> OriginalNames.refuseTypo("consult_sd_configs", place, known))
        .hasMessageContaining("did you mean \"consul_sd_configs\"");
    assertThatThrownBy(() -> OriginalNames.refuseTypo("fiel_sd_configs", place, known))
        .hasMessageContaining("did you mean \"file_sd_configs\"");
    assertThatCode(() -> OriginalNames.refuseTypo("tide_sd_configs", place, known))
        .as("half of its letters are others: a plugin of its own")
        .doesNotThrowAnyException();
    assertThatCode(() -> OriginalNames.refuseTypo("vault_sd_configs", place, known))
        .as("no slip of vultr")
        .doesNotThrowAnyException();
    assertThatCode(() -> OriginalNames.refuseTypo("kuma_sd_configs", place, known))
        .doesNotThrowAnyException();
    assertThatCode(() -> OriginalNames.refuseTypo("ourown_sd_configs", place, known))
        .doesNotThrowAnyException();
  }

  @Test
  void theSingularOfAKeyIsAnsweredWithThePlural() {
    for (String key : new String[] {"file_sd_config", "static_config"}) {
      assertThatThrownBy(() -> manager("scrape_configs: [{job_name: a, " + key + ": []}]", ""))
          .hasMessageEndingWith("field " + key + " not found; did you mean \"" + key + "s\"?");
    }
    assertThatThrownBy(() ->
            manager(
                "global: {}", "route: {receiver: x}\nreceivers: [{name: x, webhook_config: []}]\n"))
        .hasMessageEndingWith("did you mean \"webhook_configs\"?");
  }
}
