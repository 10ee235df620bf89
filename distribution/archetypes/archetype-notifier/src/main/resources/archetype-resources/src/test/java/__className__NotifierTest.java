package ${package};

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider.NoGlobals;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.NotifierKit;
import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The kit's checks for every notifier, and those of this one. */
class ${className}NotifierTest extends NotifierKit {
  private final HttpStandIn server;

  ${className}NotifierTest() throws IOException {
    server = new HttpStandIn();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  protected Notifier open(PluginContext context) {
    return open(server.url("/"), "now {{ .Status }}", context);
  }

  private static Notifier open(GoUrl url, String message, PluginContext context) {
    return new ${className}Notifier()
        .open(
            new ${className}Config(url, message, Duration.ofSeconds(30), null),
            new NoGlobals(),
            context);
  }

  @Override
  protected void peer(Peer behaviour) {
    server.status(behaviour == Peer.FAILS_FOR_NOW ? 503 : 200);
    server.hangs(behaviour == Peer.HANGS);
  }

  @Override
  protected int received() {
    return server.received().size();
  }

  @Test
  void postsTheExpandedMessage() throws Exception {
    try (Notifier notifier = open(context())) {
      notifier.send(notification(firing("A")));
    }
    assertThat(server.received().get(0).body()).isEqualTo("now firing");
  }

  @Test
  void givesUpWhatTheOtherSideRefuses() throws Exception {
    server.status(400);
    try (Notifier notifier = open(context())) {
      assertThat(notifier.send(notification(firing("A"))))
          .isEqualTo(SendResult.rejected("status 400"));
    }
  }

  @Test
  void givesUpAMessageThatCannotBeExpanded() throws Exception {
    try (Notifier notifier = open(server.url("/"), "{{ fail }}", context())) {
      assertThat(notifier.send(notification(firing("A")))).isInstanceOf(SendResult.Rejected.class);
    }
    assertThat(received()).isZero();
  }

  @Test
  void refusesOtherUrls() {
    assertThatThrownBy(() -> open(GoUrl.parse("ftp://example.com/"), "", context()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("ftp://example.com/");
  }

  @Test
  void losesNoNotificationWhenItIsReplaced() {
    PluginSwap.swap(${className}Notifier.class)
        .settings(Map.of("url", server.url("/").toString(), "message", "{{ .GroupLabels.id }}"))
        .losesNoNotification(server);
  }
}
