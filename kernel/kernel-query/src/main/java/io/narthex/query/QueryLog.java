package io.narthex.query;

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
  private final Path file;
  private final Clock clock;
  private final BufferedWriter out;

  /** Opens the file for appending, creating it if need be. */
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
   * @param statistics null when the query failed
   * @param error null when it succeeded
   */
  synchronized void write(
      String query,
      long startMs,
      long endMs,
      long stepMs,
      @Nullable Statistics statistics,
      @Nullable String error)
      throws IOException {
    StringBuilder b = new StringBuilder(256);
    b.append("{\"time\":\"").append(clock.instant());
    b.append("\",\"level\":\"INFO\",\"msg\":\"promql query logged\",\"params\":{\"end\":\"");
    b.append(Instant.ofEpochMilli(endMs)).append("\",\"query\":");
    json(b, query);
    b.append(",\"start\":\"").append(Instant.ofEpochMilli(startMs));
    b.append("\",\"step\":").append(stepMs / 1000).append('}');
    if (statistics != null) {
      b.append(",\"stats\":{\"timings\":{");
      seconds(b, "evalTotalTime", statistics.evalTotalNanos()).append(',');
      seconds(b, "resultSortTime", statistics.resultSortNanos()).append(',');
      seconds(b, "queryPreparationTime", statistics.preparationNanos()).append(',');
      seconds(b, "innerEvalTime", statistics.innerEvalNanos()).append(',');
      seconds(b, "execQueueTime", statistics.queueNanos()).append(',');
      seconds(b, "execTotalTime", statistics.execTotalNanos());
      b.append("},\"samples\":{\"totalQueryableSamples\":")
          .append(statistics.totalQueryableSamples())
          .append(",\"samplesRead\":")
          .append(statistics.samplesRead())
          .append(",\"peakSamples\":")
          .append(statistics.peakSamples())
          .append("}}");
    }
    if (error != null) {
      b.append(",\"error\":");
      json(b, error);
    }
    out.append(b.append("}\n"));
    out.flush();
  }

  private static StringBuilder seconds(StringBuilder b, String name, long nanos) {
    return b.append('"').append(name).append("\":").append(nanos / 1e9);
  }

  private static void json(StringBuilder b, String text) {
    b.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> b.append("\\\"");
        case '\\' -> b.append("\\\\");
        case '\n' -> b.append("\\n");
        case '\r' -> b.append("\\r");
        case '\t' -> b.append("\\t");
        default -> {
          if (c < 0x20) {
            b.append("\\u00").append(Character.forDigit(c >> 4, 16));
            b.append(Character.forDigit(c & 15, 16));
          } else {
            b.append(c);
          }
        }
      }
    }
    b.append('"');
  }

  @Override
  public synchronized void close() throws IOException {
    out.close();
  }
}
