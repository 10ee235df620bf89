package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.service.targets.TargetService;
import io.narthex.service.targets.TargetService.ActiveTarget;
import io.narthex.service.targets.TargetService.Health;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.reflect.Proxy;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Server-sent events, over real connections, and with streams that are never read. */
@Timeout(120)
class LiveStreamsTest extends ServerHarness {
  private static final String EVENTS = "/narthex/api/v1/events";
  private static final String NOTIFICATIONS = "/api/v1/notifications/live";

  private volatile Health health = Health.UP;
  private volatile boolean fails;
  private final Semaphore failures = new Semaphore(0);

  private TargetService targets() {
    return (TargetService)
        Proxy.newProxyInstance(
            TargetService.class.getClassLoader(),
            new Class<?>[] {TargetService.class},
            (p, m, a) -> {
              if (fails) {
                failures.release();
                throw new IllegalStateException("is being replaced");
              }
              return List.of(
                  new ActiveTarget(
                      "p",
                      Labels.EMPTY,
                      Labels.of("job", "p"),
                      "http://a",
                      "http://a",
                      health,
                      "",
                      System.nanoTime(),
                      0,
                      "1s",
                      "1s"));
            });
  }

  private HttpResponse<InputStream> open(String path, String... headers) throws Exception {
    var request = to(path).header("Accept-Encoding", "gzip");
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return client.send(request.build(), BodyHandlers.ofInputStream());
  }

  private static BufferedReader lines(HttpResponse<InputStream> response) {
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream");
    assertThat(response.headers().firstValue("Content-Encoding")).isEmpty();
    return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
  }

  /** Returns the next line that is no comment and not empty. */
  private static @Nullable String next(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    while (line != null && (line.isEmpty() || line.startsWith(":"))) {
      line = lines.readLine();
    }
    return line;
  }

  private static String data(BufferedReader lines) throws IOException {
    String line = next(lines);
    while (line != null && !line.startsWith("data: ")) {
      line = next(lines);
    }
    return Objects.requireNonNull(line).substring("data: ".length());
  }

  @Test
  void sendsTheTopicsThatChange() throws Exception {
    Objects.requireNonNull(server).targets = targets();
    BufferedReader lines = lines(open(EVENTS));
    assertThat(next(lines)).isEqualTo("retry: 5000");
    assertThat(next(lines)).startsWith("id: ");
    assertThat(next(lines)).isEqualTo("event: change");
    assertThat(next(lines)).isEqualTo("data: {\"topics\":[],\"firing\":0}");
    health = Health.DOWN;
    assertThat(data(lines)).isEqualTo("{\"topics\":[\"targets\"],\"firing\":0}");
    fails = true;
    // the second failure says that the first has been seen to its end
    assertThat(failures.tryAcquire(2, 30, TimeUnit.SECONDS)).isTrue();
    fails = false;
    health = Health.UP;
    assertThat(data(lines))
        .as("a part that failed meanwhile is compared with what it had before")
        .isEqualTo("{\"topics\":[\"targets\"],\"firing\":0}");
  }

  @Test
  void changesOfRequestsAreSent() throws Exception {
    flags.put("web.enable-lifecycle", "true");
    BufferedReader lines = lines(open(EVENTS));
    assertThat(data(lines)).isEqualTo("{\"topics\":[],\"firing\":0}");
    assertThat(method("POST", "/-/reload").statusCode()).isEqualTo(200);
    assertThat(data(lines)).isEqualTo("{\"topics\":[\"config\"],\"firing\":0}");
  }

  @Test
  void aClientThatMissedEventsIsTold() throws Exception {
    assertThat(data(lines(open(EVENTS, "Last-Event-ID", "7"))))
        .isEqualTo("{\"topics\":[\"all\"],\"firing\":0}");
    BufferedReader lines = lines(open(EVENTS));
    next(lines);
    String id = Objects.requireNonNull(next(lines)).substring("id: ".length());
    assertThat(data(lines(open(EVENTS, "Last-Event-ID", id))))
        .isEqualTo("{\"topics\":[],\"firing\":0}");
  }

  @Test
  void furtherStreamsAreRefusedUntilOneEnds() throws Exception {
    List<HttpResponse<InputStream>> open = new ArrayList<>();
    for (int i = 0; i < LiveStreams.MOST; i++) {
      open.add(open(EVENTS));
      lines(open.get(i));
    }
    HttpResponse<String> refused = get(EVENTS);
    error(refused, 503, "unavailable", "at most 200 streams");
    assertThat(refused.headers().firstValue("Retry-After")).contains("1");
  }

  @Test
  void notificationsComeAndGo() throws Exception {
    BufferedReader lines = lines(open(NOTIFICATIONS));
    String ignored =
        "{\"text\":\"Configured without effect: remote_write (no sample is sent).\","
            + "\"date\":\"1970-01-01T00:00:00Z\",\"active\":true}";
    assertThat(data(lines)).isEqualTo(ignored);
    config.failed = true;
    assertThat(data(lines))
        .isEqualTo(
            "{\"text\":\"Configuration reload has failed.\",\"date\":\"1970-01-01T00:00:00Z\","
                + "\"active\":true}");
    config.failed = false;
    assertThat(data(lines))
        .contains("Configuration reload has failed.")
        .contains("\"active\":false");
  }

