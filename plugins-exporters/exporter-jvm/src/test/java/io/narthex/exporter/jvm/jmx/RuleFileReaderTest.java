package io.narthex.exporter.jvm.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullUnmarked
class RuleFileReaderTest {
  private static RuleFile read(String text) {
    return RuleFileReader.read("r.yml", text, Map.of("SECRET", "s3cret", "EMPTY", "")::get);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          rules: [{pattern: '('}]                | r.yml:1:19: pattern must be a regular expression of java.util.regex, got "(": Unclosed group
          rules: [{name: x}]                     | r.yml:1:9: a rule with a name needs a pattern; add `pattern`
          rules: [{pattern: a, help: x}]         | r.yml:1:9: a rule with help or labels needs a name; add `name`
          rules: [{valueFactor: x}]              | r.yml:1:23: valueFactor must be a number, got "x"
          rules: [{cache: 5}]                    | r.yml:1:17: cache must be true or false, got "5"
          rules: x                               | r.yml:1:8: a rule must be a map, got "x"
          rules: {a: b}                          | r.yml:1:8: rules must be a list
          startDelaySeconds: -1                  | r.yml:1:1: startDelaySeconds must be from 0.0 s to 86400.0 s, got -1.0
          scrapeTimeoutSeconds: 0                | r.yml:1:1: scrapeTimeoutSeconds must be from 0.001 s to 86400.0 s, got 0.0
          'includeObjectNames: ["a"]'            | r.yml:1:22: must be an object name such as "java.lang:type=Memory" or "kafka.*:*", got "a": Key properties cannot be empty
          '{hostPort: "a:1", jmxUrl: b}'         | r.yml:1:1: hostPort and jmxUrl exclude each other; remove one
          '{hostPort: "a:1", password: "${NO}"}' | r.yml:1:29: environment variable NO of password is not set; set it for the server
          '{hostPort: "a:1", password: "${EMPTY}"}' | r.yml:1:29: environment variable EMPTY of password is not set; set it for the server
          '{hostPort: "a:1", username: "${a b}"}' | r.yml:1:29: username names no environment variable
          'ssl: {keyStore: {type: JKS}}'         | r.yml:1:17: keyStore needs a filename
          'metricCustomizers: [{extraMetrics: []}]' | r.yml:1:21: an item of metricCustomizers needs mbeanFilter
          'metricCustomizers: [{mbeanFilter: {}}]' | r.yml:1:35: mbeanFilter needs a domain
          'metricCustomizers: [{mbeanFilter: {domain: d}}]' | r.yml:1:21: an item of metricCustomizers needs attributesAsLabels or extraMetrics
          'metricCustomizers: [{mbeanFilter: {domain: d}, extraMetrics: [{name: n}]}]' | r.yml:1:63: an item of extraMetrics needs name and value
          'metricCustomizers: [{mbeanFilter: {domain: d}, extraMetrics: [{name: n, value: x}]}]' | r.yml:1:80: value of an extra metric must be a number, true or false, got "x"
          '{a: 1, a: 2}'                         | r.yml:1:8: key "a" already set in map, at line 1; remove one of them
          '{a: 1'                                | r.yml:1:6: not valid YAML: while parsing a flow mapping, expected ',' or '}', but got <stream end>
          'rules: !!java.util.Date {}'           | r.yml:1:8: not valid YAML: Global tag is not allowed: tag:yaml.org,2002:java.util.Date
          """)
  void saysWhereAndWhatIsWrong(String text, String message) {
    assertThatThrownBy(() -> read(text)).isInstanceOf(ConfigException.class).hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          rules: [{pattern: a, name: x$1}]       | r.yml:1:28: name "x$1": the pattern has 0 groups, got a reference to group 1; what the rule matches is left out
          'rules: [{pattern: a, name: "${x}"}]'  | r.yml:1:28: name "${x}": the pattern has no group named "x"; what the rule matches is left out
          rules: [{pattern: a, name: a$}]        | r.yml:1:28: name "a$": a group number or {name} must follow $; write \\$ for the character; what the rule matches is left out
          'rules: [{pattern: a, name: a, help: "costs $ 5"}]' | r.yml:1:37: help "costs $ 5": a group number or {name} must follow $; write \\$ for the character; what the rule matches is left out
          rules: [{pattern: a, type: SUMMARY}]   | r.yml:1:28: type must be COUNTER, GAUGE or UNTYPED, got "SUMMARY"; the metric is untyped
          rules: [{pattern: a, type: gauge}]     | r.yml:1:28: type must be COUNTER, GAUGE or UNTYPED, got "gauge"; the metric is untyped
          """)
  void usesRulesWithMistakesThatOnlyAMatchMeets(String text, String mistake) {
    RuleFile file = read(text);
    assertThat(file.rules()).hasSize(1);
    assertThat(file.mistakes()).containsExactly(mistake);
  }

