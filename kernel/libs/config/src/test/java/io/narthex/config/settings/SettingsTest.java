package io.narthex.config.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.RecordYaml;
import io.narthex.config.yaml.SecretKeys;
import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What one annotated record gives: errors, schema, table, hidden values. */
class SettingsTest {
  enum Mode {
    FAST,
    VERY_SLOW
  }

  record Login(
      @Setting(help = "User", required = true) String user,
      @Setting(help = "Password", excludes = "password_file") @Nullable Secret password,
      @Setting(help = "File with the password") String passwordFile) {}

  record Tree(
      @Setting(help = "Name") String name, @Setting(help = "Children") List<Tree> children) {}

  record Sample(
      @Setting(help = "Where", required = true, pattern = "https?://.*") String url,
      @Setting(
              help = "Level",
              oneOf = {"low", "high"},
              defaultValue = "low")
          String level,
      @Setting(help = "Speed", defaultValue = "fast") Mode mode,
      @Setting(help = "Most items", min = 1, max = 10, defaultValue = "3", unit = "items")
          int items,
      @Setting(help = "Loud") boolean loud,
      @Setting(help = "Sure") @Nullable Boolean sure,
      @Setting(help = "Pause", min = 0.001, defaultValue = "30s") Duration pause,
      @Setting(help = "Room", max = 1024) @Nullable ByteSize room,
      @Setting(help = "Codes", pattern = "[a-z]+") List<String> codes,
      @Setting(help = "Login", optional = true) @Nullable Login login,
      @Setting(help = "Keys by name") Map<String, Secret> keys,
      @Setting(help = "Free form", secret = true, optional = true) @Nullable ConfigNode form,
      @Setting(help = "Own | columns") List<Tree> trees,
      @Setting(inline = true) HttpSettings http) {}

  record Odd(@Setting(help = "No") Thread thread) {}

  private static ConfigNode read(String yaml) {
    return YamlReader.read("f.yml", yaml);
  }

  private static Sample bind(String yaml) {
    return ConfigBinder.bind(read("url: http://x\n" + yaml), Sample.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "level: medium ~ f.yml:2:8: level must be one of low, high, got \"medium\"",
        "codes: [ab, 'A b'] ~ f.yml:2:13: codes must match [a-z]+, got \"A b\"",
        "items: 11 ~ f.yml:2:8: items must be from 1 to 10, got 11",
        "pause: 0s ~ f.yml:2:8: pause must be at least 1ms, got 0s",
        "room: 1KB1B ~ f.yml:2:7: room must be at most 1024B, got 1025B",
        "mode: slow ~ f.yml:2:7: mode must be one of fast, very_slow, got \"slow\"",
        "itmes: 1 ~ f.yml:2:1: field itmes not found; did you mean \"items\"?",
        "login: {} ~ f.yml:2:8: user is required",
        "login: {user: ''} ~ f.yml:2:15: user is required, got an empty value",
        "login: {user: a, usr: b} ~ f.yml:2:18: field usr not found; did you mean \"user\"?",
        "trees: [{name: a, children: [{nam: b}]}] ~ f.yml:2:31: field nam not found; did you mean \"name\"?",
        "keys: [a] ~ f.yml:2:7: keys must be a map, got a list",
        "trees: a ~ f.yml:2:8: trees must be a list, got \"a\"",
        "level: {a: b} ~ f.yml:2:8: level must be a single value, got a map",
        "login: {user: a, password: b, password_file: c} ~ f.yml:2:8: at most one of password & password_file must be configured"
      })
  void saysWhereAndWhatIsWrong(String yaml, String message) {
    assertThatThrownBy(() -> bind(yaml)).isInstanceOf(ConfigException.class).hasMessage(message);
  }

  @Test
  void messagesHoldNoSecrets() {
    assertThatThrownBy(() -> bind("login: swordfish"))
        .hasMessage("f.yml:2:8: login must be a map, got a single value");
    record Pin(@Setting(pattern = "[0-9]{4}") @Nullable Secret pin) {}
    assertThatThrownBy(() -> ConfigBinder.bind(read("pin: swordfish"), Pin.class))
        .hasMessage("f.yml:1:6: pin must match [0-9]{4}");
  }

  @Test
  void emptyTextsThatAreNotRequiredPass() {
    assertThat(bind("level: ''\nlogin: {user: a, password: '', password_file: c}").level())
        .isEmpty();
  }

