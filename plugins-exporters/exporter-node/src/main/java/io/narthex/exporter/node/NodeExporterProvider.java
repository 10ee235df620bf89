package io.narthex.exporter.node;

import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.plugin.PluginContext;
import org.osgi.service.component.annotations.Component;

/** Offers the exporter type {@code node}. */
@Component(service = ExporterProvider.class)
public final class NodeExporterProvider implements ExporterProvider<NodeConfig> {
  @Override
  public String type() {
    return "node";
  }

  @Override
  public Class<NodeConfig> configType() {
    return NodeConfig.class;
  }

  @Override
  public Exporter open(NodeConfig config, PluginContext context) {
    return NodeExporter.open(config, Access.of(context));
  }
}
