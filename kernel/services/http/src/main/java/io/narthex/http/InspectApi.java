package io.narthex.http;

import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryInspector.PlanNode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.time.Clock;
import java.util.TreeMap;

/** The plan of a query with the costs of its nodes: {@code /narthex/api/v1/explain}. */
@Path("/narthex/api/v1")
public final class InspectApi {
  private final Services services;
  private final Clock clock;

  InspectApi(Services services, Clock clock) {
    this.services = services;
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
