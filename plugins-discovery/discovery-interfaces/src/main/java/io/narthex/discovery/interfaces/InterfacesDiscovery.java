package io.narthex.discovery.interfaces;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Lists the addresses of this machine periodically. A failed listing keeps the targets. */
final class InterfacesDiscovery implements Discovery {
  private static final Duration REFRESH = Duration.ofSeconds(30);

  /** Lists addresses without port. */
  interface Addresses {
    List<String> list() throws IOException;
  }

  private final int port;
  private final Addresses addresses;

  InterfacesDiscovery(int port, Addresses addresses) {
    this.port = port;
    this.addresses = addresses;
  }

  @Override
  public void run(TargetSink sink) throws InterruptedException {
    while (true) {
      try {
        sink.update(groups());
      } catch (IOException e) {
        sink.refreshFailed("interfaces: " + e.getMessage());
      }
      Thread.sleep(REFRESH);
    }
  }

  @Override
  public Optional<List<TargetGroup>> probe() throws IOException {
    return Optional.of(groups());
  }

  private List<TargetGroup> groups() throws IOException {
    List<Map<String, String>> targets =
        addresses.list().stream().map(a -> Map.of(TargetGroup.ADDRESS, hostPort(a))).toList();
    return List.of(new TargetGroup("0", Map.of(), targets));
  }

  private String hostPort(String address) {
    return (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + port;
  }
}
