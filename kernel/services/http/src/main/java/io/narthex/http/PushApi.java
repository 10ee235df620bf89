package io.narthex.http;

import io.narthex.service.push.PushgatewayService;
import io.narthex.service.push.PushgatewayService.Answer;
import io.narthex.service.push.PushgatewayService.FamilyView;
import io.narthex.service.push.PushgatewayService.GroupView;
import io.narthex.service.push.PushgatewayService.MetricView;
import io.narthex.service.server.ServerInfo;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The Pushgateway's API: the groups, the state of the server, removal of all groups. */
@Path("/api/v1")
public final class PushApi {
  private final Services services;
  private final ServerInfo server;

  PushApi(Services services, ServerInfo server) {
    this.services = services;
    this.server = server;
  }

  private PushgatewayService push() {
    PushgatewayService found = services.push();
    if (found == null) {
      throw new ApiException(
          ApiError.UNAVAILABLE_503, "pushes are not running; see the plugins page");
    }
    return found;
  }

  /** Lists the groups with everything in them. */
  @GET
  @Path("metrics")
  public Response metrics() {
    PushgatewayService found = push();
    return fresh(Api.success(json -> json.objects(found.groups(), g -> group(json, g))));
  }

  private static Response fresh(Response response) {
    response.getHeaders().add("Cache-Control", "no-cache, no-store, must-revalidate");
    return response;
  }

  private static void group(Json json, GroupView g) throws IOException {
    boolean named = false;
    for (Map.Entry<String, FamilyView> e : g.families().entrySet()) {
      if (!named && e.getKey().compareTo("labels") > 0) {
        labels(json, g);
        named = true;
      }
      json.object(e.getKey(), () -> family(json, e.getValue()));
    }
    if (!named) {
      labels(json, g);
    }
  }

  private static void labels(Json json, GroupView g) throws IOException {
    json.field("labels", g.labels());
    json.field("last_push_successful", g.lastPushSuccessful());
  }

  private static void family(Json json, FamilyView f) throws IOException {
    json.field(
        "time_stamp",
        DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(f.time().atOffset(ZoneOffset.UTC)));
    json.field("type", f.type());
    if (!f.help().isEmpty()) {
      json.field("help", f.help());
    }
    json.objects("metrics", f.metrics(), m -> metric(json, f.type(), m));
  }

  private static void metric(Json json, String type, MetricView m) throws IOException {
    json.field("labels", m.labels());
    if (m.value() != null) {
      json.field("value", m.value());
      return;
    }
    json.field("count", Objects.requireNonNull(m.count()));
    json.field("sum", Objects.requireNonNull(m.sum()));
    if (m.nativeBuckets() != null) {
      json.array(
          "buckets",
          m.nativeBuckets(),
          b -> json.value(List.of(b.boundaries(), b.lower(), b.upper(), b.count())));
    } else if (m.points() != null) {
      json.field(type.equals("SUMMARY") ? "quantiles" : "buckets", m.points());
    }
  }

  /** Returns flags, build and start time as the Pushgateway does. */
  @GET
  @Path("status")
  public Response status() {
    return fresh(
        Api.success(json ->
            json.object(() -> {
              json.field("build_information", server.build());
              json.object(
                  "flags",
                  () -> {
                    for (var flag : server.flags().entrySet()) {
                      json.field(flag.getKey(), String.join(",", flag.getValue()));
                    }
                  });
              json.field("start_time", server.startTime().toString());
            })));
  }

  /** Removes all groups, when the configuration allows it. */
  @PUT
  @Path("admin/wipe")
  public Response wipe() {
    PushgatewayService found = push();
    if (!found.settings().adminApi()) {
      return Response.status(404)
          .entity("404 page not found\n")
          .type(MediaType.TEXT_PLAIN_TYPE)
          .build();
    }
    Answer answer = found.wipe();
    return Response.status(answer.status())
        .entity(answer.text().isEmpty() ? null : answer.text() + "\n")
        .type(MediaType.TEXT_PLAIN_TYPE)
        .build();
  }
}
