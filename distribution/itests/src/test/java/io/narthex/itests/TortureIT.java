package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.torture.Torture;
import io.narthex.bench.torture.TortureOptions;
import io.narthex.bench.torture.TortureReport;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The short form of {@code ./narthex bench torture}: ten cycles, and one of the kernel. The load is
 * lighter than there, since a machine that builds and tests may be too busy to scrape a hundred
 * targets every second.
 */
@Tag("alone")
class TortureIT {
  @TempDir private Path folder = Path.of("");

  @Test
  void tenUpdatesOfEachKindUnderLoadLoseNothing() throws Exception {
    TortureReport report =
        Torture.run(
            new TortureOptions(
                10,
                1,
                30,
                20,
                Duration.ofMillis(300),
                Duration.ofSeconds(4),
                Duration.ofMillis(100),
                false),
            Distribution.home(),
            folder,
            System.out::println);
    report.lines().forEach(System.out::println);
    assertThat(report.passed()).as(String.join("\n", report.lines())).isTrue();
  }
}
