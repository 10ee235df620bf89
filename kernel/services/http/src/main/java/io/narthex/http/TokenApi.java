package io.narthex.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.http.access.Permission;
import io.narthex.http.access.Tokens;
import io.narthex.http.access.Tokens.Created;
import io.narthex.http.access.Tokens.Token;
import io.narthex.http.store.Refused;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.AccessConfig.Role;
import io.narthex.service.plugins.PluginService;
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
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** API tokens over HTTP, for the admin alone. Errors are {@code {"error": text}}. */
@Path("/narthex/api/v1/tokens")
public final class TokenApi {
  static final int MAX_BODY = 8 << 10;
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration LONGEST = Duration.ofDays(3650);

  private final Tokens tokens;
  private final PluginService audit;
  private final AdminGate gate;

  TokenApi(Tokens tokens, PluginService audit, AdminGate gate) {
    this.tokens = tokens;
    this.audit = audit;
    this.gate = gate;
  }

  /** Returns all tokens, without their secrets. */
  @GET
  public Response list(@Context HttpServletRequest request) {
    Response refusal = gate.refusal(request, Permission.TOKENS);
    if (refusal != null) {
      return refusal;
    }
    List<Token> all = tokens.list();
    return Api.json(200, out -> out.object(() -> out.objects("tokens", all, t -> write(out, t))));
  }

  private static void write(Json out, Token t) throws IOException {
    out.field("id", t.id());
    out.field("name", t.name());
    out.field("role", t.role().name().toLowerCase(Locale.ROOT));
    out.field("created", t.createdMs());
    out.field("createdBy", t.createdBy());
    out.field("expires", t.expiresMs());
    out.field("lastUsed", t.lastUsedMs());
  }

  /** Reads a small JSON object; null when the body is not one. */
  static @Nullable JsonNode object(InputStream body) throws IOException {
    return object(body, MAX_BODY);
  }

  /** Reads a JSON object of some bytes at most; null when the body is not one. */
  static @Nullable JsonNode object(InputStream body, int most) throws IOException {
    byte[] text = body.readNBytes(most + 1);
    if (text.length > most) {
      return null;
    }
    try {
      JsonNode node = JSON.readTree(text);
      return node != null && node.isObject() ? node : null;
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  /**
   * Makes a token from {@code {"name": …, "role": …, "expires": duration}}; the response has its
   * secret as {@code token}. Without {@code expires} it does not expire.
   */
  @POST
  @Consumes(MediaType.WILDCARD)
  public Response create(@Context HttpServletRequest request, InputStream body) throws IOException {
    Response refusal = gate.refusal(request, Permission.TOKENS);
    if (refusal != null) {
      return refusal;
    }
    JsonNode asked = object(body);
    if (asked == null) {
      return Api.failure(400, "the body must be a JSON object of " + MAX_BODY + " bytes at most");
    }
    Role role = role(asked.path("role").asText());
    if (role == null) {
      return Api.failure(400, "role must be one of viewer, operator, plugin_admin, admin");
    }
    Duration lifetime = null;
    if (asked.hasNonNull("expires")) {
      try {
        lifetime = PromDuration.parse(asked.path("expires").asText());
      } catch (IllegalArgumentException e) {
        return Api.failure(400, "expires: " + e.getMessage());
      }
      if (!lifetime.isPositive() || lifetime.compareTo(LONGEST) > 0) {
        return Api.failure(400, "expires must be more than 0s and at most 3650d");
      }
    }
    String actor = AdminGate.actor(request);
    try {
      Created created = tokens.create(asked.path("name").asText(), role, lifetime, actor);
      audit.audited(actor, "create", "token:" + created.token().name(), "ok");
      Response answer =
          Api.json(
              201,
              out ->
                  out.object(() -> {
                    write(out, created.token());
                    out.field("token", created.text());
                  }));
      answer.getHeaders().putSingle("Cache-Control", "no-store");
      return answer;
    } catch (Refused e) {
      return Api.failure(e.status(), String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable Role role(String text) {
    for (Role role : Role.values()) {
      if (role.name().toLowerCase(Locale.ROOT).equals(text)) {
        return role;
      }
    }
    return null;
  }

  /** Removes a token by its name or id. */
  @DELETE
  @Path("{name}")
  public Response remove(@PathParam("name") String name, @Context HttpServletRequest request) {
    Response refusal = gate.refusal(request, Permission.TOKENS);
    if (refusal != null) {
      return refusal;
    }
    try {
      Token removed = tokens.remove(name);
      audit.audited(AdminGate.actor(request), "remove", "token:" + removed.name(), "ok");
      return Api.empty();
    } catch (Refused e) {
      return Api.failure(e.status(), String.valueOf(e.getMessage()));
    }
  }
}
