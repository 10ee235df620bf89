package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.BenchQueries.Query;
import io.narthex.bench.SideBySideReport.Timing;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SideBySideReportTest {
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final SideBySideReport report =
      new SideBySideReport(new PrintStream(printed, true, StandardCharsets.UTF_8));

  private void add(String expression, @Nullable Timing... timings) {
    report.add(new Query(expression, 1, QueryClass.ONE), timings, List.of());
  }

  @Test
  void namesWhereNarthexIsBehind() {
    add("a | b", new Timing(2, 2), new Timing(1, 1), new Timing(0.5, 0.5));
    add("c", new Timing(1, 1), new Timing(4, 2), null);
    report.summary();
    assertThat(printed.toString(StandardCharsets.UTF_8))
        .contains(
            "| `a \\| b` | 1 | 2.00 | 1.00 | 0.50 | 0.50 | 2.00 | 2.00 / 1.00 / 0.50 | 0.50 |")
        .contains("| 1 step, one series | 2 | 1.41 | 1.00 | 2.00 | 2.00 |")
        .contains("  4.00 (CPU 2.00) 1 step, one series: c")
        .contains("- 1 step, one series: 1 of 2 behind Prometheus: 4.00 `c`")
        .contains("- 1 step, one series: 1 of 1 behind VictoriaMetrics: 2.00 `a | b`");
  }
}
