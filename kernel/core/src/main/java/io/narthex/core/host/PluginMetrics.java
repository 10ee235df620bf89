package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.plugins.PluginHealth;
import io.narthex.spi.exporter.MetricSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.ObjDoubleConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The number, duration and failures of the host's calls into each plugin. Thread-safe. The
 * statistics of a plugin survive its updates and end with its removal.
 */
public final class PluginMetrics implements MetricCollector {
  /**
   * An operation of a kind.
   *
   * @param kind null for operations of the plugin as a whole
   */
  private record Key(@Nullable Kind kind, Operation operation) implements Comparable<Key> {
    String kindLabel() {
      return kind == null ? "plugin" : kind.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public int compareTo(Key o) {
      int byKind = Integer.compare(rank(), o.rank());
      return byKind != 0 ? byKind : operation.compareTo(o.operation);
    }

    private int rank() {
      return kind == null ? -1 : kind.ordinal();
    }
  }

  private final ConcurrentMap<String, ConcurrentMap<Key, CallStats>> plugins =
      new ConcurrentSkipListMap<>();
  private final ConcurrentMap<String, ConcurrentMap<String, CircuitBreaker>> breakers =
      new ConcurrentHashMap<>();
  private final ConcurrentMap<String, PluginUsage> usage = new ConcurrentSkipListMap<>();

  /** Returns the statistics of an operation, created at 0. */
  CallStats of(String pluginId, @Nullable Kind kind, Operation operation) {
    return plugins
        .computeIfAbsent(pluginId, k -> new ConcurrentSkipListMap<>())
        .computeIfAbsent(new Key(kind, operation), k -> new CallStats());
  }

  /** Returns the resource usage of a plugin, created at 0. */
  PluginUsage usage(String pluginId) {
    return usage.computeIfAbsent(pluginId, k -> new PluginUsage());
  }

  /** Reports a breaker as that of an instance. */
  void show(String pluginId, String instance, CircuitBreaker breaker) {
    breakers.computeIfAbsent(pluginId, k -> new ConcurrentHashMap<>()).put(instance, breaker);
  }

  /** Stops reporting a breaker, unless another has replaced it. */
  void hide(String pluginId, String instance, CircuitBreaker breaker) {
    ConcurrentMap<String, CircuitBreaker> shown = breakers.get(pluginId);
    if (shown != null) {
      shown.remove(instance, breaker);
    }
  }

  /** Forgets a plugin that has been removed. */
  public void forget(String pluginId) {
    plugins.remove(pluginId);
    breakers.remove(pluginId);
    usage.remove(pluginId);
  }

  /** Returns the statistics of a plugin by operation. */
  public List<PluginHealth.Calls> calls(String pluginId) {
    List<PluginHealth.Calls> out = new ArrayList<>();
    plugins
        .getOrDefault(pluginId, new ConcurrentHashMap<>())
        .forEach((key, s) -> {
          long ended = s.ended();
          out.add(
              new PluginHealth.Calls(
                  key.kindLabel(),
                  key.operation.label(),
                  s.started.sum(),
                  s.exceptions.sum(),
                  s.timeouts.sum(),
                  s.rejected.sum(),
                  s.inFlight(),
                  ended == 0 ? 0 : s.seconds() / ended,
                  s.longestSeconds()));
        });
    return out;
  }

  /** Returns the resource usage of a plugin. */
  public PluginHealth.Usage usageOf(String pluginId) {
    PluginUsage known = usage.get(pluginId);
    return known == null
        ? PluginHealth.Usage.NONE
        : new PluginHealth.Usage(known.cpuSeconds(), known.allocatedBytes());
  }

  private interface Each {
    void take(Labels labels, Key key, CallStats stats);
  }

  private void each(Each each) {
    plugins.forEach((id, operations) ->
        operations.forEach((key, stats) ->
            each.take(
                Labels.of(
                    "plugin", id, "kind", key.kindLabel(), "operation", key.operation.label()),
                key,
                stats)));
  }

  @Override
  public void collect(MetricSink sink) {
    String calls = "narthex_plugin_calls_total";
    family(sink, calls, MetricType.COUNTER, "Calls of the server into a plugin.");
    each((labels, key, s) -> sink.sample(calls, labels, s.started.sum()));

    String failures = "narthex_plugin_call_failures_total";
    family(
        sink,
        failures,
        MetricType.COUNTER,
        "Calls into a plugin that failed: it threw an exception, did not come back in time, or was not called because its circuit is open or it has too much to do (rejected; notifications are kept and tried again). A rise means that the plugin is at fault.");
    each((labels, key, s) -> {
      ObjDoubleConsumer<String> reason =
          (text, n) -> sink.sample(failures, labels.with("reason", text), n);
      reason.accept("exception", s.exceptions.sum());
      if (key.operation.deadline() != null) {
        reason.accept("timeout", s.timeouts.sum());
      }
      if (key.operation.refusable()) {
        reason.accept("rejected", s.rejected.sum());
      }
    });

    String inFlight = "narthex_plugin_calls_in_flight";
    family(
        sink,
        inFlight,
        MetricType.GAUGE,
        "Calls into a plugin that have not come back yet, overdue ones included; a steady rise means that it hangs.");
    each((labels, key, s) -> sink.sample(inFlight, labels, s.inFlight()));

    String duration = "narthex_plugin_call_duration_seconds";
    family(sink, duration, MetricType.HISTOGRAM, "How long calls into a plugin took.");
    each((labels, key, s) -> {
      if (key.operation.timed()) {
        long cumulative = 0;
        long[] counts = s.counts();
        for (int i = 0; i < counts.length; i++) {
          cumulative += counts[i];
          String le = i < CallStats.BOUNDS.length ? bound(CallStats.BOUNDS[i]) : "+Inf";
          sink.sample(duration + "_bucket", labels.with("le", le), cumulative);
        }
        sink.sample(duration + "_sum", labels, s.seconds());
        sink.sample(duration + "_count", labels, cumulative);
      }
    });

    String cpu = "narthex_plugin_cpu_seconds_total";
    family(
        sink,
        cpu,
        MetricType.COUNTER,
        "Time a plugin has spent on processors, on the platform threads it was called on or lent; calls of scrapes and queries into the storage are not counted.");
    usage.forEach((id, u) -> sink.sample(cpu, Labels.of("plugin", id), u.cpuSeconds()));

    String allocated = "narthex_plugin_allocated_bytes_total";
    family(
        sink,
        allocated,
        MetricType.COUNTER,
        "What a plugin has allocated, freed or not, on the platform threads it was called on or lent.");
    usage.forEach((id, u) -> sink.sample(allocated, Labels.of("plugin", id), u.allocatedBytes()));

    String circuit = "narthex_plugin_circuit_open";
    family(
        sink,
        circuit,
        MetricType.GAUGE,
        "Whether an instance is left alone for a while because its calls failed repeatedly (1) or not (0).");
    new java.util.TreeMap<>(breakers)
        .forEach((id, instances) ->
            new java.util.TreeMap<>(instances)
                .forEach((instance, breaker) ->
                    sink.sample(
                        circuit,
                        Labels.of("plugin", id, "instance_name", instance),
                        breaker.isOpen() ? 1 : 0)));
  }

  private static String bound(double seconds) {
    return seconds >= 1 ? Long.toString((long) seconds) : Double.toString(seconds);
  }

  private static void family(MetricSink sink, String name, MetricType type, String help) {
    sink.family(new MetricMetadata(name, type, help, ""));
  }
}
