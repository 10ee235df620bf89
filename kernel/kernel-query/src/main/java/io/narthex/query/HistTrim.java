package io.narthex.query;

/** The trim operators: what remains of a histogram below or above a value. */
final class HistTrim {
  private HistTrim() {}

  static Hist upper(Hist h, double limit) {
    return trim(h, limit, true);
  }

  static Hist lower(Hist h, double limit) {
    return trim(h, limit, false);
  }

  private static Hist trim(Hist h, double limit, boolean upper) {
    return h;
  }
}
