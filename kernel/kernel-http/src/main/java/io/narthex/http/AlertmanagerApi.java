package io.narthex.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
import io.narthex.service.config.ConfigService;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Alertmanager's API v2. Errors are a JSON text, as the original sends them. */
@Path("/api/v2")
@Consumes(MediaType.WILDCARD)
public final class AlertmanagerApi {
  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final Services services;
  private final ConfigService config;
  private final ServerInfo server;
  private final ObjectMapper json = new ObjectMapper();

  AlertmanagerApi(Services services, ConfigService config, ServerInfo server) {
    this.services = services;
    this.config = config;
    this.server = server;
  }

  private static Response error(int status, String message) {
    return Api.json(status, out -> out.writeString(message));
  }

  /** Work that may find the request wrong. */
  private interface Work {
    Response run() throws IOException;
  }

  private static Response guarded(Work work) {
    try {
      return work.run();
    } catch (InvalidRequestException e) {
      return error(400, String.valueOf(e.getMessage()));
    } catch (UnknownSilenceException e) {
      return error(404, String.valueOf(e.getMessage()));
    } catch (JsonProcessingException e) {
      return Api.json(
          400,
          out -> {
            out.writeStartObject();
            out.writeNumberField("code", 400);
            out.writeStringField(
                "message", "parsing body from \"\" failed, because " + e.getOriginalMessage());
            out.writeEndObject();
          });
    } catch (IOException e) {
      return error(400, String.valueOf(e.getMessage()));
    }
  }

