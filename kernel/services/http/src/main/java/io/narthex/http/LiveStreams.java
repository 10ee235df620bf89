package io.narthex.http;

import io.narthex.http.Notifications.Notification;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The streams of server-sent events. While there are any, one thread compares the {@link LiveState}
 * once a second, or less often when that takes long, and sends what has changed. Thread-safe.
 */
final class LiveStreams implements AutoCloseable {
  static final int MOST = 200;
  private static final long EVERY_MS = 1000;
  private static final int SHARE = 20; // of the time at most a 20th is spent on comparisons
  private static final byte[] ALIVE = bytes(":\n\n");
  private static final byte[] ALL = change("", List.of("all"), null);

  private final LiveState.Sources sources;
  private final int mostNotified;
  private final long heartbeatNanos;
  private final long lifetimeNanos;
  private final Set<LiveStream> pages = ConcurrentHashMap.newKeySet();
  private final Set<LiveStream> notified = ConcurrentHashMap.newKeySet();
  private final Set<LiveTopic> announced = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Thread thread; // written under this
  // all guarded by this
  private @Nullable LiveState state;
  private long id = System.currentTimeMillis();
  private boolean closed;

  /**
   * Creates it without streams.
   *
   * @param mostNotified most streams of notifications
   */
  LiveStreams(LiveState.Sources sources, int mostNotified) {
    // a stream ends after a while, so that its client has to prove again that it may read
    this(sources, mostNotified, Duration.ofSeconds(15), Duration.ofMinutes(15));
  }

  LiveStreams(LiveState.Sources sources, int mostNotified, Duration heartbeat, Duration lifetime) {
    this.sources = sources;
    this.mostNotified = mostNotified;
    heartbeatNanos = heartbeat.toNanos();
    lifetimeNanos = lifetime.toNanos();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] change(String head, Collection<String> topics, @Nullable Integer firing) {
    String data =
        Json.text(out ->
            out.object(() -> {
              out.array("topics", topics, out::string);
              if (firing != null) {
                out.field("firing", firing);
              }
            }));
    return bytes(head + "event: change\ndata: " + data + "\n\n");
  }

  private static byte[] message(Notification n, boolean active) {
    return bytes("data: " + Json.text(out -> out.object(() -> n.write(out, active))) + "\n\n");
  }

  /** Notes a change that a request has made. */
  void changed(LiveTopic topic) {
    if (thread != null) {
      announced.add(topic);
    }
  }

  /** Answers with the changes of what pages show. */
  void changes(HttpServletRequest in, HttpServletResponse out) throws IOException {
    synchronized (this) {
      if (closed || pages.size() >= MOST) {
        throw new ApiException(
            ApiError.UNAVAILABLE_503,
            closed
                ? "the HTTP server is being replaced; try again in a second"
                : "events: at most " + MOST + " streams at a time; close a page or try again");
      }
      LiveState now = begin();
      String last = in.getHeader("Last-Event-ID");
      boolean missed = last != null && !last.equals(Long.toString(id));
      byte[] first =
          change(
              "retry: 5000\nid: " + id + "\n", missed ? List.of("all") : List.of(), now.firing());
      pages.add(LiveStream.begin(in, out, first, pages::remove));
    }
  }

  /** Answers with the notifications that are active, then with those that come and go. */
  void notifications(HttpServletRequest in, HttpServletResponse out) throws IOException {
    synchronized (this) {
      if (closed || notified.size() >= mostNotified) {
        out.setStatus(204); // tells browsers not to try again
        return;
      }
      StringBuilder first = new StringBuilder(":\n\n");
      for (Notification n : begin().notifications()) {
        first.append(new String(message(n, true), StandardCharsets.UTF_8));
      }
      notified.add(LiveStream.begin(in, out, bytes(first.toString()), notified::remove));
    }
  }

  /** Starts the thread unless it runs; returns the last state. */
  private synchronized LiveState begin() {
    LiveState now = state;
    if (thread == null || now == null) {
      now = LiveState.read(sources, null);
      state = now;
      id++; // what happened since the last stream ended is not known
      thread = Thread.ofVirtual().name("http-events").start(this::look);
    }
    return now;
  }

  private void look() {
    long pause = EVERY_MS;
    do {
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
      long begun = System.nanoTime();
      LiveState before;
      synchronized (this) {
        before = state;
      }
      LiveState now = LiveState.read(sources, before);
      long took = (System.nanoTime() - begun) / 1_000_000;
      pause = Math.max(EVERY_MS, took * SHARE);
      send(now, before == null ? now : before);
    } while (!endIfIdle());
  }

  private void send(LiveState now, LiveState before) {
    byte[] message = null;
    synchronized (this) {
      state = now;
      Set<LiveTopic> topics = now.since(before);
      for (LiveTopic t : EnumSet.allOf(LiveTopic.class)) {
        if (announced.remove(t)) {
          topics.add(t);
        }
      }
      if (!topics.isEmpty()) {
        message =
            change(
                "id: " + ++id + "\n", topics.stream().map(LiveTopic::text).toList(), now.firing());
      }
    }
    long time = System.nanoTime();
    if (message != null) {
      for (LiveStream s : pages) {
        s.send(message, ALL);
      }
    }
    for (Notification n : now.notificationsNotIn(before)) {
      byte[] shown = message(n, true);
      notified.forEach(s -> s.send(shown, null));
    }
    for (Notification n : before.notificationsNotIn(now)) {
      byte[] gone = message(n, false);
      notified.forEach(s -> s.send(gone, null));
    }
    pages.forEach(s -> keep(s, time, ALL));
    notified.forEach(s -> keep(s, time, null));
  }

  private void keep(LiveStream stream, long now, byte @Nullable [] instead) {
    if (stream.ageNanos(now) > lifetimeNanos) {
      stream.end();
      if (stream.ageNanos(now) > lifetimeNanos + heartbeatNanos) {
        stream.cut();
      }
    } else if (stream.idleNanos(now) > heartbeatNanos) {
      stream.send(ALIVE, instead);
    }
  }

  /** Ends the thread when nobody listens, so that it keeps nothing alive. */
  private synchronized boolean endIfIdle() {
    if (!closed && !(pages.isEmpty() && notified.isEmpty())) {
      return false;
    }
    thread = null;
    state = null;
    return true;
  }

  /** Ends all streams; there are no further ones. */
  @Override
  public void close() {
    Thread looking;
    synchronized (this) {
      closed = true;
      looking = thread;
    }
    pages.forEach(LiveStream::cut);
    notified.forEach(LiveStream::cut);
    if (looking != null) {
      looking.interrupt();
    }
  }
}
