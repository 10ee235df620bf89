package io.acme.hostile;

import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** An exporter that does not close once it has collected. */
public final class ClingingExporter implements ExporterProvider<ClingingExporter.Config> {
  /** No settings. */
  public record Config() {}

  /** Creates one. */
  public ClingingExporter() {}

  @Override
  public String type() {
    return "clinging";
  }

  @Override
  public Class<Config> configType() {
    return Config.class;
  }

  @Override
  public Exporter open(Config config, PluginContext context) {
    return new Exporter() {
      private volatile boolean used;

      @Override
      public void collect(MetricSink sink, Map<String, List<String>> parameters) {
        used = true;
      }

      @Override
      public void close() {
        while (used) {
          LockSupport.parkNanos(10_000_000_000L);
          Thread.interrupted();
        }
      }
    };
  }
}
