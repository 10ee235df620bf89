package io.narthex.http;

import io.narthex.http.access.Logins;
import io.narthex.http.access.OidcLogin;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/** Login of a browser at an OpenID provider. */
@Path("/narthex/api/v1/oidc")
public final class OidcApi {
  private final OidcLogin oidc;
  private final ServerInfo server;

  OidcApi(OidcLogin oidc, ServerInfo server) {
    this.oidc = oidc;
    this.server = server;
  }

  /**
   * Sends the browser to the provider.
   *
   * @param next page of this server to open afterwards
   */
  @GET
  @Path("login")
  public Response login(
      @QueryParam("next") @Nullable String next, @Context HttpServletRequest request)
      throws InterruptedException {
    try {
      OidcLogin.Begun begun = oidc.begin(next);
      // the provider redirects back from another site: with Strict the cookie would not be sent
      return Response.status(303)
          .header("Location", begun.location())
          .header("Set-Cookie", cookie(begun.cookie(), "600", request))
          .header("Cache-Control", "no-store")
          .build();
    } catch (OidcLogin.Failed e) {
      return page(e.status(), String.valueOf(e.getMessage()), "login").build();
    }
  }

  private String cookie(String value, String age, HttpServletRequest request) {
    boolean secure = request.isSecure() || server.externalUrl().scheme().equals("https");
    return OidcLogin.COOKIE
        + "="
        + value
        + "; Path="
        + server.externalUrl().escapedPath() // where the provider sends the browser back to
        + "/narthex/api/v1/oidc; HttpOnly; SameSite=Lax; Max-Age="
        + age
        + (secure ? "; Secure" : "");
  }

  /** Ends the login when the provider has redirected the browser back. */
  @GET
  @Path("callback")
  public Response callback(
      @QueryParam("state") @Nullable String state,
      @QueryParam("code") @Nullable String code,
      @QueryParam("error") @Nullable String error,
      @Context HttpServletRequest request)
      throws InterruptedException {
    String browser = null;
    Cookie[] cookies = request.getCookies();
    for (Cookie c : cookies == null ? new Cookie[0] : cookies) {
      browser = c.getName().equals(OidcLogin.COOKIE) ? c.getValue() : browser;
    }
    Response.ResponseBuilder answer;
    try {
      OidcLogin.Ended ended = oidc.end(request.getRemoteAddr(), browser, state, code, error);
      Logins.Login login = ended.login();
      if (login.cookie().isEmpty()) {
        answer = page(login.status(), login.text(), "login");
      } else {
        boolean secure = request.isSecure() || server.externalUrl().scheme().equals("https");
        // a redirect would still count as cross-site, and the session's cookie would not be sent
        answer =
            page(200, "", ended.next())
                .header(
                    "Set-Cookie", Logins.setCookie(login.cookie(), server.routePrefix(), secure));
      }
    } catch (OidcLogin.Failed e) {
      answer = page(e.status(), String.valueOf(e.getMessage()), "login");
    }
    return answer.header("Set-Cookie", cookie("", "0", request)).build();
  }

  /** Returns a page with a link; without a message it redirects by itself. */
  private Response.ResponseBuilder page(int status, String text, String to) {
    // relative to this folder: a proxy in front may have removed a prefix
    String target = escaped("../../../../" + to);
    String body =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Log in</title>"
            + (text.isEmpty()
                ? "<meta http-equiv=\"refresh\" content=\"0;url=" + target + "\">"
                : "")
            + "</head><body><p>"
            + escaped(text)
            + "</p><p><a href=\""
            + target
            + "\">Continue</a></p></body></html>\n";
    return Response.status(status)
        .entity(body)
        .header("Content-Type", "text/html; charset=utf-8")
        .header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "no-referrer")
        .header("Cache-Control", "no-store");
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
