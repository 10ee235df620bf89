package io.narthex.config.alertmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.alertmanager.MatcherSyntax.Mode;
import org.junit.jupiter.api.Test;

final class MatcherSyntaxTest {
  @Test
  void readsLiteralsAsGoDoes() {
    assertThat(MatcherSyntax.parse("a=\"\\u00e9\\x41\\xe2\\x82\\xac\\101\"", Mode.UTF8))
        .singleElement()
        .satisfies(m -> assertThat(m.value()).isEqualTo("éA€A"));
    for (String bad : new String[] {"\\ud800", "\\xff", "\\'", "\\400", "\\U00110000"}) {
      assertThatThrownBy(() -> MatcherSyntax.parse("a=\"" + bad + "\"", Mode.UTF8))
          .as(bad)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("\"" + bad + "\": invalid input");
    }
  }
}
