package io.narthex.exposition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Parameters of a Content-Type, as Prometheus 3.5.3 took them. */
class ExpositionFormatTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain",
        "text/plain;",
        "text/plain; ",
        "text/plain; charset=utf-8; charset=utf-8",
        "text/plain; a=\"b;c\"",
        "text/plain; a=\"b\\\";c\"; d=e",
        "text/plain; a=\"\"; b = c",
        "TEXT/Plain; VERSION=0.0.4;"
      })
  void takesTextAndQuotes(String type) {
    assertThat(ExpositionFormat.choose(type, ""))
        .isEqualTo(new ExpositionFormat.Choice(ExpositionFormat.PROMETHEUS_TEXT, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain; charset",
        "text/plain; charset=",
        "text/plain; =x",
        "text/plain; a=\"b",
        "text/plain; a=b c",
        "text/plain;; a=b"
      })
  void refusesOtherParameters(String type) {
    assertThat(ExpositionFormat.choose(type, "").problem())
        .contains(": mime: invalid media parameter");
  }

  @Test
  void refusesParametersThatContradict() {
    assertThat(ExpositionFormat.choose("text/plain; charset=utf-8; charset=x", "").problem())
        .contains(": mime: duplicate parameter name");
  }
}