  /** {@code --web.max-notifications-subscribers}. */
  @Test
  void furtherListenersOfNotificationsAreSentAway() throws Exception {
    Objects.requireNonNull(server).stop();
    flags.put("web.max-notifications-subscribers", "2");
    info.listeners = List.of();
    create();
    lines(open(NOTIFICATIONS));
    lines(open(NOTIFICATIONS));
    assertThat(get(NOTIFICATIONS).statusCode()).isEqualTo(204);
  }

  @Test
  void streamsEndWithTheServerAndDelayNothing() throws Exception {
    BufferedReader lines = lines(open(EVENTS));
    data(lines);
    BufferedReader others = lines(open(NOTIFICATIONS));
    data(others);
    long begun = System.nanoTime();
    Objects.requireNonNull(server).stop();
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
    assertThat(next(lines)).isNull();
    assertThat(next(others)).isNull();
  }

  @Test
  void aReaderThatTakesNothingDelaysNothing() throws Exception {
    config.reason = "x".repeat(32 << 20); // more than the buffers between the two hold
    URI at = to(NOTIFICATIONS).build().uri();
    try (Socket stuck = new Socket(at.getHost(), at.getPort())) {
      stuck
          .getOutputStream()
          .write(
              ("GET " + at.getPath() + " HTTP/1.1\r\nHost: " + at.getAuthority() + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(stuck.getInputStream().read()).isEqualTo('H');
      long begun = System.nanoTime();
      Objects.requireNonNull(server).stop();
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
    }
  }

  /** A response whose reader takes nothing until it is told to. */
  private static final class Connection extends ServletOutputStream {
    final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    final CountDownLatch completed = new CountDownLatch(1);
    volatile boolean ready;
    @Nullable WriteListener listener;

    HttpServletRequest request() {
      AsyncContext async =
          (AsyncContext)
              Proxy.newProxyInstance(
                  AsyncContext.class.getClassLoader(),
                  new Class<?>[] {AsyncContext.class},
                  (p, m, a) -> {
                    if (m.getName().equals("complete")) {
                      completed.countDown();
                    }
                    return null;
                  });
      return proxy(HttpServletRequest.class, "startAsync", async);
    }

    HttpServletResponse response() {
      return proxy(HttpServletResponse.class, "getOutputStream", this);
    }

    private static <T> T proxy(Class<T> type, String method, Object answer) {
      return type.cast(
          Proxy.newProxyInstance(
              type.getClassLoader(),
              new Class<?>[] {type},
              (p, m, a) -> m.getName().equals(method) ? answer : null));
    }

    synchronized String text() {
      return sent.toString(StandardCharsets.UTF_8);
    }

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      this.listener = listener;
    }

    @Override
    public synchronized void write(int b) {
      sent.write(b);
    }
  }

  @Test
  void slowReadersLoseWhatIsBetweenAndAreTold() throws Exception {
    Connection to = new Connection();
    byte[] all = "all;".getBytes(StandardCharsets.UTF_8);
    LiveStream stream =
        LiveStream.begin(
            to.request(), to.response(), "first;".getBytes(StandardCharsets.UTF_8), s -> {});
    for (int i = 0; i < 40; i++) {
      stream.send((i + ";").getBytes(StandardCharsets.UTF_8), all);
    }
    assertThat(to.text()).isEmpty();
    to.ready = true;
    stream.onWritePossible();
    assertThat(to.text()).startsWith("all;").endsWith("39;").doesNotContain("first", "all;all");
    assertThat(to.text().split(";")).hasSizeLessThanOrEqualTo(LiveStream.QUEUE);
    assertThat(to.completed.getCount()).isEqualTo(1);
  }

  @Test
  void slowReadersOfWhatCannotBeLeftOutAreEnded() throws Exception {
    Connection to = new Connection();
    CountDownLatch ended = new CountDownLatch(1);
    LiveStream stream =
        LiveStream.begin(to.request(), to.response(), new byte[] {'a'}, s -> ended.countDown());
    for (int i = 0; i < LiveStream.QUEUE; i++) {
      stream.send(new byte[] {'b'}, null);
    }
    to.ready = true;
    stream.onWritePossible();
    assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(to.completed.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void streamsAreKeptAliveAndEndAfterAWhile() throws Exception {
    Services services =
        new Services(
            () -> null, () -> null, () -> null, () -> null, () -> null, () -> null, () -> null);
    try (LiveStreams streams =
        new LiveStreams(
            services.live(config, plugins()), 16, Duration.ofMillis(1), Duration.ofMillis(2500))) {
      Connection to = new Connection();
      to.ready = true;
      streams.changes(to.request(), to.response());
      Objects.requireNonNull(to.listener).onWritePossible();
      assertThat(to.completed.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(to.text()).startsWith("retry: 5000\n").endsWith("\n\n:\n\n");
    }
  }
}
