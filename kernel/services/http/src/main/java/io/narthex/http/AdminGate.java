package io.narthex.http;

import io.narthex.http.access.AdminToken;
import io.narthex.http.access.BrowserRule;
import io.narthex.http.access.Identity;
import io.narthex.http.access.Permission;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/**
 * What a change under {@code /narthex/api/v1} needs: a sender with the permission, and TLS or a
 * direct connection from this machine. The sender has been authenticated before.
 */
final class AdminGate {
  static final String PLAIN_REMOTE = "web.enable-plain-remote-admin";

  private final ServerInfo server;
  private final AdminToken token;

  AdminGate(ServerInfo server, AdminToken token) {
    this.server = server;
    this.token = token;
  }

  /** Returns why a change is refused, or null. */
  @Nullable Response refusal(HttpServletRequest request, Permission needed) {
    if (!request.isSecure()
        && !BrowserRule.isDirectLoopback(request.getRemoteAddr(), request::getHeader)
        && !server.enabled(PLAIN_REMOTE)) {
      return Api.failure(
          403,
          "changes over plain HTTP are accepted straight from this machine only; use TLS, or the"
              + " flag --"
              + PLAIN_REMOTE
              + " to send the token in clear");
    }
    Identity identity = Identity.of(request);
    if (identity == null) {
      return Api.failure(
          401,
          request.getHeader("Authorization") == null
              ? "a token or login is needed: send \"Authorization: Bearer <token>\"; the first"
                  + " token is in "
                  + token.file()
              : "the token or password is not valid on this server, or has expired");
    }
    return identity.may(needed) ? null : Api.failure(403, identity.refusal(needed));
  }

  /** Returns who makes a change, for the audit log. */
  static String actor(HttpServletRequest request) {
    Identity identity = Identity.of(request);
    return (identity == null ? "nobody" : identity.name()) + "@" + request.getRemoteAddr();
  }
}