  /** Returns version, configuration and start. */
  @GET
  @Path("status")
  public Response status() {
    AlertmanagerService.Status status = services.alertmanager().status();
    return Api.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeObjectFieldStart("cluster");
          out.writeStringField("status", "disabled");
          out.writeEndObject();
          out.writeObjectFieldStart("versionInfo");
          out.writeStringField("version", "0.34.0");
          out.writeStringField("revision", server.build().getOrDefault("revision", "unknown"));
          out.writeStringField("branch", server.build().getOrDefault("branch", "unknown"));
          out.writeStringField("buildUser", server.build().getOrDefault("buildUser", "unknown"));
          out.writeStringField("buildDate", server.build().getOrDefault("buildDate", "unknown"));
          out.writeStringField("goVersion", "java" + Runtime.version());
          out.writeEndObject();
          out.writeObjectFieldStart("config");
          String yaml = config.current().alertmanagerYaml();
          out.writeStringField("original", yaml.isEmpty() ? status.configYaml() : yaml);
          out.writeEndObject();
          out.writeStringField("uptime", MILLIS.format(status.startedAt()));
          out.writeEndObject();
        });
  }

  /** Returns the receivers. */
  @GET
  @Path("receivers")
  public Response receivers(@Context HttpServletRequest request) {
    return guarded(() -> {
      List<ReceiverView> found =
          services.alertmanager().receivers(new Parameters(request).list("receiver_matchers"));
      return Api.json(
          200,
          out -> {
            out.writeStartArray();
            for (ReceiverView r : found) {
              out.writeStartObject();
              out.writeStringField("name", r.name());
              out.writeEndObject();
            }
            out.writeEndArray();
          });
    });
  }

  private static boolean flag(Parameters p, String name) {
    String value = p.text(name);
    if (value.isEmpty()) {
      return true;
    }
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true", "1", "t" -> true;
      case "false", "0", "f" -> false;
      default ->
          throw new InvalidRequestException(
              name + " in query must be of type boolean: \"" + value + "\"");
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

  /** Returns alerts. */
  @GET
  @Path("alerts")
  public Response alerts(@Context HttpServletRequest request) {
    return guarded(() -> {
      List<AlertView> found = services.alertmanager().alerts(query(new Parameters(request)));
      return Api.json(
          200,
          out -> {
            out.writeStartArray();
            for (AlertView a : found) {
              alert(out, a);
            }
            out.writeEndArray();
          });
    });
  }

  private static void alert(JsonGenerator out, AlertView a) throws IOException {
    out.writeStartObject();
    out.writeFieldName("annotations");
    Api.labels(out, a.annotations());
    out.writeStringField("endsAt", MILLIS.format(a.endsAt()));
    out.writeStringField("fingerprint", a.fingerprint());
    out.writeArrayFieldStart("receivers");
    for (String receiver : a.receivers()) {
      out.writeStartObject();
      out.writeStringField("name", receiver);
      out.writeEndObject();
    }
    out.writeEndArray();
    out.writeStringField("startsAt", MILLIS.format(a.startsAt()));
    out.writeObjectFieldStart("status");
    out.writeFieldName("inhibitedBy");
    Api.strings(out, a.inhibitedBy());
    out.writeFieldName("mutedBy");
    Api.strings(out, a.mutedBy());
    out.writeFieldName("silencedBy");
    Api.strings(out, a.silencedBy());
    out.writeStringField("state", a.state().name().toLowerCase(Locale.ROOT));
    out.writeEndObject();
    out.writeStringField("updatedAt", MILLIS.format(a.updatedAt()));
    if (!a.generatorUrl().isEmpty()) {
      out.writeStringField("generatorURL", a.generatorUrl());
    }
    out.writeFieldName("labels");
    Api.labels(out, a.labels());
    out.writeEndObject();
  }

  /** Takes alerts. */
  @POST
  @Path("alerts")
  public Response post(InputStream body) {
    return guarded(() -> {
      List<PostedAlert> posted = new ArrayList<>();
      JsonNode root = json.readTree(body);
      if (root == null || !root.isArray()) {
        return error(400, "alerts in body must be a list");
      }
      for (JsonNode a : root) {
        posted.add(
            new PostedAlert(
                strings(a.path("labels")),
                strings(a.path("annotations")),
                time(a.path("startsAt")),
                time(a.path("endsAt")),
                a.path("generatorURL").asText("")));
      }
      services.alertmanager().post(posted);
      return Response.ok().build();
    });
  }

  private static Map<String, String> strings(JsonNode node) {
    Map<String, String> out = new LinkedHashMap<>();
    node.properties().forEach(e -> out.put(e.getKey(), e.getValue().asText()));
    return out;
  }

  private static @Nullable Instant time(JsonNode node) {
    String text = node.asText("");
    if (text.isEmpty() || text.startsWith("0001-01-01T00:00:00")) {
      return null;
    }
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw new InvalidRequestException("cannot parse \"" + text + "\" as a time; use RFC 3339");
    }
  }

  /** Returns aggregation groups. */
  @GET
  @Path("alerts/groups")
  public Response groups(@Context HttpServletRequest request) {
    return guarded(() -> {
      List<GroupView> found = services.alertmanager().groups(query(new Parameters(request)));
      return Api.json(
          200,
          out -> {
            out.writeStartArray();
            for (GroupView g : found) {
              out.writeStartObject();
              out.writeArrayFieldStart("alerts");
              for (AlertView a : g.alerts()) {
                alert(out, a);
              }
              out.writeEndArray();
              out.writeFieldName("labels");
              Api.labels(out, g.labels());
              out.writeObjectFieldStart("receiver");
              out.writeStringField("name", g.receiver());
              out.writeEndObject();
              out.writeEndObject();
            }
            out.writeEndArray();
          });
    });
  }

  /** Returns silences. */
  @GET
  @Path("silences")
  public Response silences(@Context HttpServletRequest request) {
    return guarded(() -> {
      Parameters p = new Parameters(request);
      List<Silence> found =
          services
              .alertmanager()
              .silences(
                  p.list("filter"), flag(p, "active"), flag(p, "pending"), flag(p, "expired"));
      return Api.json(
          200,
          out -> {
            out.writeStartArray();
            for (Silence s : found) {
              silence(out, s);
            }
            out.writeEndArray();
          });
    });
  }

  private static void silence(JsonGenerator out, Silence s) throws IOException {
    out.writeStartObject();
    out.writeStringField("id", s.id());
    out.writeObjectFieldStart("status");
    out.writeStringField("state", s.state().name().toLowerCase(Locale.ROOT));
    out.writeEndObject();
    out.writeStringField("updatedAt", MILLIS.format(s.updatedAt()));
    out.writeStringField("comment", s.comment());
    out.writeStringField("createdBy", s.createdBy());
    out.writeStringField("endsAt", MILLIS.format(s.endsAt()));
    out.writeArrayFieldStart("matchers");
    for (LabelMatcher m : s.matchers()) {
      out.writeStartObject();
      out.writeBooleanField("isEqual", !m.operator().startsWith("!"));
      out.writeBooleanField("isRegex", m.operator().endsWith("~"));
      out.writeStringField("name", m.name());
      out.writeStringField("value", m.value());
      out.writeEndObject();
    }
    out.writeEndArray();
    out.writeStringField("startsAt", MILLIS.format(s.startsAt()));
    if (!s.annotations().isEmpty()) {
      out.writeObjectFieldStart("annotations");
      for (Map.Entry<String, String> e : s.annotations().entrySet()) {
        out.writeStringField(e.getKey(), e.getValue());
      }
      out.writeEndObject();
    }
    out.writeEndObject();
  }

  /** Creates or changes a silence. */
  @POST
  @Path("silences")
  public Response putSilence(InputStream body) {
    return guarded(() -> {
      JsonNode s = json.readTree(body);
      List<LabelMatcher> matchers = new ArrayList<>();
      for (JsonNode m : s.path("matchers")) {
        String operator =
            (m.path("isEqual").asBoolean(true) ? "=" : "!")
                + (m.path("isRegex").asBoolean()
                    ? "~"
                    : m.path("isEqual").asBoolean(true) ? "" : "=");
        matchers.add(new LabelMatcher(m.path("name").asText(), operator, m.path("value").asText()));
      }
      Instant startsAt = time(s.path("startsAt"));
      Instant endsAt = time(s.path("endsAt"));
      if (endsAt == null) {
        return error(400, "endsAt in body is required");
      }
      String id =
          services
              .alertmanager()
              .putSilence(
                  new SilenceRequest(
                      s.path("id").asText(""),
                      matchers,
                      startsAt == null ? Instant.now() : startsAt,
                      endsAt,
                      s.path("createdBy").asText(""),
                      s.path("comment").asText(""),
                      strings(s.path("annotations"))));
      return Api.json(
          200,
          out -> {
            out.writeStartObject();
            out.writeStringField("silenceID", id);
            out.writeEndObject();
          });
    });
  }

  /** Returns a silence. */
  @GET
  @Path("silence/{id}")
  public Response silence(@PathParam("id") String id) {
    return guarded(() -> {
      Silence found =
          services
              .alertmanager()
              .silence(id)
              .orElseThrow(() -> new UnknownSilenceException("silence " + id + " not found"));
      return Api.json(200, out -> silence(out, found));
    });
  }

  /** Ends a silence. */
  @DELETE
  @Path("silence/{id}")
  public Response expire(@PathParam("id") String id) {
    return guarded(() -> {
      services.alertmanager().expireSilence(id);
      return Response.ok().build();
    });
  }
}
