package io.narthex.http;

import io.narthex.service.server.ServerInfo;
import io.narthex.service.web.WebContent;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The web UI: its pages all get the same document, its assets are cached for good. */
final class WebServlet extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final String POLICY =
      "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; "
          + "require-trusted-types-for 'script'; trusted-types 'none'";
  private static final Set<String> PAGES =
      Set.of(
          "query",
          "graph",
          "alerts",
          "rules",
          "targets",
          "service-discovery",
          "status",
          "tsdb-status",
          "flags",
          "config",
          "alertmanager-discovery",
          "plugins",
          "silences",
          "groups",
          "pushes",
          "agent");
  private static final Map<String, String> TYPES =
      Map.of(
          "html",
          "text/html; charset=utf-8",
          "js",
          "text/javascript; charset=utf-8",
          "css",
          "text/css; charset=utf-8",
          "svg",
          "image/svg+xml",
          "png",
          "image/png",
          "ico",
          "image/x-icon",
          "json",
          "application/json",
          "txt",
          "text/plain; charset=utf-8");

  private final transient Services services;
  private final transient ServerInfo server;

  WebServlet(Services services, ServerInfo server) {
    this.services = services;
    this.server = server;
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String path =
        request
            .getRequestURI()
            .substring(request.getContextPath().length())
            .replaceFirst("^/+", "");
    if (path.isEmpty() && services.web() == null) {
      plainPage(request.getContextPath(), response);
      return;
    }
    if (path.isEmpty()) {
      String query = request.getQueryString();
      response.sendRedirect(
          request.getContextPath() + "/query" + (query == null ? "" : "?" + query));
      return;
    }
    WebContent web = services.web();
    String first = path.split("/", 2)[0];
    if (web == null) {
      response.sendError(
          404, PAGES.contains(first) ? "the web UI is not running; the HTTP API is" : "not found");
      return;
    }
    if (PAGES.contains(first)) {
      document(web, response);
      return;
    }
    try (InputStream in = web.open(path)) {
      if (in == null || path.equals("index.html")) {
        response.sendError(404, "not found");
        return;
      }
      response.setContentType(type(path));
      response.setHeader("X-Content-Type-Options", "nosniff");
      response.setHeader(
          "Cache-Control",
          path.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
      OutputStream out = response.getOutputStream();
      in.transferTo(out);
    }
  }

  /** Writes what is to be had without pages. */
  private static void plainPage(String prefix, HttpServletResponse response) throws IOException {
    response.setContentType("text/html; charset=utf-8");
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Content-Security-Policy", POLICY);
    response.setHeader("X-Content-Type-Options", "nosniff");
    String page =
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>Narthex</title></head>
        <body><h1>Narthex</h1><p>The web UI is not running; the HTTP API is.</p>
        <ul>
        <li><a href="PREFIX/metrics">metrics of this server</a></li>
        <li><a href="PREFIX/api/v1/targets">targets</a></li>
        <li><a href="PREFIX/api/v1/rules">rules</a></li>
        <li><a href="PREFIX/api/v2/alerts">alerts</a></li>
        <li><a href="PREFIX/narthex/api/v1/plugins">plugins</a></li>
        </ul></body></html>
        """;
    response
        .getOutputStream()
        .write(page.replace("PREFIX", prefix).getBytes(StandardCharsets.UTF_8));
  }

  private void document(WebContent web, HttpServletResponse response) throws IOException {
    try (InputStream in = web.open("index.html")) {
      if (in == null) {
        response.sendError(404, "the web UI has no index.html");
        return;
      }
      String html =
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .replace("NARTHEX_BASE_HREF", server.routePrefix() + "/");
      response.setContentType("text/html; charset=utf-8");
      response.setHeader("Cache-Control", "no-cache");
      response.setHeader("Content-Security-Policy", POLICY);
      response.setHeader("X-Content-Type-Options", "nosniff");
      response.setHeader("Referrer-Policy", "same-origin");
      response.getOutputStream().write(html.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static @Nullable String type(String path) {
    return TYPES.getOrDefault(
        path.substring(path.lastIndexOf('.') + 1), "application/octet-stream");
  }
}
