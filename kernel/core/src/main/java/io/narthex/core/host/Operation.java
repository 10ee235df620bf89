package io.narthex.core.host;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The operations of plugins, with their deadlines. Only {@link #RUN} has none: it lasts until it is
 * interrupted. {@link #STORAGE_OPEN} may take longer while it reports progress. Decision 0014
 * describes the consequences of an overrun.
 */
public enum Operation {
  /** Bundle start and constructors. */
  START(Duration.ofSeconds(10), true),
  /** Opening an instance, its configuration record included. */
  OPEN(Duration.ofSeconds(10), true),
  /** The self-test of an update. */
  PROBE(Duration.ofSeconds(10), true),
  /** Closing an instance. */
  CLOSE(Duration.ofSeconds(10), true),
  /** A discovery's run. */
  RUN(null, false),
  /** A collection of an exporter; the scrape timeout may be shorter. */
  COLLECT(Duration.ofMinutes(2), true),
  /** A notification. */
  SEND(Duration.ofMinutes(1), true),
  /** Listing the functions of a plugin. */
  FUNCTIONS(Duration.ofSeconds(10), false),
  /** A function over one series, or over numbers. */
  EVALUATE(Duration.ofSeconds(30), true),
  /** Checking a storage's settings with a plugin that has not opened it yet. */
  CHECK(Duration.ofSeconds(10), true),
  /** Opening a storage: the time without progress. */
  STORAGE_OPEN(Duration.ofMinutes(10), true),
  /** Closing a storage. */
  STORAGE_CLOSE(Duration.ofMinutes(5), true),
  /** New settings for a running storage. */
  RECONFIGURE(Duration.ofMinutes(1), false),
  /** A series' reference. */
  RESOLVE(Duration.ofMinutes(2), false),
  /** A batch of samples. */
  APPEND(Duration.ofMinutes(2), true),
  /** A selection of series. */
  SELECT(Duration.ofMinutes(2), true),
  /**
   * The cursor of a selection; counted once, when it is opened; the deadline applies to each step.
   */
  CURSOR(Duration.ofMinutes(2), false),
  /** Series, label names, label values, exemplars. */
  METADATA(Duration.ofMinutes(2), true),
  /** Statistics of a storage. */
  STATS(Duration.ofMinutes(2), false),
  /** A further capability of a storage, for example deletion, which may rewrite all blocks. */
  CAPABILITY(Duration.ofHours(1), true);

  private final @Nullable Duration deadline;
  private final boolean timed;

  Operation(@Nullable Duration deadline, boolean timed) {
    this.deadline = deadline;
    this.timed = timed;
  }

  /** Returns the calls of an open storage that scrapes and queries make. */
  public static Set<Operation> ofStorages() {
    return EnumSet.of(RESOLVE, APPEND, SELECT, CURSOR, METADATA, STATS);
  }

  /** Returns the deadline, or null. */
  public @Nullable Duration deadline() {
    return deadline;
  }

  /** Returns whether durations of it are shown as a histogram. */
  boolean timed() {
    return timed;
  }

  /** Returns whether calls may be refused by the host: behind a circuit breaker or a bound. */
  boolean refusable() {
    return switch (this) {
      case COLLECT, SEND, EVALUATE, RESOLVE, APPEND, SELECT, METADATA, STATS, CAPABILITY -> true;
      case START,
          OPEN,
          PROBE,
          CLOSE,
          RUN,
          FUNCTIONS,
          CHECK,
          STORAGE_OPEN,
          STORAGE_CLOSE,
          RECONFIGURE,
          CURSOR ->
          false;
    };
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