  @Test
  void schemaHasTypesBoundsDefaultsAndNestedBlocks() {
    Map<String, Object> schema =
        JsonSchema.of(Sample.class, "sample", Map.of("added", Map.of("type", "boolean")));
    assertThat(schema)
        .containsEntry("$schema", "https://json-schema.org/draft/2020-12/schema")
        .containsEntry("type", "object")
        .containsEntry("additionalProperties", false)
        .containsEntry("required", List.of("url"));
    assertThat(in(schema, "properties").keySet())
        .startsWith("url", "level", "mode")
        .contains("tls_config", "follow_redirects", "added");
    assertThat(in(schema, "properties", "url")).containsEntry("pattern", "^(?:https?://.*)$");
    assertThat(in(schema, "properties", "level")).containsEntry("enum", List.of("low", "high", ""));
    assertThat(in(schema, "properties", "mode"))
        .containsEntry("enum", List.of("fast", "very_slow"))
        .containsEntry("default", "fast");
    assertThat(in(schema, "properties", "items"))
        .containsEntry("type", "integer")
        .containsEntry("minimum", 1L)
        .containsEntry("maximum", 10L)
        .containsEntry("default", 3L)
        .containsEntry("x-narthex", Map.of("unit", "items"));
    assertThat(in(schema, "properties", "pause", "x-narthex"))
        .containsEntry("unit", "seconds")
        .hasEntrySatisfying("minimum", m -> assertThat(m.toString()).isEqualTo("0.001"));
    assertThat(in(schema, "properties", "loud")).containsEntry("default", false);
    assertThat(in(schema, "properties", "sure")).doesNotContainKey("default");
    assertThat(in(schema, "properties", "login")).containsEntry("$ref", "#/$defs/Login");
    assertThat(in(schema, "properties", "form")).containsEntry("writeOnly", true);
    assertThat(in(schema, "$defs")).containsKeys("Login", "Tree", "BasicAuth", "TlsSettings");
    assertThat(in(schema, "$defs", "Login", "properties", "password"))
        .containsEntry("writeOnly", true)
        .containsEntry("format", "password");
    assertThat(String.valueOf(in(schema, "$defs", "Login").get("allOf")))
        .contains("password", "password_file");
    assertThat(in(schema, "$defs", "Tree").toString()).contains("#/$defs/Tree");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> in(Map<String, Object> map, String... path) {
    Map<String, Object> found = map;
    for (String key : path) {
      found = (Map<String, Object>) Objects.requireNonNull(found.get(key), key);
    }
    return found;
  }

  @Test
  void typesThatCannotBeBoundAreNamed() {
    assertThatThrownBy(() -> JsonSchema.of(Odd.class, "odd", Map.of()))
        .hasMessageContaining("setting thread of Odd has the type java.lang.Thread");
  }

  @Test
  void tableTellsKeysOfNestedBlocksAndLeadsToSharedOnes() {
    String table = SettingsTable.of(Sample.class, "http.md");
    assertThat(table)
        .contains(
            "| `url` | text |  |  | Where; required; matches `https?://.*` |",
            "| `level` | text |  | `low` | Level; one of `low`, `high` |",
            "| `items` | whole number | items | `3` | Most items; 1 to 10 |",
            "| `loud` | boolean |  | `false` | Loud |",
            "| `sure` | boolean |  |  | Sure |",
            "| `pause` | duration |  | `30s` | Pause; at least 1ms |",
            "| `login.password` | secret |  |  | Password; not together with `password_file` |",
            "| `login.password_file` | path |",
            "| `keys` | map of secrets |",
            "| `form` | any, secret |",
            "| `trees` | list of blocks |  |  | Own \\| columns |",
            "| `trees[].name` | text |",
            "`basic_auth`, ",
            "(http.md)")
        .doesNotContain("`tls_config.ca_file`");
    assertThat(SettingsTable.of(Sample.class, null))
        .contains("| `tls_config.ca_file` | path |", "| `http_headers.*.secrets` |");
  }

  @Test
  void hidesByRecordThenByKey() {
    String yaml =
        """
        url: http://x
        login: {user: u, password: one, password_file: shown-file}
        keys: {a: two, b: three}
        form: {deep: [four], empty: }
        trees: [{name: shown-name, api_token: five}]
        basic_auth: {username: shown-user, password: six}
        http_headers: {X: {values: [shown-value], secrets: [seven]}}
        unknown: {secret_thing: eight, other: shown-other}
        """;
    String shown = String.valueOf(SecretKeys.hide(read(yaml), Sample.class));
    assertThat(shown)
        .contains("shown-file", "shown-name", "shown-user", "shown-value", "shown-other")
        .contains("<secret>")
        .doesNotContain("one", "two", "three", "four", "five", "six", "seven", "eight");
    assertThat(String.valueOf(SecretKeys.hide(read("pin: 9999\ntoken: [a1]"))))
        .contains("9999")
        .doesNotContain("a1");
  }

  record Text(@Setting(help = "Text") String text) {}

  @ParameterizedTest
  @CsvSource({
    "http://u:pass@h:80/p?q=a:b@c, http://u:xxxxx@h:80/p?q=a:b@c",
    "https://:p:a@ss@h, https://:xxxxx@h",
    "http://u:@h, http://u:xxxxx@h",
    "http://u@h:80/x, http://u@h:80/x",
    "http://h:80/a@b, http://h:80/a@b",
    "http://h:80?a@b, http://h:80?a@b",
    "u:pass@h, u:pass@h"
  })
  void passwordsInUrlsAreHidden(String url, String shown) {
    assertThat(String.valueOf(SecretKeys.hide(read("any: [{url: '" + url + "'}]"))))
        .isEqualTo("{any=[{url=" + shown + "}]}");
    Text bound = ConfigBinder.bind(read("text: '" + url + "'"), Text.class);
    assertThat(RecordYaml.toMap(bound)).containsEntry("text", shown);
  }

  @Test
  void boundRecordsAreWrittenWithSecretsHidden() {
    String shown = RecordYaml.toMap(bind("form: {deep: four}\nkeys: {a: two}")).toString();
    assertThat(shown).contains("pause=30s", "<secret>").doesNotContain("four", "two");
  }
}
