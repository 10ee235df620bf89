package io.narthex.discovery.consul;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plays a Consul agent: {@code /v1/agent/self}, {@code /v1/catalog/services} and {@code
 * /v1/health/service/…} with blocking queries: with an {@code index} an answer comes when the index
 * has grown, or after {@code wait} with the index of before.
 */
public final class ConsulAgent implements AutoCloseable {
  private static final String CATALOG = "";
  private static final Pattern INDEX = Pattern.compile("(?:^|&)index=(\\d+)", 0);
  private static final Pattern WAIT = Pattern.compile("(?:^|&)wait=(\\d+)(ms|s|m)", 0);
  private static final long DEFAULT_WAIT_MS = 300_000;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, String> tags = new TreeMap<>();
  private final Map<String, String> entries = new TreeMap<>();
  private final Map<String, Long> changedAt = new TreeMap<>();
  final List<String> requests = new CopyOnWriteArrayList<>();
  final List<String> tokens = new CopyOnWriteArrayList<>();
  private long index = 10;
  private int status = 200;
  private boolean closed;

  /** Starts an agent of datacenter {@code dc1} with no service but {@code consul}. */
  public ConsulAgent() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
  }

  /** Returns host:port. */
  public String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Returns path and query of every request so far. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /** Sets a service: its tags and what the Health API tells of it, both JSON lists. */
  public synchronized void put(String service, String tagList, String json) {
    if (!tagList.equals(tags.put(service, tagList))) {
      changedAt.put(CATALOG, ++index);
    }
    entries.put(service, json);
    changedAt.put(service, ++index);
    notifyAll();
  }

  /** Removes a service. */
  public synchronized void remove(String service) {
    tags.remove(service);
    entries.remove(service);
    changedAt.put(CATALOG, ++index);
    changedAt.put(service, ++index);
    notifyAll();
  }

  /** Makes all answers have a status; 200 makes them well again. */
  public synchronized void status(int code) {
    status = code;
    index++;
    notifyAll();
  }

  private void serve(HttpExchange x) throws IOException {
    String path = x.getRequestURI().getPath();
    String query = String.valueOf(x.getRequestURI().getRawQuery());
    requests.add(x.getRequestURI().toString());
    String token = x.getRequestHeaders().getFirst("X-Consul-Token");
    if (token != null) {
      tokens.add(token);
    }
    byte[] body;
    int code;
    synchronized (this) {
      String key = path.startsWith("/v1/health/service/") ? path.substring(19) : CATALOG;
      block(key, query);
      code = status;
      body = (code == 200 ? json(path, key) : "oh no").getBytes(StandardCharsets.UTF_8);
      x.getResponseHeaders().set("Content-Type", "application/json");
      x.getResponseHeaders().set("X-Consul-Index", Long.toString(changedAt(key)));
      x.getResponseHeaders().set("X-Consul-Knownleader", "true");
      x.getResponseHeaders().set("X-Consul-Lastcontact", "0");
    }
    try {
      x.sendResponseHeaders(code, body.length);
      x.getResponseBody().write(body);
    } finally {
      x.close();
    }
  }

  /** Waits as the query asks for; called with the lock held. */
  private void block(String key, String query) {
    Matcher from = INDEX.matcher(query);
    long known = from.find() ? Long.parseLong(from.group(1)) : 0;
    long end = System.nanoTime() + waitMs(query) * 1_000_000;
    try {
      while (!closed && status == 200 && known > 0 && changedAt(key) <= known) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return;
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long waitMs(String query) {
    Matcher wait = WAIT.matcher(query);
    if (!wait.find()) {
      return DEFAULT_WAIT_MS;
    }
    long amount = Long.parseLong(wait.group(1));
    return switch (wait.group(2)) {
      case "ms" -> amount;
      case "s" -> amount * 1000;
      default -> amount * 60_000;
    };
  }

  private String json(String path, String key) {
    if (path.equals("/v1/agent/self")) {
      return "{\"Config\":{\"Datacenter\":\"dc1\",\"NodeName\":\"n1\",\"Version\":\"1.21.0\"},"
          + "\"Member\":{\"Name\":\"n1\"}}";
    }
    if (!path.equals("/v1/catalog/services")) {
      return entries.getOrDefault(key, "[]");
    }
    StringBuilder all = new StringBuilder("{\"consul\":[]");
    tags.forEach((n, t) -> all.append(",\"").append(n).append("\":").append(t));
    return all.append('}').toString();
  }

  private long changedAt(String key) {
    return changedAt.getOrDefault(key, 10L);
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    server.stop(0);
    threads.shutdownNow();
  }
}
