package io.narthex.bench.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class ExpositionTest {
  private static final String PUSHED =
      """
      # HELP size A text.
      # TYPE size histogram
      size_bucket{instance="",job="a",le="1"} 1
      size_bucket{instance="",job="a",le="+Inf"} 2
      size_sum{instance="",job="a"} NaN
      size_count{instance="",job="a"} 2
      # TYPE push_time_seconds gauge
      push_time_seconds{instance="",job="a"} 1.7955e+09
      """;

  @Test
  void theOrderOfLinesAndLabelsAndTheFormOfNumbersDoNotMatter() {
    Exposition other =
        Exposition.parse(
            """
            # TYPE push_time_seconds gauge
            push_time_seconds{job="a",instance=""} 1795500003
            # TYPE size histogram
            size_count{job="a",instance=""} 2.0
            size_sum{job="a",instance=""} NaN
            size_bucket{le="+Inf",instance="",job="a"} 2e0
            size_bucket{le="1",instance="",job="a"} 1
            # HELP size A text.
            """);
    assertThat(Exposition.parse(PUSHED).differences(other)).isEmpty();
    assertThat(Exposition.parse(PUSHED).otherHelps(other)).isEmpty();
    assertThat(other.size()).isEqualTo(4);
  }

  @Test
  void valuesTypesLabelsAndRepeatedSamplesMatter() {
    Exposition pushed = Exposition.parse(PUSHED);
    assertThat(pushed.differences(Exposition.parse(PUSHED.replace("le=\"1\"} 1", "le=\"1\"} 3"))))
        .containsExactly("size_bucket{instance=\"\",job=\"a\",le=\"1\"}: [1.0] / [3.0]");
    assertThat(pushed.differences(Exposition.parse(PUSHED.replace("histogram", "summary"))))
        .containsExactly("type of size: histogram / summary");
    assertThat(pushed.differences(Exposition.parse(PUSHED.replace("instance=\"\",", ""))))
        .hasSize(10);
    assertThat(
            pushed.differences(
                Exposition.parse(PUSHED + "size_count{instance=\"\",job=\"a\"} 2\n")))
        .hasSize(1);
    assertThat(pushed.differences(Exposition.parse(PUSHED.replace("1.7955e+09", "0")))).hasSize(1);
  }

  @Test
  void metricsOfTheServerAreLeftOut() {
    Exposition own =
        Exposition.parse(
            PUSHED
                + "# TYPE go_goroutines gauge\ngo_goroutines 9\npushgateway_build_info{x=\"y\"} 1\n");
    assertThat(own.differences(Exposition.parse(PUSHED))).isEmpty();
  }

  @Test
  void helpTextsAreComparedWithoutEscapes() {
    Exposition one = Exposition.parse("# HELP a one\\\\two\\nthree\n# TYPE a gauge\na 1\n");
    assertThat(one.help("a")).isEqualTo("one\\two\nthree");
    assertThat(one.otherHelps(Exposition.parse("# TYPE a gauge\na 1\n"))).containsExactly("a");
  }

  @Test
  void labelValuesMayHoldAnything() {
    Exposition odd = Exposition.parse("a{b=\"{,}= \\\" \\\\\",c=\"x\\ny\"} +Inf\n");
    assertThat(odd.values("a{b=\"{,}= \\\" \\\\\",c=\"x\\ny\"}"))
        .containsExactly(Double.POSITIVE_INFINITY);
  }

  @Test
  void refusesWhatNoServerWrites() {
    for (String wrong :
        new String[] {"a{b=\"c\"}", "a{b=\"c} 1", "a{b=\"c\" 1", "# TYPE a", "a x"}) {
      assertThatThrownBy(() -> Exposition.parse(wrong + "\n"))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> Exposition.parse("# TYPE a gauge\n# TYPE a gauge\n"))
        .hasMessage("two lines # TYPE a");
  }
}
