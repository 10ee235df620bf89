package io.narthex.core.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The answers are promtool's to the same texts. */
class MetricsLintTest {
  private static Verdict check(String text) {
    return check(text, 1 << 20);
  }

  private static Verdict check(String text, int most) {
    try {
      return MetricsLint.check(
          new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), most);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Input without end, such as {@code yes}; fails once far more than allowed has been read. */
  private static final class Endless extends InputStream {
    private long read;

    @Override
    public int read() {
      if (++read > 1 << 20) {
        throw new IllegalStateException("read without a bound");
      }
      return read % 4 == 0 ? '\n' : read % 4 == 1 ? 'a' : read % 4 == 2 ? ' ' : '1';
    }
  }

  @Test
  void refusesMoreThanItsBoundWithoutReadingAllOfIt() throws IOException {
    Verdict verdict = MetricsLint.check(new Endless(), 1 << 16);
    assertThat(verdict.status()).isEqualTo(1);
    assertThat(verdict.text())
        .isEqualTo(
            "standard input: more than 65536 bytes, which this heap has no room to check; check a"
                + " part of it, or set a larger -Xmx in NARTHEX_JAVA_OPTS");
  }

  @Test
  void checksExactlyAsMuchAsItsBound() {
    assertThat(check("# HELP a b\na 1\n", 15)).isEqualTo(new Verdict(0, ""));
    assertThat(check("# HELP a b\na 1\n", 14).status()).isEqualTo(1);
  }

  @Test
  void boundIsThatOfAScrape() {
    assertThat(MetricsLint.largest(64L << 20)).isEqualTo(8 << 20);
    assertThat(MetricsLint.largest(1200L << 20)).isEqualTo(100 << 20);
    assertThat(MetricsLint.largest(Long.MAX_VALUE)).isEqualTo(1 << 30);
  }

  @Test
  void findsWhatPromtoolFinds() {
    Verdict verdict =
        check(
            """
            # HELP a_gauge x
            # TYPE a_gauge gauge
            a_gauge 1
            # HELP b_milliseconds x
            # TYPE b_milliseconds gauge
            b_milliseconds 1
            # HELP c_bucket x
            # TYPE c_bucket gauge
            c_bucket{le="1"} 1
            # HELP d_count x
            # TYPE d_count counter
            d_count{quantile="1"} 1
            # HELP e:f x
            # TYPE e:f gauge
            e:f{fooBar="1"} 1
            # HELP g_ms x
            # TYPE g_ms untyped
            g_ms 1
            # TYPE h_total gauge
            h_total 1
            # HELP i_counter_total x
            # TYPE i_counter_total counter
            i_counter_total 1
            i_counter_total 2
            i_counter_total{a="1"} 2
            # HELP j x
            # TYPE j histogram
            j_bucket{le="1"} 1
            j_bucket{le="+Inf"} 1
            j_sum 1
            j_count 1
            # HELP k x
            # TYPE k summary
            k{quantile="0.5"} 1
            k_sum 1
            k_count 1
            # HELP l_minutes_total x
            # TYPE l_minutes_total counter
            l_minutes_total 1
            # HELP m_info x
            # TYPE m_info gauge
            m_info{a="1",a_b="2"} 1
            # HELP n_d x
            # TYPE n_d histogram
            n_d_bucket{le="+Inf"} 1
            n_d_sum 1
            n_d_count 1
            o 1
            # HELP o2
            # TYPE o2 gauge
            o2 1
            # HELP p_gauge_histogram x
            # TYPE p_gauge_histogram gauge
            p_gauge_histogram 1
            # HELP p_gaugehistogram x
            # TYPE p_gaugehistogram gauge
            p_gaugehistogram 1
            # HELP q_kilobits x
            # TYPE q_kilobits gauge
            q_kilobits{le="5"} 1
            # HELP r_sum x
            # TYPE r_sum gauge
            r_sum 1
            # HELP s_sum x
            # TYPE s_sum histogram
            s_sum_bucket{le="+Inf"} 1
            s_sum_sum 1
            s_sum_count 1
            # HELP t_mebibytes x
            # TYPE t_mebibytes gauge
            t_mebibytes 1
            u_count 5
            u_bucket{le="1"} 5
            v_total 5
            w_ms_x 5
            # HELP x_untyped x
            # TYPE x_untyped gauge
            x_untyped 1
            y_CamelCase 1
            z_KB 1
            """);
    assertThat(verdict.status()).isEqualTo(3);
    assertThat(verdict.text() + "\n")
        .isEqualTo(
            """
            a_gauge metric name should not include type 'gauge'
            b_milliseconds use base unit "seconds" instead of "milliseconds"
            c_bucket non-histogram metrics should not have "_bucket" suffix
            c_bucket non-histogram metrics should not have "le" label
            d_count counter metrics should have "_total" suffix
            d_count non-histogram and non-summary metrics should not have "_count" suffix
            d_count non-summary metrics should not have "quantile" label
            e:f label names should be written in 'snake_case' not 'camelCase'
            e:f metric names should not contain ':'
            g_ms metric names should not contain abbreviated units
            h_total no help text
            h_total non-counter metrics should not have "_total" suffix
            i_counter_total metric name should not include type 'counter'
            i_counter_total metric not unique
            l_minutes_total use base unit "seconds" instead of "minutes"
            n_d metric names should not contain abbreviated units
            o no help text
            o2 no help text
            p_gauge_histogram metric name should not include type 'gauge'
            q_kilobits non-histogram metrics should not have "le" label
            q_kilobits use base unit "bytes" instead of "kilobits"
            r_sum non-histogram and non-summary metrics should not have "_sum" suffix
            u_bucket no help text
            u_count no help text
            v_total no help text
            w_ms_x metric names should not contain abbreviated units
            w_ms_x no help text
            y_CamelCase metric names should be written in 'snake_case' not 'camelCase'
            y_CamelCase no help text
            z_KB metric names should not contain abbreviated units
            z_KB no help text
            """);
  }

  @Test
  void hasNothingToSayAboutGoodOnes() {
    assertThat(check("")).isEqualTo(new Verdict(0, ""));
    assertThat(check("# HELP a_total x\n# TYPE a_total counter\na_total 1\n"))
        .isEqualTo(new Verdict(0, ""));
  }

  @Test
  void refusesWhatIsNoExposition() {
    assertThat(check("a 1 2 3\n"))
        .satisfies(v -> {
          assertThat(v.status()).isEqualTo(1);
          assertThat(v.text()).startsWith("error while linting: text format parsing error");
        });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "m 1|line 1: unexpected end of input stream",
        "m 5f\\n|line 1: expected float as value, got \"5f\"",
        "m 1\\r\\n|line 1: expected float as value, got \"1\\r\"",
        "# TYPE m unknown\\n|line 1: unknown metric type \"unknown\"",
        "# HELP m a\\n# HELP m b\\n|line 2: second HELP line for metric name \"m\"",
        "{\"m.x\"} 1\\n|line 1: invalid metric name \"m.x\""
      })
  void readsAsStrictlyAsPushes(String text, String message) {
    assertThat(check(text.translateEscapes()))
        .isEqualTo(new Verdict(1, "error while linting: text format parsing error in " + message));
  }

  @Test
  void bucketsAndOldTypesAreJudgedAsPromtoolDoes() {
    assertThat(
            check(
                "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1\"} 1\n"
                    + "# HELP k x\n# TYPE k gaugehistogram\nk_bucket{le=\"1\"} 1\n"))
        .isEqualTo(new Verdict(0, ""));
    assertThat(
            check(
                    "# HELP a_gauge_histogram x\n# TYPE a_gauge_histogram gaugehistogram\na_gauge_histogram_sum 1\n")
                .text())
        .isEqualTo("a_gauge_histogram metric name should not include type 'gauge_histogram'");
  }
}
