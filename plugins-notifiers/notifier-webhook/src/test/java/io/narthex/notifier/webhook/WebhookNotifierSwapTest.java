package io.narthex.notifier.webhook;

import io.narthex.spi.notifier.Notification;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WebhookNotifierSwapTest {
  @Test
  void noNotificationIsLostOrDoubledAndNothingStays() throws IOException {
    try (HttpStandIn peer = new HttpStandIn()) {
      PluginSwap.swap(WebhookNotifierProvider.class)
          .settings(Map.of("url", peer.url("/hook").toString()))
          .identifiedBy(WebhookNotifierSwapTest::fingerprint)
          .losesNoNotification(peer);
    }
  }

  private static String fingerprint(Notification n) {
    return "\"" + n.alerts().get(0).fingerprint() + "\"";
  }
}
