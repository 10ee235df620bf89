package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.query.script.PromqlTestRunner;
import io.narthex.query.script.PromqlTestRunner.Outcome;
import org.junit.jupiter.api.Test;

/** The runner is as strict as the original's: what it lets pass, conformance does not show. */
class PromqlTestRunnerTest {
  private static final String LOAD =
      """
      load 1m
        a 1 2
        h {{schema:0 count:4 sum:3 z_bucket:1 z_bucket_w:0.001 buckets:[1 2]}}

      """;

  private static Outcome run(String eval) {
    return new PromqlTestRunner(TestStorage::new, PromqlTestRunner.OPTIONS).run("t", LOAD + eval);
  }

  @Test
  void whatIsRightPasses() {
    Outcome o =
        run(
            """
            eval range from 0 to 1m step 1m a
              a 1 2

            eval instant at 0m h
              h {{schema:0 count:4 sum:3 z_bucket:1 z_bucket_w:0.001 buckets:[1 2]}}

            eval instant at 0m sort(a)
              expect ordered
              a 1
            """);
    assertThat(o.failures()).isEmpty();
    assertThat(o.extraFailures()).isEmpty();
    assertThat(o.passed()).isEqualTo(3);
    assertThat(o.extraPassed()).isPositive();
  }

  @Test
  void zeroThresholdsAreEqualOrNot() {
    assertThat(
            run("""
            eval instant at 0m h
              h {{schema:0 count:4 sum:3 z_bucket:1 z_bucket_w:0.0010000000001 buckets:[1 2]}}
            """)
                .failures())
        .hasSize(1);
  }

  @Test
  void anExpectedSeriesWithoutAnyPointIsMissing() {
    assertThat(
            run("""
            eval range from 0 to 1m step 1m a
              a 1 2
              b _ _
            """)
                .failures())
        .singleElement()
        .asString()
        .contains("expected series {__name__=\"b\"}");
  }

  @Test
  void aRangeQueryHasNoOrderToExpect() {
    assertThat(
            run("""
            eval range from 0 to 1m step 1m a
              expect ordered
              a 1 2
            """)
                .failures())
        .singleElement()
        .asString()
        .contains("expected an order");
  }

  @Test
  void anExpressionThatDoesNotParseIsNotLeftOut() {
    assertThat(
            run("""
            eval instant at 0m a +
              expect fail
            """)
                .extraFailures())
        .anyMatch(text -> text.contains("cannot be pinned"));
  }

  /** Prometheus reads bounds with ParseFloat, to which 010 is ten. */
  @Test
  void boundsOfClassicBucketsAreFloatsAndNotNumbersOfTheLanguage() {
    assertThat(
            new PromqlTestRunner(TestStorage::new, PromqlTestRunner.OPTIONS)
                .run(
                    "t",
                    """
                    load 1m
                      b{le="010"} 4
                      b{le="+Inf"} 4

                    eval instant at 0m histogram_quantile(0.5, b)
                      {} 5
                    """)
                .failures())
        .isEmpty();
  }
}
