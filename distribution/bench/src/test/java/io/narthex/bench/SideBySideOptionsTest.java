package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SideBySideOptionsTest {
  private static SideBySideOptions parse(String... options) {
    String[] args = new String[options.length + 1];
    args[0] = "folder";
    System.arraycopy(options, 0, args, 1, options.length);
    return SideBySideOptions.parse(args);
  }

  @Test
  void aRunIsWholeUnlessToldOtherwise() {
    assertThat(parse().queries()).isEqualTo(BenchQueries.all());
    assertThat(parse().points()).isEqualTo(18_640);
    assertThat(parse("--quick").points()).isEqualTo(1_500);
    assertThat(parse("--quick", "--points=7").points()).isEqualTo(7);
    assertThat(parse("--quick").queries()).isNotEmpty().isSubsetOf(BenchQueries.all());
  }

  @Test
  void namesAreMatched() {
    assertThat(parse("--match=^5000 steps, joins: .* unless ").queries())
        .singleElement()
        .satisfies(query -> assertThat(query.steps()).isEqualTo(5_000));
  }

  @Test
  void whatIsWrongIsNamed() {
    assertThatThrownBy(() -> parse("--rounds=x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("queries: not a whole number: --rounds=x");
    assertThatThrownBy(() -> parse("--match=("))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("queries: --match=(: ");
    assertThatThrownBy(() -> parse("--fast"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("queries: unknown option --fast");
  }
}
