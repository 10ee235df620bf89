package io.narthex.bench.siege;

import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.narthex.bench.WireBuffer;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;

/** Attacks over HTTP, each kind with the counter that it must increment. */
final class Attacks {
  private static final int WAIT_MS = 30_000;
  private static final String JSON = "application/json";
  private static final String FORM = "application/x-www-form-urlencoded";

  /** Counted by path and status, as every answer is: what Prometheus does for bad input. */
  private static final String BAD_INPUT =
      "prometheus_http_requests_total\\{code=\"4..\",handler=\"";

  private static final String WRITE_REFUSED =
      "narthex_remote_write_refused_(requests|samples)_total";

  private final Raw raw;
  private final int dashboards;
  private final List<Attack> all = new ArrayList<>();

  /**
   * Makes all of them.
   *
   * @param port of the server
   * @param dashboards queries at once
   * @param pace multiplies the pauses
   */
  Attacks(int port, int dashboards, double pace) throws IOException {
    raw = new Raw(port);
    this.dashboards = dashboards;
    bombs(pace);
    queries(pace);
    writes(pace);
    clients(pace);
    pages(pace);
  }

  List<Attack> all() {
    return all;
  }

  private void add(String name, double pauseMs, String evidence, Attack.Act act) {
    all.add(new Attack(name, (long) pauseMs, evidence, act));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void bombs(double pace) throws IOException {
    byte[] gzip = gzip("[" + " ".repeat(1 << 20), 200);
    for (String path : List.of("/api/v2/alerts", "/api/v2/silences", "/api/v1/query")) {
      String type = path.startsWith("/api/v2/") ? JSON : FORM;
      add(
          "gzip bomb to " + path,
          5000 * pace,
          path.startsWith("/api/v2/") ? refusedAt(path) : refusedBecause("form"),
          random ->
              raw.send(
                  "POST",
                  path,
                  Map.of(
                      "Content-Type",
                      type,
                      "Content-Encoding",
                      "gzip",
                      "Content-Length",
                      Integer.toString(gzip.length)),
                  gzip,
                  WAIT_MS));
    }
    byte[] brackets = bytes("[".repeat(1 << 20));
    byte[] objects = bytes("[" + "{\"labels\":".repeat(100_000));
    for (String path : List.of("/api/v2/alerts", "/api/v2/silences")) {
      add(
          "deep JSON to " + path,
          2000 * pace,
          refusedAt(path),
          random -> raw.post(path, JSON, random.nextBoolean() ? brackets : objects, WAIT_MS));
    }
    byte[] alerts =
        bytes("[" + "{\"labels\":{\"a\":\"b\"}},".repeat(400_000) + "{\"labels\":{\"a\":\"b\"}}]");
    add(
        "many alerts in a body",
        10_000 * pace,
        refusedAt("/api/v2/alerts"),
        random -> raw.post("/api/v2/alerts", JSON, alerts, WAIT_MS));
    byte[] form = bytes("query=" + "a".repeat(12 << 20));
    byte[] manyFields = bytes("match[]=up&".repeat(600_000));
    for (String path :
        List.of("/api/v1/query", "/api/v1/query_range", "/api/v1/series", "/api/v1/labels")) {
      add(
          "big form to " + path,
          5000 * pace,
          refusedBecause("form"),
          random -> raw.post(path, FORM, random.nextBoolean() ? form : manyFields, WAIT_MS));
    }
    add("endless body", 5000 * pace, refusedBecause("form"), this::endlessBody);
    byte[] expression =
        bytes("query=" + ServerUnderTest.encode("up{a=~\"" + "a".repeat(100_000) + "\"}"));
    add(
        "long regular expression", // answered, as by Prometheus
        2000 * pace,
        "",
        random -> raw.post("/api/v1/query", FORM, expression, WAIT_MS));
    text("repeated repetitions", "up{a=~\"(((a{1000}){1000}){1000}){1000}\"}", pace);
    text("repetitions over the limit", "up{a=~\"(a{1000}){1000}\"}", pace);
    text(
        "repetitions in label_replace",
        "label_replace(up,\"x\",\"$1\",\"job\",\"((a{100}){100}){100}\")",
        pace);
    reason(
        "deep parentheses",
        "(".repeat(10_000) + "1" + ")".repeat(10_000),
        "depth|tokens|length",
        pace);
    reason("long sum", "1" + "+1".repeat(200_000), "depth|tokens|length", pace);
    add(
        "endless head",
        5000 * pace,
        refusedBecause("head_size"),
        random ->
            raw.send(
                "GET",
                "/api/v1/query?query=1",
                Map.of("X-Siege", "x".repeat(2 << 20)),
                new byte[0],
                WAIT_MS));
  }

  private void text(String name, String query, double pace) {
    byte[] body = bytes("query=" + ServerUnderTest.encode(query));
    add(
        name,
        2000 * pace,
        refusedAt("/api/v1/query"),
        random -> raw.post("/api/v1/query", FORM, body, WAIT_MS));
  }

  private void reason(String name, String query, String reasons, double pace) {
    byte[] body = bytes("query=" + ServerUnderTest.encode(query));
    add(
        name,
        2000 * pace,
        "narthex_query_refused_total\\{reason=\"(" + reasons + ")\"}",
        random -> raw.post("/api/v1/query", FORM, body, WAIT_MS));
  }

  private static String refusedAt(String path) {
    return BAD_INPUT + path + "\"}";
  }

  private static byte[] gzip(String piece, int times) throws IOException {
    byte[] bytes = bytes(piece);
    ByteArrayOutputStream to = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(to)) {
      for (int i = 0; i < times; i++) {
        out.write(bytes);
      }
    }
    return to.toByteArray();
  }

