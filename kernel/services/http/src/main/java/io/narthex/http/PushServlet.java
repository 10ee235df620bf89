package io.narthex.http;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.snappy.SnappyFramedInputStream;
import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.narthex.exposition.ExpositionWriter;
import io.narthex.exposition.ExpositionWriter.Format;
import io.narthex.exposition.PrefixedFamilies;
import io.narthex.exposition.ProtobufWriter;
import io.narthex.model.go.PromDuration;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.push.PushgatewayService;
import io.narthex.service.push.PushgatewayService.Answer;
import io.narthex.service.push.PushgatewayService.Exposed;
import io.narthex.service.push.PushgatewayService.Push;
import io.narthex.service.server.ServerInfo;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The Pushgateway's paths: pushes and deletions at {@code /metrics/job/…}, everything pushed at
 * {@code /push/metrics}.
 */
final class PushServlet extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final String OWN_FAMILIES = "pushgateway_";

  /** Path of what was pushed. */
  static final String EXPOSED = "/push/metrics";

  /** Header of a push: how long its group is kept. */
  private static final String TTL = "Narthex-Push-TTL";

  private static final Duration MAX_TTL = Duration.ofDays(3650);
  private static final int FIRST_BYTES = 16 << 10;
  private static final int WAIT_SECONDS = 5;

  /** Memory of a body and what is read from it, as a multiple of its bytes. */
  private static final int BODY_FACTOR = 8;

  /** Memory of what is shown, as a multiple of what is held. */
  private static final int SHOWN_FACTOR = 2;

  private final transient Services services;
  private final transient ServerInfo server;
  private final transient WorkMemory memory;
  private final transient RequestMetrics requests;
  private final transient Metrics.Counter counted;
  private final transient Metrics.Summary durations;
  private final transient Metrics.Summary sizes;

  PushServlet(Services services, Parts parts, RequestMetrics requests) {
    this.services = services;
    this.server = parts.info();
    this.memory = parts.memory();
    this.requests = requests;
    counted =
        parts
            .metrics()
            .counter(
                "pushgateway_http_requests_total",
                "Total HTTP requests processed by the Pushgateway, excluding scrapes.",
                "method",
                "code",
                "handler");
    durations =
        parts
            .metrics()
            .summary(
                "pushgateway_http_push_duration_seconds",
                "HTTP request duration for pushes to the Pushgateway.",
                "method");
    sizes =
        parts
            .metrics()
            .summary(
                "pushgateway_http_push_size_bytes",
                "HTTP request size for pushes to the Pushgateway.",
                "method");
  }

  @Override
  protected void service(HttpServletRequest in, HttpServletResponse out) throws IOException {
    if ("/".equals(in.getPathInfo()) && in.getMethod().equals("GET")) {
      String query = in.getQueryString();
      out.setStatus(301);
      out.setHeader(
          "Location", in.getContextPath() + "/metrics" + (query == null ? "" : "?" + query));
      return;
    }
    if (!server.ready()) {
      DirectFilter.plain(out, 503, "Service Unavailable");
      return;
    }
    PushgatewayService push = services.push();
    if (push == null) {
      out.setHeader("Retry-After", "5");
      plain503(out);
      return;
    }
    if (in.getServletPath().equals(EXPOSED)) {
      expose(in, out, push);
      return;
    }
    String path = String.valueOf(in.getPathInfo()).replaceFirst("^/", "");
    boolean group = path.startsWith("job/") || path.startsWith("job@base64/");
    if (!group || path.length() == path.indexOf('/') + 1) {
      DirectFilter.plain(out, 404, "404 page not found\n");
      return;
    }
    change(in, out, push, path);
  }

  private void expose(HttpServletRequest in, HttpServletResponse out, PushgatewayService push)
      throws IOException {
    String method = in.getMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      out.setHeader("Allow", "GET, HEAD");
      DirectFilter.plain(out, 405, "Method Not Allowed\n");
      return;
    }
    long started = System.nanoTime();
    shown(
        push,
        memory,
        out,
        () -> {
          Exposed exposed = push.expose(in.getHeader("Accept"));
          out.setContentType(exposed.contentType());
          out.setContentLength(exposed.body().length);
          out.getOutputStream().write(exposed.body());
        });
    requests.observe(in, EXPOSED, out.getStatus(), started);
  }

  /** Shows what was pushed. */
  private interface Showing {
    void run() throws IOException;
  }

  /** Takes the memory for showing all groups, or answers that there is none. */
  private static void shown(
      PushgatewayService push, WorkMemory memory, HttpServletResponse out, Showing showing)
      throws IOException {
    long bytes = Math.min(SHOWN_FACTOR * push.bytes(), memory.most(Use.QUERIES));
    boolean taken = false;
    try {
      taken = memory.take(Use.QUERIES, bytes, TimeUnit.SECONDS.toNanos(WAIT_SECONDS));
      if (taken) {
        showing.run();
      } else {
        out.setHeader("Retry-After", "5");
        DirectFilter.plain(
            out, 503, "there is no memory to show what was pushed; ask again later\n");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      DirectFilter.plain(out, 503, "the server is stopping\n");
    } finally {
      if (taken) {
        memory.give(Use.QUERIES, bytes);
      }
    }
  }

  /** Writes what was pushed and the server's own metrics of the Pushgateway. */
  static void exposeWithOwn(
      Services services,
      WorkMemory memory,
      Metrics metrics,
      HttpServletRequest in,
      HttpServletResponse out)
      throws IOException {
    PushgatewayService push = services.push();
    if (push == null) {
      out.setHeader("Retry-After", "5");
      plain503(out);
      return;
    }
    shown(push, memory, out, () -> exposeWithOwn(push, metrics, in, out));
  }

  private static void exposeWithOwn(
      PushgatewayService push, Metrics metrics, HttpServletRequest in, HttpServletResponse out)
      throws IOException {
    Exposed exposed = push.expose(in.getHeader("Accept"));
    out.setContentType(exposed.contentType());
    out.getOutputStream().write(exposed.body());
    if (exposed.contentType().startsWith("text/plain")) {
      ExpositionWriter own = new ExpositionWriter(Format.TEXT_0_0_4);
      metrics.collect(new PrefixedFamilies(own, OWN_FAMILIES));
      own.finish();
      own.writeTo(out.getOutputStream());
    } else {
      ProtobufWriter own = new ProtobufWriter(Format.PROTOBUF);
      metrics.collect(new PrefixedFamilies(own, OWN_FAMILIES));
      own.finish();
      own.writeTo(out.getOutputStream());
    }
  }

  private static void plain503(HttpServletResponse out) throws IOException {
    DirectFilter.plain(out, 503, "pushes are not running; see the plugins page\n");
  }

  private void change(
      HttpServletRequest in, HttpServletResponse out, PushgatewayService push, String path)
      throws IOException {
    String method = in.getMethod();
    long started = System.nanoTime();
    Answer answer;
    String handler = "push";
    switch (method) {
      case "PUT", "POST" -> answer = push(in, push, path);
      case "DELETE" -> {
        handler = "delete";
        answer = push.delete(path);
      }
      default -> {
        out.setHeader("Allow", "DELETE, OPTIONS, POST, PUT");
        if (!method.equals("OPTIONS")) {
          DirectFilter.plain(out, 405, "Method Not Allowed\n");
        }
        return;
      }
    }
    if (answer.text().isEmpty()) {
      out.setStatus(answer.status());
    } else {
      DirectFilter.plain(out, answer.status(), answer.text() + "\n");
    }
    String lower = method.toLowerCase(Locale.ROOT);
    if (handler.equals("push")) {
      durations.with(lower).observe((System.nanoTime() - started) / 1e9);
    }
    counted.with(lower, Integer.toString(answer.status()), handler).inc();
    requests.observe(in, "/metrics/job/:job", answer.status(), started);
  }

  /** A body as it is read, with the memory that it holds. */
  private final class Body {
    byte[] bytes = new byte[FIRST_BYTES];
    int length;
    long held;

    /** Returns why it cannot be read, or null. */
    @Nullable Answer read(InputStream in, long most) throws IOException, InterruptedException {
      while (true) {
        if (length == bytes.length) {
          long more = (long) BODY_FACTOR * length;
          if (held + more > memory.most(Use.REQUESTS)) {
            return new Answer(
                413, "the body takes more memory than requests may; push less at once");
          }
          if (!take(more)) {
            return new Answer(503, "too many large requests at once; push again later");
          }
          bytes = Arrays.copyOf(bytes, (int) Math.min(2L * length, most + 1));
        }
        int n = in.read(bytes, length, bytes.length - length);
        if (n < 0) {
          return null;
        }
        length += n;
        if (length > most) {
          return new Answer(
              413, "the body is larger than " + most + " bytes, which push.max_body_bytes allows");
        }
      }
    }

    /** Waits for memory only while it holds none. */
    private boolean take(long more) throws InterruptedException {
      boolean taken =
          held == 0
              ? memory.take(Use.REQUESTS, more, TimeUnit.SECONDS.toNanos(WAIT_SECONDS))
              : memory.tryTake(Use.REQUESTS, more);
      held += taken ? more : 0;
      return taken;
    }
  }

  private Answer push(HttpServletRequest in, PushgatewayService push, String path)
      throws IOException {
    Duration ttl;
    String asked = in.getHeader(TTL);
    try {
      ttl = asked == null ? Duration.ZERO : PromDuration.parse(asked);
    } catch (IllegalArgumentException e) {
      return new Answer(400, TTL + ": " + e.getMessage());
    }
    if (ttl.compareTo(MAX_TTL) > 0) {
      return new Answer(400, TTL + ": must be at most 10y, got " + asked);
    }
    Body body = new Body();
    try {
      Answer refused;
      try (InputStream decoded = decoded(in)) {
        refused = body.read(decoded, push.settings().maxBodyBytes());
      } catch (IOException | MalformedInputException | IllegalArgumentException e) {
        return new Answer(400, String.valueOf(e.getMessage()));
      }
      sizes.with(in.getMethod().toLowerCase(Locale.ROOT)).observe(body.length);
      if (refused != null) {
        return refused;
      }
      String type = in.getContentType();
      return push.push(
          new Push(
              path,
              in.getMethod().equals("PUT"),
              type == null ? "" : type,
              body.bytes,
              body.length,
              ttl));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer(503, "the server is stopping");
    } finally {
      memory.give(Use.REQUESTS, body.held);
    }
  }

  /** Returns the body without compression; encodings that are not known are left as they are. */
  private static InputStream decoded(HttpServletRequest in) throws IOException {
    String encoding = in.getHeader("Content-Encoding");
    InputStream raw = in.getInputStream();
    return switch (encoding == null ? "" : encoding.toLowerCase(Locale.ROOT)) {
      case "gzip" -> new GZIPInputStream(raw, FIRST_BYTES);
      case "snappy" -> new SnappyFramedInputStream(new SnappyJavaDecompressor(), raw);
      default -> raw;
    };
  }
}
