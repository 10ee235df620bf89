package io.narthex.service.query;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The queries that run and those that ran; an optional interface of a query engine. Thread-safe.
 *
 * @since 1.3
 */
@ProviderType
public interface QueryActivity {
  /** Where a query comes from. */
  enum Source {
    /** A request. */
    API,
    /** A rule. */
    RULES
  }

  /** Returns the queries that run or wait, the oldest first. */
  List<Running> running();

  /**
   * Ends a query; its caller gets an exception of kind {@code CANCELED} that says so.
   *
   * @return the query; null when it has ended already
   */
  @Nullable Running cancel(String id);

  /**
   * Returns totals of the last queries by text, length of the range and source.
   *
   * @param most entries of each list
   * @param age only of queries that ended within this time
   */
  Top top(int most, Duration age);

  /**
   * A query that runs.
   *
   * @param id upper-case hexadecimal
   * @param client address of the client, or the rule group
   * @param durationNanos since its start
   * @param startMs first time of its range
   * @param endMs last time of its range
   * @param stepMs 0 for an instant query
   */
  record Running(
      String id,
      String query,
      Source source,
      String client,
      long durationNanos,
      long startMs,
      long endMs,
      long stepMs) {}

  /**
   * What equal queries took.
   *
   * @param query its text, perhaps cut
   * @param rangeSeconds length of the range, 0 for an instant query
   * @param nanos of all together
   * @param bytes of all together: the memory that each has taken
   */
  record Total(
      String query, Source source, long rangeSeconds, long count, long nanos, long bytes) {}

  /**
   * The queries that stand out.
   *
   * @param remembered of how many queries at most these are the totals
   * @param shortest queries that took less are left out
   */
  record Top(
      int remembered,
      Duration shortest,
      List<Total> byCount,
      List<Total> byAverageDuration,
      List<Total> bySumDuration,
      List<Total> byAverageMemory) {
    /** Copies the lists. */
    public Top {
      byCount = List.copyOf(byCount);
      byAverageDuration = List.copyOf(byAverageDuration);
      bySumDuration = List.copyOf(bySumDuration);
      byAverageMemory = List.copyOf(byAverageMemory);
    }
  }
}
