package io.acme.httpd;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.HttpTransport;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches the status page at each collection. A server that is down costs its own metrics only. */
final class HttpdExporter implements Exporter {
  private static final Logger LOG = LoggerFactory.getLogger(HttpdExporter.class);
  private static final int MAX_PAGE_BYTES = 1 << 20;

  private final HttpdConfig config;
  private final HttpTransport http;
  private long failures; // collections do not overlap
  private String lastProblem = "";

  HttpdExporter(HttpdConfig config, HttpTransport http) {
    this.config = config;
    this.http = http;
  }

  @Override
  public void collect(MetricSink sink, Map<String, List<String>> parameters)
      throws InterruptedException {
    StatusPage page = null;
    boolean reached = false;
    String problem = "";
    HttpTransport.Request request = HttpTransport.Request.get(config.url(), config.timeout());
    try (HttpTransport.Response response = http.send(request, config.http())) {
      reached = true;
      if (response.status() == 200) {
        page = StatusPage.parse(read(response));
      } else {
        problem = "responds with status " + response.status();
      }
    } catch (InterruptedIOException e) {
      throw new InterruptedException(e.getMessage());
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException(e.getMessage());
      }
      problem = String.valueOf(e.getMessage());
    }
    tell(problem);
    gauge(sink, "apache_up", "Whether the server could be reached.", reached ? 1 : 0);
    counter(
        sink,
        "apache_exporter_scrape_failures_total",
        "Collections without a status page.",
        (double) failures);
    if (page != null) {
      write(page, sink);
    }
  }

  private static String read(HttpTransport.Response response) throws IOException {
    try (InputStream in = response.body()) {
      byte[] page = in.readNBytes(MAX_PAGE_BYTES);
      String text = new String(page, StandardCharsets.UTF_8);
      if (!StatusPage.looksLikeOne(text)) {
        throw new IOException("is not a machine-readable status page of httpd (…?auto)");
      }
      return text;
    }
  }

  /** Counts a failure; logs it when it is another one than last time. */
  private void tell(String problem) {
    if (!problem.isEmpty()) {
      failures++;
      if (!problem.equals(lastProblem)) {
        LOG.warn("{}: {}", config.url(), problem);
      }
    }
    lastProblem = problem;
  }

  private static void write(StatusPage page, MetricSink sink) {
    info(page, sink);
    single(page, sink, "apache_accesses_total", MetricType.COUNTER, "Requests.", "Total Accesses");
    single(page, sink, "apache_sent_kilobytes_total", MetricType.COUNTER, "Sent.", "Total kBytes");
    single(
        page,
        sink,
        "apache_duration_ms_total",
        MetricType.COUNTER,
        "Time spent on requests, milliseconds.",
        "Total Duration");
    single(
        page,
        sink,
        "apache_cpuload",
        MetricType.GAUGE,
        "CPU time used by all workers, percent.",
        "CPULoad");
    single(
        page,
        sink,
        "apache_uptime_seconds_total",
        MetricType.COUNTER,
        "Time since the start.",
        "Uptime");
    cpu(page, sink);
    states(
        page,
        sink,
        "apache_generation",
        "How often the server was restarted gracefully.",
        "type",
        List.of("config", "ParentServerConfigGeneration", "mpm", "ParentServerMPMGeneration"));
    states(
        page,
        sink,
        "apache_load",
        "Load of the machine.",
        "interval",
        List.of("1min", "Load1", "5min", "Load5", "15min", "Load15"));
    states(
        page,
        sink,
        "apache_workers",
        "Workers by state.",
        "state",
        List.of("busy", "BusyWorkers", "idle", "IdleWorkers"));
    states(
        page,
        sink,
        "apache_processes",
        "Processes by state.",
        "state",
        List.of("all", "Processes", "stopping", "Stopping"));
    states(
        page,
        sink,
        "apache_connections",
        "Connections by state.",
        "state",
        List.of(
            "total", "ConnsTotal",
            "writing", "ConnsAsyncWriting",
            "keepalive", "ConnsAsyncKeepAlive",
            "closing", "ConnsAsyncClosing"));
    scoreboard(page, sink);
  }

  private static void info(StatusPage page, MetricSink sink) {
    Double version = page.version();
    if (version != null) {
      gauge(sink, "apache_version", "Version as a number: 2.4.57 is 2.04057.", version);
    }
    family(sink, "apache_info", MetricType.GAUGE, "Constant 1 with version and process model.");
    sink.sample(
        "apache_info",
        Labels.of(
            "version", page.text("ServerVersion", "UNKNOWN"),
            "mpm", page.text("ServerMPM", "UNKNOWN")),
        1);
  }

  private static void cpu(StatusPage page, MetricSink sink) {
    Double user = sum(page.number("CPUUser"), page.number("CPUChildrenUser"));
    Double system = sum(page.number("CPUSystem"), page.number("CPUChildrenSystem"));
    if (user != null && system != null) {
      String name = "apache_cpu_time_ms_total";
      family(sink, name, MetricType.COUNTER, "CPU time, milliseconds.");
      sink.sample(name, Labels.of("type", "user"), 1000 * user);
      sink.sample(name, Labels.of("type", "system"), 1000 * system);
    }
  }

  private static @Nullable Double sum(@Nullable Double a, @Nullable Double b) {
    return a == null ? b : b == null ? a : Double.valueOf(a + b);
  }

  private static void scoreboard(StatusPage page, MetricSink sink) {
    Map<String, Integer> workers = page.scoreboard();
    if (!workers.isEmpty()) {
      family(sink, "apache_scoreboard", MetricType.GAUGE, "Workers by state on the scoreboard.");
      workers.forEach(
          (state, count) -> sink.sample("apache_scoreboard", Labels.of("state", state), count));
    }
  }

  /** Writes a family with one sample, when the page has it. */
  private static void single(
      StatusPage page, MetricSink sink, String name, MetricType type, String help, String key) {
    Double value = page.number(key);
    if (value != null) {
      family(sink, name, type, help);
      sink.sample(name, Labels.EMPTY, value);
    }
  }

  /**
   * Writes a family of gauges with a sample for each key the page has.
   *
   * @param keys the label's value and the page's key, alternating
   */
  private static void states(
      StatusPage page, MetricSink sink, String name, String help, String label, List<String> keys) {
    boolean begun = false;
    for (int i = 0; i < keys.size(); i += 2) {
      Double value = page.number(keys.get(i + 1));
      if (value != null) {
        if (!begun) {
          family(sink, name, MetricType.GAUGE, help);
          begun = true;
        }
        sink.sample(name, Labels.of(label, keys.get(i)), value);
      }
    }
  }

  private static void gauge(MetricSink sink, String name, String help, double value) {
    family(sink, name, MetricType.GAUGE, help);
    sink.sample(name, Labels.EMPTY, value);
  }

  private static void counter(MetricSink sink, String name, String help, double value) {
    family(sink, name, MetricType.COUNTER, help);
    sink.sample(name, Labels.EMPTY, value);
  }

  private static void family(MetricSink sink, String name, MetricType type, String help) {
    sink.family(new MetricMetadata(name, type, help, ""));
  }

  @Override
  public void close() {
    // nothing is held; the client is the host's
  }
}
