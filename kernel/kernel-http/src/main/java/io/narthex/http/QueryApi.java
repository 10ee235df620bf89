package io.narthex.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.Statistics;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.targets.TargetService;
import io.narthex.spi.storage.SeriesExemplars;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Queries and metadata: {@code /api/v1/query…}, {@code series}, {@code labels}, {@code metadata}.
 */
@Path("/api/v1")
public final class QueryApi {
  private static final int MAX_POINTS = 11_000;
  private static final String TRUNCATED = "results truncated due to limit";

  private final Services services;
  private final StorageGate storage;
  private final Clock clock;

  QueryApi(Services services, StorageGate storage, Clock clock) {
    this.services = services;
    this.storage = storage;
    this.clock = clock;
  }

  /** Evaluates at one instant. */
  @GET
  @Path("query")
  public Response query(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    long time = p.time("time", clock.millis());
    int limit = p.limit("limit");
    QueryResult result = services.engine().instant(p.text("query"), time, options(p));
    return answer(result, limit, p.text("stats"));
  }

  /** As {@link #query}, parameters in a form. */
  @POST
  @Path("query")
  public Response queryForm(@Context HttpServletRequest request) {
    return query(request);
  }

  /** Evaluates at regular steps. */
  @GET
  @Path("query_range")
  public Response range(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    int limit = p.limit("limit");
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
    if ((end - start) / step > MAX_POINTS) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)");
    }
    QueryResult result = services.engine().range(p.text("query"), start, end, step, options(p));
    return answer(result, limit, p.text("stats"));
  }

  /** As {@link #range}, parameters in a form. */
  @POST
  @Path("query_range")
  public Response rangeForm(@Context HttpServletRequest request) {
    return range(request);
  }

  private static QueryEngine.Options options(Parameters p) {
    Duration timeout = p.duration("timeout");
    Duration lookback = p.duration("lookback_delta");
    return new QueryEngine.Options(timeout, lookback, p.text("stats").equals("all"));
  }

  private static Response answer(QueryResult result, int limit, String stats) {
    List<String> warnings = new ArrayList<>(result.warnings());
    int size =
        switch (result.data()) {
          case Data.Vector v -> v.samples().size();
          case Data.Matrix m -> m.series().size();
          case Data.Scalar _ -> 1;
          case Data.Text _ -> 1;
        };
    if (limit > 0 && size > limit) {
      warnings.add(TRUNCATED);
    }
    return Api.success(
        out -> {
          out.writeStartObject();
          new ResultWriter(out).write(result.data(), limit);
          if (!stats.isEmpty()) {
            statistics(out, result.statistics());
          }
          out.writeEndObject();
        },
        warnings,
        result.infos());
  }

  private static void statistics(JsonGenerator out, Statistics s) throws IOException {
    out.writeObjectFieldStart("stats");
    out.writeObjectFieldStart("timings");
    out.writeNumberField("evalTotalTime", s.evalTotalNanos() / 1e9);
    out.writeNumberField("resultSortTime", s.resultSortNanos() / 1e9);
    out.writeNumberField("queryPreparationTime", s.preparationNanos() / 1e9);
    out.writeNumberField("innerEvalTime", s.innerEvalNanos() / 1e9);
    out.writeNumberField("execQueueTime", s.queueNanos() / 1e9);
    out.writeNumberField("execTotalTime", s.execTotalNanos() / 1e9);
    out.writeEndObject();
    out.writeObjectFieldStart("samples");
    out.writeNumberField("totalQueryableSamples", s.totalQueryableSamples());
    out.writeNumberField("samplesRead", s.samplesRead());
    out.writeNumberField("peakSamples", s.peakSamples());
    out.writeEndObject();
    out.writeEndObject();
  }

  /** Returns exemplars of the series that an expression selects. */
  @GET
  @Path("query_exemplars")
  public Response exemplars(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    long[] range = p.range();
    List<List<Matcher>> selectors = List.of(services.engine().selector(p.text("query")));
    List<SeriesExemplars> found = storage.exemplars(selectors, range[0], range[1]);
    return Api.success(out -> {
      ResultWriter writer = new ResultWriter(out);
      out.writeStartArray();
      for (SeriesExemplars series : found) {
        out.writeStartObject();
        out.writeFieldName("seriesLabels");
        Api.labels(out, series.series());
        out.writeArrayFieldStart("exemplars");
        for (Exemplar e : series.exemplars()) {
          out.writeStartObject();
          out.writeFieldName("labels");
          Api.labels(out, e.labels());
          out.writeStringField("value", ResultWriter.number(e.value()));
          out.writeFieldName("timestamp");
          writer.time(e.timestampMs());
          out.writeEndObject();
        }
        out.writeEndArray();
        out.writeEndObject();
      }
      out.writeEndArray();
    });
  }

  /** As {@link #exemplars}, parameters in a form. */
  @POST
  @Path("query_exemplars")
  public Response exemplarsForm(@Context HttpServletRequest request) {
    return exemplars(request);
  }

  /** Returns an expression in canonical layout. */
  @GET
  @Path("format_query")
  public Response format(@Context HttpServletRequest request) {
    String formatted = services.engine().format(new Parameters(request).text("query"));
    return Api.success(out -> out.writeString(formatted));
  }

  /** As {@link #format}, parameters in a form. */
  @POST
  @Path("format_query")
  public Response formatForm(@Context HttpServletRequest request) {
    return format(request);
  }

  /** Returns the syntax tree of an expression. */
  @GET
  @Path("parse_query")
  public Response parse(@Context HttpServletRequest request) {
    Map<String, @Nullable Object> tree =
        services.inspector().syntaxTree(new Parameters(request).text("query"));
    return Api.success(out -> InspectApi.write(out, tree));
  }

  /** As {@link #parse}, parameters in a form. */
  @POST
  @Path("parse_query")
  public Response parseForm(@Context HttpServletRequest request) {
    return parse(request);
  }

  /** Returns the label sets of matching series. */
  @GET
  @Path("series")
  public Response series(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    List<List<Matcher>> sets = p.matchers(services.engine());
    if (sets.isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "no match[] parameter provided");
    }
    int limit = p.limit("limit");
    long[] range = p.range();
    List<Labels> found = storage.series(sets, range[0], range[1], limit == 0 ? 0 : limit + 1);
    return list(found, limit, Api::labels);
  }

  /** As {@link #series}, parameters in a form. */
  @POST
  @Path("series")
  public Response seriesForm(@Context HttpServletRequest request) {
    return series(request);
  }

  private interface ElementWriter<T> {
    void write(JsonGenerator out, T element) throws IOException;
  }

  private static <T> Response list(List<T> found, int limit, ElementWriter<T> writer) {
    boolean cut = limit > 0 && found.size() > limit;
    List<T> shown = cut ? found.subList(0, limit) : found;
    return Api.success(
        out -> {
          out.writeStartArray();
          for (T element : shown) {
            writer.write(out, element);
          }
          out.writeEndArray();
        },
        cut ? List.of(TRUNCATED) : List.of(),
        List.of());
  }

  /** Returns label names. */
  @GET
  @Path("labels")
  public Response labels(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    int limit = p.limit("limit");
    long[] range = p.range();
    List<String> names =
        storage.labelNames(matchers(p), range[0], range[1], limit == 0 ? 0 : limit + 1);
    return list(names, limit, JsonGenerator::writeString);
  }

  private List<List<Matcher>> matchers(Parameters p) {
    return p.list("match[]").isEmpty() ? List.of() : p.matchers(services.engine());
  }

  /** As {@link #labels}, parameters in a form. */
  @POST
  @Path("labels")
  public Response labelsForm(@Context HttpServletRequest request) {
    return labels(request);
  }

  /** Returns the values of a label. */
  @GET
  @Path("label/{name}/values")
  public Response values(@PathParam("name") String escaped, @Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String name = EscapedName.unescape(escaped);
    if (name.isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "invalid label name: \"" + name + "\"");
    }
    int limit = p.limit("limit");
    long[] range = p.range();
    List<String> values =
        storage.labelValues(name, matchers(p), range[0], range[1], limit == 0 ? 0 : limit + 1);
    return list(values, limit, JsonGenerator::writeString);
  }

  /** Returns what targets say about metrics. */
  @GET
  @Path("metadata")
  public Response metadata(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    int limit = p.number("limit", -1);
    int perMetric = p.number("limit_per_metric", -1);
    String wanted = p.text("metric");
    Map<String, Set<MetricMetadata>> byName = new TreeMap<>();
    TargetService targets = services.targets;
    if (targets != null) {
      for (TargetService.TargetMetadata target : targets.metadata()) {
        for (MetricMetadata m : target.families()) {
          if (wanted.isEmpty() || wanted.equals(m.name())) {
            Set<MetricMetadata> all = byName.computeIfAbsent(m.name(), k -> new LinkedHashSet<>());
            if (perMetric <= 0 || all.size() < perMetric) {
              all.add(m);
            }
          }
        }
      }
    }
    return Api.success(out -> {
      out.writeStartObject();
      int n = 0;
      for (Map.Entry<String, Set<MetricMetadata>> e : byName.entrySet()) {
        if (limit >= 0 && n++ >= limit) {
          break;
        }
        out.writeArrayFieldStart(e.getKey());
        for (MetricMetadata m : e.getValue()) {
          out.writeStartObject();
          out.writeStringField("type", m.type().text());
          out.writeStringField("unit", m.unit());
          out.writeStringField("help", m.help());
          out.writeEndObject();
        }
        out.writeEndArray();
      }
      out.writeEndObject();
    });
  }
}
