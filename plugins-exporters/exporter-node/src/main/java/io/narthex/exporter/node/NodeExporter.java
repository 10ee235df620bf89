package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the collectors one after the other; a failed one costs only its own metrics. */
final class NodeExporter implements Exporter {
  private static final Logger LOG = LoggerFactory.getLogger(NodeExporter.class);

  private final Host host;
  private final Map<String, Collector> collectors = new TreeMap<>();

  NodeExporter(NodeConfig config, Clock clock, Netlink netlink) {
    host = new Host(config);
    boolean defaults = !host.flags.on("collector.disable-defaults", false);
    Collectors.all(host, clock, netlink)
        .forEach((name, entry) -> {
          if (host.flags.on("collector." + name, defaults && entry.byDefault())) {
            collectors.put(name, entry.collector());
          }
        });
  }

  @Override
  public void collect(MetricSink sink, Map<String, List<String>> parameters)
      throws InterruptedException {
    List<String> only = parameters.getOrDefault("collect[]", List.of());
    List<String> except = parameters.getOrDefault("exclude[]", List.of());
    Out out = new Out();
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
    out.writeTo(sink);
  }

  @Override
  public void close() {
    // holds nothing
  }
}
