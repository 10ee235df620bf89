package io.acme.discovery;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import io.narthex.testkit.swap.PluginSwap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AcmeDiscoveryTest extends DiscoveryKit {
  private static final List<String> HOSTS = List.of("db1:9100", "db2:9100");

  @Override
  protected Discovery open(PluginContext context) {
    return new AcmeDiscoveryProvider().open(new AcmeConfig(HOSTS, "blue"), context);
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(
        new TargetGroup(
            "acme",
            Map.of("team", "blue", "release", "first"),
            HOSTS.stream().map(host -> Map.of(TargetGroup.ADDRESS, host)).toList()));
  }

  @Test
  void noTargetIsLostWhenItIsReplaced() {
    PluginSwap.swap(AcmeDiscoveryProvider.class).settings(Map.of("hosts", HOSTS)).losesNoTarget();
  }
}
