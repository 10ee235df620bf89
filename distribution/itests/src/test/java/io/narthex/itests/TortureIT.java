package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.torture.StallMeter;
import io.narthex.bench.torture.Torture;
import io.narthex.bench.torture.TortureOptions;
import io.narthex.bench.torture.TortureReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The short form of {@code ./narthex bench torture}: ten cycles. The load is lighter than there,
 * since a machine that builds and tests may be too busy to scrape a hundred targets every second.
 */
class TortureIT {
  private static final int RUNS = 3;
  private final StallMeter stalls = new StallMeter();
  @TempDir private Path folder = Path.of("");

  @AfterEach
  void close() {
    stalls.close();
  }

  @Test
  void tenUpdatesOfEachKindUnderLoadLoseNothing() throws Exception {
    boolean disturbed = true;
    for (int run = 1; disturbed; run++) {
      long begun = System.currentTimeMillis();
      TortureReport report = run(folder.resolve("run-" + run));
      // no target that is scraped every second outlives a machine that stands still
      disturbed = run < RUNS && stalls.longestSince(begun) > Scrapes.STALL && !report.passed();
      if (!disturbed) {
        assertThat(report.passed()).as(String.join("\n", report.lines())).isTrue();
      }
    }
  }

  private static TortureReport run(Path folder) throws Exception {
    TortureReport report =
        Torture.run(
            new TortureOptions(
                10,
                0,
                30,
                20,
                Duration.ofMillis(300),
                Duration.ofSeconds(8),
                Duration.ofMillis(100),
                false),
            Distribution.home(),
            Files.createDirectories(folder),
            System.out::println);
    report.lines().forEach(System.out::println);
    return report;
  }
}
