package io.narthex.http;

import io.narthex.model.MetricMetadata;
import io.narthex.service.query.EmptyResultExplainer;
import io.narthex.service.query.EmptyResultExplainer.Explanation;
import io.narthex.service.query.EmptyResultExplainer.Selector;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryInspector.PlanNode;
import io.narthex.service.storage.StorageGate;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;

/**
 * What happens in a query: its plan with the costs of its nodes ({@code /narthex/api/v1/explain}),
 * and why its result is empty ({@code why_empty}).
 */
@Path("/narthex/api/v1")
public final class InspectApi {
  private final Services services;
  private final StorageGate storage;
  private final Clock clock;
  private final Semaphore explained = new Semaphore(4);

  InspectApi(Services services, StorageGate storage, Clock clock) {
    this.services = services;
    this.storage = storage;
    this.clock = clock;
  }

  /** Runs a query and returns its plan with the costs. */
  @GET
  @Path("explain")
  public Response explain(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    QueryEngine.Options options =
        new QueryEngine.Options(p.duration("timeout"), p.lookback(), false);
    PlanNode plan;
    if (p.text("step").isEmpty()) {
      long time = p.time("time", clock.millis());
      plan = services.inspector().explain(p.text("query"), time, time, 0, options);
    } else {
      long start = p.requiredTime("start");
      long end = p.requiredTime("end");
      long step = p.requiredDurationMs("step");
      if (end < start || step <= 0 || (end - start) / step > QueryApi.MAX_POINTS) {
        throw new ApiException(
            ApiError.BAD_DATA,
            "invalid parameter \"step\": start, end and step must give 1 to 11,000 points");
      }
      plan = services.inspector().explain(p.text("query"), start, end, step, options);
    }
    return Api.success(out -> node(out, plan));
  }

  /** Says why a query returns nothing. */
  @GET
  @Path("why_empty")
  public Response whyEmpty(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    boolean instant = p.text("start").isEmpty() && p.text("end").isEmpty();
    long start = instant ? p.time("time", clock.millis()) : p.requiredTime("start");
    long end = instant ? start : p.requiredTime("end");
    if (end < start) {
      throw new ApiException(ApiError.BAD_DATA, "end timestamp must not be before start timestamp");
    }
    EmptyResultExplainer explainer = services.emptyResults();
    if (!explained.tryAcquire()) {
      throw new ApiException(
          ApiError.UNAVAILABLE_503,
          "why_empty: 4 queries are being examined; try again in a moment");
    }
    Explanation found;
    try {
      Map<String, MetricMetadata> metadata = services.metadataByName(storage);
      found =
          explainer.whyEmpty(
              p.text("query"), start, end, name -> MetricSearch.family(metadata, name));
    } finally {
      explained.release();
    }
    return Api.success(out ->
        out.object(() -> {
          out.objects("selectors", found.selectors(), s -> selector(out, s));
          out.objects(
              "notes",
              found.notes(),
              n -> {
                out.field("kind", n.kind());
                out.field("text", n.text());
              });
          out.field("truncated", found.truncated());
        }));
  }

  private static void selector(Json out, Selector s) throws IOException {
    out.field("selector", s.selector());
    out.field("series", s.series());
    out.value("seriesInRange", s.seriesInRange());
    out.value("lastSeenMs", s.lastSeenMs());
    out.field("problem", s.problem().name().toLowerCase(Locale.ROOT));
    out.objects(
        "matchers",
        s.matchers(),
        m -> {
          out.field("matcher", m.matcher());
          out.field("series", m.series());
          out.field("seriesWithout", m.seriesWithout());
          out.field("nearest", m.nearest());
        });
    out.field("nearest", s.nearest());
    out.field("text", s.text());
  }

  private static void node(Json out, PlanNode n) throws IOException {
    out.object(() -> {
      out.field("kind", n.kind());
      out.field("expr", n.expression());
      out.field("start", n.start());
      out.field("end", n.end());
      out.field("evaluations", n.evaluations());
      out.field("series", n.series());
      out.field("samples", n.samples());
      out.field("samplesRead", n.samplesRead());
      out.field("timeNanos", n.timeNanos());
      Long estimated = n.estimatedSeries();
      if (estimated != null) {
        out.field("estimatedSeries", estimated);
      }
      if (!n.plan().isEmpty()) {
        out.value("plan", new TreeMap<>(n.plan()));
      }
      out.array("children", n.children(), child -> node(out, child));
    });
  }
}
