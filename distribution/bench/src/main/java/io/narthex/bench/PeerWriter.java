package io.narthex.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Sends remote write requests to several servers at once, one request after the other, while the
 * caller makes the next one. Used by one thread.
 */
final class PeerWriter implements AutoCloseable {
  private final ExecutorService threads;
  private final List<Future<?>> running = new ArrayList<>();

  PeerWriter(int peers) {
    threads = Executors.newFixedThreadPool(peers);
  }

  /** Waits for the previous request, then starts to send this one. */
  void write(byte[] body, List<Peer> peers) throws Exception {
    await();
    for (Peer peer : peers) {
      running.add(
          threads.submit(() -> {
            peer.write(body);
            return null;
          }));
    }
  }

  /** Waits until the last request is answered; fails when a server refused it. */
  void await() throws Exception {
    try {
      for (Future<?> write : running) {
        write.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } finally {
      running.clear();
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
