package io.narthex.spi.storage;

import io.narthex.model.Matcher;
import java.util.List;
import java.util.Objects;

/**
 * Which series and samples are wanted.
 *
 * @param matchers all have to hold; at least one does not match the empty text
 * @param minTimeMs inclusive
 * @param maxTimeMs inclusive
 * @param hints what the samples are for; a storage may use it to do less
 */
public record SelectRequest(List<Matcher> matchers, long minTimeMs, long maxTimeMs, Hints hints) {
  /** Copies the list. */
  public SelectRequest {
    matchers = List.copyOf(matchers);
    Objects.requireNonNull(hints, "hints");
  }

  /** Returns a request without hints. */
  public static SelectRequest of(List<Matcher> matchers, long minTimeMs, long maxTimeMs) {
    return new SelectRequest(matchers, minTimeMs, maxTimeMs, Hints.NONE);
  }

  /**
   * What the samples are for.
   *
   * @param function name of the PromQL function around the selector, or empty; {@link #NEWEST} when
   *     of each series only the newest sample in range is looked at, be it a stale marker
   * @param rangeMs window of a range selector; 0 for an instant selector
   * @param stepMs distance of the steps; 0 for one instant
   * @param startTimesWanted whether start times have to be filled in
   */
  public record Hints(String function, long rangeMs, long stepMs, boolean startTimesWanted) {
    /** Says that a storage may leave out all but the newest sample of each series. */
    public static final String NEWEST = "newest";

    /** No hints. */
    public static final Hints NONE = new Hints("", 0, 0, false);
  }
}
