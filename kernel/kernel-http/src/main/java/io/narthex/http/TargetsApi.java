package io.narthex.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.service.query.QueryException;
import io.narthex.service.targets.TargetService;
import io.narthex.service.targets.TargetService.ActiveTarget;
import io.narthex.service.targets.TargetService.DroppedTarget;
import io.narthex.service.targets.TargetService.TargetMetadata;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Targets and scrape pools. */
@Path("/api/v1")
public final class TargetsApi {
  private final Services services;

  TargetsApi(Services services) {
    this.services = services;
  }

  private TargetService targets() {
    TargetService found = services.targets();
    if (found == null) {
      throw new ApiException(
          ApiError.UNAVAILABLE_503, "scraping is not running; see the plugins page");
    }
    return found;
  }

  /** Returns active and dropped targets. */
  @GET
  @Path("targets")
  public Response targets(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String state = p.text("state").toLowerCase(Locale.ROOT);
    String pool = p.text("scrapePool");
    TargetService targets = targets();
    boolean any = state.isEmpty() || state.equals("any");
    boolean active = any || state.equals("active");
    boolean dropped = any || state.equals("dropped");
    List<ActiveTarget> activeTargets = active ? targets.active() : List.of();
    List<DroppedTarget> droppedTargets = dropped ? targets.dropped() : List.of();
    Map<String, Integer> counts = dropped ? targets.droppedCounts() : Map.of();
    return Api.success(out -> {
      out.writeStartObject();
      out.writeArrayFieldStart("activeTargets");
      for (ActiveTarget t : activeTargets) {
        if (pool.isEmpty() || pool.equals(t.pool())) {
          target(out, t);
        }
      }
      out.writeEndArray();
      out.writeArrayFieldStart("droppedTargets");
      for (DroppedTarget t : droppedTargets) {
        if (pool.isEmpty() || pool.equals(t.pool())) {
          out.writeStartObject();
          out.writeFieldName("discoveredLabels");
          Api.labels(out, t.discovered());
          out.writeStringField("scrapePool", t.pool());
          out.writeEndObject();
        }
      }
      out.writeEndArray();
      out.writeObjectFieldStart("droppedTargetCounts");
      for (Map.Entry<String, Integer> e : counts.entrySet()) {
        out.writeNumberField(e.getKey(), e.getValue());
      }
      out.writeEndObject();
      out.writeEndObject();
    });
  }

  private static void target(JsonGenerator out, ActiveTarget t) throws IOException {
    out.writeStartObject();
    out.writeFieldName("discoveredLabels");
    Api.labels(out, t.discovered());
    out.writeFieldName("labels");
    Api.labels(out, t.labels());
    out.writeStringField("scrapePool", t.pool());
    out.writeStringField("scrapeUrl", t.scrapeUrl());
    out.writeStringField("globalUrl", t.globalUrl());
    out.writeStringField("lastError", t.lastError());
    out.writeStringField(
        "lastScrape",
        t.lastScrapeMs() == 0
            ? "0001-01-01T00:00:00Z"
            : Instant.ofEpochMilli(t.lastScrapeMs()).toString());
    out.writeNumberField("lastScrapeDuration", t.lastDurationSeconds());
    out.writeStringField("health", t.health().name().toLowerCase(Locale.ROOT));
    out.writeStringField("scrapeInterval", t.scrapeInterval());
    out.writeStringField("scrapeTimeout", t.scrapeTimeout());
    out.writeEndObject();
  }

  /** Returns metadata by target. */
  @GET
  @Path("targets/metadata")
  public Response metadata(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String metric = p.text("metric");
    int limit = p.number("limit", -1);
    List<Matcher> matchers =
        p.text("match_target").isEmpty() ? List.of() : matchTarget(p.text("match_target"));
    List<TargetMetadata> all = targets().metadata();
    return Api.success(out -> {
      out.writeStartArray();
      int n = 0;
      for (TargetMetadata t : all) {
        if (!matchers.stream().allMatch(m -> m.matches(t.target()))) {
          continue;
        }
        for (MetricMetadata f : t.families()) {
          if ((!metric.isEmpty() && !metric.equals(f.name())) || (limit >= 0 && n >= limit)) {
            continue;
          }
          n++;
          out.writeStartObject();
          out.writeFieldName("target");
          Api.labels(out, t.target());
          if (metric.isEmpty()) {
            out.writeStringField("metric", f.name());
          }
          out.writeStringField("type", f.type().text());
          out.writeStringField("help", f.help());
          out.writeStringField("unit", f.unit());
          out.writeEndObject();
        }
      }
      out.writeEndArray();
    });
  }

  private List<Matcher> matchTarget(String text) {
    try {
      return services.engine().selector(text);
    } catch (QueryException e) {
      throw new ApiException(
          ApiError.BAD_DATA, "invalid parameter \"match_target\": " + e.getMessage());
    }
  }

  /** Returns the names of the scrape pools. */
  @GET
  @Path("scrape_pools")
  public Response pools() {
    List<String> pools = targets().pools();
    return Api.success(out -> {
      out.writeStartObject();
      out.writeFieldName("scrapePools");
      Api.strings(out, pools);
      out.writeEndObject();
    });
  }
}
