package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromqlScriptsTest {
  @TempDir Path folder;

  @Test
  void countsEvalsAndNamesFailuresByFileAndLine() throws IOException {
    Files.writeString(
        folder.resolve("a.test"),
        """
        load 1m
          m{l="x"} 1 2 3

        eval instant at 1m m
          {__name__="m", l="x"} 2

        eval instant at 1m sum(m)
          {} 7
        """);
    PromqlScripts.Outcome o = PromqlScripts.run(PromqlScripts.scripts(folder));
    assertThat(o.total()).isEqualTo(2);
    assertThat(o.passed()).isEqualTo(1);
    assertThat(o.failures()).singleElement().asString().contains("a.test:7: sum(m)");
  }

  @Test
  void reportsAFileThatIsNoScriptAndRunsTheOthers() throws IOException {
    Files.writeString(
        folder.resolve("a.test"),
        "load 1m\n  m 1\n\nnonsense here\n\neval instant at 0 m\n  m 1\n");
    Files.writeString(folder.resolve("b.test"), "load 1m\n  m 1\n\neval instant at 0 m\n  m 1\n");
    PromqlScripts.Outcome o = PromqlScripts.run(PromqlScripts.scripts(folder));
    assertThat(o.total()).isEqualTo(2);
    assertThat(o.passed()).isEqualTo(1);
    assertThat(o.failures())
        .singleElement()
        .asString()
        .contains("a.test:4: cannot be read as a script: unknown command nonsense");
  }

  @Test
  void formerDisagreementsWithPrometheusStayAway() throws IOException {
    PromqlScripts.Outcome o =
        PromqlScripts.run(List.of(Path.of("src/test/resources/disagreements.test")));
    assertThat(o.failures()).isEmpty();
    assertThat(o.total()).isEqualTo(20);
  }
}
