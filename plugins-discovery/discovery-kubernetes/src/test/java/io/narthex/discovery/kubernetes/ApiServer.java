package io.narthex.discovery.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Plays a Kubernetes API server: lists with a resource version, and watches that stream an event
 * for each later change, one JSON object after the other in a chunked answer. A watch from a
 * version that has been forgotten ends with a Status object of code 410, one with a wrong token is
 * answered 401, an unknown kind 404.
 */
public final class ApiServer implements AutoCloseable {
  private static final Pattern NAMESPACED = Pattern.compile("(.*)/namespaces/([^/]+)/([^/]+)", 0);
  private static final Set<String> KINDS =
      Set.of(
          "/api/v1/nodes",
          "/api/v1/namespaces",
          "/api/v1/services",
          "/api/v1/pods",
          "/api/v1/endpoints",
          "/apis/discovery.k8s.io/v1/endpointslices",
          "/apis/networking.k8s.io/v1/ingresses",
          "/apis/apps/v1/replicasets",
          "/apis/batch/v1/jobs");

  private record Event(long version, String path, String name, String type, String json) {}

  /** What a request asks for; no namespace means all. */
  private record Asked(String path, String namespace) {
    static Asked of(String path) {
      Matcher m = NAMESPACED.matcher(path);
      return m.matches()
          ? new Asked(m.group(1) + "/" + m.group(3), m.group(2))
          : new Asked(path, "");
    }

    boolean has(String name) {
      return namespace.isEmpty() || name.startsWith(namespace + "/");
    }
  }

  private final HttpServer server;
  private final String scheme;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Map<String, String>> objects = new HashMap<>();
  private final List<Event> events = new ArrayList<>();
  final List<String> requests = new CopyOnWriteArrayList<>();
  final List<String> authorizations = new CopyOnWriteArrayList<>();
  private @Nullable String token;
  private long version = 100;
  private long forgottenUpTo;
  private int generation;
  private boolean closed;
  private boolean goneByStatus;

  /** Starts a server without TLS. */
  public ApiServer() throws IOException {
    this(null);
  }

