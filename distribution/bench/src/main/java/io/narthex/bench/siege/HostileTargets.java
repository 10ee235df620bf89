package io.narthex.bench.siege;

import io.narthex.bench.WireBuffer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;

/** Targets that all misbehave: paths of one server. */
final class HostileTargets implements AutoCloseable {
  /** The longest time that one of them keeps a connection open. */
  private static final int PATIENCE_MS = 60_000;

  private static final int SLICE = 64 << 10;
  private static final int BOMB = 256 << 20;

  private static final String TEXT = "Content-Type: text/plain; version=0.0.4\r\n";
  private static final String PROTOBUF =
      "Content-Type: application/vnd.google.protobuf;"
          + " proto=io.prometheus.client.MetricFamily; encoding=delimited\r\n";

  /** Writes an answer. */
  private interface Answer {
    void write(OutputStream out) throws IOException, InterruptedException;
  }

  private final ServerSocket listener;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Answer> answers = new LinkedHashMap<>();
  private final Map<String, String> evidence = new LinkedHashMap<>();
  private final Map<String, Integer> asked = new ConcurrentHashMap<>();

  HostileTargets(long seed) throws IOException {
    Random random = new Random(seed);
    add(
        "endless",
        "body_size|room|timeout",
        out -> {
          head(out, TEXT);
          byte[] slice = "siege_endless 1\n".repeat(SLICE / 16).getBytes(StandardCharsets.UTF_8);
          while (true) {
            out.write(slice);
            Thread.sleep(2);
          }
        });
    byte[] bomb = bomb();
    add(
        "gzip bomb",
        "body_size|room|timeout",
        out -> {
          head(out, TEXT + "Content-Encoding: gzip\r\nContent-Length: " + bomb.length + "\r\n");
          out.write(bomb);
        });
    whole("unsorted labels", "label_limit|exposition|body_size", TEXT, labels(100_000));
    whole("many spans", "bucket_limit|exposition", PROTOBUF, spans(200_000));
    add(
        "drip",
        "timeout",
        out -> {
          head(out, TEXT);
          while (true) {
            out.write('#');
            Thread.sleep(500);
          }
        });
    byte[] garbage = new byte[SLICE];
    random.nextBytes(garbage);
    whole("garbage", "exposition", TEXT, garbage);
    whole("garbage protobuf", "exposition", PROTOBUF, garbage);
    add("no HTTP", "connection|timeout", out -> out.write(garbage));
    add(
        "redirect loop",
        "connection|status",
        out ->
            out.write(
                "HTTP/1.1 302 Found\r\nLocation: /redirect%20loop\r\nContent-Length: 0\r\n\r\n"
                    .getBytes(StandardCharsets.ISO_8859_1)));
    whole(
        "huge time",
        "out_of_bounds|exposition",
        TEXT,
        """
        siege_far{t="max"} 1 9223372036854775807
        siege_far{t="year"} 1 32503680000000
        siege_far{t="min"} 1 -9223372036854775808
        """
            .getBytes(StandardCharsets.UTF_8));
    whole(
        "too large a time",
        "exposition",
        TEXT,
        "siege_far 1 99999999999999999999999\n".getBytes(StandardCharsets.UTF_8));
    byte[] line = new byte[32 << 20];
    Arrays.fill(line, (byte) 'a');
    whole("one long line", "exposition|body_size|room|label_limit", TEXT, line);
    whole(
        "invalid UTF-8",
        "exposition",
        TEXT,
        "siege_text{a=\"\u00ff\u00fe\"} 1\n".getBytes(StandardCharsets.ISO_8859_1));
    add("silent", "timeout", out -> Thread.sleep(PATIENCE_MS));
    add(
        "endless head",
        "connection|timeout",
        out -> {
          out.write("HTTP/1.1 200 OK\r\n".getBytes(StandardCharsets.ISO_8859_1));
          byte[] field =
              ("X-Siege: " + "x".repeat(8000) + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
          while (true) {
            out.write(field);
            Thread.sleep(2);
          }
        });
    listener = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("hostile targets").start(this::accept);
  }

  private void add(String name, String reasons, Answer answer) {
    answers.put(name, answer);
    evidence.put(
        name,
        "narthex_scrapes_failed_total\\{reason=\"("
            + reasons
            + ")\"}|prometheus_target_scrapes_sample_("
            + reasons
            + ")_total");
  }

  private void whole(String name, String reasons, String type, byte[] body) {
    add(
        name,
        reasons,
        out -> {
          head(out, type + "Content-Length: " + body.length + "\r\n");
          out.write(body);
        });
  }

  private static void head(OutputStream out, String fields) throws IOException {
    out.write(
        ("HTTP/1.1 200 OK\r\n" + fields + "Connection: close\r\n\r\n")
            .getBytes(StandardCharsets.ISO_8859_1));
  }

  private static byte[] bomb() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] slice = "siege_bomb 1\n\n\n\n".repeat(SLICE / 16).getBytes(StandardCharsets.UTF_8);
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      for (int i = 0; i < BOMB / slice.length; i++) {
        out.write(slice);
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] labels(int count) {
    StringBuilder text = new StringBuilder("siege_many{");
    for (int i = count; i > 0; i--) {
      text.append('l').append(i).append("=\"v\",");
    }
    return text.append("} 1\n").toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Returns a metric family with one histogram of many spans, each with one bucket. */
  private static byte[] spans(int count) {
    WireBuffer histogram = new WireBuffer(1 << 20);
    WireBuffer part = new WireBuffer(64);
    histogram.number(1, count);
    histogram.real(2, 1);
    histogram.number(5, 2); // schema 1, zigzag
    histogram.real(6, 1e-128);
    for (int i = 0; i < count; i++) {
      part.clear();
      part.number(1, 2); // offset 1, zigzag
      part.number(2, 1);
      histogram.message(12, part);
      histogram.number(13, i % 2 == 0 ? 2 : 1);
    }
    WireBuffer metric = new WireBuffer(1 << 20);
    metric.message(7, histogram);
    WireBuffer family = new WireBuffer(1 << 20);
    family.text(1, "siege_spans");
    family.number(3, 4);
    family.message(4, metric);
    WireBuffer delimited = new WireBuffer(1 << 20);
    delimited.varint(family.size());
    byte[] length = Arrays.copyOf(delimited.array(), delimited.size());
    byte[] out = Arrays.copyOf(length, length.length + family.size());
    System.arraycopy(family.array(), 0, out, length.length, family.size());
    return out;
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        threads.execute(() -> answer(socket));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void answer(Socket socket) {
    try (socket) {
      socket.setSoTimeout(PATIENCE_MS);
      String path = path(new BufferedInputStream(socket.getInputStream()));
      Answer answer = answers.get(path);
      if (answer != null) {
        asked.merge(path, 1, Integer::sum);
        answer.write(socket.getOutputStream());
      }
    } catch (IOException e) {
      // the server has closed the connection, as it should
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Reads the head of a request; returns its path without the slash. */
  private static String path(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int c = in.read();
      if (c < 0) {
        break;
      }
      head.append((char) c);
    }
    String[] words = head.toString().split(" ", 3);
    return words.length > 1 ? words[1].substring(1).replace("%20", " ") : "";
  }

  /** Writes the file that a file discovery finds the targets in; empty when they are off. */
  void writeFile(Path file, boolean on) throws IOException {
    List<String> groups = new ArrayList<>();
    if (on) {
      for (String name : answers.keySet()) {
        groups.add(
            "{\"targets\": [\"127.0.0.1:"
                + listener.getLocalPort()
                + "\"], \"labels\": {\"kind\": \""
                + name
                + "\", \"__metrics_path__\": \"/"
                + name
                + "\"}}");
      }
    }
    Files.writeString(file, "[" + String.join(",\n", groups) + "]\n");
  }

  /** Returns the counters that they must increment: a regular expression of a series, by kind. */
  Map<String, String> evidence() {
    return evidence;
  }

  /** Returns how often a kind was asked. */
  int asked(String kind) {
    return asked.getOrDefault(kind, 0);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      // it stops listening either way
    }
    threads.shutdownNow();
    threads.close();
  }
}
