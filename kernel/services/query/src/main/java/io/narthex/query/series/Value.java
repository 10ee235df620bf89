package io.narthex.query.series;

import java.util.Arrays;
import java.util.List;

/** The value of an expression over all steps. */
public sealed interface Value {
  /** A number per step. */
  record Scalar(double[] values) implements Value {}

  /** A string. */
  record Text(String text) implements Value {}

  /** Series with at most one value per step each. */
  record Vector(List<StepSeries> series) implements Value {}

  /** Returns the same number at each step. */
  static Scalar scalar(Grid grid, double v) {
    double[] values = new double[grid.size()];
    Arrays.fill(values, v);
    return new Scalar(values);
  }

  /** Returns how many samples a value has; a histogram counts as several. */
  static long size(Value v) {
    if (!(v instanceof Vector x)) {
      return 0;
    }
    long n = 0;
    for (StepSeries s : x.series()) {
      n += s.samples();
    }
    return n;
  }

  /** Returns about how many bytes a value takes. */
  static long bytes(Value v) {
    return switch (v) {
      case Vector x -> {
        long n = 0;
        for (StepSeries s : x.series()) {
          n += s.bytes();
        }
        yield n;
      }
      case Scalar s -> 8L * s.values().length;
      case Text _ -> 0;
    };
  }
}
