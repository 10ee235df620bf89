package io.narthex.http;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A response of server-sent events that holds no thread: it is written when the connection takes
 * more. Messages wait in a bounded queue. Thread-safe.
 */
final class LiveStream implements WriteListener, AsyncListener {
  static final int QUEUE = 16;

  private final AsyncContext async;
  private final ServletOutputStream out;
  private final Consumer<LiveStream> ended;
  private final long begunNanos = System.nanoTime();
  private final Deque<byte[]> waiting = new ArrayDeque<>(); // guarded by this
  private long lastNanos = begunNanos; // guarded by this
  private boolean unflushed; // guarded by this
  private boolean ending; // guarded by this
  private boolean done; // guarded by this

  /**
   * Begins the response.
   *
   * @param first the first message
   * @param ended is told once when the stream has ended
   */
  static LiveStream begin(
      HttpServletRequest in, HttpServletResponse out, byte[] first, Consumer<LiveStream> ended)
      throws IOException {
    out.setContentType("text/event-stream");
    out.setHeader("Cache-Control", "no-store");
    out.setHeader("X-Accel-Buffering", "no"); // proxies
    AsyncContext async = in.startAsync(in, out);
    async.setTimeout(0);
    LiveStream stream = new LiveStream(async, out.getOutputStream(), ended);
    stream.waiting.add(first);
    async.addListener(stream);
    stream.out.setWriteListener(stream);
    return stream;
  }

  private LiveStream(AsyncContext async, ServletOutputStream out, Consumer<LiveStream> ended) {
    this.async = async;
    this.out = out;
    this.ended = ended;
  }

  /**
   * Sends a message.
   *
   * @param instead when the reader is slow, is sent instead of all that wait; null ends the stream
   */
  void send(byte[] message, byte @Nullable [] instead) {
    synchronized (this) {
      if (done || ending) {
        return;
      }
      if (waiting.size() < QUEUE) {
        waiting.add(message);
      } else {
        waiting.clear();
        if (instead == null) {
          ending = true;
        } else {
          waiting.add(instead);
        }
      }
    }
    write();
  }

  /** Returns how long nothing was sent; 0 while something waits. */
  synchronized long idleNanos(long now) {
    return waiting.isEmpty() ? now - lastNanos : 0;
  }

  /** Returns its age. */
  long ageNanos(long now) {
    return now - begunNanos;
  }

  /** Ends the response after what waits. */
  void end() {
    synchronized (this) {
      ending = true;
    }
    write();
  }

  /** Ends the response now, even if its reader takes nothing more. */
  void cut() {
    finish();
  }

  @Override
  public void onWritePossible() {
    write();
  }

  private void write() {
    boolean last;
    try {
      last = pass();
    } catch (IOException | IllegalStateException e) {
      last = true; // the client has left
    }
    if (last) {
      finish();
    }
  }

  /** Writes as much as the connection takes; returns whether that was all. */
  private synchronized boolean pass() throws IOException {
    while (!done && out.isReady()) {
      byte[] next = waiting.poll();
      if (next != null) {
        out.write(next);
        lastNanos = System.nanoTime();
        unflushed = true;
      } else if (unflushed) {
        unflushed = false;
        out.flush();
      } else {
        return ending;
      }
    }
    return false;
  }

  private void finish() {
    synchronized (this) {
      if (done) {
        return;
      }
      done = true;
      waiting.clear();
    }
    ended.accept(this);
    try {
      async.complete();
    } catch (IllegalStateException e) {
      // the container has ended it already
    }
  }

  @Override
  public void onError(Throwable t) {
    finish();
  }

  @Override
  public void onComplete(AsyncEvent event) {
    finish();
  }

  @Override
  public void onTimeout(AsyncEvent event) {
    finish();
  }

  @Override
  public void onError(AsyncEvent event) {
    finish();
  }

  @Override
  public void onStartAsync(AsyncEvent event) {}
}
