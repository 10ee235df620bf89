package io.narthex.spi.storage;

import io.narthex.model.Matcher;
import java.util.List;
import java.util.Objects;

/**
 * Selects series and samples. Immutable.
 *
 * @param matchers all must match; at least one does not match the empty string
 * @param minTimeMs epoch milliseconds, inclusive
 * @param maxTimeMs epoch milliseconds, inclusive
 * @param hints purpose of the samples; a storage may use it to read less
 */
public record SelectRequest(List<Matcher> matchers, long minTimeMs, long maxTimeMs, Hints hints) {
  /** Copies the list. */
  public SelectRequest {
    matchers = List.copyOf(matchers);
    Objects.requireNonNull(hints, "hints");
  }

  /**
   * Returns the request of a reader that may stop waiting.
   *
   * @since 1.5
   */
  public SelectRequest until(ReadEnd end) {
    return new SelectRequest(matchers, minTimeMs, maxTimeMs, hints.until(end));
  }

  /** Returns a request without hints. */
  public static SelectRequest of(List<Matcher> matchers, long minTimeMs, long maxTimeMs) {
    return new SelectRequest(matchers, minTimeMs, maxTimeMs, Hints.NONE);
  }

  /**
   * Purpose of the samples.
   *
   * @param function name of the PromQL function around the selector, or empty; {@link #NEWEST} when
   *     only the newest sample of each series in range is used, even if it is a staleness marker
   * @param rangeMs window of a range selector in milliseconds; 0 for an instant selector
   * @param stepMs interval between steps in milliseconds; 0 for an instant query
   * @param startTimesWanted whether start timestamps must be filled in
   * @param seriesLimit most series that are read, the first ones in label order; 0 = all. The
   *     cursor may have more
   * @param end when the reader waits no longer; the storage may then end the select, or the cursor,
   *     with {@link StorageException.Failed}
   * @param anyOrder whether the order of the series does not matter, as for a count
   */
  public record Hints(
      String function,
      long rangeMs,
      long stepMs,
      boolean startTimesWanted,
      int seriesLimit,
      ReadEnd end,
      boolean anyOrder) {
    /** A storage may omit all but the newest sample of each series. */
    public static final String NEWEST = "newest";

    /** No hints. */
    public static final Hints NONE = new Hints("", 0, 0, false);

    /** Refuses null parts. */
    public Hints {
      Objects.requireNonNull(function, "function");
      Objects.requireNonNull(end, "end");
    }

    /** Creates hints of a reader that reads all series in label order and waits. */
    public Hints(String function, long rangeMs, long stepMs, boolean startTimesWanted) {
      this(function, rangeMs, stepMs, startTimesWanted, 0, ReadEnd.NEVER);
    }

    /** Creates hints of a reader that reads series in label order. */
    public Hints(
        String function,
        long rangeMs,
        long stepMs,
        boolean startTimesWanted,
        int seriesLimit,
        ReadEnd end) {
      this(function, rangeMs, stepMs, startTimesWanted, seriesLimit, end, false);
    }

    /**
     * Returns these hints for a reader that reads only the first series.
     *
     * @since 1.5
     */
    public Hints limitedTo(int series) {
      return new Hints(function, rangeMs, stepMs, startTimesWanted, series, end, anyOrder);
    }

    /**
     * Returns these hints for a reader that may stop waiting.
     *
     * @since 1.5
     */
    public Hints until(ReadEnd other) {
      return new Hints(function, rangeMs, stepMs, startTimesWanted, seriesLimit, other, anyOrder);
    }

    /**
     * Returns these hints for a reader to which the order of the series does not matter.
     *
     * @since 1.5
     */
    public Hints inAnyOrder() {
      return new Hints(function, rangeMs, stepMs, startTimesWanted, seriesLimit, end, true);
    }
  }
}
