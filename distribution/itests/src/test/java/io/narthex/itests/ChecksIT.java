package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code narthex check} and {@code narthex tsdb} as processes of their own, with the parts of the
 * packed distribution.
 */
class ChecksIT {
  @TempDir private Path folder = Path.of("");

  private record Ended(int status, String out, String err) {}

  private Ended check(Path input, String... words) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("check"));
    all.addAll(List.of(words));
    return run(input, all);
  }

  private Ended run(Path input, List<String> words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Distribution.home().resolve("bin/narthex").toString());
    command.addAll(words);
    File out = folder.resolve("out").toFile();
    File err = folder.resolve("err").toFile();
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(input.toFile())
            .redirectOutput(out)
            .redirectError(err)
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ended(
        process.exitValue(),
        Files.readString(out.toPath(), StandardCharsets.UTF_8),
        Files.readString(err.toPath(), StandardCharsets.UTF_8));
  }

  @Test
  void pluginsAndPartsOfTheServerJudge() throws Exception {
    Path metrics = Files.writeString(folder.resolve("metrics"), "# TYPE a counter\na 1\n");
    assertThat(check(metrics, "metrics"))
        .isEqualTo(
            new Ended(3, "", "a counter metrics should have \"_total\" suffix\na no help text\n"));
    Files.writeString(folder.resolve("web.yml"), "tls_server_config: {cert_file: x}\n");
    assertThat(check(metrics, "web-config", "web.yml"))
        .isEqualTo(new Ended(1, "", "web.yml FAILED: web.yml: missing one of key or key_file\n"));
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        scrape_configs:
          - job_name: a
            file_sd_configs: [{files: [targets.json]}]
            relabel_configs: [{source_labels: [__address__], target_label: copy}]
        """);
    Files.writeString(folder.resolve("targets.json"), "[{\"targets\": [\"x:1\"]}]");
    Ended found = check(metrics, "service-discovery", "prometheus.yml", "a");
    assertThat(found.err()).isEmpty();
    assertThat(found.status()).isZero();
    assertThat(found.out())
        .startsWith("[\n  {\n    \"discoveredLabels\": {\n      \"__address__\": \"x:1\",\n")
        .contains("\"__meta_filepath\": \"", "\"copy\": \"x:1\",\n      \"instance\": \"x:1\"");
  }

  @Test
  void unitTestsOfRulesRunOnTheEngineOfTheServer() throws Exception {
    Path nothing = Files.writeString(folder.resolve("nothing"), "");
    Files.writeString(
        folder.resolve("rules.yml"),
        "groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 5m}]}]");
    String test =
        """
        rule_files: [rules.yml]
        tests:
        - name: down
          input_series: [{series: 'up{job="a"}', values: 0x9}]
          alert_rule_test: [{eval_time: %s, alertname: Down, exp_alerts: [{exp_labels: {job: a}}]}]
        """;
    Files.writeString(folder.resolve("good.yml"), test.formatted("5m"));
    Files.writeString(folder.resolve("bad.yml"), test.formatted("4m"));
    Ended good = run(nothing, List.of("test", "rules", "good.yml"));
    assertThat(good).isEqualTo(new Ended(0, "Unit Testing:  good.yml\n  SUCCESS\n", ""));
    Ended bad = run(nothing, List.of("test", "rules", "--junit=report.xml", "bad.yml"));
    assertThat(bad.status()).isEqualTo(1);
    assertThat(bad.err()).contains("alertname: Down, time: 4m,", "got:[]");
    assertThat(folder.resolve("report.xml")).content().contains("<testcase name=\"down\"");
    assertThat(run(nothing, List.of("test", "rules", "--run=other", "bad.yml")).status()).isZero();
  }

  @Test
  void theRulesThatComeWithTheServerPassTheirTests() throws Exception {
    Path nothing = Files.writeString(folder.resolve("nothing"), "");
    List<String> words = new ArrayList<>(List.of("test", "rules"));
    Path rules = Distribution.home().resolve("lib/rules");
    for (String name : List.of("alertmanager", "jvm", "narthex", "node", "pushgateway", "slo")) {
      assertThat(rules.resolve(name + ".yml")).exists();
      words.add(rules.resolve("tests/" + name + ".yml").toString());
    }
    Ended tested = run(nothing, words);
    assertThat(tested.err()).isEmpty();
    assertThat(tested.out().lines().filter(l -> l.equals("  SUCCESS"))).hasSize(6);
    assertThat(tested.status()).isZero();
  }

  @Test
  void theStorageLooksIntoAFolder() throws Exception {
    Path data = Files.createDirectories(folder.resolve("data"));
    Files.createDirectories(data.resolve("log"));
    Files.createDirectories(data.resolve("blocks"));
    Files.writeString(data.resolve("tsdb.version"), "narthex tsdb 1\n");
    Path nothing = Files.writeString(folder.resolve("nothing"), "");
    Ended list = run(nothing, List.of("tsdb", "list", data.toString()));
    assertThat(list.err()).isEmpty();
    assertThat(list.out()).contains("head: 0 series, no samples");
    assertThat(list.status()).isZero();
    assertThat(run(nothing, List.of("tsdb", "repair", "--yes=1", data.toString())))
        .isEqualTo(new Ended(2, "", "narthex tsdb: repair has no option --yes\n"));
  }
}
