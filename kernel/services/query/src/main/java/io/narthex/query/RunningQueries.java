package io.narthex.query;

import io.narthex.service.query.QueryActivity.Running;
import io.narthex.service.query.QueryActivity.Source;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.service.query.QueryOrigin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The queries that run, with the threads that evaluate them, so that one can be ended, and the
 * engine stopped after the last one. Thread-safe.
 */
final class RunningQueries {
  private static final int SHOWN_TEXT = 4000;

  // how many queries each runs, one inside another; guarded by this
  private final Map<Thread, Integer> threads = new HashMap<>();
  // those that are listed, in the order of their starts; guarded by this
  private final Map<Long, Entry> listed = new LinkedHashMap<>();
  private long lastId = System.currentTimeMillis() << 20; // guarded by this
  private boolean stopped; // guarded by this

  /**
   * A query that can be listed.
   *
   * @param stepMs 0 for an instant query
   */
  record Asked(String query, long startMs, long endMs, long stepMs, @Nullable QueryOrigin origin) {
    Source source() {
      return origin instanceof QueryOrigin.RuleGroup ? Source.RULES : Source.API;
    }

    private String client() {
      return switch (origin) {
        case QueryOrigin.Request r -> r.clientIp();
        case QueryOrigin.RuleGroup g -> g.file() + ";" + g.name();
        case null, default -> "";
      };
    }
  }

  private static final class Entry {
    final long id;
    final Asked asked;
    final Thread thread = Thread.currentThread();
    final long begun = System.nanoTime();
    boolean ended; // by an operator

    Entry(long id, Asked asked) {
      this.id = id;
      this.asked = asked;
    }

    Running shown() {
      String text = asked.query;
      return new Running(
          String.format(Locale.ROOT, "%016X", id),
          text.length() <= SHOWN_TEXT ? text : text.substring(0, SHOWN_TEXT - 1) + "…",
          asked.source(),
          asked.client(),
          System.nanoTime() - begun,
          asked.startMs,
          asked.endMs,
          asked.stepMs);
    }
  }

  /**
   * Runs a query that is not listed on the calling thread, perhaps inside another.
   *
   * @throws QueryException of kind {@code UNAVAILABLE} when the engine has been stopped, before or
   *     while it runs
   */
  <T> T within(Supplier<T> query) {
    return within(null, query);
  }

  /**
   * Runs a query on the calling thread, perhaps inside another.
   *
   * @param asked how it is listed; null: not at all
   * @throws QueryException of kind {@code UNAVAILABLE} when the engine has been stopped, before or
   *     while it runs; of kind {@code CANCELED} when an operator has ended it
   */
  <T> T within(@Nullable Asked asked, Supplier<T> query) {
    Entry entry = begin(asked);
    try {
      return query.get();
    } catch (QueryException e) {
      if (entry != null && endedByOperator(entry)) {
        throw new QueryException(Kind.CANCELED, "query was ended by an operator");
      }
      throw e.kind() == Kind.CANCELED && stopped() ? unavailable() : e;
    } finally {
      end(entry);
    }
  }

  private synchronized @Nullable Entry begin(@Nullable Asked asked) {
    boolean inside = threads.containsKey(Thread.currentThread());
    if (stopped && !inside) { // stop() waits for the outer query
      throw unavailable();
    }
    threads.merge(Thread.currentThread(), 1, Integer::sum);
    if (asked == null) {
      return null;
    }
    Entry entry = new Entry(++lastId, asked);
    listed.put(entry.id, entry);
    return entry;
  }

  private synchronized void end(@Nullable Entry entry) {
    boolean last =
        threads.computeIfPresent(Thread.currentThread(), (t, n) -> n == 1 ? null : n - 1) == null;
    if (entry != null) {
      listed.remove(entry.id);
    }
    if ((stopped && last) || (entry != null && entry.ended)) {
      Thread.interrupted(); // the interrupt was for the query that has ended here
    }
    notifyAll();
  }

  private synchronized boolean stopped() {
    return stopped;
  }

  private synchronized boolean endedByOperator(Entry entry) {
    return entry.ended;
  }

  /** Returns the listed queries, the oldest first. */
  synchronized List<Running> list() {
    List<Running> all = new ArrayList<>(listed.size());
    listed.values().forEach(e -> all.add(e.shown()));
    return all;
  }

  /** Interrupts a query for an operator; returns null when there is none with this id. */
  synchronized @Nullable Running cancel(String id) {
    Entry entry;
    try {
      entry = listed.get(Long.parseLong(id, 16));
    } catch (NumberFormatException e) {
      return null;
    }
    if (entry == null) {
      return null;
    }
    entry.ended = true;
    entry.thread.interrupt();
    return entry.shown();
  }

  /** Accepts no more queries, waits for those that run, then interrupts the rest. */
  synchronized void stop(Duration patience) {
    stopped = true;
    long end = System.nanoTime() + patience.toNanos();
    try {
      for (long left = patience.toMillis();
          !threads.isEmpty() && left > 0;
          left = (end - System.nanoTime()) / 1_000_000) {
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    threads.keySet().forEach(Thread::interrupt);
  }

  private static QueryException unavailable() {
    return new QueryException(
        Kind.UNAVAILABLE, "the query engine is being replaced; try again in a second");
  }
}
