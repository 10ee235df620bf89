package io.narthex.bench.crash;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Clients that send numbered samples by remote write, each to series of its own. One that gets no
 * answer sends the same samples again to the next server, as Prometheus does, so every number up to
 * the last acknowledged one must be there with its time.
 */
final class Writers implements AutoCloseable {
  private static final int CLIENTS = 4;
  private static final int SERIES = 25;
  private static final long PAUSE_MS = 25;
  private static final String NAME = "crash_written";
  private static final int AT_ONCE = 5000;

  private final List<Client> clients = new ArrayList<>();
  private volatile ServerUnderTest server;
  private volatile boolean stopping;
  private volatile boolean paused = true;

  Writers(ServerUnderTest first) {
    server = first;
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new Client(i));
    }
  }

  /** Lets the clients send to a server. */
  void use(ServerUnderTest next) {
    server = next;
    paused = false;
  }

  /** Keeps the clients from sending more; what is under way may still arrive. */
  void pause() {
    paused = true;
  }

  /** Returns how many samples have been acknowledged. */
  long acknowledged() {
    return clients.stream().mapToLong(c -> (long) c.acknowledged * SERIES).sum();
  }

  /** A client with its series. */
  private final class Client {
    private final int number;
    private final Thread thread;

    /** Times of all samples sent, by number from 0. Written by the thread alone. */
    private volatile long[] timesMs = new long[1024];

    private volatile int acknowledged;
    private volatile String fault = "";
    private int checked;

    Client(int number) {
      this.number = number;
      thread = Thread.ofPlatform().name("writer-" + number).start(this::run);
    }

    private void run() {
      WriteRequest request = new WriteRequest();
      long last = 0;
      try {
        while (!stopping && fault.isEmpty()) {
          if (paused) {
            Thread.sleep(PAUSE_MS);
            continue;
          }
          int n = acknowledged;
          long[] times = timesMs;
          if (n == times.length) {
            times = java.util.Arrays.copyOf(times, n * 2);
          }
          if (times[n] == 0) {
            last = Math.max(System.currentTimeMillis(), last + 1);
            times[n] = last;
          }
          timesMs = times;
          for (int i = 0; i < SERIES; i++) {
            TreeMap<String, String> labels = new TreeMap<>();
            labels.put("__name__", NAME);
            labels.put("client", Integer.toString(number));
            labels.put("series", Integer.toString(i));
            // a few series live for a while only, so that there are always new ones
            labels.put("life", i % 5 == 0 ? Integer.toString(n / 500) : "0");
            request.series(labels, new long[] {times[n]}, new double[] {n}, 0, 1);
          }
          if (send(request.finish())) {
            acknowledged = n + 1;
          }
          Thread.sleep(PAUSE_MS);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private boolean send(byte[] body) throws InterruptedException {
      try {
        HttpResponse<String> answer = server.write(body);
        if (answer.statusCode() / 100 == 4) {
          fault = "client " + number + ": " + answer.statusCode() + " " + answer.body().strip();
        }
        return answer.statusCode() / 100 == 2;
      } catch (IOException e) {
        return false; // killed
      }
    }

    /** Compares what has been acknowledged since the check before the last one. */
    private void check(List<String> problems, boolean everything)
        throws IOException, InterruptedException {
      if (!fault.isEmpty()) {
        problems.add(fault);
      }
      int to = acknowledged;
      int from = everything ? 0 : checked;
      checked = Math.max(0, to - 200);
      for (int at = from; at < to; at += AT_ONCE) {
        check(at, Math.min(to, at + AT_ONCE), problems);
      }
    }

    private void check(int from, int to, List<String> problems)
        throws IOException, InterruptedException {
      long[] times = timesMs;
      long first = times[from];
      long last = times[to - 1];
      String query = NAME + "{client=\"" + number + "\"}[" + (last - first + 1) + "ms]";
      JsonNode found =
          server
              .data(
                  "/api/v1/query?query="
                      + ServerUnderTest.encode(query)
                      + "&time="
                      + last / 1000
                      + "."
                      + String.format(java.util.Locale.ROOT, "%03d", last % 1000))
              .path("result");
      int[] seen = new int[SERIES];
      for (JsonNode series : found) {
        int index = series.path("metric").path("series").asInt();
        for (JsonNode value : series.path("values")) {
          long time = Math.round(value.path(0).asDouble() * 1000);
          int n = value.path(1).asInt();
          if (n < 0 || n >= times.length || times[n] != time) {
            problems.add(series.path("metric") + " at " + time + ": has " + n);
          } else if (n >= from && n < to) {
            seen[index]++;
          }
        }
      }
      for (int i = 0; i < SERIES; i++) {
        if (seen[i] != to - from) {
          problems.add(
              "client "
                  + number
                  + ", series "
                  + i
                  + ": samples "
                  + from
                  + " to "
                  + to
                  + " were acknowledged, "
                  + seen[i]
                  + " are there");
        }
      }
    }
  }

  /** Returns what is missing or wrong of what was acknowledged. */
  List<String> check(boolean everything) throws IOException, InterruptedException {
    List<String> problems = new ArrayList<>();
    for (Client c : clients) {
      c.check(problems, everything);
    }
    return problems;
  }

  @Override
  public void close() throws InterruptedException {
    stopping = true;
    for (Client c : clients) {
      c.thread.join();
    }
  }
}
