package io.narthex.exposition.family;

import io.narthex.model.go.GoFloat;

/** A metric of a family. Immutable; the arrays must not be changed. */
public sealed interface Metric {
  /** Returns its labels. */
  SeriesLabels labels();

  /** Returns the same with other labels. */
  Metric with(SeriesLabels labels);

  /** Returns an estimate of the memory in bytes. */
  long bytes();

  /** Takes the samples of a metric. */
  @FunctionalInterface
  interface Samples {
    /**
     * Takes one.
     *
     * @param suffix of its name behind that of the family
     * @param extra name of the label that tells the quantile or bucket, or empty
     * @param at value of that label
     */
    void sample(String suffix, String extra, double at, double value);
  }

  /** Gives all samples of an exposition; a histogram without an infinite bucket gets one. */
  void samples(Samples out);

  /** Returns a number as the text format has it. */
  static String number(double v) {
    return GoFloat.toString(v == 0 ? 0.0 : v, GoFloat.Style.GENERAL);
  }

  /** A counter, gauge or untyped metric. */
  record Value(SeriesLabels labels, double value) implements Metric {
    @Override
    public Value with(SeriesLabels other) {
      return new Value(other, value);
    }

    @Override
    public void samples(Samples out) {
      out.sample("", "", 0, value);
    }

    @Override
    public long bytes() {
      return 24 + labels.bytes();
    }
  }

  /**
   * A summary.
   *
   * @param count unsigned
   * @param quantiles as pushed, also when they repeat
   */
  record Summary(SeriesLabels labels, long count, double sum, double[] quantiles, double[] values)
      implements Metric {
    @Override
    public Summary with(SeriesLabels other) {
      return new Summary(other, count, sum, quantiles, values);
    }

    @Override
    public void samples(Samples out) {
      for (int i = 0; i < quantiles.length; i++) {
        out.sample("", "quantile", quantiles[i], values[i]);
      }
      out.sample("_sum", "", 0, sum);
      out.sample("_count", "", 0, unsigned(count));
    }

    /** Returns the number that a count of 64 bits without sign stands for. */
    public static double unsigned(long v) {
      return v >= 0 ? v : (v >>> 1 | v & 1) * 2.0;
    }

    @Override
    public long bytes() {
      return 80 + 16L * quantiles.length + labels.bytes();
    }
  }

  /**
   * A histogram.
   *
   * @param count as pushed; the text format allows any number
   * @param bounds upper bounds as pushed, in any order
   * @param counts cumulative, by bound
   * @param nativeFields the fields of a native histogram as protobuf has them; empty for none
   */
  record Histogram(
      SeriesLabels labels,
      double count,
      double sum,
      double[] bounds,
      double[] counts,
      byte[] nativeFields)
      implements Metric {
    /** No native fields. */
    public static final byte[] CLASSIC = new byte[0];

    @Override
    public Histogram with(SeriesLabels other) {
      return new Histogram(other, count, sum, bounds, counts, nativeFields);
    }

    @Override
    public void samples(Samples out) {
      boolean infinite = false;
      for (int i = 0; i < bounds.length; i++) {
        out.sample("_bucket", "le", bounds[i], counts[i]);
        infinite |= bounds[i] == Double.POSITIVE_INFINITY;
      }
      if (!infinite) {
        out.sample("_bucket", "le", Double.POSITIVE_INFINITY, count);
      }
      out.sample("_sum", "", 0, sum);
      out.sample("_count", "", 0, count);
    }

    @Override
    public long bytes() {
      return 96 + 16L * bounds.length + nativeFields.length + labels.bytes();
    }
  }

  /** A metric that has no value of the type of its family, which the check of a push refuses. */
  record Missing(SeriesLabels labels) implements Metric {
    @Override
    public Missing with(SeriesLabels other) {
      return new Missing(other);
    }

    @Override
    public void samples(Samples out) {
      // has no value
    }

    @Override
    public long bytes() {
      return 16 + labels.bytes();
    }
  }
}
