package io.narthex.http;

import io.narthex.model.Annotations;
import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.alerts.AlertmanagerService.AlertQuery;
import io.narthex.service.alerts.AlertmanagerService.AlertView;
import io.narthex.service.alerts.AlertmanagerService.GroupView;
import io.narthex.service.alerts.AlertmanagerService.InvalidRequestException;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.alerts.AlertmanagerService.ReceiverView;
import io.narthex.service.alerts.AlertmanagerService.Silence;
import io.narthex.service.alerts.AlertmanagerService.SilenceRequest;
import io.narthex.service.alerts.AlertmanagerService.UnknownSilenceException;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.OPTIONS;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Alertmanager's API v2. Routes by itself, since its errors have forms of their own: a JSON string
 * from the API, an object with code and message for a request that does not fit its definition
 * (path, method, media type, body).
 */
@Path("/api/v2")
public final class AlertmanagerApi {
  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final long MAX_BODY = 10 << 20;

  /** Bodies above this size are read few at a time: parsed they take several times their size. */
  private static final long LARGE_BODY = 256 << 10;

  private static final int LARGE_BODIES = 4;
  private static final int MAX_WAIT_SECONDS = 10;
  private static final Pattern UUID =
      Pattern.compile("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", 0);

  /** Methods by path below the root; {@code silence} has an id behind it. */
  static final Map<String, List<String>> METHODS =
      Map.of(
          "status", List.of("GET"),
          "receivers", List.of("GET"),
          "alerts", List.of("GET", "POST"),
          "alerts/groups", List.of("GET"),
          "silences", List.of("GET", "POST"),
          "silence", List.of("DELETE", "GET"));

  private final Services services;
  private final ServerInfo server;
  private final AlertmanagerRequests requests;
  private final long maxBody;
  private final Semaphore largeBodies = new Semaphore(LARGE_BODIES);

  AlertmanagerApi(Services services, ServerInfo server) {
    this.services = services;
    this.server = server;
    String limit = server.flag("web.max-alerting-body-bytes");
    maxBody = limit.isEmpty() ? MAX_BODY : Math.max(1, Long.parseLong(limit));
    requests = new AlertmanagerRequests(maxBody);
  }

  // --- routes

  /** Answers a request. */
  @GET
  @Path("{path: .*}")
  public Response get(@PathParam("path") String path, @Context HttpServletRequest request) {
    return answer("GET", path, request);
  }

  /** Answers a request. */
  @POST
  @Path("{path: .*}")
  public Response post(@PathParam("path") String path, @Context HttpServletRequest request) {
    return answer("POST", path, request);
  }

  /** Answers a request. */
  @PUT
  @Path("{path: .*}")
  public Response put(@PathParam("path") String path, @Context HttpServletRequest request) {
    return answer("PUT", path, request);
  }

  /** Answers a request. */
  @PATCH
  @Path("{path: .*}")
  public Response patch(@PathParam("path") String path, @Context HttpServletRequest request) {
    return answer("PATCH", path, request);
  }

  /** Answers a request. */
  @DELETE
  @Path("{path: .*}")
  public Response delete(@PathParam("path") String path, @Context HttpServletRequest request) {
    return answer("DELETE", path, request);
  }

  /** Answers a request. */
  @HEAD
  @Path("{path: .*}")
  public Response head(@PathParam("path") String path, @Context HttpServletRequest request) {
    return answer("HEAD", path, request);
  }

  /** Answers preflight requests of browsers, and refuses others. */
  @OPTIONS
  @Path("{path: .*}")
  public Response options(@PathParam("path") String path, @Context HttpServletRequest request) {
    return request.getHeader("Access-Control-Request-Method") != null
        ? Response.noContent().build()
        : answer("OPTIONS", path, request);
  }

  private Response answer(String method, String path, HttpServletRequest request) {
    Response answer = route(method, path, request);
    return Response.fromResponse(answer).header("Cache-Control", "no-store").build();
  }

