package io.narthex.scrape;

import io.narthex.exposition.ExpositionFormat;
import io.narthex.model.go.GoUrl;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.push.PushgatewayService;
import io.narthex.service.server.ServerInfo;
import io.narthex.spi.exporter.ParameterException;
import io.narthex.spi.plugin.HttpTransport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gets what a target exposes: over HTTP, or in process when the target is this server. The latter
 * is never written as text: the sink keeps the values for the loop to store.
 */
final class ScrapeSource {
  private static final String EXPORTERS = "/exporters/";
  private static final String METRICS = "/metrics";
  private static final String PUSHED = "/push/metrics";

  private final HttpTransport http;
  private final Metrics metrics;
  private final ExporterService exporters;
  private final ServerInfo server;
  private final ScheduledExecutorService timer;

  /** The Pushgateway of this process; null while it does not run. */
  volatile @Nullable PushgatewayService pushes;

  ScrapeSource(
      HttpTransport http,
      Metrics metrics,
      ExporterService exporters,
      ServerInfo server,
      ScheduledExecutorService timer) {
    this.http = http;
    this.metrics = metrics;
    this.exporters = exporters;
    this.server = server;
    this.timer = timer;
  }

  /** What is sent to one target, made once; it is for one loop. */
  static final class Requests {
    private @Nullable Target target;
    private @Nullable ScrapeSettings settings;
    private HttpTransport.@Nullable Request made;
  }

  /**
   * Reads the exposition into the body of {@code scratch}, or collects into it.
   *
   * @param requests of the loop
   * @param expected how many bytes will probably come, or 0
   * @return the format of the body, or null when the metrics were collected in process
   * @throws IOException when there is none, with a message for users
   */
  @Nullable ExpositionFormat fetch(
      Target target, ScrapeSettings settings, Requests requests, Scratch scratch, int expected)
      throws IOException, InterruptedException {
    String path = target.internal().get("__metrics_path__");
    if (target.self()) {
      boolean exporter =
          path.startsWith(EXPORTERS)
              && path.endsWith(METRICS)
              && path.length() > EXPORTERS.length() + METRICS.length();
      if (exporter) {
        String name = path.substring(EXPORTERS.length(), path.length() - METRICS.length());
        Map<String, List<String>> parameters =
            new TargetBuilder(settings.config, "").parameters(target.internal());
        inProcess(
            target,
            settings,
            scratch,
            () -> exporters.collect(name, scratch.collected, parameters));
        return null;
      }
      if (path.equals(METRICS)) {
        inProcess(target, settings, scratch, () -> metrics.collect(scratch.collected));
        return null;
      }
      PushgatewayService push = pushes;
      if (path.equals(PUSHED) && push != null) {
        return pushed(push, target, settings, scratch);
      }
    }
    return overHttp(request(target, settings, requests), target, settings, scratch, expected);
  }

  /** Reads what was pushed in a format, since groups are kept as they are shown. */
  private static ExpositionFormat pushed(
      PushgatewayService push, Target target, ScrapeSettings settings, Scratch scratch)
      throws IOException, InterruptedException {
    PushgatewayService.Exposed shown = push.expose(settings.accept);
    scratch.read(
        new ByteArrayInputStream(shown.body()),
        settings.bodyLimit,
        shown.body().length,
        TimeUnit.MILLISECONDS.toNanos(target.timeoutMs()));
    return format(shown.contentType(), settings);
  }

  private static ExpositionFormat format(String contentType, ScrapeSettings settings)
      throws ScrapeFailure {
    ExpositionFormat.Choice choice =
        ExpositionFormat.choose(contentType, settings.config.fallbackScrapeProtocol());
    ExpositionFormat format = choice.format();
    if (format == null) {
      throw new ScrapeFailure(ScrapeFailure.Kind.EXPOSITION, String.valueOf(choice.problem()));
    }
    return format;
  }

  private interface Collection {
    void run() throws IOException, InterruptedException;
  }

