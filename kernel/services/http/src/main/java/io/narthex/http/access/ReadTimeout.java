package io.narthex.http.access;

import io.narthex.service.metrics.Metrics;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.NegotiatingServerConnection;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * Closes connections whose client takes longer than {@code --web.read-timeout} to send a request,
 * head and body, or that are idle as long: with idle timeouts alone a client could stay connected
 * by sending a byte a minute. Thread-safe.
 */
public final class ReadTimeout extends Handler.Wrapper implements Connection.Listener {
  private final long timeoutNanos;
  private final Metrics.Counter cut;
  private final Map<Connection, Watch> watches = new ConcurrentHashMap<>();
  private volatile Scheduler.@Nullable Task task;

  /** What is known of a connection. */
  private static final class Watch {
    final AtomicInteger running = new AtomicInteger();
    final Set<Body> arriving = ConcurrentHashMap.newKeySet();
    volatile long sinceNanos = System.nanoTime();
  }

  /** A request whose body is still to come. */
  private static final class Body extends Request.Wrapper {
    final long sinceNanos = System.nanoTime();
    private final Watch watch;

    Body(Request request, Watch watch) {
      super(request);
      this.watch = watch;
    }

    @Override
    public Content.@Nullable Chunk read() {
      Content.Chunk chunk = super.read();
      if (chunk != null && chunk.isLast()) {
        watch.arriving.remove(this);
      }
      return chunk;
    }
  }

  /**
   * Creates the handler.
   *
   * @param timeout zero for none
   */
  public ReadTimeout(Handler handler, Duration timeout, Metrics metrics) {
    super(handler);
    timeoutNanos = timeout.toNanos();
    cut =
        metrics.counter(
            "narthex_http_connections_cut_total",
            "Connections closed because their client took too long to send a request.");
  }

  @Override
  public void onOpened(Connection connection) {
    if (!(connection instanceof SslConnection)
        && !(connection instanceof NegotiatingServerConnection)) {
      watches.put(connection, new Watch());
    }
  }

  @Override
  public void onClosed(Connection connection) {
    watches.remove(connection);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    Watch watch = watches.get(request.getConnectionMetaData().getConnection());
    if (watch == null) {
      return super.handle(request, response, callback);
    }
    watch.running.incrementAndGet();
    Body body = new Body(request, watch);
    if (request.getLength() != 0) {
      watch.arriving.add(body);
    }
    Request.addCompletionListener(
        request,
        failure -> {
          watch.arriving.remove(body);
          watch.sinceNanos = System.nanoTime();
          watch.running.decrementAndGet();
        });
    return super.handle(body, response, callback);
  }

  private void sweep() {
    long now = System.nanoTime();
    watches.forEach((connection, watch) -> {
      boolean slowHead = watch.running.get() == 0 && now - watch.sinceNanos > timeoutNanos;
      boolean slowBody = watch.arriving.stream().anyMatch(b -> now - b.sinceNanos > timeoutNanos);
      if (slowHead || slowBody) {
        watches.remove(connection);
        cut.inc();
        connection.getEndPoint().close(new TimeoutException("the request did not arrive in time"));
      }
    });
    schedule();
  }

  private void schedule() {
    Scheduler scheduler = getServer().getScheduler();
    if (isRunning()) {
      long pause = Math.clamp(timeoutNanos / 4, 50_000_000L, 5_000_000_000L);
      task = scheduler.schedule(this::sweep, pause, java.util.concurrent.TimeUnit.NANOSECONDS);
    }
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    if (timeoutNanos > 0) {
      schedule();
    }
  }

  @Override
  protected void doStop() throws Exception {
    Scheduler.Task last = task;
    if (last != null) {
      last.cancel();
    }
    super.doStop();
  }
}
