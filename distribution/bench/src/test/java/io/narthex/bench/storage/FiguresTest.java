package io.narthex.bench.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiguresTest {
  private static final String DOCUMENT =
      """
      before
      <!-- table of: bench storage -->
      | idle |
      <!-- end of table -->
      after
      """;

  private static Figures scraped(double prometheus, double victoriaMetrics, double narthex) {
    Figures figures = new Figures();
    for (double part : new double[] {0.9, 1, 1.3}) {
      figures.add(Row.SCRAPE, Subject.PROMETHEUS, part * prometheus);
      figures.add(Row.SCRAPE, Subject.VICTORIA_METRICS, part * victoriaMetrics);
      figures.add(Row.SCRAPE, Subject.NARTHEX, part * narthex);
    }
    return figures;
  }

  @Test
  void rowsHaveMediansSpreadAndWhetherTheAimIsMet() {
    assertThat(scraped(2, 3, 0.8).lines("a run"))
        .containsEntry(
            Row.SCRAPE,
            "| scrapes, 100 × 1,000 series at 1 s: CPU, s per million samples | 2 (1.8–2.6) | 3"
                + " (2.7–3.9) | 0.8 (0.72–1.04) | 0.4 | 0.27 | ≤ 0.5 P | yes | a run |");
    assertThat(scraped(2, 3, 1.2).lines("a run").get(Row.SCRAPE)).contains("| **no** |");
  }

  @Test
  void rowsThatWereNotMeasuredStay(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("performance.md"), DOCUMENT);
    scraped(2, 3, 0.8).write(file, "first");
    Figures idle = new Figures();
    idle.add(Row.MEMORY_IDLE, Subject.NARTHEX, 151);
    idle.write(file, "second");
    assertThat(Files.readAllLines(file))
        .startsWith("before", "<!-- table of: bench storage -->")
        .endsWith("<!-- end of table -->", "after")
        .contains(
            "| memory, idle after the default start, MiB | – | – | 151 (151–151) | – | – | ≤ 150 |"
                + " **no** | second |")
        .anyMatch(line -> line.startsWith("| scrapes, ") && line.endsWith("| first |"))
        .anyMatch(line -> line.startsWith("| empty start ") && line.endsWith("| not run |"))
        .hasSize(4 + 2 + Row.values().length);
  }

  @Test
  void aDocumentWithoutTableIsNotWritten(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("performance.md"), "no table here");
    assertThatThrownBy(() -> scraped(2, 3, 0.8).write(file, "first"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("no table");
    assertThat(file).hasContent("no table here");
  }
}
