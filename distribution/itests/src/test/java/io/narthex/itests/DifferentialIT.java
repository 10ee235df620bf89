package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.Differential;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The short form of {@code ./narthex bench differential}, with queries that no run has had. */
class DifferentialIT {
  private static final int QUERIES = 500;

  @Test
  void randomQueriesAgreeWithPrometheus() throws Exception {
    Peers.original("prometheus");
    long seed = System.nanoTime() & 0xffff_ffffL;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    boolean agrees =
        Differential.agrees(
            Distribution.home(),
            seed,
            QUERIES,
            new PrintStream(printed, true, StandardCharsets.UTF_8));
    assertThat(agrees).as("%s", printed.toString(StandardCharsets.UTF_8)).isTrue();
  }
}
