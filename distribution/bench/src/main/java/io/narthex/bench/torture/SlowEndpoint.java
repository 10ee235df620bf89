package io.narthex.bench.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Receives webhook notifications, slowly, and counts how often each alert was notified in each
 * state. It responds with success after the delay, so a cancelled attempt shows as a second one.
 */
public final class SlowEndpoint implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ObjectMapper json = new ObjectMapper();
  private final Duration delay;
  private final Map<String, Integer> notified = new ConcurrentHashMap<>(); // "firing 17" to times
  private final AtomicInteger requests = new AtomicInteger();
  private volatile String agent = "";

  /** Starts it. */
  public SlowEndpoint(Duration delay) throws IOException {
    this.delay = delay;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /** Returns where it takes notifications. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      JsonNode message = json.readTree(exchange.getRequestBody().readAllBytes());
      requests.incrementAndGet();
      agent = String.valueOf(exchange.getRequestHeaders().getFirst("User-Agent"));
      for (JsonNode alert : message.path("alerts")) {
        notified.merge(
            key(alert.path("status").asText(), alert.path("labels").path("seq").asText()),
            1,
            Integer::sum);
      }
      Thread.sleep(delay);
      exchange.sendResponseHeaders(200, -1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String key(String state, String sequence) {
    return state + " " + sequence;
  }

  /** Returns the sender that the newest notification names. */
  String agent() {
    return agent;
  }

  /** Returns how many notifications have arrived. */
  public int requests() {
    return requests.get();
  }

  /** Returns how often an alert was notified in a state, {@code firing} or {@code resolved}. */
  public int times(String state, String sequence) {
    return notified.getOrDefault(key(state, sequence), 0);
  }

  /** Returns the alerts and states that were notified more than once. */
  List<String> doubled() {
    List<String> out = new ArrayList<>();
    notified.forEach((key, times) -> {
      if (times > 1) {
        out.add(key + " (" + times + " times)");
      }
    });
    out.sort(null);
    return out;
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
