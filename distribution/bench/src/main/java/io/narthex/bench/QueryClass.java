package io.narthex.bench;

import java.util.Set;

/**
 * A class of queries of the speed comparison: those that read the same metrics. Micro benchmarks
 * run each in a JVM of its own.
 */
enum QueryClass {
  ONE("one series", 10_000, 1),
  HUNDRED("a hundred series", 10_000, 2),
  TWO_THOUSAND("two thousand series", 10_000, 1),
  JOINS("joins", 10_000, 2),
  INFO("info", 30_000, 1),
  EXPONENTIAL("exponential histograms", 30_000, 6),
  CUSTOM("custom histograms", 30_000, 4);

  /** Its name for people. */
  final String title;

  /** Milliseconds between two steps of a range query. */
  final long stepMs;

  /** Heap that data and queries need in memory, GiB. */
  final int heapGiB;

  QueryClass(String title, long stepMs, int heapGiB) {
    this.title = title;
    this.stepMs = stepMs;
    this.heapGiB = heapGiB;
  }

  /** Returns whether queries read native histograms. */
  boolean nativeHistograms() {
    return this == EXPONENTIAL || this == CUSTOM;
  }

  /** Returns the names of the metrics that queries of this class read. */
  Set<String> metrics() {
    return switch (this) {
      case ONE -> Set.of("a_one", "b_one", "h_one");
      case HUNDRED -> BenchData.CORE;
      case TWO_THOUSAND -> Set.of("a_2000", "b_2000");
      case JOINS -> Set.of("rpc_success_total", "rpc_error_total");
      case INFO -> Set.of("target_info", "http_server_request_duration_seconds_count");
      case EXPONENTIAL -> Set.of("nh_exponential");
      case CUSTOM -> Set.of("nh_custom");
    };
  }
}
