package io.narthex.bench.load;

import io.narthex.bench.WriteRequest;
import io.narthex.bench.load.KnownGrid.Slice;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;

/**
 * A client that sends the next sample of one slice after the other, at the present time. A request
 * that is answered 5xx, or not at all, is sent again as it was; one that is refused with 4xx is a
 * problem.
 */
final class GridWriter implements AutoCloseable {
  private static final long RETRY_MS = 30;

  private final ServerUnderTest server;
  private final List<Slice> slices;
  private final long periodMs;
  private final Successes successes;
  private final Thread thread;
  private volatile boolean stopping;

  /**
   * Starts to write.
   *
   * @param slices no other writer has them
   * @param successes gets what is seen
   */
  GridWriter(ServerUnderTest server, List<Slice> slices, long periodMs, Successes successes) {
    this.server = server;
    this.slices = slices;
    this.periodMs = periodMs;
    this.successes = successes;
    thread = Thread.ofPlatform().name("grid-writer").start(this::run);
  }

  private void run() {
    WriteRequest request = new WriteRequest();
    try {
      for (int i = 0; !stopping; i++) {
        long begun = System.nanoTime();
        Slice slice = slices.get(i % slices.size());
        long[] now = {Math.max(System.currentTimeMillis(), slice.newestMs() + 1)};
        slice.next(request, now);
        if (!send(request.finish())) {
          return;
        }
        slice.acknowledged(now);
        Thread.sleep(Math.max(1, periodMs - (System.nanoTime() - begun) / 1_000_000));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean send(byte[] body) throws InterruptedException {
    while (true) {
      long begun = System.nanoTime();
      try {
        HttpResponse<String> answer = server.write(body);
        if (answer.statusCode() / 100 == 2) {
          successes.success(begun);
          return true;
        }
        if (answer.statusCode() / 100 == 4) {
          successes.problem("refused: " + answer.statusCode() + " " + answer.body().strip());
          return false;
        }
      } catch (IOException e) {
        // sent again
      }
      successes.failure();
      Thread.sleep(RETRY_MS);
    }
  }

  /** Ends once the request under way has been acknowledged. */
  void finish() throws InterruptedException {
    stopping = true;
    thread.join();
  }

  @Override
  public void close() {
    stopping = true;
    thread.interrupt();
  }
}
