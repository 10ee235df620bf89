package io.narthex.exporter.jvm;

import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.plugin.PluginContext;
import org.osgi.service.component.annotations.Component;

/** Offers the exporter type {@code jvm}. */
@Component(service = ExporterProvider.class)
public final class JvmExporterProvider implements ExporterProvider<JvmConfig> {
  @Override
  public String type() {
    return "jvm";
  }

  @Override
  public Class<JvmConfig> configType() {
    return JvmConfig.class;
  }

  @Override
  public Exporter open(JvmConfig config, PluginContext context) {
    return new JvmExporter(config, context);
  }
}
