package io.narthex.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each of these was given to promtool. */
final class LabelSelectorsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "a",
        " a ",
        "a=b",
        "a = b",
        "a==b",
        "a!=b",
        "a=",
        "a=,b",
        "a==",
        "!a",
        "! a",
        "a in (b,c)",
        "a in(b)",
        "a in ()",
        "a in (,)",
        "a notin (b, c)",
        "a\tin\t(b)",
        "a>1",
        "a<1",
        "a>1,b",
        "a/b=c",
        "a.b/c",
        "a,b",
        "in",
        "in in (in)",
        "notin=x",
        "a_b.c=d",
        "a=in",
        "a=b,!c,d in (e)",
        "a=b\n,c",
        "a in (b),c",
        "a=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      })
  void takesWhatTheOriginalTakes(String selector) {
    assertThatCode(() -> LabelSelectors.check(selector)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "!a=b",
        "a in (b",
        "a>x",
        "a>-1",
        "a=(",
        "a/b/c=d",
        "A/b=c",
        ",a",
        "a,",
        "a,,b",
        "a=b c",
        "a b",
        "a=-b",
        "a=b-",
        "-a",
        "a-",
        "/a",
        "a/",
        "!a in (b)",
        "!a>1",
        "a>1.5",
        "a>",
        "a in b",
        "a=b=c",
        "a===b",
        "a!b",
        "a=é",
        "a in (a b)",
        "a>9999999999999999999",
        "a=(b)",
        "a<>1",
        "ain (b)",
        "a In (b)",
        "a in (b)c",
        "a in (b) c",
        "*",
        "a=*",
        "a=b|c",
        "a=\"b\"",
        "a=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      })
  void refusesWhatTheOriginalRefuses(String selector) {
    assertThatThrownBy(() -> LabelSelectors.check(selector))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("invalid selector: '" + selector + "'; can't understand '");
  }
}
