package io.narthex.exposition.family;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Types of families, in the order of their numbers in {@code io.prometheus.client.MetricType}. */
public enum Kind {
  COUNTER("counter"),
  GAUGE("gauge"),
  SUMMARY("summary"),
  UNTYPED("untyped"),
  HISTOGRAM("histogram"),
  /** Written as a histogram, as the original does. */
  GAUGE_HISTOGRAM("histogram");

  private final String text;

  Kind(String text) {
    this.text = text;
  }

  /** Returns the name that the text format gives it. */
  public String text() {
    return text;
  }

  /** Returns whether it has buckets. */
  public boolean isHistogram() {
    return this == HISTOGRAM || this == GAUGE_HISTOGRAM;
  }

  /** Returns the type of a {@code TYPE} line, in any case, or null. */
  public static @Nullable Kind of(String text) {
    String name = text.toUpperCase(Locale.ROOT);
    if (name.equals("GAUGEHISTOGRAM")) {
      return GAUGE_HISTOGRAM;
    }
    for (Kind kind : values()) {
      if (kind.name().equals(name)) {
        return kind;
      }
    }
    return null;
  }
}
