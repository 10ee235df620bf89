package io.narthex.config.alertmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.SecretKeys;
import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OriginalReceiversTest {
  private static AlertmanagerConfig load(String global, String receiver) {
    String yaml =
        "global: " + global + "\nroute: {receiver: r}\nreceivers: [{name: r" + receiver + "}]\n";
    return AlertmanagerConfigLoader.load(
        YamlReader.read("f.yml", yaml), MatcherSyntax.Mode.FALLBACK, Set.of());
  }

  @Test
  void keysOfAllReceiversLoadWithoutAPlugin() {
    for (String key : OriginalReceivers.globalKeys()) {
      assertThat(load("{" + key + ": x}", "").globals().toPlain()).as(key).isNotNull();
    }
    assertThatThrownBy(() -> load("{slack_api_ulr: x}", ""))
        .isInstanceOf(ConfigException.class)
        .hasMessage("f.yml:1:10: field slack_api_ulr not found in global");
  }

  @Test
  void aSecretAndItsFileExcludeEachOther() {
    Set<String> keys = OriginalReceivers.globalKeys();
    List<String> pairs = keys.stream().filter(k -> keys.contains(k + "_file")).toList();
    assertThat(pairs).hasSize(11);
    for (String key : pairs) {
      assertThatThrownBy(() -> load("{" + key + ": x, " + key + "_file: y}", ""))
          .hasMessageEndingWith("at most one of " + key + " & " + key + "_file must be configured");
    }
  }

  @Test
  void emptyBlocksOfUnknownTypesAreLeftToTheirPlugin() {
    assertThatThrownBy(() -> load("{}", ", email_configs: [null]"))
        .hasMessageEndingWith("missing email config");
    for (String type : List.of("slack", "acme")) {
      ConfigNode block =
          load("{}", ", " + type + "_configs: [null]")
              .receivers()
              .getFirst()
              .blocks()
              .getFirst()
              .node();
      assertThat(block.toPlain()).isNull();
    }
  }

  /** By its name, or by that of the one it is the file of. */
  @Test
  void secretsAreHiddenByTheirNames() {
    for (String key :
        List.of(
            "smtp_auth_password",
            "smtp_auth_secret",
            "slack_api_url",
            "slack_app_token",
            "opsgenie_api_key",
            "victorops_api_key",
            "wechat_api_secret",
            "telegram_bot_token",
            "rocketchat_token",
            "rocketchat_token_id",
            "mattermost_webhook_url")) {
      assertThat(OriginalReceivers.globalKeys()).contains(key);
      assertThat(SecretKeys.looksSecret(key) && !OriginalReceivers.isNoSecret(key))
          .as(key)
          .isTrue();
    }
    assertThat(OriginalReceivers.secrets("webhook")).containsExactly("url");
  }
}
