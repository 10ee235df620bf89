package io.narthex.push;

import java.util.List;

/** A family of metrics. Immutable. */
record Family(String name, Kind kind, String help, List<Metric> metrics) {
  Family {
    metrics = List.copyOf(metrics);
  }

  /** Returns an estimate of the memory in bytes. */
  long bytes() {
    long sum = 160 + name.length() + help.length();
    for (Metric m : metrics) {
      sum += m.bytes();
    }
    return sum;
  }
}
