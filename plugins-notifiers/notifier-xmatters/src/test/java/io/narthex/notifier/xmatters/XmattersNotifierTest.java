package io.narthex.notifier.xmatters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.NotifierKit;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NullUnmarked
class XmattersNotifierTest extends NotifierKit {
  private final HttpStandIn server;

  XmattersNotifierTest() throws IOException {
    server = new HttpStandIn();
    server.status(202);
    server.answer("application/json", "{\"requestId\":\"r1\"}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Notifier open(String url, String file, String events) {
    HttpSettings basic =
        new HttpSettings(
            new BasicAuth("key", "", Secret.of("pw"), ""),
            null,
            null,
            null,
            "",
            true,
            true,
            null,
            "",
            "",
            false,
            Map.of(),
            Map.of());
    return new XmattersNotifierProvider()
        .open(
            new XmattersConfig(
                url == null ? null : Secret.of(url),
                file,
                List.of("Database Team", "{{ .Status }}|Email"),
                "HIGH",
                Map.of("Severity", "{{ .Status }}"),
                events,
                Duration.ZERO,
                basic),
            new XmattersConfig.Globals(null),
            context());
  }

  @Override
  protected Notifier open(PluginContext context) {
    return open(server.url("/triggers?apiKey=s3cret").toString(), "", "");
  }

  @Override
  protected void peer(Peer behaviour) {
    server.status(behaviour == Peer.FAILS_FOR_NOW ? 429 : 202);
    server.hangs(behaviour == Peer.HANGS);
  }

  @Override
  protected int received() {
    return server.received().size();
  }

  @Test
  void triggerCarriesPropertiesRecipientsAndPriority() throws Exception {
    try (Notifier n = open(context())) {
      assertThat(n.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
      n.send(notification(resolved("A")));
    }
    HttpStandIn.Received r = server.received().get(0);
    assertThat(r.path()).isEqualTo("/triggers?apiKey=s3cret");
    assertThat(r.headers()).containsEntry("Authorization", "Basic a2V5OnB3");
    assertThat(r.body())
        .startsWith("{\"properties\":{\"Status\":\"firing\",\"Receiver\":\"team.x\",")
        .contains("\"alertname\":\"A\"", "\"Severity\":\"firing\"", "\"Group Key Hash\":\"")
        .endsWith(
            "\"recipients\":[{\"targetName\":\"Database Team\"},"
                + "{\"targetName\":\"firing|Email\"}],\"priority\":\"HIGH\"}");
    assertThat(server.received().get(1).body()).contains("\"Status\":\"resolved\"");
  }

  @Test
  void resolvedGroupEndsItsEvents() throws Exception {
    server.status(200);
    server.answer(
        "application/json",
        "{\"count\":1,\"data\":[{\"id\":\"e1\",\"form\":{\"id\":\"f\"}}],\"links\":{\"id\":\"x\"}}");
    String url = server.url("/t").toString();
    try (Notifier n = open(url, "", server.url("/api/xm/1/events").toString())) {
      assertThat(n.send(notification(resolved("A")))).isEqualTo(SendResult.delivered());
    }
    assertThat(server.received().get(0).path())
        .matches(
            "/api/xm/1/events\\?status=ACTIVE&propertyName=Group%20Key%20Hash"
                + "&propertyValue=[0-9a-f]{64}");
    assertThat(server.received()).hasSize(2);
    assertThat(server.received().get(1).body())
        .isEqualTo("{\"id\":\"e1\",\"status\":\"TERMINATED\"}");
  }

  @Test
  void eventsThatStillSeemActiveAreEndedOnce() throws Exception {
    server.status(200);
    server.answer(
        "application/json", "{\"count\":2,\"total\":9,\"data\":[{\"id\":\"e1\"},{\"id\":\"e2\"}]}");
    String url = server.url("/t").toString();
    try (Notifier n = open(url, "", server.url("/api/xm/1/events").toString())) {
      assertThat(n.send(notification(resolved("A")))).isEqualTo(SendResult.delivered());
    }
    assertThat(server.received())
        .extracting(HttpStandIn.Received::method)
        .containsExactly("GET", "POST", "POST", "GET");
    assertThat(server.received())
        .allSatisfy(
            r -> assertThat(r.headers()).containsEntry("User-Agent", "Alertmanager/0.34.0"));
  }

  @Test
  void retriesTooManyRequestsAndServerErrorsOnly() throws Exception {
    Files.writeString(directory.resolve("url"), server.url("/f") + "\n");
    try (Notifier n = open(null, directory.resolve("url").toString(), "")) {
      for (int status : List.of(429, 500, 503)) {
        server.status(status);
        assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.RetryLater.class);
      }
      for (int status : List.of(400, 401, 404)) {
        server.status(status);
        assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.Rejected.class);
      }
    }
    assertThat(server.received().get(0).path()).isEqualTo("/f");
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    refuses(null, "", "one of url or url_file must be configured");
    refuses("http://x", "f", "at most one of url & url_file must be configured");
    refuses("x", "", "url: must begin with http:// or https:// and name a host");
  }

  private void refuses(String url, String file, String message) {
    assertThatThrownBy(() -> open(url, file, ""))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }
}
