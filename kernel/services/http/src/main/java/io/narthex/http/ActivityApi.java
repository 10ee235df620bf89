package io.narthex.http;

import io.narthex.service.query.QueryActivity.Running;
import io.narthex.service.query.QueryActivity.Source;
import io.narthex.service.query.QueryActivity.Top;
import io.narthex.service.query.QueryActivity.Total;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Queries that run and that stand out, in the form of VictoriaMetrics. */
@Path("/api/v1")
public final class ActivityApi {
  private static final int MOST = 1000;
  private static final Duration LONGEST = Duration.ofDays(365);

  private final Services services;

  ActivityApi(Services services) {
    this.services = services;
  }

  /** Returns the queries that run. */
  @GET
  @Path("status/active_queries")
  public Response active() {
    List<Running> running = services.activity().running();
    return Api.json(
        200,
        out ->
            out.object(() -> {
              out.field("status", "ok");
              out.objects("data", running, r -> write(out, r));
            }));
  }

  private static void write(Json out, Running r) throws IOException {
    out.field("duration", String.format(Locale.ROOT, "%.3fs", r.durationNanos() / 1e9));
    out.field("id", r.id());
    out.field("remote_addr", r.client());
    out.field("query", r.query());
    out.field("start", r.startMs());
    out.field("end", r.endMs());
    out.field("step", r.stepMs());
    out.field("source", source(r.source()));
  }

  private static String source(Source source) {
    return source.name().toLowerCase(Locale.ROOT);
  }

  /** Returns the queries that ran most often, took longest and held most memory. */
  @GET
  @Path("status/top_queries")
  public Response top(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    int most = p.number("topN", 20);
    if (most < 1 || most > MOST) {
      throw new ApiException(
          ApiError.BAD_DATA, "invalid parameter \"topN\": must be 1 to " + MOST + ", got " + most);
    }
    Duration given = p.duration("maxLifetime");
    Duration age = given == null ? Duration.ofMinutes(10) : given;
    if (!age.isPositive() || age.compareTo(LONGEST) > 0) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"maxLifetime\": must be more than 0s and at most 365d");
    }
    Top top = services.activity().top(most, age);
    return Api.json(
        200,
        out ->
            out.object(() -> {
              out.field("status", "ok");
              out.field("topN", Integer.toString(most));
              out.field("maxLifetime", seconds(age.toNanos()).toPlainString() + "s");
              out.field("search.queryStats.lastQueriesCount", top.remembered());
              out.field("search.queryStats.minQueryDuration", top.shortest().toMillis() + "ms");
              out.objects(
                  "topByCount",
                  top.byCount(),
                  t -> {
                    write(out, t);
                    out.field("count", t.count());
                  });
              out.objects(
                  "topByAvgDuration",
                  top.byAverageDuration(),
                  t -> {
                    write(out, t);
                    out.value("avgDurationSeconds", seconds(t.nanos() / t.count()));
                    out.field("count", t.count());
                  });
              out.objects(
                  "topBySumDuration",
                  top.bySumDuration(),
                  t -> {
                    write(out, t);
                    out.value("sumDurationSeconds", seconds(t.nanos()));
                    out.field("count", t.count());
                  });
              out.objects(
                  "topByAvgMemoryUsage",
                  top.byAverageMemory(),
                  t -> {
                    write(out, t);
                    out.field("avgMemoryBytes", t.bytes() / t.count());
                    out.field("count", t.count());
                  });
            }));
  }

  private static void write(Json out, Total t) throws IOException {
    out.field("query", t.query());
    out.field("timeRangeSeconds", t.rangeSeconds());
    out.field("source", source(t.source()));
  }

  private static BigDecimal seconds(long nanos) {
    BigDecimal s =
        BigDecimal.valueOf(nanos, 9).setScale(6, RoundingMode.HALF_UP).stripTrailingZeros();
    return s.scale() < 0 ? s.setScale(0) : s;
  }
}
