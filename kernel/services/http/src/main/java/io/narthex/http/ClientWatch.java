package io.narthex.http;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Interrupts the thread of a request whose client has closed the connection, so that its query
 * ends. Connections of HTTP/1.1 are checked twice a second; streams of HTTP/2 report a reset by
 * themselves. Thread-safe.
 */
final class ClientWatch {
  private static final long EVERY_MS = 500;

  private final Set<Watched> watched = ConcurrentHashMap.newKeySet();
  private @Nullable Thread thread; // guarded by this

  /** A request that is being answered. Closing it ends the watch. */
  final class Watched implements AutoCloseable {
    private final Thread answering = Thread.currentThread();
    private final @Nullable ClientEndPoint connection;
    private boolean done; // guarded by this
    private boolean left; // guarded by this

    private Watched(@Nullable ClientEndPoint connection) {
      this.connection = connection;
    }

    private synchronized void leave() {
      if (!done && !left) {
        left = true;
        answering.interrupt();
      }
    }

    @Override
    public void close() {
      watched.remove(this);
      synchronized (this) {
        done = true;
        if (left) {
          Thread.interrupted(); // it was for the query that has ended
        }
      }
    }
  }

  /** Watches the client of a request that the calling thread answers. */
  Watched watch(HttpServletRequest in) {
    Request request = ServletContextRequest.getServletContextRequest(in);
    Watched w = new Watched(connection(request));
    request.addFailureListener(failure -> w.leave());
    if (w.connection != null) {
      watched.add(w);
      begin();
    }
    return w;
  }

  private static @Nullable ClientEndPoint connection(Request request) {
    EndPoint at = request.getConnectionMetaData().getConnection().getEndPoint();
    while (at instanceof EndPoint.Wrapper wrapper) {
      at = wrapper.unwrap();
    }
    // with HTTP/2 Jetty reads all the time
    return request.getConnectionMetaData().getHttpVersion().getVersion() < 20
            && at instanceof ClientEndPoint c
        ? c
        : null;
  }

  private synchronized void begin() {
    if (thread == null) {
      thread = Thread.ofVirtual().name("http-clients").start(this::look);
    }
  }

  private void look() {
    do {
      try {
        Thread.sleep(EVERY_MS);
      } catch (InterruptedException e) {
        return;
      }
      for (Watched w : watched) {
        if (w.connection != null && w.connection.isClientGone()) {
          w.leave();
        }
      }
    } while (!endIfIdle());
  }

  /** Ends the thread when there is nothing to watch, so that it keeps nothing alive. */
  private synchronized boolean endIfIdle() {
    if (!watched.isEmpty()) {
      return false;
    }
    thread = null;
    return true;
  }
}
