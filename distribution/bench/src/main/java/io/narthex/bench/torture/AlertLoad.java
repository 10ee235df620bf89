package io.narthex.bench.torture;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Posts alerts at a steady rate, each in its own group, and resolves each some seconds after the
 * endpoint was notified. So two notifications are expected for every alert, each once.
 */
final class AlertLoad implements AutoCloseable {
  private static final long TICK_NANOS = 200_000_000L;
  private static final long LIFE_NANOS = 2_000_000_000L;

  private final ServerUnderTest server;
  private final SlowEndpoint endpoint;
  private final double alertsPerTick;
  private final Map<Integer, Instant> posted = new HashMap<>(); // by sequence; loop's thread
  private final Map<Integer, Long> firing = new HashMap<>(); // notified as firing; since when
  private final Map<Integer, Long> resolved =
      new HashMap<>(); // resolved, not yet notified; since when
  private final AtomicReference<@Nullable String> fault = new AtomicReference<>();
  private final Thread thread;
  private int sequence;
  private volatile boolean stopping;

  /**
   * Begins to post.
   *
   * @param notificationsPerSecond two for each alert
   */
  AlertLoad(ServerUnderTest server, SlowEndpoint endpoint, int notificationsPerSecond) {
    this.server = server;
    this.endpoint = endpoint;
    alertsPerTick = notificationsPerSecond / 2.0 * TICK_NANOS / 1e9;
    thread = Thread.ofPlatform().name("alerts").start(this::run);
  }

  private void run() {
    long begun = System.nanoTime();
    long ticks = 0;
    try {
      while (!stopping || !posted.isEmpty() || !firing.isEmpty() || !resolved.isEmpty()) {
        ticks++;
        List<String> batch = new ArrayList<>();
        if (!stopping) {
          while (sequence < ticks * alertsPerTick) {
            sequence++;
            Instant start = Instant.now();
            posted.put(sequence, start);
            batch.add(json(sequence, start, null));
          }
        }
        follow(batch);
        if (!batch.isEmpty()) {
          server.post("/api/v2/alerts", "[" + String.join(",", batch) + "]");
        }
        long wait = begun + ticks * TICK_NANOS - System.nanoTime();
        if (wait > 0) {
          Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
        }
      }
    } catch (IOException e) {
      fault.set("alerts cannot be posted: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Resolves the alerts that the endpoint received and that have fired long enough. */
  private void follow(List<String> batch) {
    long now = System.nanoTime();
    for (Iterator<Integer> it = posted.keySet().iterator(); it.hasNext(); ) {
      int s = it.next();
      if (endpoint.times("firing", Integer.toString(s)) > 0) {
        it.remove();
        firing.put(s, now);
      }
    }
    for (Iterator<Map.Entry<Integer, Long>> it = firing.entrySet().iterator(); it.hasNext(); ) {
      Map.Entry<Integer, Long> e = it.next();
      if (now - e.getValue() > LIFE_NANOS) {
        it.remove();
        resolved.put(e.getKey(), now);
        Instant end = Instant.now();
        batch.add(json(e.getKey(), end.minusSeconds(1), end));
      }
    }
    resolved.keySet().removeIf(s -> endpoint.times("resolved", Integer.toString(s)) > 0);
  }

  private static String json(int sequence, Instant start, @Nullable Instant end) {
    return "{\"labels\": {\"alertname\": \"Torture\", \"seq\": \""
        + sequence
        + "\"}, \"startsAt\": \""
        + start
        + "\""
        + (end == null ? "" : ", \"endsAt\": \"" + end + "\"")
        + "}";
  }

  /** Returns how many alerts have been posted. */
  int alerts() {
    return sequence;
  }

  /**
   * Stops posting alerts and waits until the endpoint has been notified of all.
   *
   * @return the notifications that did not arrive in time
   */
  List<String> finish(long waitMs) throws InterruptedException {
    stopping = true;
    thread.join(waitMs);
    if (thread.isAlive()) {
      thread.interrupt();
      thread.join();
    }
    List<String> lost = new ArrayList<>();
    String wrong = fault.get();
    if (wrong != null) {
      lost.add(wrong);
    }
    for (int s = 1; s <= sequence; s++) {
      for (String state : List.of("firing", "resolved")) {
        if (endpoint.times(state, Integer.toString(s)) == 0) {
          lost.add(state + " " + s);
        }
      }
    }
    return lost;
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
