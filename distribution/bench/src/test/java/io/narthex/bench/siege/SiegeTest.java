package io.narthex.bench.siege;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SiegeTest {
  @Test
  void optionsAreThoseOfTheFullRunUnlessNamed() {
    SiegeOptions full = SiegeOptions.parse(List.of());
    assertThat(full.siege()).hasMinutes(30);
    assertThat(full.rest()).hasMinutes(5);
    assertThat(full.series()).isEqualTo(100_000);
    assertThat(full.memory()).isEqualTo(1L << 30);
    assertThat(full.measured()).isTrue();
    assertThat(SiegeOptions.parse(List.of("--memory=512m", "--seed=7", "--keep")))
        .satisfies(o -> assertThat(o.memory()).isEqualTo(512L << 20))
        .satisfies(o -> assertThat(o.seed()).isEqualTo(7))
        .satisfies(o -> assertThat(o.keep()).isTrue());
    assertThatThrownBy(() -> SiegeOptions.parse(List.of("--hours=1")))
        .hasMessageContaining("unknown option");
    assertThatThrownBy(() -> SiegeOptions.parse(List.of("--series=x")))
        .hasMessageContaining("a number is wanted");
  }

  @Test
  void quantilesAreValuesThatWereMeasured() {
    assertThat(LatencyProbe.quantile(List.of(1.0, 2.0, 3.0, 4.0), 0.5)).isEqualTo(2);
    assertThat(LatencyProbe.quantile(List.of(1.0, 2.0, 3.0, 4.0), 0.99)).isEqualTo(4);
    assertThat(LatencyProbe.quantile(List.of(), 0.99)).isNaN();
  }

  @Test
  void countersThatRoseAreThoseOfRefusals() {
    Map<String, Double> before =
        Counters.parse(
            """
            # TYPE narthex_query_refused_total counter
            narthex_query_refused_total{reason="depth"} 1
            prometheus_http_requests_total{code="200",handler="/api/v1/query"} 5
            """);
    Map<String, Double> after =
        Counters.parse(
            """
            narthex_query_refused_total{reason="depth"} 3
            narthex_query_refused_total{reason="queue"} 0
            prometheus_http_requests_total{code="200",handler="/api/v1/query"} 9
            prometheus_http_requests_total{code="400",handler="/api/v1/query"} 1
            """);
    assertThat(Counters.risen(before, after))
        .containsOnly(
            Map.entry("narthex_query_refused_total{reason=\"depth\"}", 2.0),
            Map.entry(
                "prometheus_http_requests_total{code=\"400\",handler=\"/api/v1/query\"}", 1.0));
  }

  @Test
  void theLogIsSearchedForErrorsAndStackTraces(@TempDir Path folder) throws Exception {
    Path log = folder.resolve("server.log");
    Files.writeString(
        log,
        """
        time=2026-01-01T00:00:00Z level=INFO source=Kernel msg="ready"
        time=2026-01-01T00:00:01Z level=WARN source=Host msg="siegecrasher failed"
        java.lang.IllegalStateException: run is broken
        \tat siege.Crasher.run(Crasher.java:10)
        time=2026-01-01T00:00:02Z level=ERROR source=Loop msg="it broke"
        \tat io.narthex.Loop.run(Loop.java:3)
        """);
    assertThat(LogCheck.problems(log))
        .containsExactly(
            "1 × level=ERROR source=Loop msg=\"it broke\"",
            "1 × \tat io.narthex.Loop.run(Loop.java:3)");
  }
}
