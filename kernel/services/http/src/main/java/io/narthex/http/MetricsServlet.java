package io.narthex.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.narthex.exposition.ExpositionWriter;
import io.narthex.exposition.ExpositionWriter.Format;
import io.narthex.exposition.ProtobufWriter;
import io.narthex.http.access.ListenerAccess;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.exporter.ParameterException;
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
  private static final String OWN = "/metrics";

  /** The type of the exporter of this machine. */
  private static final String NODE = "node";

  private final transient Metrics metrics;
  private final transient ExporterService exporters;
  private final transient RequestMetrics requests;
  private final transient Services services;
  private final transient WorkMemory memory;
  private final transient Metrics.Counter scrapes;
  private final transient Metrics.Gauge inFlight;

  MetricsServlet(
      Metrics metrics,
      ExporterService exporters,
      RequestMetrics requests,
      Services services,
      WorkMemory memory) {
    this.metrics = metrics;
    this.services = services;
    this.memory = memory;
    this.exporters = exporters;
    this.requests = requests;
    scrapes =
        metrics.counter(
            "promhttp_metric_handler_requests_total",
            "Total number of scrapes by HTTP status code.",
            "code");
    for (int code : new int[] {200, 500, 503}) {
      Metrics.Counter unused = scrapes.with(Integer.toString(code));
    }
    inFlight =
        metrics.gauge(
            "promhttp_metric_handler_requests_in_flight",
            "Current number of scrapes being served.");
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (!request.getServletPath().equals(OWN)) {
      answer(request, response);
      return;
    }
    long started = System.nanoTime();
    boolean answered = false;
    inFlight.add(1);
    try {
      if (ListenerAccess.of(request).isPushgateway()) {
        PushServlet.exposeWithOwn(services, memory, metrics, request, response);
      } else {
        answer(request, response);
      }
      answered = true;
    } finally {
      inFlight.add(-1);
      int status = answered ? response.getStatus() : 500;
      scrapes.with(Integer.toString(status)).inc();
      requests.observe(request, OWN, status, started);
    }
  }

  private void answer(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Format format = Format.negotiate(request.getHeader("Accept"));
    if (format.protobuf()) {
      ProtobufWriter writer = new ProtobufWriter(format);
      if (collected(request, response, writer)) {
        writer.finish();
        response.setContentType(format.contentType());
        writer.writeTo(response.getOutputStream());
      }
      return;
    }
    ExpositionWriter writer = new ExpositionWriter(format);
    if (collected(request, response, writer)) {
      writer.finish();
      response.setContentType(format.contentType());
      writer.writeTo(response.getOutputStream());
    }
  }

  /** Collects the metrics that the path names; false after an error response. */
  private boolean collected(
      HttpServletRequest request, HttpServletResponse response, MetricSink writer)
      throws IOException {
    if (!request.getServletPath().equals(OWN)) {
      String path = String.valueOf(request.getPathInfo());
      if (!path.endsWith("/metrics") || path.length() < 10) {
        response.sendError(
            404,
            "metrics of an exporter are at /exporters/<type>/metrics; types: " + exporters.types());
        return false;
      }
      String type = path.substring(1, path.length() - "/metrics".length());
      return exported(type, request, response, writer);
    }
    if (ListenerAccess.of(request).isNodeExporter()) {
      return exported(NODE, request, response, writer);
    }
    metrics.collect(writer);
    return true;
  }

  private boolean exported(
      String type, HttpServletRequest request, HttpServletResponse response, MetricSink writer)
      throws IOException {
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    request.getParameterMap().forEach((k, v) -> parameters.put(k, List.of(v)));
    try {
      exporters.collect(type, writer, parameters);
      return true;
    } catch (ParameterException e) {
      response.setStatus(400);
      response.setContentType("text/plain; charset=utf-8");
      response.getOutputStream().write(String.valueOf(e.getMessage()).getBytes(UTF_8));
      return false;
    } catch (IOException e) {
      response.sendError(exporters.has(type) ? 500 : 404, e.getMessage());
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      response.sendError(503, "the server is stopping");
      return false;
    }
  }
}
