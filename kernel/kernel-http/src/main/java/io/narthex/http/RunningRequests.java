package io.narthex.http;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Knows how many requests run, and can wait for their end. Clients are asked to close their
 * connections from then on, so that their next request goes to the successor. Thread-safe.
 */
final class RunningRequests extends Handler.Wrapper {
  private static final long LOOK_MILLIS = 10;

  private final AtomicInteger running = new AtomicInteger();
  private volatile boolean ending;

  RunningRequests(Handler handler) {
    super(handler);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    running.incrementAndGet();
    Request.addCompletionListener(request, failure -> running.decrementAndGet());
    if (ending) {
      response.getHeaders().put(HttpFields.CONNECTION_CLOSE);
    }
    return super.handle(request, response, callback);
  }

  /** Waits until no request runs, at most for a given time. */
  void awaitEnd(Duration atMost) throws InterruptedException {
    ending = true;
    long end = System.nanoTime() + atMost.toNanos();
    while (running.get() > 0 && System.nanoTime() < end) {
      Thread.sleep(LOOK_MILLIS);
    }
  }
}
