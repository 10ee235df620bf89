package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.query.QueryResult.Statistics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QueryLogTest {
  @Test
  void appendsOneLineOfJsonPerQuery(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("query.log");
    Clock clock = Clock.fixed(Instant.ofEpochSecond(60), ZoneOffset.UTC);
    Statistics s =
        new Statistics(1_500_000_000, 0, 0, 1_000_000_000, 0, 2_000_000_000, 7, 5, 6, null);
    try (QueryLog log = new QueryLog(file, clock)) {
      log.write("up{a=\"b\"}\n", 1000, 2000, 15_000, s, null);
    }
    try (QueryLog log = new QueryLog(file, clock)) {
      log.write("x", 0, 0, 0, null, "query timed out");
    }
    assertThat(Files.readAllLines(file, StandardCharsets.UTF_8))
        .containsExactly(
            "{\"time\":\"1970-01-01T00:01:00Z\",\"level\":\"INFO\",\"msg\":\"promql query"
                + " logged\",\"params\":{\"end\":\"1970-01-01T00:00:02Z\",\"query\":"
                + "\"up{a=\\\"b\\\"}\\n\",\"start\":\"1970-01-01T00:00:01Z\",\"step\":15},"
                + "\"stats\":{\"timings\":{\"evalTotalTime\":1.5,\"resultSortTime\":0.0,"
                + "\"queryPreparationTime\":0.0,\"innerEvalTime\":1.0,\"execQueueTime\":0.0,"
                + "\"execTotalTime\":2.0},\"samples\":{\"totalQueryableSamples\":7,"
                + "\"samplesRead\":5,\"peakSamples\":6}}}",
            "{\"time\":\"1970-01-01T00:01:00Z\",\"level\":\"INFO\",\"msg\":\"promql query"
                + " logged\",\"params\":{\"end\":\"1970-01-01T00:00:00Z\",\"query\":\"x\","
                + "\"start\":\"1970-01-01T00:00:00Z\",\"step\":0},\"error\":\"query timed out\"}");
  }
}
