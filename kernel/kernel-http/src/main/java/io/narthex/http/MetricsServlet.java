package io.narthex.http;

import io.narthex.format.exposition.ExpositionWriter;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.metrics.Metrics;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The server's own metrics at {@code /metrics}, those of exporters at {@code
 * /exporters/<type>/metrics}.
 */
final class MetricsServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  private final transient Metrics metrics;
  private final transient ExporterService exporters;

  MetricsServlet(Metrics metrics, ExporterService exporters) {
    this.metrics = metrics;
    this.exporters = exporters;
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    ExpositionWriter writer =
        new ExpositionWriter(ExpositionWriter.Format.negotiate(request.getHeader("Accept")));
    if (request.getServletPath().equals("/metrics")) {
      metrics.collect(writer);
    } else {
      String path = String.valueOf(request.getPathInfo());
      if (!path.endsWith("/metrics") || path.length() < 10) {
        response.sendError(
            404,
            "metrics of an exporter are at /exporters/<type>/metrics; types: " + exporters.types());
        return;
      }
      String type = path.substring(1, path.length() - "/metrics".length());
      Map<String, List<String>> parameters = new LinkedHashMap<>();
      request.getParameterMap().forEach((k, v) -> parameters.put(k, List.of(v)));
      try {
        exporters.collect(type, writer, parameters);
      } catch (IOException e) {
        response.sendError(exporters.has(type) ? 500 : 404, e.getMessage());
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        response.sendError(503, "the server is stopping");
        return;
      }
    }
    writer.finish();
    response.setContentType(writer.format().contentType());
    writer.writeTo(response.getOutputStream());
  }
}
