package io.narthex.discovery.statics;

import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code static}. */
@Component(service = DiscoveryProvider.class)
public final class StaticDiscoveryProvider implements DiscoveryProvider<StaticConfig> {
  @Override
  public String type() {
    return "static";
  }

  @Override
  public Class<StaticConfig> configType() {
    return StaticConfig.class;
  }

  @Override
  public Discovery open(StaticConfig config, PluginContext context) {
    return new StaticDiscovery(config);
  }
}