  private Response route(String method, String path, HttpServletRequest request) {
    String id = "";
    String name = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    if (name.startsWith("silence/") && name.indexOf('/', 8) < 0) {
      id = name.substring(8);
      name = "silence";
    } else if (name.equals("silence")) {
      name = "";
    }
    List<String> allowed = METHODS.get(name);
    if (allowed == null) {
      String shown = server.routePrefix() + "/api/v2/" + path;
      return fault(404, 404, "path " + shown + " was not found");
    }
    request.setAttribute(
        RequestMetrics.ROUTE, "/api/v2/" + (name.equals("silence") ? "silence/:id" : name));
    if (!allowed.contains(method)) {
      String list = String.join(",", allowed);
      return Response.fromResponse(
              fault(405, 405, "method " + method + " is not allowed, but [" + list + "] are"))
          .header("Allow", list)
          .build();
    }
    try {
      if (!acceptsJson(request.getHeader("Accept"))) {
        return fault(
            406, 406, "unsupported media type requested, only [application/json] are available");
      }
      if (name.equals("silence") && !UUID.matcher(id).matches()) {
        return fault(
            422,
            AlertmanagerRequests.WRONG_FORM,
            "silenceID in path must be of type uuid: " + GoText.quote(id));
      }
      Parameters p = new Parameters(request);
      return switch (name) {
        case "status" -> status();
        case "receivers" -> receivers(p);
        case "alerts" -> method.equals("GET") ? alerts(p) : postAlerts(request);
        case "alerts/groups" -> groups(p);
        case "silences" -> method.equals("GET") ? silences(p) : postSilence(request);
        default -> method.equals("GET") ? silence(id) : expire(id);
      };
    } catch (AlertmanagerRequests.Refusal e) {
      return fault(e.status(), e.code(), String.valueOf(e.getMessage()));
    } catch (InvalidRequestException e) {
      return error(400, String.valueOf(e.getMessage()));
    } catch (UnknownSilenceException e) {
      return method.equals("POST") ? error(404, "silence not found") : notFound();
    } catch (IOException e) {
      return fault(400, 400, "the body cannot be read: " + e.getMessage());
    }
  }

  /** A response without body, as the original's; without an entity the container writes one. */
  private static Response notFound() {
    return Response.status(404).entity(new byte[0]).build();
  }

  private static Response error(int status, String message) {
    return Api.json(status, out -> out.string(message));
  }

  private static Response fault(int status, int code, String message) {
    return Api.json(
        status,
        out ->
            out.object(() -> {
              out.field("code", code);
              out.field("message", message);
            }));
  }

  private static boolean acceptsJson(@Nullable String accept) {
    if (accept == null || accept.isBlank()) {
      return true;
    }
    for (String range : accept.toLowerCase(Locale.ROOT).split(",", -1)) {
      String type = range.split(";", 2)[0].strip();
      if (type.equals("*/*") || type.equals("application/*") || type.equals("application/json")) {
        return true;
      }
    }
    return false;
  }

  /** Reads a body. */
  private interface Reading<T> {
    T read(InputStream body) throws IOException;
  }

  private <T> T body(HttpServletRequest request, String name, Reading<T> reading)
      throws IOException {
    long length = request.getContentLengthLong();
    PushbackInputStream body = new PushbackInputStream(request.getInputStream());
    if (length <= 0) {
      int first = length == 0 ? -1 : body.read();
      if (first < 0) {
        throw AlertmanagerRequests.required(name);
      }
      body.unread(first);
    }
    checkType(request.getContentType());
    if (length > maxBody) {
      throw AlertmanagerRequests.tooLong(maxBody);
    }
    if (length >= 0 && length <= LARGE_BODY && request.getHeader("Content-Encoding") == null) {
      return reading.read(body);
    }
    boolean mine = false;
    try {
      mine = largeBodies.tryAcquire(MAX_WAIT_SECONDS, TimeUnit.SECONDS);
      if (!mine) {
        throw new AlertmanagerRequests.Refusal(
            503, 503, "too many large requests at a time; send it again");
      }
      return reading.read(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AlertmanagerRequests.Refusal(503, 503, "the server is being stopped");
    } finally {
      if (mine) {
        largeBodies.release();
      }
    }
  }

  /** Accepts JSON only: any web page can post a form or plain text without a preflight request. */
  private static void checkType(@Nullable String header) {
    String type =
        header == null || header.isBlank()
            ? "application/octet-stream"
            : header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!type.equals("application/json")) {
      throw new AlertmanagerRequests.Refusal(
          415,
          415,
          "unsupported media type " + GoText.quote(type) + ", only [application/json] are allowed");
    }
  }

  // --- answers

  private Response status() {
    AlertmanagerService.Status status = services.alertmanager().status();
    return Api.json(
        200,
        out ->
            out.object(() -> {
              out.object(
                  "cluster",
                  () -> {
                    out.field("peers", List.of());
                    out.field("status", "disabled");
                  });
              out.object(
                  "versionInfo",
                  () -> {
                    out.field("version", "0.34.0");
                    out.field("revision", server.build().getOrDefault("revision", "unknown"));
                    out.field("branch", server.build().getOrDefault("branch", "unknown"));
                    out.field("buildUser", server.build().getOrDefault("buildUser", "unknown"));
                    out.field("buildDate", server.build().getOrDefault("buildDate", "unknown"));
                    out.field("goVersion", "java" + Runtime.version());
                  });
              out.object("config", () -> out.field("original", status.configYaml()));
              out.field("uptime", MILLIS.format(status.startedAt()));
            }));
  }

