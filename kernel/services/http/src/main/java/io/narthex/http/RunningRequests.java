package io.narthex.http;

import java.time.Duration;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Counts running requests, and can wait for their end. From then on clients are asked to close
 * their connections, so that their next request reaches the new version. Thread-safe.
 */
final class RunningRequests extends Handler.Wrapper {
  /** The server is a party until it waits; each running request is another. */
  private final Phaser running = new Phaser(1);

  private volatile boolean ending;

  RunningRequests(Handler handler) {
    super(handler);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    running.register();
    Request.addCompletionListener(request, failure -> running.arriveAndDeregister());
    if (ending) {
      response.getHeaders().put(HttpFields.CONNECTION_CLOSE);
    }
    return super.handle(request, response, callback);
  }

  /**
   * Waits until no request runs, once.
   *
   * @throws TimeoutException when requests still run after that time
   */
  void awaitEnd(Duration atMost) throws InterruptedException, TimeoutException {
    ending = true;
    int phase = running.arriveAndDeregister();
    running.awaitAdvanceInterruptibly(phase, atMost.toMillis(), TimeUnit.MILLISECONDS);
  }
}
