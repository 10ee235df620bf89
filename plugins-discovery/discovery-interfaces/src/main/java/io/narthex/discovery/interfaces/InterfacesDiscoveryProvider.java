package io.narthex.discovery.interfaces;

import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code interfaces}. */
@Component(service = DiscoveryProvider.class)
public final class InterfacesDiscoveryProvider implements DiscoveryProvider<InterfacesConfig> {
  @Override
  public String type() {
    return "interfaces";
  }

  @Override
  public Class<InterfacesConfig> configType() {
    return InterfacesConfig.class;
  }

  @Override
  public Discovery open(InterfacesConfig config, PluginContext context) {
    return new InterfacesDiscovery(config.port(), InterfacesDiscoveryProvider::addresses);
  }

  private static List<String> addresses() throws IOException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(a -> !a.isLinkLocalAddress())
        .map(InetAddress::getHostAddress)
        .sorted()
        .toList();
  }
}
