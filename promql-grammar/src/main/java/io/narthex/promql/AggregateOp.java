package io.narthex.promql;

import java.util.Locale;

/** The aggregations. */
public enum AggregateOp {
  /** Sum. */
  SUM,
  /** Mean. */
  AVG,
  /** Number of elements. */
  COUNT,
  /** Smallest. */
  MIN,
  /** Largest. */
  MAX,
  /** The value 1 per group. */
  GROUP,
  /** Standard deviation. */
  STDDEV,
  /** Variance. */
  STDVAR,
  /** The k largest. */
  TOPK,
  /** The k smallest. */
  BOTTOMK,
  /** Number of elements per value. */
  COUNT_VALUES,
  /** Quantile. */
  QUANTILE,
  /** Any k. */
  LIMITK,
  /** A share. */
  LIMIT_RATIO;

  /** Returns the name in queries. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns whether it takes a parameter before the vector. */
  public boolean hasParameter() {
    return compareTo(TOPK) >= 0;
  }

  /** Returns whether it is off unless experimental functions are on. */
  public boolean isExperimental() {
    return this == LIMITK || this == LIMIT_RATIO;
  }

  /** Returns whether the result has the elements of the input and not one element per group. */
  public boolean keepsElements() {
    return this == TOPK || this == BOTTOMK || this == LIMITK || this == LIMIT_RATIO;
  }
}
