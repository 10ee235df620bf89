package io.narthex.core.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GlobalKeysTest {
  record Block(@Setting(help = "Where") String url) {}

  record Globals(
      @Setting(help = "Key", excludes = "acme_key_file") @Nullable Secret acmeKey,
      @Setting(help = "File with the key") String acmeKeyFile,
      @Setting(help = "Where") String acmeUrl,
      @Setting(help = "Tries", min = 1, defaultValue = "3") int acmeTries,
      @Setting(help = "Slack's") @Nullable Secret slackApiUrl) {
    Globals {
      if (!acmeUrl.isEmpty() && !acmeUrl.startsWith("https:")) {
        throw ConfigException.at("acme_url", "acme_url must begin with https:");
      }
    }
  }

  record Stray(@Setting(help = "Anybody's") String endpoint) {}

  record Provides<G extends Record>(String type, Class<G> globalConfigType)
      implements NotifierProvider<Block, G> {
    @Override
    public Class<Block> configType() {
      return Block.class;
    }

    @Override
    public boolean sendResolvedByDefault() {
      return true;
    }

    @Override
    public Notifier open(Block config, G globals, PluginContext context) {
      throw new UnsupportedOperationException("not opened here");
    }
  }

  private static final Provider ACME =
      new Provider(
          Kind.NOTIFIER, "acme", "io.acme.notifier", new Provides<>("acme", Globals.class));

  private static AlertmanagerConfig config(String global, String receiver) {
    String yaml =
        "global: " + global + "\nroute: {receiver: r}\nreceivers: [{name: r" + receiver + "}]\n";
    return AlertmanagerConfigLoader.load(
        YamlReader.read("alertmanager.yml", yaml), MatcherSyntax.Mode.FALLBACK, key -> true);
  }

  private static List<String> check(
      List<Provider> running, Set<String> known, String global, String receiver) {
    return new GlobalKeys(running, known)
        .check(config(global, receiver)).stream()
            .map(w -> w.type() + " " + w.entry().key() + " " + w.entry().keyPlace())
            .toList();
  }

  private static void refused(
      List<Provider> running, Set<String> known, String global, String message) {
    assertThatThrownBy(() -> check(running, known, global, ""))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void keysOfARunningPluginAreBound() {
    assertThat(check(List.of(ACME), Set.of(), "{acme_key: k, acme_tries: 2}", "")).isEmpty();
    refused(
        List.of(ACME),
        Set.of(),
        "{acme_tries: 0}",
        "alertmanager.yml:1:22: acme_tries must be at least 1, got 0");
    refused(List.of(ACME), Set.of(), "{acme_tries: [1]}", "acme_tries must be a single value");
  }

  /** A receiver that nothing of the server knows. */
  @Test
  void whatIsWrongWithKeysIsSaidByThePluginAlone() {
    assertThat(check(List.of(ACME), Set.of(), "{acme_key_file: f, acme_url: 'https://x'}", ""))
        .isEmpty();
    refused(
        List.of(ACME),
        Set.of(),
        "{acme_key: k, acme_key_file: f}",
        "alertmanager.yml:1:9: at most one of acme_key & acme_key_file must be configured");
    refused(
        List.of(ACME),
        Set.of(),
        "{acme_tries: 1, acme_url: 'http://x'}",
        "alertmanager.yml:1:35: acme_url must begin with https:");
    // and while it is absent, all of it waits
    assertThat(check(List.of(), Set.of("acme"), "{acme_key: k, acme_key_file: f}", "")).hasSize(2);
  }

  @Test
  void slipsInKeysOfAlertmanagersReceiversAreFoundWithoutTheirPlugin() {
    assertThatThrownBy(() ->
            check(
                List.of(), Set.of(), "{opsgenie_api_ulr: u}", ", opsgenie_configs: [{api_key: k}]"))
        .hasMessage(
            "alertmanager.yml:1:10: field opsgenie_api_ulr not found in global; did you mean"
                + " \"opsgenie_api_url\"?");
    assertThat(
            check(
                List.of(),
                Set.of(),
                "{opsgenie_of_a_later_plugin: u}",
                ", opsgenie_configs: [{api_key: k}]"))
        .containsExactly("opsgenie opsgenie_of_a_later_plugin alertmanager.yml:1:10");
  }

  @Test
  void unknownKeysAreErrors() {
    refused(
        List.of(ACME),
        Set.of(),
        "{acme_tires: 2}",
        "alertmanager.yml:1:10: field acme_tires not found in global; did you mean"
            + " \"acme_tries\"?");
    refused(
        List.of(ACME),
        Set.of("acme"),
        "{acme_something_else: 2}",
        "field acme_something_else not found in global; the plugin of acme_configs does not have"
            + " it");
    refused(
        List.of(),
        Set.of(),
        "{other_thing_entirely: 2}",
        "field other_thing_entirely not found in global; neither Alertmanager nor a plugin has it");
    refused(List.of(), Set.of(), "{resolve_timeot: 5m}", "did you mean \"resolve_timeout\"?");
  }

  @Test
  void keysOfAnAbsentPluginWaitWhenABlockOrTheMemoryNamesIt() {
    assertThat(check(List.of(), Set.of(), "{acme_key: k}", ", acme_configs: [{url: u}]"))
        .containsExactly("acme acme_key alertmanager.yml:1:10");
    assertThat(check(List.of(), Set.of("acme"), "{acme_key: k}", ""))
        .containsExactly("acme acme_key alertmanager.yml:1:10");
    refused(List.of(), Set.of("other"), "{acme_key: k}", "field acme_key not found in global");
  }

  @Test
  void theLongestTypeOwnsAKey() {
    assertThat(check(List.of(ACME), Set.of("acme_mail"), "{acme_mail_from: k}", ""))
        .containsExactly("acme_mail acme_mail_from alertmanager.yml:1:10");
  }

  @Test
  void pluginsMayNotTakeKeysThatCouldBeAnybodys() {
    GlobalKeys.checkNames(ACME);
    Provider stray =
        new Provider(Kind.NOTIFIER, "acme", "io.acme", new Provides<>("acme", Stray.class));
    assertThatThrownBy(() -> GlobalKeys.checkNames(stray))
        .hasMessageContaining("its key \"endpoint\" in global: must begin with \"acme_\"");
  }
}