  private String endlessBody(Random random) throws IOException {
    try (Socket socket = raw.connect(WAIT_MS)) {
      OutputStream out = socket.getOutputStream();
      out.write(
          Raw.head(
              "POST",
              "/api/v1/query",
              Map.of("Content-Type", FORM, "Transfer-Encoding", "chunked")));
      byte[] chunk = bytes("10000\r\n" + "a".repeat(1 << 16) + "\r\n");
      for (int i = 0; i < 1000; i++) {
        out.write(chunk);
      }
      return "taken";
    } catch (IOException e) {
      return "cut";
    }
  }

  private void queries(double pace) {
    String limits = "narthex_query_refused_total\\{reason=\"(samples|memory|queue)\"}";
    String[] heavy = {
      instant("sum_over_time(vector(1)[10y:1s])"), // refused however few series there are
      range("sum by (number) (rate({__name__=~\"siege_v.+\"}[5m]))", 11_000),
      range("{__name__=~\".+\"}", 2000),
      instant("topk(1e9, siege_value)"),
      range(
          "quantile by (part) (0.9, label_replace(siege_value, \"x\", \"$1\", \"number\", \"(.*)\"))",
          1000),
      instant("count by (number) (count_over_time({__name__=~\".+\"}[1h]))"),
      instant("siege_value * on(part, number, target) group_left siege_value"),
    };
    AtomicInteger next = new AtomicInteger(); // each in turn: a short run sends few
    add(
        "heavy queries",
        3000 * pace,
        limits,
        _ -> raw.get(heavy[next.getAndIncrement() % heavy.length], WAIT_MS));
    add("dashboards at once", 20_000 * pace, "", this::dashboards);
  }

  private static String range(String query, int steps) {
    long now = System.currentTimeMillis() / 1000;
    return "/api/v1/query_range?query="
        + ServerUnderTest.encode(query)
        + "&start="
        + (now - steps)
        + "&end="
        + now
        + "&step=1";
  }

  private static String instant(String query) {
    return "/api/v1/query?query=" + ServerUnderTest.encode(query);
  }

