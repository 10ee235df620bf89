package io.narthex.rules.unittest;

import io.narthex.config.yaml.YamlReader;
import io.narthex.rules.unittest.JunitReport.Case;
import io.narthex.rules.unittest.JunitReport.Suite;
import io.narthex.rules.unittest.TestFile.TestCase;
import io.narthex.service.query.QueryWorkbench;
import io.narthex.service.query.QueryWorkbench.Bench;
import io.narthex.service.rules.RuleTestService;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import io.narthex.text.re2.Re2;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Runs unit tests of rules, each on a storage of its own. */
@Component(service = RuleTestService.class)
public final class RuleUnitTests implements RuleTestService {
  private final QueryWorkbench workbench;
  private final TemplateService templates;

  /** Uses the engine of queries and the templates of the server. */
  @Activate
  public RuleUnitTests(@Reference QueryWorkbench workbench, @Reference TemplateService templates) {
    this.workbench = workbench;
    this.templates = templates;
  }

  @Override
  public Outcome run(List<Path> files, Options options) {
    StringBuilder text = new StringBuilder();
    List<Suite> suites = new ArrayList<>();
    for (Path file : files) {
      text.append("Unit Testing:  ").append(file).append('\n');
      Suite suite = run(file, options, text);
      suites.add(suite);
      if (suite.failures() == 0) {
        text.append("  SUCCESS\n\n");
        continue;
      }
      text.append("  FAILED:\n");
      suite.cases().forEach(c -> c.failures().forEach(f -> text.append(f).append("\n\n")));
    }
    boolean passed = suites.stream().allMatch(s -> s.failures() == 0);
    return new Outcome(passed, text.toString(), JunitReport.write(suites));
  }

  private Suite run(Path path, Options options, StringBuilder text) {
    Instant began = Instant.now();
    List<Case> cases = new ArrayList<>();
    try {
      List<Re2> only = options.only().stream().map(RuleUnitTests::search).toList();
      TestFile file =
          new TestFileReader(workbench, options.ignoreUnknownFields())
              .read(path.toString(), YamlReader.text(path), folder(path));
      for (String pattern : file.unmatched()) {
        text.append("  WARNING: no file match pattern ").append(pattern).append('\n');
      }
      int unnamed = 0;
      for (TestCase test : file.tests()) {
        String name = test.name().isEmpty() ? "unnamed#" + unnamed++ : test.name();
        if (only.isEmpty() || only.stream().anyMatch(r -> r.find(test.name()))) {
          cases.add(run(file, test, name, options, text));
        }
      }
    } catch (ConfigException | IllegalArgumentException e) {
      cases.add(new Case("file", 0, List.of(String.valueOf(e.getMessage()))));
    } catch (IOException e) {
      cases.add(new Case("file", 0, List.of(path + ": cannot be read, got " + e.getMessage())));
    }
    return new Suite(path.toString(), began, cases);
  }

  private static Re2 search(String pattern) {
    return Re2.compileSearch(pattern);
  }

  private static Path folder(Path file) {
    return Objects.requireNonNullElse(file.toAbsolutePath().getParent(), Path.of("/"));
  }

  private Case run(TestFile file, TestCase test, String name, Options options, StringBuilder text) {
    long began = System.nanoTime();
    List<String> failures;
    try (Bench bench = workbench.open(file.interval())) {
      failures =
          new TestRun(
                  file,
                  test,
                  workbench,
                  bench,
                  templates,
                  options.diff(),
                  options.ignoreUnknownFields())
              .run();
      if (options.debug()) {
        new Dump(bench, workbench).write(name, test.startMs() + test.lastMs(), text);
      }
    } catch (ConfigException e) {
      failures = List.of(String.valueOf(e.getMessage()));
    }
    return new Case(name, (System.nanoTime() - began) / 1e9, failures);
  }
}
