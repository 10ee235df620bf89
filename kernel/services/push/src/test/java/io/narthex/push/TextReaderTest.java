package io.narthex.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.family.Families;
import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.TextReader;
import io.narthex.service.push.PushgatewayService.MetricView;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cases were seen on Pushgateway 1.11. */
class TextReaderTest {
  private static Families read(String text) throws ExpositionException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return TextReader.read(bytes, bytes.length, false);
  }

  /** Returns what would be exposed. */
  private static String shown(String text) throws ExpositionException {
    List<Family> families = new ArrayList<>(read(text).families().values());
    return new String(Exposition.text(families, false), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a 1                          | unexpected end of input stream",
        "#                            | unexpected end of input stream",
        "# TYPE a                     | unexpected end of input stream",
        "a{b=\"c                      | unexpected end of input stream",
        "a\\r\\n                      | expected float as value, got \"\\r\"",
        "a 1\\n\\r\\n                 | in line 2: invalid metric name",
        "a\\n                         | expected float as value, got \"\"",
        "1a 1\\n                      | invalid metric name",
        "ä 1\\n                       | invalid metric name",
        "{} 1\\n                      | invalid metric name",
        "{b=\"c\"} 1\\n              | invalid metric name",
        "a b 1\\n                     | expected float as value, got \"b\"",
        "a{b} 1\\n                    | expected '=' after label name, found '}'",
        "a{b:c=\"d\"} 1\\n           | expected '=' after label name, found ':'",
        "a{\"b\"} 1\\n               | expected '=' after label name, found '}'",
        "a{b=c} 1\\n                  | expected '\"' at start of label value, found 'c'",
        "a{b=\"c\" 1\\n              | unexpected end of label value",
        "{\"a\" 1\\n                  | unexpected end of metric name '1'",
        "a{b=\"1\",b=\"2\"} 1\\n     | duplicate label names for metric \"a\"",
        "a{,b=\"1\"} 1\\n            | invalid label name for metric \"a\"",
        "{\"a\",\"b\"} 1\\n          | multiple metric names for metric \"a\"",
        "{\"a.b\"} 1\\n              | invalid metric name \"a.b\"",
        "a{\"x.y\"=\"d\"} 1\\n       | invalid label name \"x.y\"",
        "# TYPE \"x.y\" counter\\n    | invalid metric name \"x.y\"",
        "a{__name__=\"x\"} 1\\n      | label name \"__name__\" is reserved",
        "a{b=\"x\\t\"} 1\\n          | invalid escape sequence '\\t'",
        "a{b=\"x\\ny\"} 1\\n         | label value \"x\" contains unescaped new-line",
        "a 1 \\n                      | expected integer as timestamp, got \"\"",
        "a 1 2 3\\n                   | spurious string after timestamp: \" 3\"",
        "a 1 1.5\\n                   | expected integer as timestamp, got \"1.5\"",
        "a 0x1p3\\n                   | expected float as value, got \"0x1p3\"",
        "a 1_000\\n                   | expected float as value, got \"1_000\"",
        "a 1e999\\n                   | expected float as value, got \"1e999\"",
        "a -NaN\\n                    | expected float as value, got \"-NaN\"",
        "# HELP a x\\n# HELP a y\\n   | second HELP line for metric name \"a\"",
        "# HELP 1a x\\n               | invalid metric name in comment",
        "a 1\\n# TYPE a counter\\n    | TYPE reported after samples",
        "# TYPE a info\\n             | unknown metric type \"info\"",
        "# TYPE a counter \\n         | unknown metric type \"counter \"",
        "# TYPE h histogram\\n# TYPE h_count counter\\n | second TYPE line for metric name \"h\"",
        "# TYPE h histogram\\nh_bucket{le=\"x\"} 1\\n | expected float as value for 'le' label, got \"x\"",
        "# TYPE h histogram\\nh_bucket{le=\"1\"} -1\\n | negative bucket population for histogram \"h\"",
        "# TYPE s summary\\ns{quantile=\"\"} 1\\n | expected float as value for 'quantile' label, got \"\""
      })
  void refusesWithTheReason(String escaped, String message) {
    String text = escaped.replace("\\n", "\n").replace("\\r", "\r");
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ExpositionException.class)
        .hasMessageStartingWith("text format parsing error in line ")
        .hasMessageContaining(message);
  }

  @Test
  void takesWhatIsOddButFine() throws ExpositionException {
    for (String text :
        List.of(
            "",
            " ",
            "\n\n",
            "#TYPE a counter\na 1\n",
            "# HELP\n",
            "# TYPE a\n",
            "# TYPE a \n",
            "# HELP a\n",
            "# HELP a \n",
            "# EOF\na 1\n",
            "a{} 1\n",
            "a{b=\"c\"}1\n",
            "a {b=\"c\"} 1\n",
            "a{b=\"c\" ,d=\"e\",} 1\n",
            "{\"a\",} 1\n",
            "{b=\"c\",\"a\"} 1\n",
            "a{\"xy\"=\"d\"} 1\n",
            "a +Inf\n",
            "a inf\n",
            "a Infinity\n",
            "a nan\n",
            "a .5\n",
            "a 5.\n",
            "a 1e-999\n",
            "a 1\nb 1\na{x=\"y\"} 2\n",
            "# HELP a \\\\ \\n\na 1\n",
            "# HELP a \\\"b\\\"\na 1\n",
            "# TYPE a COUNTER\na 1\n",
            "# \ud83d\ude00\n")) {
      assertThat(read(text)).as(text).isNotNull();
    }
  }

  @Test
  void seesTimestamps() throws ExpositionException {
    assertThat(read("a 1 +5\n").timed()).isTrue();
    assertThat(read("a 1 0\nb 2\n").timed()).isTrue();
    assertThat(read("a 1\n").timed()).isFalse();
  }

  @Test
  void bucketsKeepTheirOrderAndInfinityIsAdded() throws ExpositionException {
    assertThat(
            shown(
                "# TYPE h histogram\n"
                    + "h_bucket{le=\"2.0\"} 5\nh_bucket{le=\"1\"} 1\nh_bucket{x=\"y\"} 7\nh_count 9\n"))
        .isEqualTo(
            """
            # TYPE h histogram
            h_bucket{le="2"} 5
            h_bucket{le="1"} 1
            h_bucket{le="+Inf"} 9
            h_sum 0
            h_count 9
            h_bucket{x="y",le="+Inf"} 0
            h_sum{x="y"} 0
            h_count{x="y"} 0
            """);
  }

  @Test
  void theApiShowsCountsAsRealNumbersOnceOneIsNoInteger() throws ExpositionException {
    String whole =
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1e6\nh_bucket{le=\"+Inf\"} 2000000\nh_count 2e6\n";
    MetricView integers = viewed(whole);
    assertThat(integers.count()).isEqualTo("2000000");
    assertThat(integers.points()).containsEntry("1", "1000000").containsEntry("+Inf", "2000000");
    MetricView real = viewed(whole.replace("\"+Inf\"} 2000000", "\"+Inf\"} +Inf"));
    assertThat(real.count()).isEqualTo("2e+06");
    assertThat(real.points()).containsEntry("1", "1e+06").containsEntry("+Inf", "+Inf");
    MetricView none = viewed(whole.replace("\"+Inf\"} 2000000", "\"+Inf\"} NaN"));
    assertThat(none.points()).containsEntry("1", "1e+06").containsEntry("+Inf", "0");
  }

  private static MetricView viewed(String text) throws ExpositionException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    Family family = TextReader.read(body, body.length, false).families().values().iterator().next();
    return Views.family(new Group.Stamped(family, 0)).metrics().getFirst();
  }

  @Test
  void countsOfSummariesAreUnsignedIntegers() throws ExpositionException {
    assertThat(
            shown(
                "# TYPE s summary\ns{quantile=\"0.50\"} 3\ns_count 1.5\ns_count{x=\"n\"} -1.5\n"
                    + "s_count{x=\"o\"} NaN\ns_count{x=\"p\"} 1e300\n"))
        .isEqualTo(
            """
            # TYPE s summary
            s{quantile="0.5"} 3
            s_sum 0
            s_count 1
            s_sum{x="n"} 0
            s_count{x="n"} 1.8446744073709552e+19
            s_sum{x="o"} 0
            s_count{x="o"} 9.223372036854776e+18
            s_sum{x="p"} 0
            s_count{x="p"} 9.223372036854776e+18
            """);
  }

  @Test
  void aFamilyOfTheExactNameComesFirst() throws ExpositionException {
    assertThat(shown("# TYPE h_count counter\n# TYPE h histogram\nh_count 1\n"))
        .isEqualTo("# TYPE h_count counter\nh_count 1\n");
    assertThat(shown("# TYPE s summary\ns_bucket{le=\"1\"} 1\n"))
        .isEqualTo("# TYPE s_bucket untyped\ns_bucket{le=\"1\"} 1\n");
  }

  @Test
  void namesMayBeUtf8WhenItIsSwitchedOn() throws ExpositionException {
    byte[] body = "{\"a.b\",\"c d\"=\"e\"} 1\n".getBytes(StandardCharsets.UTF_8);
    Families read = TextReader.read(body, body.length, true);
    List<Family> families = new ArrayList<>(read.families().values());
    assertThat(new String(Exposition.text(families, true), StandardCharsets.UTF_8))
        .isEqualTo("# TYPE \"a.b\" untyped\n{\"a.b\",\"c d\"=\"e\"} 1\n");
    assertThat(new String(Exposition.text(families, false), StandardCharsets.UTF_8))
        .isEqualTo("# TYPE a_b untyped\na_b{c_d=\"e\"} 1\n");
  }
}
