package io.narthex.service.query;

import io.narthex.model.MetricMetadata;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Finds out why a query returns nothing; an optional interface of a query engine. Thread-safe.
 *
 * @since 1.3
 */
@ProviderType
public interface EmptyResultExplainer {
  /**
   * Examines the selectors of a query and evaluates its parts. Bounded in time; what is not known
   * in time is left out.
   *
   * @param startMs first time in epoch milliseconds
   * @param endMs last time; the same for an instant query
   * @param metadata returns type and unit of a metric, or null
   * @throws QueryException when the query cannot be parsed
   */
  Explanation whyEmpty(
      String expression,
      long startMs,
      long endMs,
      Function<String, @Nullable MetricMetadata> metadata);

  /**
   * What was found.
   *
   * @param selectors the selectors from left to right
   * @param notes what else makes a part empty, in the order of the query
   * @param truncated whether something was not examined, for lack of time or because there is too
   *     much
   */
  record Explanation(List<Selector> selectors, List<Note> notes, boolean truncated) {
    /** Copies the lists. */
    public Explanation {
      selectors = List.copyOf(selectors);
      notes = List.copyOf(notes);
    }
  }

  /** What is wrong with a selector. */
  enum Problem {
    /** It selects series that have samples. */
    NONE,
    /** No series has the name. */
    NO_METRIC,
    /** No series has all labels. */
    NO_MATCH,
    /** The series have no samples at the times of the query. */
    NO_SAMPLES_IN_RANGE
  }

  /**
   * A selector.
   *
   * @param selector its text
   * @param series its series at any time, up to {@link #MAX_COUNTED}
   * @param seriesInRange those with samples at the times of the query; null: not known
   * @param lastSeenMs newest sample of its series in epoch milliseconds; null: not known
   * @param matchers its conditions, only when it selects nothing
   * @param nearest similar names of metrics, best first
   * @param text a sentence for the user
   */
  record Selector(
      String selector,
      long series,
      @Nullable Long seriesInRange,
      @Nullable Long lastSeenMs,
      Problem problem,
      List<Condition> matchers,
      List<String> nearest,
      String text) {
    /** Up to this number series are counted. */
    public static final int MAX_COUNTED = 10_000;

    /** Copies the lists. */
    public Selector {
      matchers = List.copyOf(matchers);
      nearest = List.copyOf(nearest);
    }
  }

  /**
   * A condition of a selector.
   *
   * @param matcher its text
   * @param series series of the metric that satisfy it
   * @param seriesWithout series that satisfy all other conditions
   * @param nearest similar values of its label, best first
   */
  record Condition(String matcher, long series, long seriesWithout, List<String> nearest) {
    /** Copies the list. */
    public Condition {
      nearest = List.copyOf(nearest);
    }
  }

  /**
   * A remark on a part of the query.
   *
   * @param kind {@code range_too_short}, {@code type}, {@code unit}, {@code vector_matching},
   *     {@code comparison} or {@code absent}
   * @param text a sentence for the user
   */
  record Note(String kind, String text) {}
}
