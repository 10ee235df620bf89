package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