  /** Collects on this thread; the timer interrupts it when the scrape's time is over. */
  private void inProcess(Target target, ScrapeSettings settings, Scratch scratch, Collection work)
      throws IOException, InterruptedException {
    Thread self = Thread.currentThread();
    Object gate = new Object();
    boolean[] state = new boolean[2]; // done, timed out
    ScheduledFuture<?> alarm =
        timer.schedule(
            () -> {
              synchronized (gate) {
                if (!state[0]) {
                  state[1] = true;
                  self.interrupt();
                }
              }
            },
            target.timeoutMs(),
            TimeUnit.MILLISECONDS);
    boolean late;
    try {
      scratch.beginCollection(settings.bodyLimit);
      work.run();
    } catch (InterruptedException e) {
      synchronized (gate) {
        if (!state[1]) {
          throw e;
        }
      }
    } catch (IOException | RuntimeException e) {
      scratch.checkCollected(); // says why better than the exporter that it was thrown at
      if (e instanceof IOException failure) {
        throw failure;
      }
      throw new ScrapeFailure(
          ScrapeFailure.Kind.EXPORTER,
          "collecting failed: " + (e instanceof ParameterException ? e.getMessage() : e));
    } finally {
      alarm.cancel(false);
      synchronized (gate) {
        state[0] = true;
        late = state[1];
      }
      if (late) {
        Thread.interrupted();
      }
    }
    if (late) {
      throw new ScrapeFailure(ScrapeFailure.Kind.TIMEOUT, "context deadline exceeded");
    }
    scratch.checkCollected();
  }

  private HttpTransport.Request request(Target target, ScrapeSettings settings, Requests requests)
      throws ScrapeFailure {
    HttpTransport.Request made = requests.made;
    if (made != null && requests.target == target && requests.settings == settings) {
      return made;
    }
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Accept", settings.accept);
    headers.put("Accept-Encoding", settings.config.enableCompression() ? "gzip" : "identity");
    headers.put("User-Agent", "Prometheus/" + server.compatibleVersion());
    headers.put("X-Prometheus-Scrape-Timeout-Seconds", seconds(target.timeoutMs()));
    String socket = target.internal().get("__unix_socket__");
    made =
        new HttpTransport.Request(
            "GET",
            target.self() ? own(target) : url(target.url()),
            headers,
            null,
            Duration.ofMillis(target.timeoutMs()),
            socket.isEmpty() ? null : socket);
    requests.target = target;
    requests.settings = settings;
    requests.made = target.self() ? null : made; // the address of this server may change
    return made;
  }

  private ExpositionFormat overHttp(
      HttpTransport.Request request,
      Target target,
      ScrapeSettings settings,
      Scratch scratch,
      int expected)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(target.timeoutMs());
    try (HttpTransport.Response response = http.send(request, settings.config.http())) {
      if (response.status() != 200) {
        throw new ScrapeFailure(
            ScrapeFailure.Kind.STATUS, "server returned HTTP status " + status(response.status()));
      }
      String contentType = Objects.requireNonNullElse(response.header("Content-Type"), "");
      scratch.read(response.body(), settings.bodyLimit, expected, deadline - System.nanoTime());
      // an empty page is a page without samples, whatever its header says
      return scratch.length == 0 ? ExpositionFormat.PROMETHEUS_TEXT : format(contentType, settings);
    }
  }

  private static GoUrl url(String text) throws ScrapeFailure {
    try {
      return GoUrl.parse(text);
    } catch (GoUrl.InvalidUrlException e) {
      throw new ScrapeFailure(ScrapeFailure.Kind.CONNECTION, String.valueOf(e.getMessage()));
    }
  }

  /** Returns the address of a path of this server that is served over HTTP only. */
  private GoUrl own(Target target) throws ScrapeFailure {
    List<InetSocketAddress> listening = server.listenAddresses();
    if (listening.isEmpty()) {
      throw new ScrapeFailure(ScrapeFailure.Kind.CONNECTION, "this server does not listen yet");
    }
    return url(
        "http://127.0.0.1:"
            + listening.get(0).getPort()
            + server.routePrefix()
            + url(target.url()).requestTarget());
  }

  private static String seconds(long ms) {
    return ms % 1000 == 0 ? Long.toString(ms / 1000) : Double.toString(ms / 1000.0);
  }

  private static String status(int code) {
    String text =
        switch (code) {
          case 204 -> "No Content";
          case 301 -> "Moved Permanently";
          case 302 -> "Found";
          case 307 -> "Temporary Redirect";
          case 308 -> "Permanent Redirect";
          case 400 -> "Bad Request";
          case 401 -> "Unauthorized";
          case 403 -> "Forbidden";
          case 404 -> "Not Found";
          case 405 -> "Method Not Allowed";
          case 406 -> "Not Acceptable";
          case 408 -> "Request Timeout";
          case 429 -> "Too Many Requests";
          case 500 -> "Internal Server Error";
          case 501 -> "Not Implemented";
          case 502 -> "Bad Gateway";
          case 503 -> "Service Unavailable";
          case 504 -> "Gateway Timeout";
          default -> "";
        };
    return code + (text.isEmpty() ? "" : " " + text);
  }
}
