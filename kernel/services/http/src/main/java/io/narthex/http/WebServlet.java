package io.narthex.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.narthex.http.access.ListenerAccess;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.web.WebContent;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** The web UI: all pages get the same document; assets are cached forever. */
final class WebServlet extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final String POLICY =
      "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action"
          + " 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

  private static final String PLAIN_PAGE =
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

  private static final String PUSH_PAGE =
      """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>Narthex: pushes</title></head>
      <body><h1>Pushgateway of Narthex</h1><ul>
      <li><a href="PREFIX/metrics">pushed metrics</a></li>
      <li><a href="PREFIX/api/v1/metrics">groups</a></li>
      <li><a href="PREFIX/api/v1/status">status</a></li>
      </ul></body></html>
      """;

  private static final String NODE_PAGE =
      """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>Node Exporter</title></head>
      <body><h1>Node Exporter of Narthex</h1><ul>
      <li><a href="PREFIX/metrics">Metrics</a></li>
      </ul></body></html>
      """;

  /** Paths of pages whatever UI runs; a UI lists its own in {@code pages.txt}. */
  private static final Set<String> PAGES =
      Set.of(
          "home",
          "dashboards",
          "d",
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
          "agent",
          "starting",
          "login");

  /** Folders in which Prometheus 2 had its other UI, with pages of the same names. */
  private static final Set<String> FORMER_UI = Set.of("classic", "new");

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
    if (path.isEmpty() && ListenerAccess.of(request).isPushgateway()) {
      plainPage(PUSH_PAGE, request.getContextPath(), response);
      return;
    }
    if (path.isEmpty() && ListenerAccess.of(request).isNodeExporter()) {
      plainPage(NODE_PAGE, request.getContextPath(), response);
      return;
    }
    if (path.isEmpty() && services.web() == null) {
      plainPage(PLAIN_PAGE, request.getContextPath(), response);
      return;
    }
    if (path.isEmpty()) {
      start(request, response);
      return;
    }
    if (path.equals("version")) {
      version(response);
      return;
    }
    if (path.startsWith("user/")) {
      userAsset(path.substring("user/".length()), response);
      return;
    }
    String bare = path.endsWith("/") ? path.substring(0, path.length() - 1) : "";
    WebContent web = services.web();
    if (isPage(web, bare) || bare.equals("metrics") || bare.equals("federate")) {
      String query = request.getQueryString();
      response.setStatus(301);
      response.setHeader(
          "Location", request.getContextPath() + "/" + bare + (query == null ? "" : "?" + query));
      return;
    }
    String[] parts = path.split("/", 2);
    String first = parts[0];
    if (FORMER_UI.contains(first) && (parts.length == 1 || isPage(web, parts[1]))) {
      String query = request.getQueryString();
      response.sendRedirect(
          request.getContextPath()
              + "/"
              + (parts.length == 1 ? "" : parts[1])
              + (query == null ? "" : "?" + query));
      return;
    }
    if (web == null) {
      response.sendError(
          404, isPage(null, first) ? "the web UI is not running; the HTTP API is" : "not found");
      return;
    }
    if (isPage(web, first)) {
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

  /** The root is Home; the originals show alerts there, or the panels that the address names. */
  private void start(HttpServletRequest request, HttpServletResponse response) throws IOException {
    WebContent web = services.web();
    String page =
        ListenerAccess.of(request).isAlertmanager()
            ? "/alerts"
            : request.getParameter("g0.expr") == null ? "" : "/query";
    if (page.isEmpty() && web != null) {
      document(web, response);
      return;
    }
    String query = request.getQueryString();
    response.sendRedirect(request.getContextPath() + page + (query == null ? "" : "?" + query));
  }

  private static boolean isPage(@Nullable WebContent web, String first) throws IOException {
    if (PAGES.contains(first)) {
      return true;
    }
    if (web == null || first.isEmpty() || first.equals("assets") || first.indexOf('.') >= 0) {
      return false;
    }
    try (InputStream in = web.open("pages.txt")) {
      return in != null && new String(in.readAllBytes(), UTF_8).lines().anyMatch(first::equals);
    }
  }

  private void version(HttpServletResponse response) throws IOException {
    response.setContentType("application/json");
    Json.write(
        response.getOutputStream(),
        out ->
            out.object(() -> {
              out.field("version", server.compatibleVersion());
              for (String key : List.of("revision", "branch", "buildUser", "buildDate")) {
                out.field(key, server.build().getOrDefault(key, "unknown"));
              }
              out.field("goVersion", "java" + Runtime.version());
            }));
  }

  /**
   * Sends a file of {@code --web.user-assets}; never one outside that folder, not even by a link.
   */
  private void userAsset(String path, HttpServletResponse response) throws IOException {
    String folder = server.flag("web.user-assets");
    Path file = null;
    if (!folder.isEmpty()) {
      try {
        Path root = Path.of(folder).toRealPath();
        Path found = root.resolve(URLDecoder.decode(path.replace("+", "%2B"), UTF_8)).toRealPath();
        file = found.startsWith(root) && Files.isRegularFile(found) ? found : null;
      } catch (IOException | IllegalArgumentException _) {
        // absent, or not a path
      }
    }
    if (file == null) {
      response.sendError(404, "not found");
      return;
    }
    response.setContentType(type(String.valueOf(file.getFileName())));
    response.setHeader("X-Content-Type-Options", "nosniff");
    Files.copy(file, response.getOutputStream());
  }

  /** Writes a plain page with links to the APIs. */
  private static void plainPage(String page, String prefix, HttpServletResponse response)
      throws IOException {
    response.setContentType("text/html; charset=utf-8");
    response.setHeader("Cache-Control", "no-cache");
    if (response.getHeader("Content-Security-Policy") == null) {
      response.setHeader("Content-Security-Policy", POLICY);
    } // else it is that of the web configuration
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.getOutputStream().write(page.replace("PREFIX", prefix).getBytes(UTF_8));
  }

  private void document(WebContent web, HttpServletResponse response) throws IOException {
    try (InputStream in = web.open("index.html")) {
      if (in == null) {
        response.sendError(404, "the web UI has no index.html");
        return;
      }
      String html =
          new String(in.readAllBytes(), UTF_8)
              .replace("NARTHEX_BASE_HREF", server.routePrefix() + "/");
      String title = server.flag("web.page-title");
      if (!title.isEmpty()) {
        html =
            html.replaceFirst(
                "<title>[^<]*</title>",
                Matcher.quoteReplacement(
                    "<title>"
                        + title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                        + "</title>"));
      }
      response.setContentType("text/html; charset=utf-8");
      response.setHeader("Cache-Control", "no-cache");
      if (response.getHeader("Content-Security-Policy") == null) {
        response.setHeader("Content-Security-Policy", POLICY);
      } // else it is that of the web configuration
      response.setHeader("X-Content-Type-Options", "nosniff");
      response.setHeader("Referrer-Policy", "same-origin");
      response.getOutputStream().write(html.getBytes(UTF_8));
    }
  }

  private static @Nullable String type(String path) {
    return TYPES.getOrDefault(
        path.substring(path.lastIndexOf('.') + 1), "application/octet-stream");
  }
}
