package io.narthex.discovery.statics;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StaticDiscoveryTest extends DiscoveryKit {
  @Override
  protected Discovery open(PluginContext context) {
    return new StaticDiscoveryProvider()
        .open(new StaticConfig(List.of("a:1", "b:2"), Map.of("env", "test")), context);
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(
        new TargetGroup(
            "0",
            Map.of("env", "test"),
            List.of(Map.of("__address__", "a:1"), Map.of("__address__", "b:2"))));
  }

  @Test
  void saysItsType() {
    assertThat(new StaticDiscoveryProvider().type()).isEqualTo("static");
  }
}
