package io.narthex.notifier.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.NotifierKit;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@NullUnmarked
class WebhookNotifierTest extends NotifierKit {
  private final HttpStandIn server;
  private final WebhookNotifierProvider provider = new WebhookNotifierProvider();

  WebhookNotifierTest() throws IOException {
    server = new HttpStandIn();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  protected Notifier open(PluginContext context) {
    return open(config(server.url("/hook?key=s3cret").toString(), 0, null), context);
  }

  private Notifier open(WebhookConfig config, PluginContext context) {
    return provider.open(config, new WebhookConfig.Globals(null), context);
  }

  private static WebhookConfig config(String url, int maxAlerts, ConfigNode payload) {
    return new WebhookConfig(
        url == null ? null : Secret.of(url), "", maxAlerts, Duration.ZERO, payload, null);
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
  void bodyIsVersionFourToTheLetter() throws Exception {
    try (Notifier n = open(context())) {
      n.send(notification(firing("A")));
    }
    HttpStandIn.Received r = server.received().get(0);
    assertThat(r.method()).isEqualTo("POST");
    assertThat(r.path()).isEqualTo("/hook?key=s3cret");
    assertThat(r.headers()).containsEntry("Content-Type", "application/json");
    assertThat(r.headers().get("User-Agent")).startsWith("Alertmanager/");
    assertThat(r.body())
        .isEqualTo(
            "{\"receiver\":\"team\\\\.x\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\","
                + "\"labels\":{\"alertname\":\"A\",\"job\":\"node\"},"
                + "\"annotations\":{\"summary\":\"A \\u003cis\\u003e up\"},"
                + "\"startsAt\":\"2026-01-02T03:04:05.678Z\",\"endsAt\":\"0001-01-01T00:00:00Z\","
                + "\"generatorURL\":\"http://p/graph?g0.expr=up\","
                + "\"fingerprint\":\"a1b2c3d4e5f60718\"}],"
                + "\"notification_reason\":\"first notification\","
                + "\"groupLabels\":{\"alertname\":\"A\"},"
                + "\"commonLabels\":{\"alertname\":\"A\",\"job\":\"node\"},"
                + "\"commonAnnotations\":{\"summary\":\"A \\u003cis\\u003e up\"},"
                + "\"routeLabels\":{},\"externalURL\":\"http://am:9093\",\"version\":\"4\","
                + "\"groupKey\":\"{}/{team=\\\"x\\\"}:{alertname=\\\"A\\\"}\","
                + "\"truncatedAlerts\":0}\n");
  }

  @Test
  void maxAlertsCutsAndCounts() throws Exception {
    try (Notifier n = open(config(server.url("/").toString(), 1, null), context())) {
      n.send(notification(firing("A"), resolved("B")));
    }
    String body = server.received().get(0).body();
    assertThat(body).contains("\"truncatedAlerts\":1").doesNotContain("\"B\"");
    assertThat(body).contains("\"commonLabels\":{\"alertname\":\"A\",\"job\":\"node\"}");
  }

  @Test
  void refusalIsFinalAndNamesStatusAndBody() throws Exception {
    server.status(400);
    server.answer("text/plain", "no such channel");
    try (Notifier n = open(context())) {
      assertThat(n.send(notification(firing("A"))))
          .isEqualTo(SendResult.rejected("unexpected status code 400: no such channel"));
    }
  }

  @Test
  void urlMayStandInAFileOrBeATemplate() throws Exception {
    Files.writeString(directory.resolve("url"), server.url("/from-file") + "\n");
    WebhookConfig file =
        new WebhookConfig(null, directory.resolve("url").toString(), 0, Duration.ZERO, null, null);
    try (Notifier n = open(file, context())) {
      n.send(notification(firing("A")));
    }
    try (Notifier n =
        open(config(server.url("/").toString() + "{{ .Status }}", 0, null), context())) {
      n.send(notification(firing("A")));
    }
    assertThat(server.received().get(0).path()).isEqualTo("/from-file");
    assertThat(server.received().get(1).path()).isEqualTo("/firing");
  }

  @Test
  void ownPayloadIsExpanded() throws Exception {
    ConfigNode.Place at = new ConfigNode.Place("f", 1, 1);
    ConfigNode payload =
        new ConfigNode.Mapping(
            at,
            List.of(
                new ConfigNode.Entry(
                    at,
                    "state",
                    new ConfigNode.Scalar(at, "{{ .Status }}", ConfigNode.Scalar.Kind.STRING)),
                new ConfigNode.Entry(
                    at, "n", new ConfigNode.Scalar(at, "7", ConfigNode.Scalar.Kind.INTEGER))));
    try (Notifier n = open(config(server.url("/").toString(), 0, payload), context())) {
      n.send(notification(firing("A")));
    }
    assertThat(server.received().get(0).body()).contains("\"state\":\"firing\"", "\"n\":7");
  }

  @Test
  void brokenTemplateIsFinal() throws Exception {
    try (Notifier n = open(config(server.url("/").toString() + "{{ fail }}", 0, null), context())) {
      assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.Rejected.class);
    }
  }

  @Test
  void deadPeerIsTriedAgainAndItsUrlStaysHidden() throws Exception {
    server.close();
    try (Notifier n = open(context())) {
      SendResult result = n.send(notification(firing("A")));
      assertThat(result).isInstanceOf(SendResult.RetryLater.class);
      assertThat(((SendResult.RetryLater) result).reason()).doesNotContain("s3cret");
    }
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    assertThatThrownBy(() -> open(config(null, 0, null), context()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("one of url or url_file must be configured");
    assertThatThrownBy(() ->
            open(
                new WebhookConfig(Secret.of("http://x"), "f", 0, Duration.ZERO, null, null),
                context()))
        .hasMessage("at most one of url & url_file must be configured");
    assertThatThrownBy(() -> open(config("ftp://x", 0, null), context()))
        .hasMessageContaining("unsupported scheme");
    assertThatThrownBy(() -> open(config("http://x/{{ .A", 0, null), context()))
        .hasMessageContaining("invalid template syntax");
  }

  @Test
  void aUrlThatExpandsToWhatNoUrlMayHoldIsSentEscaped() throws Exception {
    try (Notifier n =
        open(config(server.url("/").toString() + "{{ .Status }} \u00fc|", 0, null), context())) {
      assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.Delivered.class);
    }
    assertThat(server.received().get(0).path()).isEqualTo("/firing%20%C3%BC%7C");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://h/a b",
        "http://h/{}",
        "http://h/a|b",
        "HTTP://h/",
        "http://alert_gw/",
        "http://u:p@h/"
      })
  void takesUrlsThatAlertmanagerTakes(String url) throws Exception {
    open(config(url, 0, null), context()).close();
  }

  @ParameterizedTest
  @CsvSource({
    "http://h:abc/, invalid port \":abc\" after host",
    "http:///x, missing host for URL",
    "ftp://h/, unsupported scheme \"ftp\" for URL",
    "h, unsupported scheme \"\" for URL",
  })
  void refusesUrlsThatAlertmanagerRefuses(String url, String reason) {
    assertThatThrownBy(() -> open(config(url, 0, null), context()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("url: " + reason);
  }
}
