package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.format.yaml.ConfigBinder;
import io.narthex.format.yaml.YamlReader;
import io.narthex.spi.config.ConfigException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NarthexConfigTest {
  private static NarthexConfig bind(String yaml) {
    return ConfigBinder.bind(YamlReader.read("n.yml", yaml), NarthexConfig.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "storage:",
        "storage: {}",
        "storage: {type: , settings: }",
        "storage: {type: '', settings: {}}",
        "exporters:",
        "exporters: {}\nstorage: {settings: {}}"
      })
  void emptyIsTheSameAsAbsent(String yaml) {
    NarthexConfig config = bind(yaml);
    assertThat(config.storage().type()).isEqualTo("tsdb");
    assertThat(config.storage().settings().entries()).isEmpty();
    assertThat(config.exporters().entries()).isEmpty();
  }

  @Test
  void blocksKeepTheirPlaces() {
    NarthexConfig config =
        bind("storage:\n  settings:\n    retention_time: 1d\nexporters:\n  node:\n  jvm: {}\n");
    assertThat(config.storage().settings().entries().get(0).keyPlace()).hasToString("n.yml:3:5");
    assertThat(config.exporters().keys()).containsExactly("node", "jvm");
    assertThat(config.exporters().entries().get(0).keyPlace()).hasToString("n.yml:5:3");
  }

  @Test
  void theGraceOfADeletedJarCanBeSet() {
    assertThat(bind("").plugins().removalGrace()).isEqualTo(Duration.ofSeconds(10));
    assertThat(bind("plugins: {removal_grace: 1s}").plugins().removalGrace())
        .isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void otherThanMapsAreRefused() {
    assertThatThrownBy(() -> bind("exporters: [node]"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("exporters must be a map");
    assertThatThrownBy(() -> bind("exprters: {}"))
        .hasMessage("n.yml:1:1: field exprters not found; did you mean \"exporters\"?");
  }
}
