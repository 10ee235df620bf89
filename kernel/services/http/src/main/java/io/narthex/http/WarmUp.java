package io.narthex.http;

import io.narthex.service.server.ServerInfo;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends queries to the server itself soon after it is ready, over a connection of its own. The JVM
 * interprets code that has rarely run, and loads it first: the first query after a start took 150
 * to 180 ms on a busy machine, 18 to 35 after these. The queries read no samples and are neither
 * counted nor logged. It ends with the first of its bounds: a number of requests, processor time of
 * the process, time.
 */
final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

  /** The JVM compiles what has run 200 times. */
  private static final int MOST_ROUNDS = 400;

  private static final Duration MOST_CPU = Duration.ofSeconds(1);
  private static final Duration MOST_TIME = Duration.ofSeconds(3);
  private static final int ROUNDS_PER_LOOK = 10;

  /** Plugins with large data may open their storage for long. */
  private static final Duration PATIENCE = Duration.ofHours(1);

  private static final int LOOK_MS = 20;

  /** What a start leaves to the compilers would count as work of the queries. */
  private static final int SETTLE_MS = 500;

  private static final int ANSWER_MS = 5_000;
  private static final int MAX_ANSWER = 256 << 10;
  private static final int STEP = 15;
  private static final int RANGE = 3_600;

  private static final List<String> QUERIES =
      List.of("vector(time() / 7)", "narthex_warm_up{instance=\"none\",zone=~\"a|b\"}");

  private final ServerInfo info;
  private final Listeners listeners;
  private final Thread thread;

  /** Creates one; nothing happens before {@link #begin}. */
  WarmUp(ServerInfo info, Listeners listeners) {
    this.info = info;
    this.listeners = listeners;
    thread = Thread.ofPlatform().daemon().name("http-warm-up").unstarted(this::run);
  }

  void begin() {
    thread.start();
  }

  /** Ends it; returns once it has ended. */
  void end() throws InterruptedException {
    thread.interrupt();
    thread.join();
  }

  private void run() {
    try {
      long patience = System.nanoTime() + PATIENCE.toNanos();
      while (!info.ready()) {
        if (info.stopping() || System.nanoTime() > patience) {
          return;
        }
        Thread.sleep(LOOK_MS);
      }
      Thread.sleep(SETTLE_MS);
      try (Listeners.@Nullable OwnConnection connection = listeners.connectToSelf()) {
        if (connection != null) {
          send(connection.client());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the server stops
    } catch (Exception e) {
      LOG.debug("given up: {}", e.toString());
    }
  }

  private void send(Socket socket) throws IOException {
    socket.setSoTimeout(ANSWER_MS);
    OutputStream out = socket.getOutputStream();
    InputStream in = socket.getInputStream();
    List<byte[]> requests = requests();
    byte[] buffer = new byte[MAX_ANSWER];
    long began = System.nanoTime();
    Duration cpu = cpu();
    int rounds = 0;
    do {
      for (int i = 0; i < ROUNDS_PER_LOOK; i++) {
        for (byte[] request : requests) {
          out.write(request);
          readAnswer(in, buffer);
        }
      }
      rounds += ROUNDS_PER_LOOK;
    } while (rounds < MOST_ROUNDS
        && System.nanoTime() - began < MOST_TIME.toNanos()
        && cpu().minus(cpu).compareTo(MOST_CPU) < 0
        && !info.stopping()
        && !Thread.currentThread().isInterrupted());
    LOG.debug(
        "{} queries in {} ms, {} ms of processor time",
        rounds * requests.size(),
        (System.nanoTime() - began) / 1_000_000,
        cpu().minus(cpu).toMillis());
  }

  /** Returns the processor time of the process; zero where that is not known. */
  private static Duration cpu() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  private List<byte[]> requests() {
    long now = System.currentTimeMillis() / 1000;
    List<byte[]> requests = new ArrayList<>();
    for (String query : QUERIES) {
      String encoded = URLEncoder.encode(query, StandardCharsets.UTF_8);
      add(requests, QueryFilter.INSTANT + "?query=" + encoded + "&time=" + now + ".5");
      add(
          requests,
          QueryFilter.RANGE
              + "?query="
              + encoded
              + "&start="
              + (now - RANGE)
              + ".5&end="
              + now
              + ".5&step="
              + STEP);
    }
    return requests;
  }

  private void add(List<byte[]> requests, String target) {
    String head = "GET " + info.routePrefix() + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    requests.add(head.getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * Reads an answer and drops it.
   *
   * @throws IOException when it is none of the query API, or too long
   */
  private static void readAnswer(InputStream in, byte[] buffer) throws IOException {
    int length = 0;
    int end = -1; // of the whole answer
    String head = null;
    while (end < 0 || length < end) {
      int n = in.read(buffer, length, buffer.length - length);
      if (n <= 0) {
        throw n < 0 ? new EOFException() : new IOException("too long an answer");
      }
      length += n;
      String text = new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
      int body = text.indexOf("\r\n\r\n") + 4;
      if (head == null && body > 3) {
        head = text.substring(0, body).toLowerCase(Locale.ROOT);
        int at = head.indexOf("\r\ncontent-length:");
        if (at >= 0) {
          int value = at + "\r\ncontent-length:".length();
          end = body + Integer.parseInt(head.substring(value, head.indexOf('\r', value)).strip());
        }
      }
      if (head != null && end < 0 && text.endsWith("\r\n0\r\n\r\n")) {
        end = length;
      }
    }
    if (head == null || !head.startsWith("http/1.1 200 ")) {
      throw new IOException("the answer begins with " + head);
    }
  }
}
