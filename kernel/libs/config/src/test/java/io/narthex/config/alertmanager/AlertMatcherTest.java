package io.narthex.config.alertmanager;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.text.re2.Re2SyntaxException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AlertMatcherTest {
  /** Silences, inhibitions, routes and filters of alerts have this way only. */
  @ParameterizedTest
  @ValueSource(strings = {"=~", "!~"})
  void refusesExpressionsThatGrowWithoutBound(String operator) {
    String bomb = "(((a{1000}){1000}){1000}){1000}";
    assertThatThrownBy(() -> AlertMatcher.compile(new LabelMatcher("a", operator, bomb)))
        .isInstanceOf(Re2SyntaxException.class);
  }
}
