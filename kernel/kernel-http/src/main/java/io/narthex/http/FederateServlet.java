package io.narthex.http;

import io.narthex.format.exposition.ExpositionWriter;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.config.ConfigService;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.VectorSample;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;

/** The newest samples of selected series for another server: {@code /federate}. */
final class FederateServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  private final transient Services services;
  private final transient ServerInfo server;
  private final transient ConfigService config;
  private final transient Clock clock;

  FederateServlet(Services services, ServerInfo server, ConfigService config, Clock clock) {
    this.services = services;
    this.server = server;
    this.config = config;
    this.clock = clock;
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (!server.ready()) {
      response.sendError(503, "Service Unavailable");
      return;
    }
    Map<Labels, VectorSample> found = new TreeMap<>(FederateServlet::byNameThenLabels);
    try {
      QueryEngine engine = services.engine();
      String[] selectors = request.getParameterValues("match[]");
      for (String selector : selectors == null ? new String[0] : selectors) {
        engine.selector(selector); // whole expressions are refused
        QueryResult result = engine.instant(selector, clock.millis(), QueryEngine.Options.DEFAULT);
        if (result.data() instanceof Data.Vector vector) {
          for (VectorSample sample : vector.samples()) {
            found.putIfAbsent(sample.labels(), sample);
          }
        }
      }
    } catch (QueryException e) {
      switch (e.kind()) {
        case BAD_DATA -> response.sendError(400, e.getMessage());
        case UNAVAILABLE -> {
          response.setHeader("Retry-After", "1");
          response.sendError(503, e.getMessage());
        }
        default -> response.sendError(500, e.getMessage());
      }
      return;
    } catch (ApiException e) {
      if (e.error() == ApiError.UNAVAILABLE_503) {
        response.setHeader("Retry-After", "1");
      }
      response.sendError(e.error().status, e.getMessage());
      return;
    }
    ExpositionWriter writer =
        new ExpositionWriter(ExpositionWriter.Format.negotiate(request.getHeader("Accept")));
    write(found, writer);
    writer.finish();
    response.setContentType(writer.format().contentType());
    writer.writeTo(response.getOutputStream());
  }

  private static int byNameThenLabels(Labels a, Labels b) {
    int byName = a.metricName().compareTo(b.metricName());
    return byName != 0 ? byName : a.compareTo(b);
  }

  private void write(Map<Labels, VectorSample> found, ExpositionWriter writer) {
    Map<String, String> external = config.current().prometheus().global().externalLabels();
    String family = "";
    for (VectorSample sample : found.values()) {
      String name = sample.labels().metricName();
      if (name.isEmpty()) {
        continue;
      }
      if (!name.equals(family)) {
        family = name;
        writer.family(new MetricMetadata(name, MetricType.UNKNOWN, "", ""));
      }
      Labels.Builder labels = sample.labels().toBuilder();
      labels.remove(Labels.METRIC_NAME);
      external.forEach((key, value) -> {
        if (sample.labels().get(key).isEmpty()) {
          labels.set(key, value);
        }
      });
      if (sample.histogram() == null) {
        writer.sample(name, labels.build(), sample.value(), sample.timeMs(), null);
      } else {
        writer.histogram(name, labels.build(), sample.histogram());
      }
    }
  }
}
