package io.narthex.discovery.jvm;

import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code jvm}. */
@Component(service = DiscoveryProvider.class)
public final class JvmDiscoveryProvider implements DiscoveryProvider<JvmConfig> {
  @Override
  public String type() {
    return "jvm";
  }

  @Override
  public Class<JvmConfig> configType() {
    return JvmConfig.class;
  }

  @Override
  public Discovery open(JvmConfig config, PluginContext context) {
    return new JvmDiscovery(config, LocalJvm::all);
  }
}
