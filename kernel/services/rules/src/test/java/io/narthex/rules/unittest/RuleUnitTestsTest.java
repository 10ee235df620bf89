package io.narthex.rules.unittest;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.query.bench.PromqlWorkbench;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.service.rules.RuleTestService.Options;
import io.narthex.service.rules.RuleTestService.Outcome;
import io.narthex.template.DefaultTemplateService;
import io.narthex.testkit.Needs;
import io.narthex.text.Conformance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@NullUnmarked
class RuleUnitTestsTest {
  private static final Options PLAIN = new Options(List.of(), false, false, false);

  private final RuleUnitTests tests =
      new RuleUnitTests(
          new PromqlWorkbench(EngineOptions.DEFAULT, PluginFunctions.NONE),
          DefaultTemplateService.standalone(Clock.systemUTC()));

  @TempDir Path folder;

  @BeforeEach
  void writeRules() throws IOException {
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
        - name: second
          rules:
          - {record: twice, expr: 2 * once}
        - name: first
          rules:
          - {record: once, expr: sum(x)}
          - alert: High
            expr: x > 2
            for: 2m
            labels: {severity: page}
            annotations: {summary: '{{ $labels.job }} at {{ $externalLabels.site }} has {{ $value }}'}
        """);
  }

  @Test
  void runsTheFilesOfPromtoolWithItsVerdicts() throws IOException {
    Conformance suite = new Conformance("rule-unit-tests");
    Path manifest = Needs.shared("conformance/rules/MANIFEST.tsv");
    for (String line : Files.readAllLines(manifest)) {
      String[] cells = line.split("\t", -1);
      if (cells.length < 5 || !cells[1].equals("unit_test")) {
        continue;
      }
      List<String> only =
          cells[4].startsWith("run=") ? List.of(cells[4].substring(4).split(",")) : List.of();
      Options options = new Options(only, false, false, cells[4].contains("ignore_unknown_fields"));
      Outcome outcome = tests.run(List.of(manifest.resolveSibling(cells[0])), options);
      suite.check(
          cells[0] + " " + cells[4], outcome.passed() == cells[2].equals("ok"), outcome.text());
    }
    suite.finish(0);
  }

  @Test
  void describesBothSidesOfADifference() throws IOException {
    Outcome outcome =
        run(
            """
            rule_files: [rules.yml]
            tests:
            - name: numbers
              input_series: [{series: 'x{job="a"}', values: '1 2 3'}]
              promql_expr_test:
              - {expr: x, eval_time: 1m, exp_samples: [{labels: 'x{job="a"}', value: 7}]}
              alert_rule_test:
              - {eval_time: 1m, alertname: High, exp_alerts: [{exp_labels: {job: a}}]}
            """,
            PLAIN);
    assertThat(outcome.passed()).isFalse();
    assertThat(outcome.text())
        .contains(
            """
              FAILED:
                name: numbers,
                alertname: High, time: 1m,\s
                    exp:[
                        0:
                          Labels:{alertname="High", job="a"}
                          Annotations:{}
                        ],\s
                    got:[]
            """)
        .contains(
            """
                expr: "x", time: 1m,
                    exp: {__name__="x", job="a"} 7E+00
                    got: {__name__="x", job="a"} 2E+00
            """);
    assertThat(outcome.junit())
        .contains("tests=\"1\" failures=\"2\"", "<testcase name=\"numbers\"", "<failure>");
  }

  /** promtool gives the same values. */
  @ParameterizedTest
  @CsvSource({
    "0b110, 6",
    "0x10, 16",
    "0o17, 15",
    "017, 15",
    "1_000, 1000",
    "5., 5",
    "18446744073709551615, 18446744073709551615",
    "0xFFFFFFFFFFFFFFFF, 18446744073709551615",
    ".inf, Inf",
    "~, 0"
  })
  void readsValuesAsYamlWritesNumbers(String value, String expression) throws IOException {
    Outcome outcome =
        run(
            """
            fuzzy_compare: no
            tests:
            - input_series: []
              promql_expr_test:
              - {expr: vector(%s), exp_samples: [{value: %s }]}
            ---
            """
                .formatted(expression, value),
            PLAIN);
    assertThat(outcome.passed()).as(outcome.text()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"6\"", "0x1p4", "Inf", "'0x10'", "1e400", "true"})
  void refusesOtherValues(String value) throws IOException {
    Outcome outcome =
        run(
            "tests: [{promql_expr_test: [{expr: up, exp_samples: [{value: " + value + " }]}]}]",
            PLAIN);
    assertThat(outcome.passed()).isFalse();
    assertThat(outcome.text()).contains("value must be a number");
  }

  @Test
  void failedAlertTestsEndNeitherTheOthersNorTheEvaluation() throws IOException {
    Outcome outcome =
        run(
            """
            rule_files: [rules.yml]
            tests:
            - input_series: [{series: 'x{job="a"}', values: '1 2 3 4 5 6'}]
              alert_rule_test:
              - {eval_time: 0m, alertname: High, exp_alerts: [{exp_labels: {job: a}}]}
              - {eval_time: 1m, alertname: High, exp_alerts: [{exp_labels: {job: a}}]}
              - eval_time: 4m
                alertname: High
                exp_alerts: [{exp_labels: {job: b}}, {exp_labels: {job: c}}]
              promql_expr_test:
              - {expr: once, eval_time: 3m, exp_samples: [{labels: once, value: 4}]}
              - {expr: 'x{job="a"} * 12345', eval_time: 3m}
              - {expr: nope, eval_time: 3m, exp_samples: [{labels: '{a="b"}', value: 1e30}, {value: .5}]}
            """,
            PLAIN);
    assertThat(outcome.text())
        .contains("alertname: High, time: 0s, ", "alertname: High, time: 1m, ")
        .contains(
            """
                alertname: High, time: 4m,\s
                    exp:[
                        0:
                          Labels:{alertname="High", job="b"}
                          Annotations:{},
                        1:
                          Labels:{alertname="High", job="c"}
                          Annotations:{}
                        ],\s
                    got:[
                        0:
                          Labels:{alertname="High", job="a", severity="page"}
                          Annotations:{summary="a at  has 5"}
                        ]
            """)
        .contains(
            """
                expr: "x{job=\\"a\\"} * 12345", time: 3m,
                    exp: nil
                    got: {job="a"} 4.938E+04
            """)
        .contains(
            """
                    exp: {} 5E-01, {a="b"} 1E+30
                    got: nil
            """)
        .doesNotContain("\"once\"");
    assertThat(outcome.junit()).contains("tests=\"1\" failures=\"5\"");
  }

  @Test
  void showsADifferenceLineByLine() throws IOException {
    Outcome outcome =
        run(
            """
            tests:
            - input_series: [{series: 'a{b="1"}', values: 1}, {series: 'a{b="2"}', values: 2}]
              promql_expr_test:
              - {expr: a, eval_time: 0, exp_samples: [{labels: 'a{b="1"}', value: 1}, {labels: 'a{b="3"}', value: 3}]}
            """,
            new Options(List.of(), true, false, false));
    assertThat(outcome.text())
        .contains(
            """
                      {__name__="a", b="1"} 1E+00
                    - {__name__="a", b="3"} 3E+00
                    + {__name__="a", b="2"} 2E+00
            """);
  }

  @Test
  void expandsTemplatesWithTheLabelsOfTheTest() throws IOException {
    Outcome outcome =
        run(
            """
            rule_files: [rules.yml]
            tests:
            - external_labels: {site: north}
              input_series: [{series: 'x{job="a"}', values: 3x9}]
              alert_rule_test:
              - {eval_time: 1m59s, alertname: High}
              - eval_time: 2m
                alertname: High
                exp_alerts:
                - exp_labels: {job: a, severity: page}
                  exp_annotations: {summary: a at north has 3}
            """,
            PLAIN);
    assertThat(outcome.text()).contains("SUCCESS");
    assertThat(outcome.passed()).isTrue();
  }

  @Test
  void evaluatesGroupsInTheOrderThatTheFileGives() throws IOException {
    String test =
        """
        rule_files: [rules.yml]
        %s
        tests:
        - input_series: [{series: x, values: 0+5x9}]
          promql_expr_test:
          - {expr: twice, eval_time: 2m, exp_samples: [{labels: twice, value: 20}]}
        """;
    assertThat(run(test.formatted("group_eval_order: [first, second]"), PLAIN).passed()).isTrue();
    assertThat(run(test.formatted(""), PLAIN).text()).contains("got: {__name__=\"twice\"} 1E+01");
  }

  @Test
  void rulesDoNotSeeSamplesThatAreYetToCome() throws IOException {
    Files.writeString(
        folder.resolve("ahead.yml"),
        "groups: [{name: g, rules: [{record: ahead, expr: x offset -1m}]}]");
    Outcome outcome =
        run(
            """
            rule_files: [ahead.yml]
            tests:
            - input_series: [{series: x, values: 1 2 3}]
              promql_expr_test:
              - {expr: ahead @ 0, eval_time: 2m, exp_samples: [{labels: ahead, value: 1}]}
              - {expr: ahead, eval_time: 2m, exp_samples: [{labels: ahead, value: 3}]}
            """,
            PLAIN);
    assertThat(outcome.text()).contains("SUCCESS");
  }

  @Test
  void namesWhatIsWrongWithItsPlace() throws IOException {
    assertThat(run("tests:\n- input_serie: []\n", PLAIN).text())
        .contains("tests.yml:2:3: field input_serie not found in a test");
    assertThat(run("tests:\n- alert_rule_test: [{eval_time: 5m}]\n", PLAIN).text())
        .contains("misses required attribute alertname at eval_time 5m");
    assertThat(run("group_eval_order: [a, a]\n", PLAIN).text())
        .contains("group name repeated in evaluation order: a");
    assertThat(run("tests:\n- start_timestamp: soon\n", PLAIN).text())
        .contains("start_timestamp must be seconds since 1970", "got \"soon\"");
    assertThat(run("rule_files: ['no*.yml']\ntests: []\n", PLAIN).text())
        .contains("WARNING: no file match pattern no*.yml", "SUCCESS");
    assertThat(run("rule_files: [nothing.yml]\ntests: [{}]\n", PLAIN).text())
        .contains("WARNING: no file match pattern nothing.yml", "SUCCESS");
  }

  @Test
  void refusesMoreEvaluationsThanAnyTestNeeds() throws IOException {
    assertThat(run("tests:\n- promql_expr_test: [{expr: '1', eval_time: 100y}]\n", PLAIN).text())
        .contains("make evaluation_interval longer");
  }

  @Test
  void showsAllSamplesOfATestWhenAsked() throws IOException {
    Outcome outcome =
        run(
            """
            rule_files: [rules.yml]
            tests:
            - name: t
              input_series: [{series: x, values: 1}]
            """,
            new Options(List.of(), false, true, false));
    assertThat(outcome.text())
        .contains("DEBUG: samples of test t", "DEBUG: {__name__=\"once\"} 1.0@0");
  }

  private Outcome run(String yaml, Options options) throws IOException {
    Path file = Files.writeString(folder.resolve("tests.yml"), yaml);
    return tests.run(List.of(file), options);
  }
}