  private Response receivers(Parameters p) {
    List<ReceiverView> found = services.alertmanager().receivers(p.list("receiver_matchers"));
    return Api.json(
        200,
        out ->
            out.objects(
                found,
                r -> {
                  out.field("labels", Annotations.sorted(r.labels()));
                  out.field("name", r.name());
                }));
  }

  /** Returns a flag, true when absent; the last value counts, an unknown word is false. */
  private static boolean flag(Parameters p, String name) {
    List<String> values = p.list(name);
    String value = values.isEmpty() ? "" : values.getLast();
    return value.isEmpty()
        || switch (value.toLowerCase(Locale.ROOT)) {
          case "true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled" -> true;
          default -> false;
        };
  }

  private static AlertQuery query(Parameters p) {
    return new AlertQuery(
        p.list("filter"),
        p.text("receiver"),
        p.list("receiver_matchers"),
        flag(p, "active"),
        flag(p, "silenced"),
        flag(p, "inhibited"),
        flag(p, "muted"));
  }

  private Response alerts(Parameters p) {
    List<AlertView> found = services.alertmanager().alerts(query(p));
    return Api.json(200, out -> out.array(found, a -> alert(out, a)));
  }

  private static void alert(Json out, AlertView a) throws IOException {
    out.object(() -> {
      out.field("annotations", a.annotationTexts());
      out.field("endsAt", MILLIS.format(a.endsAt()));
      out.field("fingerprint", a.fingerprint());
      out.objects("receivers", a.receivers(), receiver -> out.field("name", receiver));
      out.field("startsAt", MILLIS.format(a.startsAt()));
      out.object(
          "status",
          () -> {
            out.field("inhibitedBy", a.inhibitedBy());
            out.field("mutedBy", a.mutedBy());
            out.field("silencedBy", a.silencedBy());
            out.field("state", a.state().name().toLowerCase(Locale.ROOT));
          });
      out.field("updatedAt", MILLIS.format(a.updatedAt()));
      if (!a.generatorUrl().isEmpty()) {
        out.field("generatorURL", a.generatorUrl());
      }
      out.field("labels", a.labels());
    });
  }

  private Response postAlerts(HttpServletRequest request) throws IOException {
    List<PostedAlert> posted = body(request, "alerts", requests::alerts);
    services.alertmanager().post(posted);
    return Response.ok().build();
  }

  private Response groups(Parameters p) {
    List<GroupView> found = services.alertmanager().groups(query(p));
    return Api.json(
        200,
        out ->
            out.objects(
                found,
                g -> {
                  out.array("alerts", g.alerts(), a -> alert(out, a));
                  out.field("labels", g.labels());
                  out.object("receiver", () -> out.field("name", g.receiver()));
                  out.field("routeLabels", Annotations.sorted(g.routeLabels()));
                }));
  }

  private Response silences(Parameters p) {
    List<Silence> found =
        services
            .alertmanager()
            .silences(p.list("filter"), flag(p, "active"), flag(p, "pending"), flag(p, "expired"));
    return Api.json(200, out -> out.array(found, s -> silence(out, s)));
  }

  static void matcher(Json out, LabelMatcher m) throws IOException {
    out.object(() -> {
      out.field("isEqual", !m.operator().startsWith("!"));
      out.field("isRegex", m.operator().endsWith("~"));
      out.field("name", m.name());
      out.field("value", m.value());
    });
  }

  private static void silence(Json out, Silence s) throws IOException {
    out.object(() -> {
      out.field("id", s.id());
      out.object("status", () -> out.field("state", s.state().name().toLowerCase(Locale.ROOT)));
      out.field("updatedAt", MILLIS.format(s.updatedAt()));
      out.field("comment", s.comment());
      out.field("createdBy", s.createdBy());
      out.field("endsAt", MILLIS.format(s.endsAt()));
      out.array("matchers", s.matchers(), m -> matcher(out, m));
      out.field("startsAt", MILLIS.format(s.startsAt()));
      out.field("annotations", s.annotations());
    });
  }

  private Response postSilence(HttpServletRequest request) throws IOException {
    SilenceRequest posted = body(request, "silence", requests::silence);
    String id = services.alertmanager().putSilence(posted);
    return Api.json(200, out -> out.object(() -> out.field("silenceID", id)));
  }

  private Response silence(String id) {
    Silence found =
        services
            .alertmanager()
            .silence(id)
            .orElseThrow(() -> new UnknownSilenceException("silence " + id + " not found"));
    return Api.json(200, out -> silence(out, found));
  }

  private Response expire(String id) {
    services.alertmanager().expireSilence(id);
    return Response.ok().build();
  }
}
