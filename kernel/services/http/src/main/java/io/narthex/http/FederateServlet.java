package io.narthex.http;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.ConfigService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.query.QueryException;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SelectRequest.Hints;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The newest samples of selected series for another server: {@code /federate}. Each has its own
 * timestamp, so that the other server sees how old it is. They are held until they are written, to
 * be sorted by name; that counts as memory of queries.
 */
final class FederateServlet extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final int TILE = 128;

  /** The newest sample of a series: the histogram, or the value when that is null. */
  private record Newest(
      Labels labels, long timeMs, double value, @Nullable NativeHistogram histogram) {
    boolean isStale() {
      return histogram == null ? StaleMarker.is(value) : histogram.isStale();
    }

    /** Returns about how many bytes it takes; the strings of labels belong to the series. */
    long bytes() {
      return 120
          + 16L * labels.size()
          + (histogram == null
              ? 0
              : 160
                  + 16L * (histogram.positiveBuckets().length + histogram.negativeBuckets().length)
                  + 8L * histogram.customBounds().length);
    }
  }

  private final transient Services services;
  private final transient ServerInfo server;
  private final transient ConfigService config;
  private final transient StorageGate storage;
  private final transient WorkMemory memory;
  private final transient Clock clock;
  private final transient Metrics.Counter errors;

  FederateServlet(
      Services services,
      ServerInfo server,
      ConfigService config,
      StorageGate storage,
      WorkMemory memory,
      Metrics metrics,
      Clock clock) {
    this.services = services;
    this.server = server;
    this.config = config;
    this.storage = storage;
    this.memory = memory;
    this.clock = clock;
    errors =
        metrics.counter(
            "prometheus_web_federation_errors_total",
            "Total number of errors that occurred while sending federation responses.");
    metrics.counter(
        "prometheus_web_federation_warnings_total",
        "Total number of warnings that occurred while sending federation responses.");
  }

  @Override
  protected void doHead(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    response.setHeader("Allow", "GET, OPTIONS");
    response.sendError(405, "Method Not Allowed");
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (!server.ready()) {
      response.sendError(503, "Service Unavailable");
      return;
    }
    try (ResponseMemory reserved = new ResponseMemory(memory)) {
      List<Newest> found = findWithMemory(request, reserved);
      write(request, response, found);
    } catch (ApiException e) {
      if (e.error() == ApiError.UNAVAILABLE_503) {
        response.setHeader("Retry-After", "1");
      }
      response.sendError(e.error().status, e.getMessage());
    } catch (QueryException e) {
      if (e.kind() == QueryException.Kind.BAD_DATA) {
        response.sendError(400, e.getMessage());
      } else {
        failed(response, e.kind() == QueryException.Kind.UNAVAILABLE, e);
      }
    } catch (StorageException e) {
      failed(response, e instanceof StorageException.Closed, e);
    }
  }

  private void write(HttpServletRequest request, HttpServletResponse response, List<Newest> found)
      throws IOException {
    FederationWriter.Format format = FederationWriter.Format.negotiate(request.getHeader("Accept"));
    response.setContentType(format.contentType());
    FederationWriter writer =
        new FederationWriter(
            format,
            config.current().prometheus().global().externalLabels(),
            response.getOutputStream());
    Labels last = null;
    for (Newest sample : found) {
      if (sample.labels.equals(last)) {
        continue; // several selectors match it
      }
      last = sample.labels;
      if (sample.histogram == null) {
        writer.sample(sample.labels, sample.value, sample.timeMs);
      } else {
        writer.histogram(sample.labels, sample.histogram, sample.timeMs);
      }
    }
    writer.finish();
  }

  private void failed(HttpServletResponse response, boolean passing, RuntimeException e)
      throws IOException {
    errors.inc();
    if (passing) {
      response.setHeader("Retry-After", "1");
    }
    response.sendError(passing ? 503 : 500, e.getMessage());
  }

  /** Finds the samples; starts again after a wait when there is too little memory. */
  private List<Newest> findWithMemory(HttpServletRequest request, ResponseMemory reserved) {
    while (true) {
      try {
        return find(request, reserved);
      } catch (ResponseMemory.Shortage e) {
        reserved.await(e);
      }
    }
  }

  /** Returns the newest samples of the selected series by name, then by the other labels. */
  private List<Newest> find(HttpServletRequest request, ResponseMemory reserved) {
    List<List<Matcher>> selectors = new ArrayList<>();
    String[] texts = request.getParameterValues("match[]");
    for (String text : texts == null ? new String[0] : texts) {
      List<Matcher> selector = services.engine().selector(text);
      if (!selector.isEmpty()) { // {} selects nothing
        selectors.add(selector);
      }
    }
    long now = clock.millis();
    String lookback = server.flag("query.lookback-delta");
    long from = now - (lookback.isEmpty() ? 300_000 : PromDuration.parseMs(lookback));
    List<Newest> found = new ArrayList<>();
    SampleTile tile = new SampleTile(TILE);
    for (List<Matcher> selector : selectors) {
      List<Matcher> named = new ArrayList<>(selector);
      named.add(Matcher.notEqual(Labels.METRIC_NAME, "")); // the formats need a name
      SelectRequest wanted =
          new SelectRequest(named, from, now, new Hints(Hints.NEWEST, 0, 0, false));
      long[] held = new long[1];
      try (SeriesCursor cursor = select(wanted, reserved, held)) {
        while (cursor.nextSeries()) {
          Newest newest = newest(cursor, tile);
          if (newest != null && !newest.isStale()) {
            reserved.add(newest.bytes());
            found.add(newest);
          }
        }
      }
      reserved.add(-held[0]);
    }
    found.sort(
        Comparator.comparing((Newest s) -> s.labels.metricName()).thenComparing(Newest::labels));
    return found;
  }

  /** Selects series; the memory that the cursor holds is added to {@code held}. */
  private SeriesCursor select(SelectRequest wanted, ResponseMemory reserved, long[] held) {
    try {
      return storage.select(
          wanted,
          bytes -> {
            try {
              reserved.add(bytes);
            } catch (ResponseMemory.Shortage | ApiException e) {
              throw new SelectMemory.Refused(e);
            }
            held[0] += bytes;
          });
    } catch (SelectMemory.Refused e) {
      throw e.reason();
    }
  }

  private static @Nullable Newest newest(SeriesCursor cursor, SampleTile tile) {
    Newest newest = null;
    while (cursor.nextTile(tile)) {
      int i = tile.size - 1;
      newest =
          tile.kind == SampleTile.Kind.FLOAT
              ? new Newest(cursor.labels(), tile.timesMs[i], tile.values[i], null)
              : new Newest(cursor.labels(), tile.timesMs[i], 0, tile.histograms[i]);
    }
    return newest;
  }
}
