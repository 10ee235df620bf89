package io.narthex.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import io.narthex.service.query.QueryOrigin;
import io.narthex.service.query.QueryResult.Statistics;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The query log: one line of JSON per query, appended to a file. Thread-safe. */
final class QueryLog implements AutoCloseable {
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

  private final Path file;
  private final Clock clock;
  private final BufferedWriter out;

  /** Opens the file for appending, creating it if necessary. */
  QueryLog(Path file, Clock clock) throws IOException {
    this.file = file;
    this.clock = clock;
    this.out =
        Files.newBufferedWriter(
            file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  Path file() {
    return file;
  }

  /**
   * Writes a line.
   *
   * @param stepMs 0 for an instant query
   * @param origin where the query comes from; null when unknown
   * @param statistics null when the query failed
   * @param error null when it succeeded
   */
  synchronized void write(
      String query,
      long startMs,
      long endMs,
      long stepMs,
      @Nullable QueryOrigin origin,
      @Nullable Statistics statistics,
      @Nullable String error)
      throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("time", clock.instant().toString());
      json.writeStringField("level", "INFO");
      json.writeStringField("msg", "promql query logged");
      json.writeObjectFieldStart("params");
      json.writeStringField("end", Instant.ofEpochMilli(endMs).toString());
      json.writeStringField("query", query);
      json.writeStringField("start", Instant.ofEpochMilli(startMs).toString());
      json.writeNumberField("step", stepMs / 1000);
      json.writeEndObject();
      if (statistics != null) {
        write(json, statistics);
      }
      switch (origin) {
        case null -> {}
        case QueryOrigin.WarmUp _ -> {}
        case QueryOrigin.Request r -> {
          json.writeObjectFieldStart("httpRequest");
          json.writeStringField("clientIP", r.clientIp());
          json.writeStringField("method", r.method());
          json.writeStringField("path", r.path());
          json.writeEndObject();
        }
        case QueryOrigin.RuleGroup g -> {
          json.writeObjectFieldStart("ruleGroup");
          json.writeStringField("file", g.file());
          json.writeStringField("name", g.name());
          json.writeEndObject();
        }
      }
      if (error != null) {
        json.writeStringField("error", error);
      }
      json.writeEndObject();
    }
    out.write('\n');
    out.flush();
  }

  private static void write(JsonGenerator json, Statistics statistics) throws IOException {
    json.writeObjectFieldStart("stats");
    json.writeObjectFieldStart("timings");
    json.writeNumberField("evalTotalTime", statistics.evalTotalNanos() / 1e9);
    json.writeNumberField("resultSortTime", statistics.resultSortNanos() / 1e9);
    json.writeNumberField("queryPreparationTime", statistics.preparationNanos() / 1e9);
    json.writeNumberField("innerEvalTime", statistics.innerEvalNanos() / 1e9);
    json.writeNumberField("execQueueTime", statistics.queueNanos() / 1e9);
    json.writeNumberField("execTotalTime", statistics.execTotalNanos() / 1e9);
    json.writeEndObject();
    json.writeObjectFieldStart("samples");
    json.writeNumberField("totalQueryableSamples", statistics.totalQueryableSamples());
    json.writeNumberField("samplesRead", statistics.samplesRead());
    json.writeNumberField("peakSamples", statistics.peakSamples());
    json.writeEndObject();
    json.writeEndObject();
  }

  @Override
  public synchronized void close() throws IOException {
    out.close();
  }
}
