package io.acme.notifier;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider.NoGlobals;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.NotifierKit;
import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AcmeNotifierTest extends NotifierKit {
  private final HttpStandIn peer;

  AcmeNotifierTest() throws IOException {
    peer = new HttpStandIn();
  }

  @AfterEach
  void stop() {
    peer.close();
  }

  @Override
  protected Notifier open(PluginContext context) {
    return new AcmeNotifierProvider().open(new AcmeConfig(peer.url("/")), new NoGlobals(), context);
  }

  @Override
  protected void peer(Peer behaviour) {
    peer.hangs(behaviour == Peer.HANGS);
    peer.status(behaviour == Peer.FAILS_FOR_NOW ? 503 : 200);
  }

  @Override
  protected int received() {
    return peer.received().size();
  }

  @Test
  void postsOneLineOfJson() throws Exception {
    try (Notifier notifier = open(context())) {
      notifier.send(notification(resolved("A"), resolved("B")));
    }
    assertThat(peer.received().get(0).body())
        .isEqualTo(
            "{\"release\":\"first\",\"status\":\"resolved\",\"alerts\":2,\"key\":\"%08x\"}"
                .formatted("0123456789abcdef".hashCode()));
  }

  @Test
  void givesUpWhatIsRefused() throws Exception {
    peer.status(400);
    try (Notifier notifier = open(context())) {
      assertThat(notifier.send(notification(firing("A"))))
          .isEqualTo(SendResult.rejected("status 400"));
      peer.status(429);
      assertThat(notifier.send(notification(firing("A"))))
          .isEqualTo(SendResult.retryLater("status 429"));
    }
  }

  @Test
  void noNotificationIsLostWhenItIsReplaced() {
    PluginSwap.swap(AcmeNotifierProvider.class)
        .settings(Map.of("url", peer.url("/").toString()))
        .identifiedBy(n -> String.format(Locale.ROOT, "%08x", n.dedupKey().hashCode()))
        .losesNoNotification(peer);
  }
}
