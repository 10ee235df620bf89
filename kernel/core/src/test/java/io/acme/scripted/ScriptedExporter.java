package io.acme.scripted;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Map;

/** An exporter that does what the script says. */
public final class ScriptedExporter implements ExporterProvider<ScriptedExporter.Config> {
  /** No settings. */
  public record Config() {}

  @Override
  public String type() {
    return "scripted";
  }

  @Override
  public Class<Config> configType() {
    return Config.class;
  }

  @Override
  public Exporter open(Config config, PluginContext context) {
    return new Exporter() {
      @Override
      public void collect(MetricSink sink, Map<String, List<String>> parameters) {
        Script.maybeThrow("collect");
        sink.family(new MetricMetadata("scripted", MetricType.GAUGE, "Always 1.", ""));
        sink.sample("scripted", Labels.EMPTY, 1);
      }

      @Override
      public void probe(MetricSink sink) {
        Script.maybeThrow("probe");
      }

      @Override
      public void close() {}
    };
  }
}
