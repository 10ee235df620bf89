package io.narthex.config.alertmanager;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.ConfigException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormerMatchersTest {
  @ParameterizedTest
  @CsvSource({
    "'routes: [{match: {\"a b\": x}}]', a b",
    "'routes: [{match: {\"1\": x}}]', 1",
    "'routes: [{match_re: {a.b: x}}]', a.b",
    "'routes: [{match: {\"\": x}}]', ''"
  })
  void namesOfLabelsAreThoseOfBefore(String routes, String name) {
    String text = "{route: {receiver: a, " + routes + "}, receivers: [{name: a}]}";
    refused(text, name);
  }

  @ParameterizedTest
  @CsvSource({"source_match", "source_match_re", "target_match", "target_match_re"})
  void inInhibitionToo(String key) {
    refused(
        "{route: {receiver: a}, receivers: [{name: a}], inhibit_rules: [{" + key + ": {a.b: x}}]}",
        "a.b");
  }

  private static void refused(String text, String name) {
    assertThatThrownBy(() -> AlertmanagerConfigLoader.load(YamlReader.read("am.yml", text)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("invalid label name \"" + name + "\"");
  }
}