  /** Starts a server; with a context it speaks TLS. */
  public ApiServer(@Nullable SSLContext tls) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    if (tls == null) {
      server = HttpServer.create(any, 0);
    } else {
      HttpsServer https = HttpsServer.create(any, 0);
      https.setHttpsConfigurator(new HttpsConfigurator(tls));
      server = https;
    }
    scheme = tls == null ? "http" : "https";
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
  }

  /** Returns scheme, host and port. */
  public String url() {
    return scheme + "://127.0.0.1:" + port();
  }

  /** Returns the port. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Returns path and query of every request so far. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /** Returns the Authorization headers so far. */
  public List<String> authorizations() {
    return List.copyOf(authorizations);
  }

  /** Lets nobody in without this bearer token, and ends all watches. */
  public synchronized void token(String bearer) {
    token = bearer;
    endWatches();
  }

  /**
   * Puts an object; {@code json} holds {@code %RV} for the resource version.
   *
   * @param path of the list of all namespaces, for example {@code /api/v1/pods}
   * @param name {@code namespace/name}, or the name of what has no namespace
   */
  public synchronized void put(String path, String name, String json) {
    String text = json.replace("%RV", Long.toString(++version)).strip().replace("\n", "");
    String old = objects.computeIfAbsent(path, _ -> new TreeMap<>()).put(name, text);
    event(path, name, old == null ? "ADDED" : "MODIFIED", text);
  }

  /** Removes an object. */
  public synchronized void remove(String path, String name) {
    version++;
    String old = objects.getOrDefault(path, new TreeMap<>()).remove(name);
    event(path, name, "DELETED", old == null ? "{}" : old);
  }

  /** Tells watches how far they are; returns the version. */
  public synchronized long bookmark(String path) {
    event(path, "", "BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"" + ++version + "\"}}");
    return version;
  }

  /** Forgets its history and ends all watches, so that they are answered with 410. */
  public synchronized void forget() {
    forgottenUpTo = ++version;
    endWatches();
  }

  /** Makes lost history known by the answer's status instead of an event; servers do either. */
  synchronized void goneByStatus() {
    goneByStatus = true;
  }

  /** Changes an object while nobody can see the event. */
  public synchronized void putUnseen(String path, String name, String json) {
    put(path, name, json);
    events.removeLast();
    forget();
  }

  /** Ends all watches in good order. */
  public synchronized void endWatches() {
    generation++;
    notifyAll();
  }

  private void event(String path, String name, String type, String json) {
    events.add(new Event(version, path, name, type, json));
    notifyAll();
  }

  private void serve(HttpExchange x) throws IOException {
    requests.add(x.getRequestURI().toString());
    String authorization = x.getRequestHeaders().getFirst("Authorization");
    if (authorization != null) {
      authorizations.add(authorization);
    }
    String query = String.valueOf(x.getRequestURI().getQuery());
    Asked asked = Asked.of(x.getRequestURI().getPath());
    x.getResponseHeaders().set("Content-Type", "application/json");
    try (x) {
      if (!mayEnter(authorization)) {
        answer(x, 401, status(401, "Unauthorized", "Unauthorized"));
      } else if (!KINDS.contains(asked.path())) {
        answer(x, 404, status(404, "NotFound", "the server could not find the requested resource"));
      } else if (query.contains("watch=true")) {
        long from = Long.parseLong(query.replaceAll(".*resourceVersion=(\\d+).*", "$1"));
        watch(x, asked, from, query.contains("allowWatchBookmarks=true"));
      } else {
        answer(x, 200, list(asked));
      }
    } catch (IOException _) {
      // the client went away
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean mayEnter(@Nullable String authorization) {
    return token == null || ("Bearer " + token).equals(authorization);
  }

  private static String status(int code, String reason, String message) {
    return """
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"%s","reason":"%s","code":%d}
    """
        .formatted(message, reason, code)
        .strip();
  }

  private static void answer(HttpExchange x, int code, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    x.sendResponseHeaders(code, body.length);
    x.getResponseBody().write(body);
  }

  private synchronized String list(Asked asked) {
    List<String> found = new ArrayList<>();
    objects
        .getOrDefault(asked.path(), Map.of())
        .forEach((name, json) -> {
          if (asked.has(name)) {
            found.add(json);
          }
        });
    return "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\""
        + version
        + "\"},\"items\":["
        + String.join(",", found)
        + "]}";
  }

  private void watch(HttpExchange x, Asked asked, long from, boolean bookmarks)
      throws IOException, InterruptedException {
    long at = from;
    int mine;
    boolean refused;
    synchronized (this) {
      mine = generation;
      refused = goneByStatus && at < forgottenUpTo;
    }
    if (refused) {
      answer(x, 410, status(410, "Expired", "too old resource version: " + at));
      return;
    }
    x.sendResponseHeaders(200, 0);
    x.getResponseBody().flush();
    while (true) {
      List<Event> out = new ArrayList<>();
      boolean gone;
      synchronized (this) {
        gone = at < forgottenUpTo;
        if (!gone) {
          for (Event e : events) {
            if (e.version() > at && e.path().equals(asked.path()) && wants(asked, e, bookmarks)) {
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
      if (gone) {
        send(x, "ERROR", status(410, "Expired", "too old resource version: " + at));
        return;
      }
      for (Event e : out) {
        send(x, e.type(), e.json());
      }
    }
  }

  private static boolean wants(Asked asked, Event e, boolean bookmarks) {
    return e.type().equals("BOOKMARK") ? bookmarks : asked.has(e.name());
  }

  private static void send(HttpExchange x, String type, String object) throws IOException {
    x.getResponseBody()
        .write(
            ("{\"type\":\"" + type + "\",\"object\":" + object + "}\n")
                .getBytes(StandardCharsets.UTF_8));
    x.getResponseBody().flush();
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
