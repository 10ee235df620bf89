package io.narthex.discovery.jvm;

import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JvmDiscoverySwapTest {
  @Test
  void noTargetIsLostAndNothingStays() throws IOException {
    try (WaitingJvm unused = new WaitingJvm()) {
      PluginSwap.swap(JvmDiscoveryProvider.class)
          .settings(Map.of("refresh_interval", "1s"))
          .losesNoTarget();
    }
  }
}
