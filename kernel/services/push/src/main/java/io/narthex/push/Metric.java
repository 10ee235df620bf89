package io.narthex.push;

/** A metric of a family. Immutable; the arrays must not be changed. */
sealed interface Metric {
  PushedLabels labels();

  /** Returns the same with other labels. */
  Metric with(PushedLabels labels);

  /** Returns an estimate of the memory in bytes. */
  long bytes();

  /** A counter, gauge or untyped metric. */
  record Value(PushedLabels labels, double value) implements Metric {
    @Override
    public Value with(PushedLabels other) {
      return new Value(other, value);
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
  record Summary(PushedLabels labels, long count, double sum, double[] quantiles, double[] values)
      implements Metric {
    @Override
    public Summary with(PushedLabels other) {
      return new Summary(other, count, sum, quantiles, values);
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
      PushedLabels labels,
      double count,
      double sum,
      double[] bounds,
      double[] counts,
      byte[] nativeFields)
      implements Metric {
    static final byte[] CLASSIC = new byte[0];

    @Override
    public Histogram with(PushedLabels other) {
      return new Histogram(other, count, sum, bounds, counts, nativeFields);
    }

    @Override
    public long bytes() {
      return 96 + 16L * bounds.length + nativeFields.length + labels.bytes();
    }
  }

  /** A metric that has no value of the type of its family, which the check of a push refuses. */
  record Missing(PushedLabels labels) implements Metric {
    @Override
    public Missing with(PushedLabels other) {
      return new Missing(other);
    }

    @Override
    public long bytes() {
      return 16 + labels.bytes();
    }
  }
}
