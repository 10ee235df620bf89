package io.narthex.query;

import io.narthex.service.query.QueryActivity.Source;
import io.narthex.service.query.QueryActivity.Top;
import io.narthex.service.query.QueryActivity.Total;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The last queries with what each took. Equal ones share their text, which is cut; when all texts
 * together are too long, the oldest queries are forgotten. Recording a text that was seen before
 * allocates nothing. Thread-safe.
 */
final class QueryTotals {
  static final int QUERIES = 20_000;
  static final int TEXT = 1000;
  static final Duration SHORTEST = Duration.ofMillis(1);
  private static final int ALL_TEXTS = 2_000_000; // characters
  private static final int SLOTS = 4096; // a power of two

  /** A text with its range. Its fields, but for the number of uses, do not change. */
  private static final class Key {
    final String text;
    final int length; // of the whole text
    final int hash; // of the whole text
    final long rangeSeconds;
    final Source source;
    int uses;

    Key(String query, long rangeSeconds, Source source) {
      length = query.length();
      hash = query.hashCode();
      text = cut(query);
      this.rangeSeconds = rangeSeconds;
      this.source = source;
    }

    private static String cut(String query) {
      if (query.length() <= TEXT) {
        return query;
      }
      int end = Character.isHighSurrogate(query.charAt(TEXT - 2)) ? TEXT - 2 : TEXT - 1;
      return query.substring(0, end) + "…";
    }

    boolean is(String query, long range, Source from) {
      return hash == query.hashCode()
          && length == query.length()
          && rangeSeconds == range
          && source == from
          && (length <= TEXT
              ? text.equals(query)
              : text.regionMatches(0, query, 0, text.length() - 1));
    }

    int slot() {
      return slot(hash, rangeSeconds, source);
    }

    static int slot(int hash, long range, Source source) {
      int mixed = (hash * 31 + Long.hashCode(range)) * 31 + source.ordinal();
      return (mixed ^ mixed >>> 15) & SLOTS - 1;
    }
  }

  private static final class Sum {
    long count;
    long nanos;
    long bytes;
  }

  private final LongSupplier clock;
  private final int size;
  private final int room;
  // all guarded by this
  private final @Nullable Key[] recent = new @Nullable Key[SLOTS];
  private final @Nullable Key[] keys;
  private final long[] ended;
  private final long[] nanos;
  private final long[] bytes;
  private int next; // where the next query goes
  private int count;
  private long characters;

  /**
   * Creates it.
   *
   * @param clock nanoseconds
   */
  QueryTotals(LongSupplier clock) {
    this(clock, QUERIES, ALL_TEXTS);
  }

  QueryTotals(LongSupplier clock, int size, int room) {
    this.clock = clock;
    this.size = size;
    this.room = room;
    keys = new @Nullable Key[size];
    ended = new long[size];
    nanos = new long[size];
    bytes = new long[size];
  }

  /** Records a query that has ended, unless it was very short. */
  void record(String query, Source source, long rangeSeconds, long took, long memory) {
    if (took < SHORTEST.toNanos()) {
      return;
    }
    synchronized (this) {
      if (count == size) {
        forget();
      }
      Key key = key(query, rangeSeconds, source);
      if (key.uses++ == 0) {
        characters += key.text.length();
      }
      keys[next] = key;
      ended[next] = clock.getAsLong();
      nanos[next] = took;
      bytes[next] = memory;
      next = next + 1 == size ? 0 : next + 1;
      count++;
      while (characters > room && count > 1) {
        forget();
      }
    }
  }

  private Key key(String query, long rangeSeconds, Source source) {
    int slot = Key.slot(query.hashCode(), rangeSeconds, source);
    Key found = recent[slot];
    if (found == null || !found.is(query, rangeSeconds, source)) {
      found = new Key(query, rangeSeconds, source);
      recent[slot] = found;
    }
    return found;
  }

  private int oldest() {
    return Math.floorMod(next - count, size);
  }

  private void forget() {
    int at = oldest();
    Key key = keys[at];
    if (key != null && --key.uses == 0) {
      characters -= key.text.length();
      if (recent[key.slot()] == key) {
        recent[key.slot()] = null;
      }
    }
    keys[at] = null;
    count--;
  }

  /** See {@link io.narthex.service.query.QueryActivity#top}. */
  Top top(int most, Duration age) {
    List<Total> all = totals(age);
    return new Top(
        size,
        SHORTEST,
        first(all, most, Total::count),
        first(all, most, t -> (double) t.nanos() / t.count()),
        first(all, most, Total::nanos),
        first(all, most, t -> (double) t.bytes() / t.count()));
  }

  private static List<Total> first(List<Total> all, int most, ToDoubleFunction<Total> by) {
    return all.stream()
        .sorted(Comparator.comparingDouble(by).reversed().thenComparing(Total::query))
        .limit(most)
        .toList();
  }

  private record Group(String text, int hash, int length, long rangeSeconds, Source source) {}

  private synchronized List<Total> totals(Duration age) {
    long now = clock.getAsLong();
    Map<Group, Sum> sums = new HashMap<>();
    for (int i = 0, at = oldest(); i < count; i++, at = at + 1 == size ? 0 : at + 1) {
      Key key = keys[at];
      if (key != null && now - ended[at] <= age.toNanos()) {
        // equal texts may have several keys: a slot of recent ones holds one only
        Sum sum =
            sums.computeIfAbsent(
                new Group(key.text, key.hash, key.length, key.rangeSeconds, key.source),
                _ -> new Sum());
        sum.count++;
        sum.nanos += nanos[at];
        sum.bytes += bytes[at];
      }
    }
    List<Total> all = new ArrayList<>(sums.size());
    sums.forEach(
        (g, s) -> all.add(new Total(g.text, g.source, g.rangeSeconds, s.count, s.nanos, s.bytes)));
    return all;
  }
}
