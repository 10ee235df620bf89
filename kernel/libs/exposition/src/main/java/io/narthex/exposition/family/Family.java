package io.narthex.exposition.family;

import java.util.List;

/** A family of metrics. Immutable. */
public record Family(String name, Kind kind, String help, List<Metric> metrics) {
  /** Copies the list. */
  public Family {
    metrics = List.copyOf(metrics);
  }

  /** Returns an estimate of the memory in bytes. */
  public long bytes() {
    long sum = 160 + name.length() + help.length();
    for (Metric m : metrics) {
      sum += m.bytes();
    }
    return sum;
  }
}
