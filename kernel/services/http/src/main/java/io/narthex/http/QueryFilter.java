package io.narthex.http;

import io.narthex.http.access.ListenerAccess;
import io.narthex.model.go.GoFloat;
import io.narthex.service.query.AnswerMemory;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryOrigin;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.Statistics;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Answers {@code /api/v1/query} and {@code /api/v1/query_range}, GET and POST. */
final class QueryFilter extends DirectFilter {
  static final String INSTANT = "/api/v1/query";
  static final String RANGE = "/api/v1/query_range";

  private static final int SERIES_BYTES = 120;
  private static final int POINT_BYTES = 26;
  static final String PER_STEP_STATS = "promql-per-step-stats";
  private static final Set<String> STATS = Set.of("", "true", "all");

  private final String path;
  private final Services services;
  private final ServerInfo server;
  private final ClientWatch clients;
  private final Clock clock;

  /**
   * Creates a filter.
   *
   * @param path {@link #INSTANT} or {@link #RANGE}
   */
  QueryFilter(String path, Services services, Common common, ClientWatch clients, Clock clock) {
    super(path, Set.of("GET", "POST"), common);
    this.path = path;
    this.services = services;
    this.server = common.server();
    this.clients = clients;
    this.clock = clock;
  }

  @Override
  void answer(HttpServletRequest in, HttpServletResponse out) throws IOException {
    Parameters p = new Parameters(in);
    try (AnswerMemory memory = new AnswerMemory()) {
      int limit = p.limit("limit");
      QueryEngine.Options options =
          options(p)
              .from(
                  ListenerAccess.of(in).isWarmUp()
                      ? new QueryOrigin.WarmUp()
                      : new QueryOrigin.Request(in.getRemoteAddr(), in.getMethod(), path))
              .keeping(memory);
      Answer answer;
      try (ClientWatch.Watched _ = clients.watch(in)) {
        answer = path.equals(INSTANT) ? instant(p, options) : range(p, options);
      }
      write(out, answer, limit, p);
    }
  }

  /**
   * A result and the times of its steps.
   *
   * @param stepMs 0 for an instant query
   */
  private record Answer(QueryResult result, long startMs, long stepMs) {}

  private Answer instant(Parameters p, QueryEngine.Options options) {
    long time = p.time("time", clock.millis());
    return new Answer(services.engine().instant(p.text("query"), time, options), time, 0);
  }

  private Answer range(Parameters p, QueryEngine.Options options) {
    long start = p.requiredTime("start");
    long end = p.requiredTime("end");
    if (end < start) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"end\": end timestamp must not be before start time");
    }
    long step = p.requiredDurationMs("step");
    if (step <= 0) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer");
    }
    if ((end - start) / step > QueryApi.MAX_POINTS) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)");
    }
    return new Answer(
        services.engine().range(p.text("query"), start, end, step, options), start, step);
  }

  private QueryEngine.Options options(Parameters p) {
    Duration timeout = p.duration("timeout");
    Duration lookback = p.lookback();
    boolean perStep = p.text("stats").equals("all") && server.feature(PER_STEP_STATS);
    boolean statistics = !p.text("stats").isEmpty();
    return new QueryEngine.Options(timeout, lookback, perStep, statistics);
  }

  private static int size(Data data) {
    return switch (data) {
      case Data.Vector v -> v.samples().size();
      case Data.Matrix m -> m.series().size();
      case Data.Scalar _, Data.Text _ -> 1;
    };
  }

  private static long expected(Data data) {
    return switch (data) {
      case Data.Vector v -> v.samples().size() * (long) SERIES_BYTES;
      case Data.Matrix m -> {
        long points = 0;
        for (QueryResult.Series s : m.series()) {
          points += s.timesMs().length;
        }
        yield m.series().size() * (long) SERIES_BYTES + points * POINT_BYTES;
      }
      case Data.Scalar _, Data.Text _ -> 0;
    };
  }

  private static void write(HttpServletResponse out, Answer answer, int limit, Parameters p)
      throws IOException {
    QueryResult result = answer.result;
    out.setContentType(MediaType.APPLICATION_JSON);
    JsonBytes json = new JsonBytes(out.getOutputStream(), expected(result.data()));
    Envelope.open(json);
    json.raw('{');
    new ResultWriter(json).write(result.data(), limit);
    if (!p.text("stats").isEmpty()) {
      statistics(json, answer);
    }
    json.raw('}');
    List<String> warnings = new ArrayList<>(result.warnings());
    if (limit > 0 && size(result.data()) > limit) {
      warnings.add(QueryApi.TRUNCATED);
    }
    if (!STATS.contains(p.text("stats"))) {
      warnings.add(
          "parameter \"stats\": other values than \"true\" and \"all\" are deprecated, got \""
              + p.text("stats")
              + "\"");
    }
    Envelope.close(json, warnings, result.infos());
    Api.finish(out, json);
  }

  private static void statistics(JsonBytes json, Answer answer) throws IOException {
    Statistics s = answer.result.statistics();
    json.raw(",\"stats\":{\"timings\":{\"evalTotalTime\":");
    seconds(json, s.evalTotalNanos());
    json.raw(",\"resultSortTime\":");
    seconds(json, s.resultSortNanos());
    json.raw(",\"queryPreparationTime\":");
    seconds(json, s.preparationNanos());
    json.raw(",\"innerEvalTime\":");
    seconds(json, s.innerEvalNanos());
    json.raw(",\"execQueueTime\":");
    seconds(json, s.queueNanos());
    json.raw(",\"execTotalTime\":");
    seconds(json, s.execTotalNanos());
    json.raw("},\"samples\":{\"totalQueryableSamples\":");
    json.number(s.totalQueryableSamples());
    json.raw(",\"samplesRead\":");
    json.number(s.samplesRead());
    json.raw(",\"peakSamples\":");
    json.number(s.peakSamples());
    long[] perStep = s.samplesPerStep();
    if (perStep != null) {
      json.raw(",\"totalQueryableSamplesPerStep\":[");
      for (int i = 0; i < perStep.length; i++) {
        json.raw(i == 0 ? "[" : ",[");
        json.time(answer.startMs + i * answer.stepMs);
        json.raw(',');
        json.number(perStep[i]);
        json.raw(']');
      }
      json.raw(']');
    }
    json.raw("}}");
  }

  private static void seconds(JsonBytes json, long nanos) throws IOException {
    json.raw(GoFloat.toString(nanos / 1e9, GoFloat.Style.JSON));
  }
}
