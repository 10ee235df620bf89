package io.narthex.model;

import java.util.Locale;

/** The type a metric family declares. */
public enum MetricType {
  /** Declared without type, or not declared. */
  UNKNOWN,
  /** Only increases, except for resets. */
  COUNTER,
  /** Increases and decreases. */
  GAUGE,
  /** Cumulative distribution, classic buckets or native. */
  HISTOGRAM,
  /** Distribution whose buckets may decrease. */
  GAUGEHISTOGRAM,
  /** Quantiles computed by the client. */
  SUMMARY,
  /** Constant 1 with information in labels. */
  INFO,
  /** One boolean series per state. */
  STATESET;

  private final String text = name().toLowerCase(Locale.ROOT);

  /** Returns the name used in exposition formats and the HTTP API, for example {@code counter}. */
  public String text() {
    return text;
  }
}
