package io.narthex.service.plugins;

import java.util.List;

/**
 * Statistics of a plugin since it was installed; updates do not reset them. Immutable.
 *
 * @param calls calls of the server into the plugin, by operation
 * @param leaks what previous versions have left behind
 * @param usage its use of CPU and memory
 */
public record PluginHealth(List<Calls> calls, List<Leak> leaks, Usage usage) {
  /** No data. */
  public static final PluginHealth NONE = new PluginHealth(List.of(), List.of());

  /** Copies the lists. */
  public PluginHealth {
    calls = List.copyOf(calls);
    leaks = List.copyOf(leaks);
  }

  /** Creates one without usage. */
  public PluginHealth(List<Calls> calls, List<Leak> leaks) {
    this(calls, leaks, Usage.NONE);
  }

  /**
   * CPU time and allocation on the platform threads that called the plugin or were given to it;
   * calls on virtual threads, which are those into an open storage, do not count.
   *
   * @param cpuSeconds CPU time in seconds
   * @param allocatedBytes bytes allocated, freed or not
   */
  public record Usage(double cpuSeconds, double allocatedBytes) {
    /** No data. */
    public static final Usage NONE = new Usage(0, 0);
  }

  /**
   * Calls of one operation.
   *
   * @param kind for example {@code discovery}; {@code plugin} for the whole plugin
   * @param operation for example {@code open}
   * @param calls calls started
   * @param exceptions of these, calls that ended with an exception
   * @param timeouts of these, calls that did not return in time
   * @param rejected additional calls that were not made because of earlier faults of the plugin
   * @param inFlight calls that have not returned yet
   * @param meanSeconds mean duration of the calls that have returned
   * @param maxSeconds longest of them
   */
  public record Calls(
      String kind,
      String operation,
      long calls,
      long exceptions,
      long timeouts,
      long rejected,
      long inFlight,
      double meanSeconds,
      double maxSeconds) {}

  /**
   * Something a version left behind when it was removed.
   *
   * @param what {@code class_loader}, {@code thread}, {@code timer}, {@code mbean} or {@code
   *     jdbc_driver}
   * @param name its name
   * @param version version of the plugin that left it
   */
  public record Leak(String what, String name, String version) {}
}
