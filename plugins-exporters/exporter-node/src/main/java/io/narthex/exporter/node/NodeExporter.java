package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.exporter.ParameterException;
import io.narthex.spi.exporter.PartialExporter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the collectors one after the other; a failed one costs only its own metrics. */
final class NodeExporter implements PartialExporter {
  private static final Logger LOG = LoggerFactory.getLogger(NodeExporter.class);

  private final Host host;
  private final Map<String, Collector> collectors = new TreeMap<>();
  private final Set<String> disabled = new HashSet<>();
  private final KernelFiles.Memory memory = new KernelFiles.Memory();
  private final Map<String, String> problems;

  /** Opens an exporter; flags that cannot be used cost no others. */
  static NodeExporter open(NodeConfig config, Access access) {
    try {
      return new NodeExporter(config, access);
    } catch (ConfigException e) {
      LOG.debug("one flag after the other: {}", e.getMessage());
    }
    Map<String, String> problems = new TreeMap<>();
    List<String> usable = new ArrayList<>();
    for (String flag : config.flags()) {
      usable.add(flag);
      try {
        var unused = new NodeExporter(config.withFlags(usable), access);
      } catch (ConfigException e) {
        usable.removeLast();
        problems.put(flag, String.valueOf(e.getMessage()));
      }
    }
    return new NodeExporter(config.withFlags(usable), access, problems);
  }

  NodeExporter(NodeConfig config, Access access) {
    this(config, access, Map.of());
  }

  private NodeExporter(NodeConfig config, Access access, Map<String, String> problems) {
    this.problems = problems;
    host = new Host(config);
    boolean defaults = !host.flags.on("collector.disable-defaults", false);
    Map<String, Collectors.Entry> all = Collectors.all(host, access);
    host.flags.check(new TreeSet<>(all.keySet()));
    all.forEach((name, entry) -> {
      if (host.flags.on("collector." + name, defaults && entry.byDefault())) {
        collectors.put(name, entry.collector());
      } else {
        disabled.add(name);
      }
    });
  }

  @Override
  public Map<String, String> problems() {
    return problems;
  }

  /**
   * Checks which collectors a scrape wants; the texts are those of node_exporter.
   *
   * @throws ParameterException when it wants one that does not run
   */
  private void check(List<String> only, List<String> except) {
    if (!only.isEmpty() && !except.isEmpty()) {
      throw new ParameterException("Combined collect and exclude queries are not allowed.");
    }
    for (String name : only) {
      if (!collectors.containsKey(name)) {
        throw new ParameterException(
            "Couldn't create filtered metrics handler: couldn't create collector: "
                + (disabled.contains(name) ? "disabled" : "missing")
                + " collector: "
                + name);
      }
    }
  }

  @Override
  public void collect(MetricSink sink, Map<String, List<String>> parameters)
      throws InterruptedException {
    List<String> only = parameters.getOrDefault("collect[]", List.of());
    List<String> except = parameters.getOrDefault("exclude[]", List.of());
    check(only, except);
    host.begin();
    Out out = new Out();
    KernelFiles.sharing(memory, () -> collect(only, except, out));
    out.writeTo(sink);
  }

  private void collect(List<String> only, List<String> except, Out out)
      throws InterruptedException {
    for (Map.Entry<String, Collector> e : collectors.entrySet()) {
      String name = e.getKey();
      if ((!only.isEmpty() && !only.contains(name)) || except.contains(name)) {
        continue;
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      long begin = System.nanoTime();
      Out part = new Out();
      boolean success = false;
      try {
        e.getValue().collect(host, part);
        success = true;
      } catch (NoData x) {
        LOG.debug("collector {}: {}", name, x.getMessage());
      } catch (IOException | RuntimeException x) {
        LOG.debug("collector {} failed: {}", name, x.toString());
      }
      out.addAll(part);
      out.add(
          "node_scrape_collector_duration_seconds",
          MetricType.GAUGE,
          "node_exporter: Duration of a collector scrape.",
          (System.nanoTime() - begin) / 1e9,
          "collector",
          name);
      out.add(
          "node_scrape_collector_success",
          MetricType.GAUGE,
          "node_exporter: Whether a collector succeeded.",
          success ? 1 : 0,
          "collector",
          name);
    }
  }

  @Override
  public void close() {
    // holds nothing
  }
}