  /** Sends the queries of a page of panels, all at once. */
  private String dashboards(Random random) throws InterruptedException {
    long now = System.currentTimeMillis() / 1000;
    List<String> outcomes = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < dashboards; i++) {
        String path =
            "/api/v1/query_range?query="
                + ServerUnderTest.encode(
                    "sum by (part) (rate(siege_value{target=\"" + i % 50 + "\"}[1m]))")
                + "&start="
                + (now - 600)
                + "&end="
                + now
                + "&step=15";
        threads.execute(() -> {
          String outcome;
          try {
            outcome = raw.get(path, WAIT_MS);
          } catch (IOException e) {
            outcome = "cut";
          }
          synchronized (outcomes) {
            outcomes.add(outcome);
          }
        });
      }
    }
    return outcomes.stream().allMatch("200"::equals)
        ? "all 200"
        : outcomes.stream().distinct().sorted().toList().toString();
  }

  private void writes(double pace) {
    long month = 30L * 24 * 3_600_000;
    write(
        "future histogram", pace, random -> snappy(histogram(System.currentTimeMillis() + month)));
    write(
        "future sample",
        pace,
        random ->
            snappy(series(Map.of("__name__", "siege_future"), System.currentTimeMillis() + month)));
    byte[] announced = {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 7, 0, 0, 0};
    write("announced length", pace, random -> announced);
    WireBuffer rows = new WireBuffer(1 << 20);
    WireBuffer one = new WireBuffer(1 << 20);
    WireBuffer label = new WireBuffer(64);
    label.text(1, "__name__");
    label.text(2, "siege_empty");
    one.message(1, label);
    for (int i = 0; i < 8_000_000; i++) {
      one.bytes(2, new byte[0], 0);
    }
    rows.message(1, one);
    byte[] manyRows = snappy(rows);
    write("millions of empty samples", 3 * pace, random -> manyRows);
    byte[] manyLabels = snappy(labels(150_000));
    // accepted, as by Prometheus
    add("many labels", 1000 * pace, "", random -> post(manyLabels));
    all.add(
        new Attack(
            "invalid UTF-8 in a write",
            (long) (1000 * pace),
            "prometheus_api_remote_write_invalid_labels_samples_total",
            random -> post(snappy(invalidText()))));
    add(
        "mutated writes",
        50 * pace,
        WRITE_REFUSED + "|" + BAD_INPUT + "/api/v1/write\"}",
        random -> post(mutated(random)));
  }

  private interface Request {
    byte[] make(Random random);
  }

  private void write(String name, double pace, Request request) {
    add(name, 1000 * pace, WRITE_REFUSED, random -> post(request.make(random)));
  }

  private String post(byte[] body) throws IOException {
    return raw.send(
        "POST",
        "/api/v1/write",
        Map.of(
            "Content-Type", "application/x-protobuf",
            "Content-Encoding", "snappy",
            "Content-Length", Integer.toString(body.length)),
        body,
        WAIT_MS);
  }

  private static byte[] snappy(WireBuffer message) {
    SnappyJavaCompressor snappy = new SnappyJavaCompressor();
    byte[] out = new byte[snappy.maxCompressedLength(message.size())];
    int n = snappy.compress(message.array(), 0, message.size(), out, 0, out.length);
    return Arrays.copyOf(out, n);
  }

  private static WireBuffer label(String name, String value) {
    WireBuffer label = new WireBuffer(64);
    label.text(1, name);
    label.text(2, value);
    return label;
  }

  private static WireBuffer request(WireBuffer series) {
    WireBuffer out = new WireBuffer(series.size() + 16);
    out.message(1, series);
    return out;
  }

  private static WireBuffer series(Map<String, String> labels, long timeMs) {
    WireBuffer series = new WireBuffer(256);
    labels.forEach((name, value) -> series.message(1, label(name, value)));
    WireBuffer sample = new WireBuffer(32);
    sample.real(1, 1);
    sample.number(2, timeMs);
    series.message(2, sample);
    return request(series);
  }

  private static WireBuffer histogram(long timeMs) {
    WireBuffer histogram = new WireBuffer(256);
    histogram.number(1, 2);
    histogram.real(3, 1);
    histogram.number(4, 2);
    histogram.real(5, 1e-128);
    WireBuffer span = new WireBuffer(16);
    span.number(1, 2);
    span.number(2, 1);
    histogram.message(11, span);
    WireBuffer deltas = new WireBuffer(16);
    deltas.zigzag(2);
    histogram.message(12, deltas);
    histogram.number(15, timeMs);
    WireBuffer series = new WireBuffer(256);
    series.message(1, label("__name__", "siege_histogram"));
    series.message(4, histogram);
    return request(series);
  }

  private static WireBuffer labels(int count) {
    WireBuffer series = new WireBuffer(1 << 20);
    series.message(1, label("__name__", "siege_labels"));
    for (int i = count; i > 0; i--) {
      series.message(1, label("l" + i, "v"));
    }
    WireBuffer sample = new WireBuffer(32);
    sample.real(1, 1);
    sample.number(2, System.currentTimeMillis());
    series.message(2, sample);
    return request(series);
  }

  private static WireBuffer invalidText() {
    WireBuffer bad = new WireBuffer(64);
    bad.text(1, "text");
    bad.bytes(2, new byte[] {(byte) 0xff, (byte) 0xfe}, 2);
    WireBuffer series = new WireBuffer(128);
    series.message(1, label("__name__", "siege_text"));
    series.message(1, bad);
    WireBuffer sample = new WireBuffer(32);
    sample.real(1, 1);
    sample.number(2, System.currentTimeMillis());
    series.message(2, sample);
    return request(series);
  }

  /** Changes a few bytes of a good request, before or after it is compressed. */
  private static byte[] mutated(Random random) {
    long now = System.currentTimeMillis();
    WireBuffer good =
        random.nextBoolean()
            ? histogram(now)
            : series(
                Map.of("__name__", "siege_mutated", "n", Integer.toString(random.nextInt(20))),
                now);
    if (random.nextBoolean()) {
      flip(random, good.array(), good.size());
      return snappy(good);
    }
    byte[] out = snappy(good);
    flip(random, out, out.length);
    return out;
  }

  private static void flip(Random random, byte[] bytes, int length) {
    for (int i = random.nextInt(3); i >= 0; i--) {
      bytes[random.nextInt(length)] = (byte) random.nextInt(256);
    }
  }

  private void clients(double pace) {
    add("slow senders", 1000 * pace, "narthex_http_connections_cut_total", this::slowSenders);
    add("slow readers", 1000 * pace, "", this::slowReaders);
  }

  /** Sends a hundred requests a byte at a time, until they are cut. */
  private String slowSenders(Random random) throws IOException, InterruptedException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        Socket socket = raw.connect(WAIT_MS);
        sockets.add(socket);
        socket
            .getOutputStream()
            .write(bytes("GET /api/v1/query?query=1 HTTP/1.1\r\nHost: a\r\nX-A: "));
      }
      for (int i = 0; i < 40; i++) {
        int open = 0;
        for (Socket socket : sockets) {
          try {
            socket.getOutputStream().write('a');
            open++;
          } catch (IOException e) {
            // cut
          }
        }
        if (open == 0) {
          return "cut";
        }
        Thread.sleep(1000);
      }
      return "some left";
    } finally {
      close(sockets);
    }
  }

  /** Asks for twenty large answers and takes them a little at a time. */
  private String slowReaders(Random random) throws IOException, InterruptedException {
    List<Socket> sockets = new ArrayList<>();
    byte[] piece = new byte[512];
    try {
      for (int i = 0; i < 20; i++) {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.close();
        Socket slow = raw.connect(WAIT_MS);
        sockets.set(i, slow);
        slow.getOutputStream()
            .write(Raw.head("GET", instant("siege_value{target=\"" + i + "\"}"), Map.of()));
      }
      for (int i = 0; i < 30; i++) {
        for (Socket socket : sockets) {
          try {
            InputStream in = socket.getInputStream();
            if (in.available() > 0 && in.read(piece) < 0) {
              socket.close();
            }
          } catch (IOException e) {
            // cut
          }
        }
        Thread.sleep(500);
      }
      return "left";
    } finally {
      close(sockets);
    }
  }

  private static void close(List<Socket> sockets) throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private void pages(double pace) {
    byte[] silence =
        bytes(
            "{\"matchers\":[{\"name\":\"alertname\",\"value\":\".+\",\"isRegex\":true}],"
                + "\"startsAt\":\"2020-01-01T00:00:00Z\",\"endsAt\":\"2099-01-01T00:00:00Z\","
                + "\"createdBy\":\"page\",\"comment\":\"page\"}");
    page("foreign page silences", "/api/v2/silences", "text/plain", silence, "cross_origin", pace);
    page(
        "foreign page posts alerts",
        "/api/v2/alerts",
        "text/plain",
        bytes("[]"),
        "cross_origin",
        pace);
    page("foreign page reloads", "/-/reload", FORM, bytes("a=b"), "cross_origin", pace);
    page("foreign page quits", "/-/quit", FORM, bytes("a=b"), "cross_origin", pace);
    page(
        "foreign page deletes",
        "/api/v1/admin/tsdb/delete_series",
        FORM,
        bytes("match[]=up"),
        "cross_origin",
        pace);
    add(
        "rebound name",
        1000 * pace,
        refusedBecause("login_required|cross_origin"),
        random ->
            raw.send(
                "POST",
                "/api/v2/silences",
                Map.of(
                    "Host",
                    "rebound.example:9090",
                    "Origin",
                    "http://rebound.example:9090",
                    "Content-Type",
                    JSON,
                    "Content-Length",
                    Integer.toString(silence.length)),
                silence,
                WAIT_MS));
  }

  private static String refusedBecause(String reasons) {
    return "narthex_http_requests_refused_total\\{reason=\"(" + reasons + ")\"}";
  }

  private void page(
      String name, String path, String type, byte[] body, String reasons, double pace) {
    add(
        name,
        1000 * pace,
        refusedBecause(reasons),
        random ->
            raw.send(
                "POST",
                path,
                Map.of(
                    "Origin",
                    "http://evil.example",
                    "Sec-Fetch-Site",
                    "cross-site",
                    "Content-Type",
                    type,
                    "Content-Length",
                    Integer.toString(body.length)),
                body,
                WAIT_MS));
  }
}
