package io.narthex.query;

import java.util.List;

/** What an expression gives over all steps. */
sealed interface Value {
  /** A number per step. */
  record Scalar(double[] values) implements Value {}

  /** A text. */
  record Text(String text) implements Value {}

  /** Series with at most one value per step each. */
  record Vector(List<StepSeries> series) implements Value {}
}
