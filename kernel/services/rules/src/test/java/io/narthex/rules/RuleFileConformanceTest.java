package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.promql.ParseException;
import io.narthex.promql.ParserOptions;
import io.narthex.promql.Printer;
import io.narthex.promql.PromqlParser;
import io.narthex.relabel.NameScheme;
import io.narthex.service.query.QueryEngine.Canonical;
import io.narthex.spi.config.ConfigException;
import io.narthex.testkit.Needs;
import io.narthex.text.re2.Re2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class RuleFileConformanceTest {
  @Test
  void readsRuleFilesAsPrometheusDoes() throws IOException {
    Path data = Needs.shared("conformance");
    List<String> failures = new ArrayList<>();
    int passed = 0;
    for (Row row : rows(data)) {
      String[] f = row.cells();
      Path folder = row.folder();
      boolean everything = f[4].contains("features=promql");
      PromqlParser parser =
          new PromqlParser(
              everything
                  ? ParserOptions.everything(Re2::compile)
                  : ParserOptions.standard(Re2::compile));
      RuleFileLoader loader =
          new RuleFileLoader(
              e -> {
                try {
                  return new Canonical(Printer.print(parser.parse(e)), false);
                } catch (ParseException x) {
                  throw new IllegalArgumentException(x.getMessage(), x);
                }
              },
              io.narthex.template.DefaultTemplateService.standalone(java.time.Clock.systemUTC()),
              f[4].contains("legacy") ? NameScheme.LEGACY : NameScheme.UTF8,
              f[4].contains("ignore_unknown_fields"));
      String got = null;
      try {
        loader.load(f[0], Files.readString(folder.resolve(f[0])));
      } catch (ConfigException e) {
        got = e.getMessage();
      }
      boolean ok = f[2].equals("ok") ? got == null : got != null && got.contains(f[3]);
      if (ok) {
        passed++;
      } else {
        failures.add(f[0] + " " + f[4] + ": got " + got + ", want " + f[2] + " " + f[3]);
      }
    }
    String line = "conformance rule-files: passed " + passed + " of " + (passed + failures.size());
    System.out.println(line);
    Files.createDirectories(Path.of("target/conformance"));
    Files.writeString(Path.of("target/conformance/rule-files.txt"), line + "\n");
    assertThat(failures).isEmpty();
    assertThat(passed).isEqualTo(32);
  }

  /** A rule file: its name, {@code rule_file}, verdict, text and options. */
  private record Row(Path folder, String[] cells) {}

  /** Returns the rule files of both manifests. */
  private static List<Row> rows(Path data) throws IOException {
    List<Row> rows = new ArrayList<>();
    Path rules = data.resolve("rules");
    for (String line : Files.readAllLines(rules.resolve("MANIFEST.tsv"))) {
      String[] f = line.split("\t", -1);
      if (f.length > 4 && f[1].equals("rule_file") && !f[4].contains("lint_fatal")) {
        rows.add(new Row(rules, f));
      }
    }
    Path config = data.resolve("config");
    for (String line : Files.readAllLines(config.resolve("MANIFEST.tsv"))) {
      String[] f = line.split("\t", -1);
      if (f.length > 4 && f[4].equals("rule_file")) {
        rows.add(new Row(config, new String[] {f[0], f[4], f[1], f[2], ""}));
      }
    }
    return rows;
  }
}
