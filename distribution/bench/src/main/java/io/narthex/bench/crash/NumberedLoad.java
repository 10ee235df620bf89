package io.narthex.bench.crash;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/**
 * A client that sends rounds of samples by remote write, at a steady rate at most. A round that is
 * refused with 5xx is sent again with a new time: nothing of it may be there. One without response
 * is sent again as it was. So there is exactly each acknowledged round; they are compared by number
 * and sum in windows: whole numbers of 44 bits, of which 200 have an exact sum.
 */
final class NumberedLoad implements AutoCloseable {
  static final int SERIES = 5000;
  private static final int WINDOW = 200;
  private static final long PAUSE_MS = 50;
  private static final String NAME = "numbered_load";

  private final Thread thread;
  private final List<TreeMap<String, String>> labels = new ArrayList<>();
  private volatile ServerUnderTest server;
  private volatile boolean paused = true;
  private volatile boolean sending;
  private volatile boolean stopping;

  /** Times of the rounds, which count from 1. Written by the thread alone. */
  private volatile long[] timesMs = new long[1024];

  private volatile int rounds;
  private volatile long acknowledgedAt = System.nanoTime();
  private volatile String refusal = "";
  private volatile String fault = "";

  NumberedLoad(ServerUnderTest first) {
    server = first;
    for (int s = 0; s < SERIES; s++) {
      TreeMap<String, String> set = new TreeMap<>();
      set.put("__name__", NAME);
      set.put("series", Integer.toString(s));
      labels.add(set);
    }
    thread = Thread.ofPlatform().name("numbered-load").start(this::run);
  }

  private static long value(int series, int round) {
    long x = (long) series << 32 | round;
    x = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
    x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
    return (x ^ x >>> 31) & (1L << 44) - 1;
  }

  private void run() {
    WriteRequest request = new WriteRequest();
    try {
      while (!stopping && fault.isEmpty()) {
        if (paused) {
          acknowledgedAt = System.nanoTime(); // not stuck
          Thread.sleep(20);
          continue;
        }
        sending = true;
        if (!paused) {
          round(request, rounds + 1);
        }
        sending = false;
        Thread.sleep(PAUSE_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      sending = false;
    }
  }

  private void round(WriteRequest request, int round) throws InterruptedException {
    long[] times = timesMs;
    if (round >= times.length) {
      times = Arrays.copyOf(times, round * 2);
    }
    if (times[round] == 0) {
      times[round] = Math.max(System.currentTimeMillis(), times[round - 1] + 1);
    }
    timesMs = times;
    long[] time = {times[round]};
    double[] number = new double[1];
    for (int s = 0; s < SERIES; s++) {
      number[0] = value(s, round);
      request.series(labels.get(s), time, number, 0, 1);
    }
    try {
      HttpResponse<String> answer = server.write(request.finish());
      int kind = answer.statusCode() / 100;
      if (kind == 2) {
        rounds = round;
        acknowledgedAt = System.nanoTime();
        return;
      }
      refusal = answer.statusCode() + " " + answer.body().strip();
      if (kind == 4) {
        fault = refusal;
      } else {
        times[round] = 0;
      }
    } catch (IOException e) {
      refusal = String.valueOf(e);
    }
    Thread.sleep(150);
  }

  /** Sends to a server from now on. */
  void use(ServerUnderTest next) {
    server = next;
    acknowledgedAt = System.nanoTime();
    paused = false;
  }

  /** Sends nothing more, and waits for what is under way. */
  void pause() throws InterruptedException {
    paused = true;
    while (sending) {
      Thread.sleep(5);
    }
  }

  /** Returns how many samples have been acknowledged. */
  long acknowledged() {
    return (long) rounds * SERIES;
  }

  /** Returns the time of the newest acknowledged sample. */
  long newestMs() {
    return timesMs[rounds];
  }

  /** Returns for how long nothing has been acknowledged although something was sent. */
  long stuckMs() {
    return (System.nanoTime() - acknowledgedAt) / 1_000_000;
  }

  /** Returns the last response that was no 2xx, or its failure. */
  String lastRefusal() {
    return refusal;
  }

  /** Fails when the server has refused samples for good. */
  void failIfBad() throws IOException {
    if (!fault.isEmpty()) {
      throw new IOException("remote write was refused: " + fault);
    }
  }

  /** Compares the rounds that are newer than a time. */
  List<String> check(ServerUnderTest from, long sinceMs) throws IOException, InterruptedException {
    failIfBad();
    List<String> problems = new ArrayList<>();
    long[] times = timesMs;
    int last = rounds;
    int round = 1;
    while (round <= last && times[round] <= sinceMs) {
      round++;
    }
    for (; round <= last; round += WINDOW) {
      int to = Math.min(last, round + WINDOW - 1);
      for (String function : new String[] {"count", "sum"}) {
        compare(from, function, round, to, problems);
      }
    }
    return problems;
  }

  private void compare(
      ServerUnderTest from, String function, int first, int last, List<String> problems)
      throws IOException, InterruptedException {
    long[] times = timesMs;
    long rangeMs = times[last] - Math.max(times[first - 1], times[first] - 1); // open at its begin
    JsonNode result =
        from.data(
                "/api/v1/query?query="
                    + ServerUnderTest.encode(
                        function + "_over_time(" + NAME + "[" + rangeMs + "ms])")
                    + String.format(Locale.ROOT, "&time=%.3f", times[last] / 1000.0))
            .path("result");
    boolean[] seen = new boolean[SERIES];
    for (JsonNode series : result) {
      int s = series.path("metric").path("series").asInt();
      seen[s] = true;
      double expected = last - first + 1;
      if (function.equals("sum")) {
        expected = 0;
        for (int r = first; r <= last; r++) {
          expected += value(s, r);
        }
      }
      String found = series.path("value").path(1).asText();
      if (Double.parseDouble(found) != expected) {
        problems.add(
            String.format(
                Locale.ROOT,
                "series %d, rounds %d to %d: %s is %s, expected %.0f",
                s,
                first,
                last,
                function,
                found,
                expected));
      }
    }
    for (int s = 0; s < SERIES; s++) {
      if (!seen[s]) {
        problems.add("series " + s + ", rounds " + first + " to " + last + ": nothing is there");
      }
    }
  }

  @Override
  public void close() throws InterruptedException {
    stopping = true;
    thread.join();
  }
}
