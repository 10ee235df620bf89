package io.narthex.itests;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A target that turns what it is asked into metrics, so that the effect of a setting on requests
 * can be queried: {@code seen{header="…",value="…"}} for headers and {@code seen{header="uri"}} for
 * the request line. It is a proxy, too, and gives out tokens that spell the request for them. What
 * it serves depends on the first part of the path.
 */
final class EffectsTarget implements AutoCloseable {
  private static final List<String> HEADERS =
      List.of(
          "authorization",
          "accept",
          "accept-encoding",
          "x-extra",
          "user-agent",
          "x-prometheus-scrape-timeout-seconds");
  private static final int VANISHES_AFTER = 2; // answers

  /** When the counter of {@code /begun} began, seconds. */
  private static final long BEGUN = System.currentTimeMillis() / 1000 - 20;

  private final HttpServer server;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Map<String, Integer> asked = new ConcurrentHashMap<>();
  private final Map<String, String> received = new ConcurrentHashMap<>();

  EffectsTarget() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      int slash = path.indexOf('/', 1);
      String page = path.substring(1, slash < 0 ? path.length() : slash);
      int turn = asked.merge(path, 1, Integer::sum);
      switch (page) {
        case "hook" -> {
          record(path, exchange);
          if (exchange.getRequestURI().getQuery() != null) {
            awaitTheEnd(); // a peer that takes longer than anybody waits
          }
          send(exchange, "text/plain", "ok");
        }
        case "consul" -> {
          record(path.substring(0, path.indexOf('/', 8)), exchange);
          consul(exchange, path);
        }
        case "token" -> send(exchange, "application/json", token(exchange));
        case "redirect" -> {
          exchange.getResponseHeaders().set("Location", "/metrics");
          exchange.sendResponseHeaders(302, -1);
        }
        case "created" ->
            send(
                exchange,
                "application/openmetrics-text; version=1.0.0",
                "# TYPE c counter\nc_total 5\nc_created 123.0\n# EOF\n");
        case "begun" ->
            send(
                exchange,
                "application/openmetrics-text; version=1.0.0",
                "# TYPE begun counter\nbegun_total 5\nbegun_created " + BEGUN + ".0\n# EOF\n");
        case "untyped" -> send(exchange, "", "plain 1\n");
        case "native" -> native_(exchange);
        default -> send(exchange, "text/plain; version=1.0.0", text(page, exchange, turn));
      }
    }
  }

  private void awaitTheEnd() {
    try {
      boolean unused = closed.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void record(String path, HttpExchange exchange) throws IOException {
    StringBuilder told = new StringBuilder();
    told.append(exchange.getRequestMethod()).append(' ').append(exchange.getRequestURI());
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> told.append("\n").append(name).append(": ").append(values));
    told.append("\n\n")
        .append(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
        .append('\n');
    received.merge(path, told.toString(), String::concat);
  }

  /** Returns all requests to a path. */
  String received(String path) {
    return received.getOrDefault(path, "");
  }

  /** Answers as a Consul agent with one service in two instances. */
  private void consul(HttpExchange exchange, String path) throws IOException {
    if (path.endsWith("/v1/agent/self")) {
      send(exchange, "application/json", "{\"Config\":{\"Datacenter\":\"dc1\"}}");
    } else if (path.endsWith("/v1/catalog/services")) {
      send(exchange, "application/json", "{\"web\":[\"a\",\"b\"],\"other\":[\"a\"]}");
    } else {
      String name = path.substring(path.lastIndexOf('/') + 1);
      String[] at = address().split(":");
      send(
          exchange,
          "application/json",
          "[{\"Node\":{\"Node\":\"n\",\"Address\":\"ADDR\",\"Datacenter\":\"dc1\"},"
                  .replace("ADDR", at[0])
              + "\"Service\":{\"ID\":\"ID\",\"Service\":\"ID\",\"Port\":PORT,"
                  .replace("ID", name)
                  .replace("PORT", at[1])
              + "\"Address\":\"\",\"Tags\":[\"a\",\"b\"]},\"Checks\":[]}]");
    }
  }

  private static void send(HttpExchange exchange, String type, String text) throws IOException {
    if (!type.isEmpty()) {
      exchange.getResponseHeaders().set("Content-Type", type);
    }
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private static String text(String page, HttpExchange exchange, int turn) {
    long now = System.currentTimeMillis();
    StringBuilder out = new StringBuilder("# TYPE plain gauge\nplain 1\n");
    switch (page) {
      case "stamped" -> out.append("stamped 7 ").append(now - 60_000).append('\n');
      case "labelled" -> out.append("own{job=\"theirs\"} 1\n");
      case "vanishing" -> {
        if (turn <= VANISHES_AFTER) {
          out.append("vanish 1 ").append(now).append('\n');
        }
      }
      case "late" ->
          out.append("late 1 ")
              .append(turn > 4 && turn % 2 == 0 ? now - 600_000 : now)
              .append('\n');
      case "utf8" -> out.append("{\"a.b\"} 1\n");
      case "many" -> {
        for (int i = 0; i < 300; i++) {
          out.append("many{i=\"").append(i).append("\"} 1\n");
        }
      }
      case "wide" -> {
        out.append("wide{");
        for (int i = 0; i < 30; i++) {
          out.append("l").append(i).append("=\"x\",");
        }
        out.append("} 1\n");
      }
      case "longname" -> out.append("name{").append("n".repeat(200)).append("=\"x\"} 1\n");
      case "longvalue" -> out.append("value{v=\"").append("v".repeat(2000)).append("\"} 1\n");
      case "large" -> out.append("#").append(" large".repeat(50_000)).append('\n');
      case "classic" ->
          out.append("# TYPE lat histogram\nlat_bucket{le=\"1\"} 1\nlat_bucket{le=\"+Inf\"} 2\n")
              .append("lat_sum 3\nlat_count 2\n");
      default -> {
        out.append(seen("uri", exchange.getRequestURI().toString()));
        for (String header : HEADERS) {
          for (String value :
              exchange
                  .getRequestHeaders()
                  .getOrDefault(header, List.of())) { // the JDK's map ignores case
            out.append(seen(header, value));
          }
        }
      }
    }
    return out.toString();
  }

  private static String seen(String header, String value) {
    return "seen{header=\""
        + header
        + "\",value=\""
        + value.replace("\\", "\\\\").replace("\"", "\\\"")
        + "\"} 1\n";
  }

  /** Returns a token that tells what it was asked for with, in letters, digits and underscores. */
  private static String token(HttpExchange exchange) throws IOException {
    StringBuilder told = new StringBuilder();
    for (String value : exchange.getRequestHeaders().getOrDefault("Authorization", List.of())) {
      told.append(decoded(value.substring(value.indexOf(' ') + 1))).append('_');
    }
    String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    for (String part : form.split("&")) {
      String plain = URLDecoder.decode(part, StandardCharsets.UTF_8);
      told.append(plain.startsWith("assertion=") ? jwt(plain.substring(10)) : plain).append('_');
    }
    return "{\"access_token\":\""
        + told.toString().replaceAll("[^A-Za-z0-9]+", "_")
        + "\",\"token_type\":\"Bearer\",\"expires_in\":3600}";
  }

  private static String jwt(String assertion) {
    String[] parts = assertion.split("\\.");
    return "header_" + decoded(parts[0]) + "_payload_" + decoded(parts[1]);
  }

  private static String decoded(String base64) {
    String standard = base64.replace('-', '+').replace('_', '/');
    return new String(Base64.getDecoder().decode(standard), StandardCharsets.UTF_8);
  }

  /** Serves a histogram of both kinds in protobuf, where that is asked for. */
  private static void native_(HttpExchange exchange) throws IOException {
    String accept =
        String.join(",", exchange.getRequestHeaders().getOrDefault("Accept", List.of()));
    if (!accept.toLowerCase(Locale.ROOT).startsWith("application/vnd.google.protobuf")) {
      send(
          exchange,
          "text/plain; version=0.0.4",
          "# TYPE nat histogram\nnat_bucket{le=\"+Inf\"} 8\nnat_sum 12\nnat_count 8\n");
      return;
    }
    Proto bucket = new Proto().varint(1, 8).fixed(2, Double.POSITIVE_INFINITY);
    // buckets 1 and 20 of schema 0: values of some 1.4 and of some 700,000
    Proto near = new Proto().varint(1, 2).varint(2, 1); // offset 1, as a zigzag
    Proto far = new Proto().varint(1, 36).varint(2, 1);
    Proto histogram =
        new Proto()
            .varint(1, 8)
            .fixed(2, 12)
            .message(3, bucket)
            .varint(5, 0)
            .fixed(6, 0.001)
            .message(12, near)
            .message(12, far)
            .varint(13, 8)
            .varint(13, 0);
    Proto family =
        new Proto()
            .text(1, "nat")
            .text(2, "Both kinds")
            .varint(3, 4)
            .message(4, new Proto().message(7, histogram));
    byte[] message = family.bytes();
    Proto delimited = new Proto();
    delimited.raw(message.length);
    byte[] head = delimited.bytes();
    exchange
        .getResponseHeaders()
        .set(
            "Content-Type",
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily;"
                + " encoding=delimited");
    exchange.sendResponseHeaders(200, head.length + message.length);
    exchange.getResponseBody().write(head);
    exchange.getResponseBody().write(message);
  }

  /** A protobuf message that is being written. */
  private static final class Proto {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void raw(long value) {
      long rest = value;
      while (rest > 127) {
        out.write((int) (rest & 127 | 128));
        rest >>>= 7;
      }
      out.write((int) rest);
    }

    Proto varint(int field, long value) {
      raw((long) field << 3);
      raw(value);
      return this;
    }

    Proto fixed(int field, double value) {
      raw((long) field << 3 | 1);
      out.writeBytes(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array());
      return this;
    }

    Proto message(int field, Proto inner) {
      return bytes(field, inner.bytes());
    }

    Proto text(int field, String text) {
      return bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    private Proto bytes(int field, byte[] value) {
      raw((long) field << 3 | 2);
      raw(value.length);
      out.writeBytes(value);
      return this;
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
  }
}
