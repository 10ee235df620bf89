package io.narthex.service.plugins;

import java.util.List;

/**
 * How a plugin has fared since it was installed; its updates do not reset the figures.
 *
 * @param calls calls of the server into the plugin, by operation
 * @param leaks what former versions have left behind
 * @param usage what it has used of the machine
 */
public record PluginHealth(List<Calls> calls, List<Leak> leaks, Usage usage) {
  /** Nothing is known. */
  public static final PluginHealth NONE = new PluginHealth(List.of(), List.of());

  /** Copies the lists. */
  public PluginHealth {
    calls = List.copyOf(calls);
    leaks = List.copyOf(leaks);
  }

  /** Creates one that knows nothing of the machine. */
  public PluginHealth(List<Calls> calls, List<Leak> leaks) {
    this(calls, leaks, Usage.NONE);
  }

  /**
   * What a plugin has used on the platform threads it was called on or lent; calls on virtual
   * threads, which are those into an open storage, do not count.
   *
   * @param cpuSeconds time on processors
   * @param allocatedBytes what it has allocated, freed or not
   */
  public record Usage(double cpuSeconds, double allocatedBytes) {
    /** Nothing is known. */
    public static final Usage NONE = new Usage(0, 0);
  }

  /**
   * Calls of one operation.
   *
   * @param kind for example {@code discovery}; {@code plugin} for the whole
   * @param operation for example {@code open}
   * @param calls calls begun
   * @param exceptions of these, calls that ended with an exception
   * @param timeouts of these, calls that did not come back in time
   * @param rejected further calls that were not made, because the plugin was at fault before
   * @param inFlight calls that have not come back yet
   * @param meanSeconds mean duration of the calls that have come back
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
   * Something a version left behind when it was taken out.
   *
   * @param what {@code class_loader}, {@code thread}, {@code timer}, {@code mbean} or {@code
   *     jdbc_driver}
   * @param name its name
   * @param version version of the plugin that it stems from
   */
  public record Leak(String what, String name, String version) {}
}
