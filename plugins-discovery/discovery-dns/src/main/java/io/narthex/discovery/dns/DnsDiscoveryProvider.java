package io.narthex.discovery.dns;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.util.Locale;
import org.osgi.service.component.annotations.Component;
import org.xbill.DNS.Type;

/** Offers the discovery type {@code dns}. */
@Component(service = DiscoveryProvider.class)
public final class DnsDiscoveryProvider implements DiscoveryProvider<DnsConfig> {
  @Override
  public String type() {
    return "dns";
  }

  @Override
  public Class<DnsConfig> configType() {
    return DnsConfig.class;
  }

  @Override
  public Discovery open(DnsConfig config, PluginContext context) {
    if (config.names().isEmpty()) {
      throw new ConfigException("DNS-SD config must contain at least one SRV record name");
    }
    int type =
        switch (config.type().toUpperCase(Locale.ROOT)) {
          case "SRV" -> Type.SRV;
          case "A" -> Type.A;
          case "AAAA" -> Type.AAAA;
          case "MX" -> Type.MX;
          case "NS" -> Type.NS;
          default -> throw new ConfigException("invalid DNS-SD records type " + config.type());
        };
    if (type != Type.SRV && config.port() == 0) {
      throw new ConfigException(
          "a port is required in DNS-SD configs for all record types except SRV");
    }
    for (String server : config.nameservers()) {
      ResolverConfig.server(server);
    }
    return new DnsDiscovery(config, type, ResolverConfig.RESOLV_CONF);
  }
}
