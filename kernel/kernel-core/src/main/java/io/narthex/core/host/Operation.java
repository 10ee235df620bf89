package io.narthex.core.host;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the host asks of a plugin, with the time it grants.
 *
 * <p>Without a deadline of its own are: {@link #RUN}, which lasts until it is interrupted; {@link
 * #STORAGE_OPEN} and {@link #STORAGE_CLOSE}, since a log is replayed and written out for as long as
 * that takes; reads and writes of a storage and {@link #EVALUATE}, which run on the caller's thread
 * and end with the scrape or the query that makes them.
 */
public enum Operation {
  /** Bundle start and constructors. */
  START(Duration.ofSeconds(10), true),
  /** Opening an instance, its configuration record included. */
  OPEN(Duration.ofSeconds(10), true),
  /** Closing an instance. */
  CLOSE(Duration.ofSeconds(10), true),
  /** A discovery's run. */
  RUN(null, false),
  /** A collection of an exporter; the scrape that asks may grant less. */
  COLLECT(Duration.ofMinutes(2), true),
  /** A notification. */
  SEND(Duration.ofMinutes(1), true),
  /** Listing the functions of a plugin. */
  FUNCTIONS(Duration.ofSeconds(10), false),
  /** A function over one series, or over numbers. */
  EVALUATE(null, true),
  /** Trying a storage's settings on a plugin that has not opened it yet. */
  CHECK(Duration.ofSeconds(10), true),
  /** Opening a storage. */
  STORAGE_OPEN(null, true),
  /** Closing a storage. */
  STORAGE_CLOSE(null, true),
  /** New settings for a running storage. */
  RECONFIGURE(null, false),
  /** A series' reference. */
  RESOLVE(null, false),
  /** A batch of samples. */
  APPEND(null, true),
  /** A selection of series. */
  SELECT(null, true),
  /** The cursor of a selection; counted once, when it is opened. */
  CURSOR(null, false),
  /** Series, label names, label values, exemplars. */
  METADATA(null, true),
  /** Figures of a storage. */
  STATS(null, false),
  /** A further capability of a storage, for example deletion. */
  CAPABILITY(null, true);

  private final @Nullable Duration deadline;
  private final boolean timed;

  Operation(@Nullable Duration deadline, boolean timed) {
    this.deadline = deadline;
    this.timed = timed;
  }

  /** Returns the time granted, or null. */
  public @Nullable Duration deadline() {
    return deadline;
  }

  /** Tells whether durations of it are shown as a histogram. */
  boolean timed() {
    return timed;
  }

  /** Tells whether calls may be refused by the host: behind a circuit breaker or a bound. */
  boolean refusable() {
    return this == COLLECT || this == SEND;
  }

  /** Returns the value of the label {@code operation}. */
  public String label() {
    return switch (this) {
      case STORAGE_OPEN -> "open";
      case STORAGE_CLOSE -> "close";
      default -> name().toLowerCase(Locale.ROOT);
    };
  }
}
