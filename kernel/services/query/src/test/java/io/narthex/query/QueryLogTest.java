package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.query.QueryOrigin;
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
      log.write("up{a=\"b\"}\n", 1000, 2000, 15_000, null, s, null);
    }
    try (QueryLog log = new QueryLog(file, clock)) {
      log.write("x", 0, 0, 0, null, null, "query timed out");
      log.write("y", 0, 0, 0, new QueryOrigin.Request("::1", "GET", "/api/v1/query"), null, "e");
      log.write("z", 0, 0, 0, new QueryOrigin.RuleGroup("r.yml", "g"), null, "e");
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
                + "\"start\":\"1970-01-01T00:00:00Z\",\"step\":0},\"error\":\"query timed out\"}",
            "{\"time\":\"1970-01-01T00:01:00Z\",\"level\":\"INFO\",\"msg\":\"promql query"
                + " logged\",\"params\":{\"end\":\"1970-01-01T00:00:00Z\",\"query\":\"y\","
                + "\"start\":\"1970-01-01T00:00:00Z\",\"step\":0},\"httpRequest\":{\"clientIP\":"
                + "\"::1\",\"method\":\"GET\",\"path\":\"/api/v1/query\"},\"error\":\"e\"}",
            "{\"time\":\"1970-01-01T00:01:00Z\",\"level\":\"INFO\",\"msg\":\"promql query"
                + " logged\",\"params\":{\"end\":\"1970-01-01T00:00:00Z\",\"query\":\"z\","
                + "\"start\":\"1970-01-01T00:00:00Z\",\"step\":0},\"ruleGroup\":{\"file\":"
                + "\"r.yml\",\"name\":\"g\"},\"error\":\"e\"}");
  }
}
