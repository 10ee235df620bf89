package io.narthex.bench.load;

import io.narthex.bench.WriteRequest;
import io.narthex.bench.load.KnownGrid.Slice;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Phaser;

/** Sends samples of a time that has passed, a minute apart, as fast as the server takes them. */
final class GridFill {
  static final long STEP_MS = 60_000;

  /** Steps of a request: far less than a head takes between the oldest and the newest one. */
  private static final int AT_ONCE = 15;

  private static final int CONNECTIONS = 3;
  private static final int TRIES = 100;

  private final ServerUnderTest server;
  private final List<Slice> slices;
  private final long startMs;
  private final int steps;
  private final List<String> problems = new ArrayList<>(); // guarded by itself

  /** The connections: none runs ahead of the others. */
  private final Phaser together = new Phaser(CONNECTIONS);

  private GridFill(ServerUnderTest server, List<Slice> slices, long startMs, int steps) {
    this.server = server;
    this.slices = slices;
    this.startMs = startMs;
    this.steps = steps;
  }

  /** Sends all; returns what was refused. */
  static List<String> run(ServerUnderTest server, List<Slice> slices, long startMs, int steps)
      throws InterruptedException {
    GridFill fill = new GridFill(server, slices, startMs, steps);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      int from = i;
      threads.add(Thread.ofPlatform().name("fill-" + i).start(() -> fill.write(from)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return fill.problems;
  }

  private void write(int from) {
    WriteRequest request = new WriteRequest();
    try {
      for (int k = 0; k < steps; k += AT_ONCE) {
        long[] times = new long[Math.min(AT_ONCE, steps - k)];
        int first = k;
        Arrays.setAll(times, i -> startMs + (first + i) * STEP_MS);
        for (int i = from; i < slices.size(); i += CONNECTIONS) {
          slices.get(i).next(request, times);
          if (!send(request.finish())) {
            return;
          }
          slices.get(i).acknowledged(times);
        }
        together.arriveAndAwaitAdvance();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      together.arriveAndDeregister();
    }
  }

  private boolean send(byte[] body) throws InterruptedException {
    String last = "";
    for (int tries = 0; tries < TRIES; tries++) {
      try {
        HttpResponse<String> answer = server.write(body);
        last = answer.statusCode() + " " + answer.body().strip();
        if (answer.statusCode() / 100 == 2) {
          return true;
        }
        if (answer.statusCode() / 100 == 4) {
          break;
        }
      } catch (IOException e) {
        last = e.toString();
      }
      Thread.sleep(100);
    }
    synchronized (problems) {
      problems.add("refused: " + last);
    }
    return false;
  }
}
