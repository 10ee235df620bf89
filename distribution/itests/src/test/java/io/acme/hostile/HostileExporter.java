package io.acme.hostile;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** An exporter whose collection never ends and is deaf to interruption. */
public final class HostileExporter implements ExporterProvider<HostileConfig> {
  /** Creates one. */
  public HostileExporter() {}

  @Override
  public String type() {
    return "hanging";
  }

  @Override
  public Class<HostileConfig> configType() {
    return HostileConfig.class;
  }

  @Override
  public Exporter open(HostileConfig config, PluginContext context) {
    return new Exporter() {
      @Override
      public void collect(MetricSink sink, Map<String, List<String>> parameters) {
        sink.family(new MetricMetadata("hanging", MetricType.GAUGE, "Half a collection.", ""));
        sink.sample("hanging", Labels.EMPTY, 1);
        while (true) {
          LockSupport.parkNanos(10_000_000_000L);
          Thread.interrupted();
        }
      }

      @Override
      public void close() {}
    };
  }
}
