package io.narthex.discovery.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Plays a Kubernetes API server: lists and watches with resource versions. */
final class ApiServer implements AutoCloseable {
  private record Event(long version, String path, String json) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Map<String, String>> objects = new HashMap<>();
  private final List<Event> events = new ArrayList<>();
  final List<String> requests = new CopyOnWriteArrayList<>();
  final List<String> authorizations = new CopyOnWriteArrayList<>();
  private long version = 100;
  private long forgottenUpTo;
  private int generation;
  private boolean closed;

  ApiServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Puts an object; {@code json} holds a {@code %s} for the resource version. */
  synchronized void put(Kind kind, String name, String json) {
    String text = json.replace("%RV", Long.toString(++version));
    String old = objects.computeIfAbsent(kind.path(""), _ -> new TreeMap<>()).put(name, text);
    event(kind, (old == null ? "ADDED" : "MODIFIED"), text);
  }

  synchronized void remove(Kind kind, String name) {
    version++;
    String old = objects.getOrDefault(kind.path(""), new TreeMap<>()).remove(name);
    event(kind, "DELETED", old == null ? "{}" : old);
  }

  synchronized void bookmark(Kind kind) {
    String text = "{\"metadata\":{\"resourceVersion\":\"" + ++version + "\"}}";
    event(kind, "BOOKMARK", text);
  }

  /** Forgets its history and ends all watches, so that they are answered with 410. */
  synchronized void forget() {
    forgottenUpTo = ++version;
    generation++;
    notifyAll();
  }

  /** Changes an object while nobody can see the event. */
  synchronized void putUnseen(Kind kind, String name, String json) {
    put(kind, name, json);
    events.removeLast();
    forget();
  }

  /** Ends all watches in good order. */
  synchronized void endWatches() {
    generation++;
    notifyAll();
  }

  private void event(Kind kind, String type, String json) {
    events.add(
        new Event(version, kind.path(""), "{\"type\":\"" + type + "\",\"object\":" + json + "}\n"));
    notifyAll();
  }

  private void serve(HttpExchange x) throws IOException {
    requests.add(x.getRequestURI().toString());
    String authorization = x.getRequestHeaders().getFirst("Authorization");
    if (authorization != null) {
      authorizations.add(authorization);
    }
    String query = x.getRequestURI().getQuery();
    String asked = x.getRequestURI().getPath();
    String path = asked.replaceAll("/namespaces/[^/]+/", "/");
    String namespace = asked.equals(path) ? "" : asked.replaceAll(".*/namespaces/([^/]+)/.*", "$1");
    try (x) {
      if (!query.contains("watch=true")) {
        byte[] body;
        synchronized (this) {
          List<String> found = new ArrayList<>();
          objects
              .getOrDefault(path, Map.of())
              .forEach((n, json) -> {
                if (namespace.isEmpty() || n.startsWith(namespace + "/")) {
                  found.add(json);
                }
              });
          body =
              ("{\"kind\":\"List\",\"items\":["
                      + String.join(",", found)
                      + "],\"metadata\":{\"resourceVersion\":\""
                      + version
                      + "\"}}")
                  .getBytes(StandardCharsets.UTF_8);
        }
        x.sendResponseHeaders(200, body.length);
        x.getResponseBody().write(body);
        return;
      }
      watch(x, path, Long.parseLong(query.replaceAll(".*resourceVersion=(\\d+).*", "$1")));
    } catch (IOException _) {
      // the client went away
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void watch(HttpExchange x, String path, long from)
      throws IOException, InterruptedException {
    x.sendResponseHeaders(200, 0);
    x.getResponseBody().flush();
    long at = from;
    int mine;
    synchronized (this) {
      mine = generation;
    }
    while (true) {
      List<Event> out = new ArrayList<>();
      synchronized (this) {
        if (at < forgottenUpTo) {
          out.add(
              new Event(
                  at,
                  path,
                  "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
                      + "\"message\":\"too old resource version\"}}\n"));
          at = Long.MAX_VALUE;
        } else {
          for (Event e : events) {
            if (e.version() > at && e.path().equals(path)) {
              out.add(e);
            }
          }
          if (out.isEmpty()) {
            if (closed || mine != generation) {
              return;
            }
            wait();
            continue;
          }
          at = out.getLast().version();
        }
      }
      for (Event e : out) {
        x.getResponseBody().write(e.json().getBytes(StandardCharsets.UTF_8));
      }
      x.getResponseBody().flush();
      if (at == Long.MAX_VALUE) {
        return;
      }
    }
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
