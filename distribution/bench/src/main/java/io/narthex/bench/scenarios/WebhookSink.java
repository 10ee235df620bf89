package io.narthex.bench.scenarios;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A receiver of notifications that behaves as a scenario defines and records what arrives. */
final class WebhookSink implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final JsonNode behaviour;
  private final Variables variables;
  private final List<Received> received = new ArrayList<>(); // guarded by itself

  /**
   * @param at seconds of the scenario
   */
  record Received(double at, JsonNode body) {}

  WebhookSink(JsonNode behaviour, Variables variables) throws IOException {
    this.behaviour = behaviour;
    this.variables = variables;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  List<Received> received() {
    synchronized (received) {
      return List.copyOf(received);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      double at = Duration.between(variables.start(), Instant.now()).toNanos() / 1e9;
      if (at < behaviour.path("delay_before").asDouble(Double.NEGATIVE_INFINITY)) {
        Thread.sleep((long) (behaviour.path("delay_s").asDouble() * 1000));
      }
      if (!(at < behaviour.path("discard_before").asDouble(Double.NEGATIVE_INFINITY))) {
        synchronized (received) {
          received.add(new Received(at, JSON.readTree(body)));
        }
      }
      exchange.sendResponseHeaders(200, -1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
