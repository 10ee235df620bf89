package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFilesTest {
  @TempDir Path folder;

  @BeforeEach
  void create() throws IOException {
    Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
  }

  private ConfigFiles.Loaded load(String alertmanager, String... flags) throws IOException {
    Files.writeString(folder.resolve("alertmanager.yml"), alertmanager);
    List<String> all = new ArrayList<>(List.of(flags));
    all.add("--config.file=" + folder.resolve("prometheus.yml"));
    return new ConfigFiles(Flags.parse(all)).load();
  }

  @Test
  void urlsOfWebhooksAreSecretAndOthersAreNot() throws IOException {
    String yaml =
        load("""
        route: {receiver: x}
        receivers:
          - name: x
            webhook_configs:
              - url: http://hook/with-token
                http_config: {proxy_url: "http://proxy:3128"}
            pushover_configs:
              - {url: "http://shown", user_key: u, token: hidden}
        """)
            .shownBy(new ShownConfig(ShownConfig.Records.NONE))
            .alertmanagerYaml();
    assertThat(yaml)
        .contains("url: <secret>", "http://proxy:3128", "http://shown")
        .doesNotContain("with-token", "hidden");
  }

  /** Receivers and discoveries with the block that all share; a plugin's own keys are its test. */
  private static final ShownConfig.Records SHARED =
      new ShownConfig.Records() {
        @Override
        public Class<? extends Record> discovery(String type) {
          return HttpSettings.class;
        }

        @Override
        public Class<? extends Record> notifier(String type) {
          return HttpSettings.class;
        }

        @Override
        public ShownConfig.Block effective(String type, ConfigNode block, ConfigNode globals) {
          return new ShownConfig.Block(ConfigBinder.bind(block, HttpSettings.class), true);
        }

        @Override
        public List<Class<? extends Record>> globals() {
          return List.of();
        }
      };

  @Test
  void filesAreThoseOfTheFolderOfTheFileThatNamesThem() throws IOException {
    Files.createDirectories(folder.resolve("jobs"));
    Files.writeString(
        folder.resolve("jobs/more.yml"),
        """
        scrape_configs:
          - job_name: more
            authorization: {credentials_file: token-a}
            scrape_failure_log_file: log-a
            http_sd_configs: [{bearer_token_file: token-b}]
        """);
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {query_log_file: log-b, scrape_failure_log_file: log-c}
        rule_files: [rules/*.yml]
        scrape_config_files: [jobs/*.yml]
        scrape_configs:
          - job_name: a
            basic_auth: {username_file: user-a, password_file: password-a}
            tls_config: {ca_file: ca-a, cert_file: cert-a, key_file: key-a}
            http_headers: {X-A: {files: [header-a, header-b]}}
            consul_sd_configs:
              - basic_auth: {username: u, password_file: password-b}
              - oauth2: {client_id: i, token_url: "http://t", client_secret_file: secret-a}
            kubernetes_sd_configs: [{authorization: {credentials_file: token-c}}]
        alerting:
          alertmanagers:
            - basic_auth: {username: u, password_file: password-c}
              http_sd_configs: [{authorization: {credentials_file: token-d}}]
            - authorization: {credentials_file: token-e}
              oauth2:
        remote_write:
          - {url: "http://w", basic_auth: {username: u, password_file: password-d}}
        remote_read:
          - {url: "http://r", tls_config: {ca_file: ca-b}}
        """);
    ConfigSnapshot shown =
        load("""
        global: {http_config: {tls_config: {ca_file: ca-c}}}
        templates: [t/*.tmpl]
        route: {receiver: x}
        receivers:
          - name: x
            webhook_configs:
              - tls_config: {ca_file: ca-d, cert_file: cert-b, key_file: key-b}
                basic_auth: {username_file: user-b, password_file: password-e}
              - {bearer_token_file: token-f, http_headers: {X-A: {files: [header-c]}}}
            unheard_of_configs:
              - authorization: {credentials_file: token-g}
        """)
            .shownBy(new ShownConfig(SHARED));
    Matcher name =
        Pattern.compile(
                "\\S*(ca|cert|key|user|password|token|secret|header|log)-[a-z]\\b|\\S+/\\*\\S+", 0)
            .matcher(shown.prometheusYaml() + shown.alertmanagerYaml());
    List<String> names = new ArrayList<>();
    while (name.find()) {
      names.add(name.group());
    }
    assertThat(names)
        .hasSize(32)
        .allSatisfy(n -> assertThat(n).startsWith(folder + "/"))
        .contains(
            folder + "/jobs/token-a",
            folder + "/jobs/token-b",
            folder + "/jobs/log-a",
            folder + "/password-c",
            folder + "/rules/*.yml",
            folder + "/t/*.tmpl");
  }

  @Test
  void featuresChooseTheSyntaxOfMatchers() throws IOException {
    String utf8 =
        """
        route:
          receiver: x
          routes:
            - matchers: ['"größe"=x']
        receivers: [{name: x}]
        """;
    assertThatCode(() -> load(utf8)).doesNotThrowAnyException();
    assertThatCode(() -> load(utf8, "--enable-feature=utf8-strict-mode"))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> load(utf8, "--enable-feature=classic-mode"))
        .isInstanceOf(ConfigException.class);
  }
}
