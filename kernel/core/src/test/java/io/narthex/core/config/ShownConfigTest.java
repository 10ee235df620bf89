package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.config.ConfigSnapshot;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShownConfigTest {
  record Acme(
      @Setting(help = "Where") String url,
      @Setting(help = "Number") @Nullable Secret pin,
      @Setting(help = "Pause", defaultValue = "45s") Duration pause) {}

  record AcmeMail(
      @Setting(help = "To") String to,
      @Setting(help = "Number") @Nullable Secret pin,
      @Setting(help = "Numbers") Map<String, Secret> pins) {}

  record AcmeGlobals(@Setting(help = "Number") @Nullable Secret acmePin) {}

  private static final ShownConfig.Records ACME =
      new ShownConfig.Records() {
        @Override
        public @Nullable Class<? extends Record> discovery(String type) {
          return type.equals("acme") ? Acme.class : null;
        }

        @Override
        public @Nullable Class<? extends Record> notifier(String type) {
          return type.equals("acme") ? AcmeMail.class : null;
        }

        @Override
        public List<Class<? extends Record>> globals() {
          return List.of(AcmeGlobals.class);
        }
      };

  @TempDir Path folder;

  private ConfigSnapshot show(ShownConfig.Records records) throws IOException {
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        scrape_configs:
          - job_name: a
            acme_sd_configs: [{url: "http://a", pin: 4711}]
            other_sd_configs: [{url: "http://b", api_token: 4712, pin: 1}]
        """);
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        """
        global: {acme_pin: 4713, smtp_auth_password: 4714, resolve_timeout: 5m}
        route: {receiver: r}
        receivers:
          - name: r
            acme_configs: [{to: me, pin: 4715, pins: {x: 4716}}]
        """);
    return new ConfigFiles(
            Flags.parse(List.of("--config.file=" + folder.resolve("prometheus.yml"))))
        .load()
        .shownBy(new ShownConfig(records));
  }

  @Test
  void recordsOfPluginsTellSecretsAndDefaults() throws IOException {
    ConfigSnapshot shown = show(ACME);
    assertThat(shown.prometheusYaml())
        .contains("url: http://a", "pin: <secret>", "pause: 45s", "api_token: <secret>")
        .doesNotContain("4711", "4712");
    assertThat(shown.alertmanagerYaml())
        .contains("to: me", "resolve_timeout: 5m", "acme_pin: <secret>")
        .doesNotContain("471");
  }

  @Test
  void withoutPluginOnlyHarmlessValuesAreShown() throws IOException {
    ConfigSnapshot shown = show(ShownConfig.Records.NONE);
    assertThat(shown.prometheusYaml())
        .contains("url: http://a", "pin: <secret>", "api_token: <secret>")
        .doesNotContain("pause", "471");
    assertThat(shown.alertmanagerYaml()).contains("to: me").doesNotContain("471");
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        """
        route: {receiver: r}
        receivers:
          - name: r
            pushover_configs: [{user_key: hunter1, send_resolved: true, retry: 1m, url: "http://a:hunter2@b/?key=hunter3"}]
            nobody_configs: [{tls_config: {key: hunter4, key_file: /k}, proxy_connect_header: {X: [hunter5]}}]
        """);
    ConfigSnapshot changed =
        new ConfigFiles(Flags.parse(List.of("--config.file=" + folder.resolve("prometheus.yml"))))
            .load()
            .shownBy(new ShownConfig(ShownConfig.Records.NONE));
    assertThat(changed.alertmanagerYaml())
        .contains("retry: 1m", "send_resolved: true", "key_file: /k", "http://a:xxxxx@b/?key=xxxxx")
        .doesNotContain("hunter");
  }

  /** The form is Alertmanager's own, looked up at one that ran with the same file. */
  @Test
  void alertmanagerIsShownWithDefaultsAndTextsAsTheyStand() throws IOException {
    Files.writeString(folder.resolve("prometheus.yml"), "");
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        """
        route:
          receiver: off
          group_wait: 60s
          routes: [{matchers: [a=b], receiver: yes, mute_time_intervals: [on]}, {match: {c: no}, continue: on}]
        receivers: [{name: off}, {name: yes}]
        time_intervals: [{name: on, time_intervals: [{times: [{start_time: 09:00, end_time: 17:00}], years: [2020]}]}]
        inhibit_rules: [{source_matchers: [a=b, 'c=~d'], target_matchers: [e=f], equal: [off]}]
        templates: ['*.tmpl']
        """);
    ConfigSnapshot shown =
        new ConfigFiles(Flags.parse(List.of("--config.file=" + folder.resolve("prometheus.yml"))))
            .load()
            .shownBy(new ShownConfig(ShownConfig.Records.NONE));
    assertThat(shown.alertmanagerYaml())
        .contains(
            "resolve_timeout: 5m",
            "follow_redirects: true",
            "opsgenie_api_url: https://api.opsgenie.com/",
            "pagerduty_url: https://events.pagerduty.com/v2/enqueue",
            "receiver: 'off'\n  continue: false",
            "- receiver: 'yes'\n    matchers:\n    - a=\"b\"\n",
            "mute_time_intervals:\n    - 'on'\n    continue: false\n",
            "match:\n      c: 'no'\n    continue: true\n",
            "group_wait: 1m\n",
            "- name: 'off'\n  labels:\n    name: 'off'\n",
            "- a=\"b\"\n  - c=~\"d\"\n",
            "equal:\n  - 'off'\n",
            "- " + folder.resolve("*.tmpl"));
    assertThat(shown.alertmanagerYaml()).doesNotContain("false\n  - 'off'");
  }
}
