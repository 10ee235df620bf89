package io.narthex.exposition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Prometheus makes of each of these pages was looked up there. */
final class PrometheusTextParserTest {
  private static List<String> series(String page) throws ExpositionException {
    ExpositionParser p = ExpositionFormat.PROMETHEUS_TEXT.parser(ParserOptions.DEFAULT);
    byte[] bytes = page.getBytes(StandardCharsets.UTF_8);
    p.reset(bytes, bytes.length);
    List<String> all = new ArrayList<>();
    ExpositionParser.Entry e = p.next();
    while (e != ExpositionParser.Entry.END) {
      if (e == ExpositionParser.Entry.SERIES) {
        all.add(p.labels() + " " + p.value());
      }
      e = p.next();
    }
    assertThat(p.next()).isEqualTo(ExpositionParser.Entry.END);
    return all;
  }

  @Test
  void aPageEndsAtANulInPlaceOfALine() throws ExpositionException {
    assertThat(series("a 1\nb 2\n\0c 3\nd x\n")).hasSize(2);
    assertThat(series("a 1\n \t\0")).hasSize(1);
    assertThat(series("\0")).isEmpty();
    assertThat(series("a{x=\"y\0z\"} 1\n# x\0y\n# HELP a x\0y\nb 2\n")).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\0 1\n", "a 1\0\n", "a 1 \0\n"})
  void elsewhereANulIsAnError(String page) {
    assertThatThrownBy(() -> series(page)).isInstanceOf(ExpositionException.class);
  }

  @Test
  void blanksInFrontOfANameBelongToIt() throws ExpositionException {
    assertThat(series("  a 1\n\tb 2\n c{x=\"y\"} 3\n {\"d\", x=\"y\"} 4\nd 5\n   \n"))
        .containsExactly(
            "{__name__=\"  a\"} 1.0",
            "{__name__=\"\\tb\"} 2.0",
            "{__name__=\" c\", x=\"y\"} 3.0",
            "{__name__=\"d\", x=\"y\"} 4.0",
            "{__name__=\"d\"} 5.0");
  }
}
