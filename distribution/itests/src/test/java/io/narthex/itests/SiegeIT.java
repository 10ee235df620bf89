package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.siege.Siege;
import io.narthex.bench.siege.SiegeOptions;
import io.narthex.bench.siege.SiegeReport;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The short form of {@code ./narthex bench siege}: all that is hostile at once, for seconds.
 * Latency and memory are not judged, since a machine that builds and tests says nothing of them.
 */
@Tag("alone")
class SiegeIT {
  @TempDir private Path folder = Path.of("");

  @Test
  void thoseWhoRelyOnTheServerNoticeNothingOfASiege() throws Exception {
    SiegeReport report =
        Siege.run(SiegeOptions.SHORT, Distribution.home(), folder, System.out::println);
    report.lines().forEach(System.out::println);
    assertThat(report.passed()).as(String.join("\n", report.lines())).isTrue();
  }
}