  @Test
  void mergesMapsOfYaml() {
    RuleFile file =
        read(
            """
            base: &base {type: GAUGE, cache: true}
            more: &more {type: COUNTER, help: h}
            rules:
            - {pattern: a, name: x, <<: *base}
            - <<: [*base, *more]
              pattern: b
              name: y
              cache: false
            """);
    assertThat(file.rules()).extracting(Rule::type).containsOnly(Rule.Type.GAUGE);
    assertThat(file.rules()).extracting(Rule::cache).containsExactly(true, false);
    assertThat(file.rules().get(1).help()).isNotNull();
    assertThatThrownBy(() -> read("rules: [{pattern: a, <<: x}]"))
        .hasMessage("r.yml:1:22: map merge requires map or sequence of maps as the value");
  }

  @Test
  void takesAllKeysOfConnectionAndTimes() {
    RuleFile file =
        read(
            """
            startDelaySeconds: 5
            scrapeTimeoutSeconds: 2.5
            hostPort: "broker:9010"
            username: monitor
            password: ${SECRET}
            ssl:
              enabled: true
              keyStore: {filename: k.p12, type: PKCS12, password: k}
              trustStore: {filename: t.jks, password: "${SECRET}"}
              protocols: TLSv1.3, TLSv1.2
              ciphers: TLS_AES_128_GCM_SHA256
            """);
    assertThat(file.startDelay()).isEqualTo(Duration.ofSeconds(5));
    assertThat(file.timeout()).isEqualTo(Duration.ofMillis(2_500));
    assertThat(file.connection())
        .isEqualTo(
            new RuleFile.Connection(
                "service:jmx:rmi:///jndi/rmi://broker:9010/jmxrmi",
                "monitor",
                "s3cret",
                new RuleFile.Tls(
                    new RuleFile.Store("k.p12", "PKCS12", "k"),
                    new RuleFile.Store("t.jks", "", "s3cret"),
                    List.of("TLSv1.3", "TLSv1.2"),
                    List.of("TLS_AES_128_GCM_SHA256"))));
    assertThat(file.toString()).doesNotContain("s3cret");
    assertThat(file.ignored()).isEmpty();
  }

  @Test
  void withoutRulesTakesEveryAttribute() {
    for (String text : List.of("", "---\n", "rules:", "ssl: false")) {
      assertThat(read(text).rules()).containsExactly(Rule.ALL);
      assertThat(read(text).connection()).isNull();
    }
    assertThat(read("rules: []").rules()).isEmpty();
  }

  @Test
  void namesKeysWithoutEffectButNotThoseOfJmxExportersServer() {
    assertThat(
            read("""
            httpServer: {metrics: {path: /m}}
            openTelemetry: {}
            lowercaseOutputNames: true
            rules:
            - pattern: a
              lables: {a: b}
            """)
                .ignored())
        .containsExactly("r.yml:6:3: \"lables\"", "r.yml:3:1: \"lowercaseOutputNames\"");
  }

  @Test
  void mergesKeysOfAnotherRule() {
    assertThat(
            read("""
            rules:
            - &r {pattern: 'a<(.*)>', name: x_total, type: COUNTER}
            - {<<: *r, pattern: 'b<(.*)>'}
            """)
                .rules())
        .extracting(Rule::type)
        .allMatch(type -> type == Rule.Type.COUNTER)
        .hasSize(2);
  }

  @Test
  void refusesFilesThatAreLargerThanTheyLook() {
    String doubling =
        "a0: &a0 [x]\n"
            + java.util.stream.IntStream.range(1, 30)
                .mapToObj(i -> "a" + i + ": &a" + i + " [*a" + (i - 1) + ", *a" + (i - 1) + "]\n")
                .reduce("", String::concat);
    assertThatThrownBy(() -> read(doubling))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("the file expands to more than 200000 values");
    assertThatThrownBy(() -> read("[".repeat(100_000)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Nesting Depth exceeded");
    assertThatThrownBy(() -> read("# " + "x".repeat(1 << 20)))
        .hasMessageContaining("the file must have at most 1048576 characters");
    assertThatThrownBy(() -> read("&a [*a]")).isInstanceOf(ConfigException.class);
  }
}
