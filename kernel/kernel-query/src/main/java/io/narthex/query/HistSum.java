package io.narthex.query;

import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.PosRange;

/**
 * A running sum of histograms with compensation: the lost low parts are kept in a second histogram
 * of the same shape and added at the end.
 */
final class HistSum {
  private final Annotations annotations;
  private final PosRange place;
  private final String operation;
  private final Hist.Notes notes = new Hist.Notes();
  private Hist sum = Hist.EMPTY;
  private boolean empty = true;
  private boolean sawReset;
  private boolean sawNotReset;

  HistSum(Annotations annotations, PosRange place, String operation) {
    this.annotations = annotations;
    this.place = place;
    this.operation = operation;
  }

  void reset() {
    empty = true;
    sum = Hist.EMPTY;
    sawReset = false;
    sawNotReset = false;
  }

  boolean isEmpty() {
    return empty;
  }

  /** Adds; false when exponential and custom buckets meet. */
  boolean add(Hist h) {
    sawReset |= h.hint == ResetHint.RESET;
    sawNotReset |= h.hint == ResetHint.NOT_RESET;
    if (sawReset && sawNotReset) {
      annotations.conflictingResets(operation, place);
    }
    if (empty) {
      sum = h;
      empty = false;
      return true;
    }
    notes.clear();
    sum = sum.plus(h, notes);
    if (notes.boundsReconciled) {
      annotations.boundsReconciled(operation, place);
    }
    return !notes.incompatible;
  }

  Hist total() {
    return sum;
  }
}
