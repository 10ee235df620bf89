package io.narthex.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.http.access.Identity;
import io.narthex.http.access.ListenerAccess;
import io.narthex.http.access.Logins;
import io.narthex.http.access.Logins.Login;
import io.narthex.http.access.OidcLogin;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Logins of browsers over HTTP. Errors are {@code {"error": text}}. */
@Path("/narthex/api/v1")
public final class SessionApi {
  private final Logins logins;
  private final OidcLogin oidc;
  private final ServerInfo server;

  SessionApi(Logins logins, OidcLogin oidc, ServerInfo server) {
    this.logins = logins;
    this.oidc = oidc;
    this.server = server;
  }

  static List<String> cookies(HttpServletRequest request) {
    return Collections.list(request.getHeaders("Cookie"));
  }

  /** Logs in with {@code {"user": …, "password": …}} or {@code {"token": …}}. */
  @POST
  @Path("login")
  @Consumes(MediaType.WILDCARD)
  public Response login(@Context HttpServletRequest request, InputStream body) throws IOException {
    JsonNode given = TokenApi.object(body);
    String peer = request.getRemoteAddr();
    Login login;
    if (given != null && given.path("token").isTextual()) {
      login = logins.token(peer, given.path("token").asText());
    } else if (given != null
        && given.path("user").isTextual()
        && given.path("password").isTextual()) {
      login =
          logins.password(
              ListenerAccess.of(request),
              peer,
              given.path("user").asText(),
              given.path("password").asText());
    } else {
      return Api.failure(
          400, "the body must be a JSON object with user and password, or with token");
    }
    if (login.cookie().isEmpty()) {
      Response refusal = Api.failure(login.status(), login.text());
      if (login.retrySeconds() > 0) {
        refusal.getHeaders().putSingle("Retry-After", Long.toString(login.retrySeconds()));
      }
      return refusal;
    }
    logins.logout(cookies(request)); // the previous session
    return withCookie(Api.empty(), login.cookie(), request);
  }

  private Response withCookie(Response answer, String value, HttpServletRequest request) {
    answer
        .getHeaders()
        .putSingle("Set-Cookie", Logins.setCookie(value, server.routePrefix(), request.isSecure()));
    answer.getHeaders().putSingle("Cache-Control", "no-store");
    return answer;
  }

  /** Ends the session. */
  @POST
  @Path("logout")
  @Consumes(MediaType.WILDCARD)
  public Response logout(@Context HttpServletRequest request) {
    logins.logout(cookies(request));
    return withCookie(Api.empty(), "", request);
  }

  /**
   * Returns who sends the request, and the ways to log in. The CSRF token is for pages of this
   * server: no other origin may read this response.
   */
  @GET
  @Path("session")
  public Response session(@Context HttpServletRequest request) {
    Identity identity = Identity.of(request);
    ListenerAccess listener = ListenerAccess.of(request);
    String csrf = request.getHeader("Authorization") == null ? csrf(request) : null;
    Response answer =
        Api.json(
            200,
            out ->
                out.object(() -> {
                  out.field("mode", logins.strict(listener) ? "strict" : "compatible");
                  if (identity != null) {
                    out.field("name", identity.name());
                    out.field("role", identity.roleName());
                  }
                  if (csrf != null && identity != null) {
                    out.field("csrf", csrf);
                  }
                  out.field("passwords", logins.hasUsers(listener));
                  out.field("oidc", oidc.isConfigured());
                }));
    answer.getHeaders().putSingle("Cache-Control", "no-store");
    return answer;
  }

  private @Nullable String csrf(HttpServletRequest request) {
    return logins.csrf(cookies(request));
  }
}
