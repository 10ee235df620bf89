package io.narthex.discovery.interfaces;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class InterfacesDiscoveryTest extends DiscoveryKit {
  @Override
  protected Discovery open(PluginContext context) {
    return new InterfacesDiscovery(9100, () -> List.of("192.0.2.1", "2001:db8::1"));
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(
        new TargetGroup(
            "0",
            Map.of(),
            List.of(
                Map.of("__address__", "192.0.2.1:9100"),
                Map.of("__address__", "[2001:db8::1]:9100"))));
  }

  @Test
  void listsTheLoopbackOfThisMachineOnItsPort() throws Exception {
    Discovery discovery =
        new InterfacesDiscoveryProvider().open(new InterfacesConfig(9100), context());
    assertThat(discovery.probe().orElseThrow().get(0).targets())
        .contains(Map.of("__address__", "127.0.0.1:9100"));
  }
}
