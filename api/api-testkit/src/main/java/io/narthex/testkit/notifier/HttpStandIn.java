package io.narthex.testkit.notifier;

import com.sun.net.httpserver.HttpServer;
import io.narthex.model.go.GoUrl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * An HTTP server on the loopback interface that records requests and sends configured responses.
 * Thread-safe.
 */
public final class HttpStandIn implements AutoCloseable {
  /** A received request. Header names are case-insensitive. */
  public record Received(String method, String path, Map<String, String> headers, String body) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private volatile int status = 200;
  private volatile String answer = "";
  private volatile String answerType = "text/plain";
  private volatile Map<String, String> answerHeaders = Map.of();
  private volatile boolean hangs;
  private volatile Duration delay = Duration.ZERO;

  /** Starts it on a free port. */
  public HttpStandIn() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
          exchange.getRequestHeaders().forEach((n, v) -> headers.put(n, String.join(", ", v)));
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          received.add(
              new Received(
                  exchange.getRequestMethod(), exchange.getRequestURI().toString(), headers, body));
          try {
            if (hangs) {
              closing.await();
            } else {
              closing.await(delay.toMillis(), TimeUnit.MILLISECONDS);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", answerType);
          answerHeaders.forEach((n, v) -> exchange.getResponseHeaders().set(n, v));
          exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
          try (var out = exchange.getResponseBody()) {
            out.write(bytes);
          }
        });
    server.start();
  }

  /** Returns the URL of a path, which begins with a slash. */
  public GoUrl url(String path) {
    return GoUrl.parse("http://127.0.0.1:" + server.getAddress().getPort() + path);
  }

  /** Sets the status of all responses from now on. */
  public void status(int code) {
    status = code;
  }

  /** Sets the body of all responses from now on. */
  public void answer(String contentType, String body) {
    answerType = contentType;
    answer = body;
  }

  /** Sets headers of all responses from now on. */
  public void answerHeaders(Map<String, String> headers) {
    answerHeaders = Map.copyOf(headers);
  }

  /** Sets whether requests get no response. */
  public void hangs(boolean value) {
    hangs = value;
  }

  /** Sets the delay of every response from now on. */
  public void delay(Duration value) {
    delay = value;
  }

  /** Returns the requests so far. */
  public List<Received> received() {
    return List.copyOf(received);
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
