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

/** Plays a Consul agent: catalog and health with blocking queries. */
final class ConsulAgent implements AutoCloseable {
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

  ConsulAgent() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  synchronized void put(String service, String tagList, String json) {
    if (!tagList.equals(tags.put(service, tagList))) {
      changedAt.put("", ++index);
    }
    entries.put(service, json);
    changedAt.put(service, ++index);
    notifyAll();
  }

  synchronized void remove(String service) {
    tags.remove(service);
    entries.remove(service);
    changedAt.put("", ++index);
    changedAt.put(service, ++index);
    notifyAll();
  }

  synchronized void status(int code) {
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
      String key = path.startsWith("/v1/health/service/") ? path.substring(19) : "";
      java.util.regex.Matcher m =
          java.util.regex.Pattern.compile("(^|&)index=(\\d+)", 0).matcher(query);
      long waitFor = m.find() ? Long.parseLong(m.group(2)) : 0;
      try {
        while (!closed && status == 200 && waitFor > 0 && changedAt(key) <= waitFor) {
          wait();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      code = status;
      String json;
      if (path.equals("/v1/agent/self")) {
        json = "{\"Config\":{\"Datacenter\":\"dc1\"}}";
      } else if (path.equals("/v1/catalog/services")) {
        StringBuilder b = new StringBuilder("{\"consul\":[]");
        tags.forEach((n, t) -> b.append(",\"").append(n).append("\":").append(t));
        json = b.append('}').toString();
      } else {
        json = entries.getOrDefault(key, "[]");
      }
      body = (code == 200 ? json : "oh no").getBytes(StandardCharsets.UTF_8);
      x.getResponseHeaders().set("X-Consul-Index", Long.toString(changedAt(key)));
    }
    try {
      x.sendResponseHeaders(code, body.length);
      x.getResponseBody().write(body);
    } finally {
      x.close();
    }
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
