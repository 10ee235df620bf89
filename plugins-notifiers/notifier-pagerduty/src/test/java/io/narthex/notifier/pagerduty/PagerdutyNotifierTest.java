package io.narthex.notifier.pagerduty;

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
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NullUnmarked
class PagerdutyNotifierTest extends NotifierKit {
  private static final String DEDUP = "\"dedup_key\":\"" + "[0-9a-f]{64}" + "\"";
  private final HttpStandIn server;
  private final PagerdutyNotifierProvider provider = new PagerdutyNotifierProvider();

  PagerdutyNotifierTest() throws IOException {
    server = new HttpStandIn();
    accept();
  }

  private void accept() {
    server.status(202);
    server.answer(
        "application/json",
        "{\"status\":\"success\",\"message\":\"Event processed\",\"dedup_key\":\"x\"}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static PagerdutyConfig config(
      String routing, String routingFile, String service, String serviceFile, ConfigNode details) {
    return new PagerdutyConfig(
        new PagerdutyConfig.Endpoint(
            new PagerdutyConfig.RoutingKey(
                routing == null ? null : Secret.of(routing), routingFile),
            new PagerdutyConfig.ServiceKey(
                service == null ? null : Secret.of(service), serviceFile),
            ""),
        new PagerdutyConfig.Summary(
            "{{ template \"pagerduty.default.client\" . }}",
            "{{ template \"pagerduty.default.clientURL\" . }}",
            "{{ template \"pagerduty.default.description\" .}}",
            ""),
        "",
        new PagerdutyConfig.Scope("c-{{ .Status }}", "comp", ""),
        details,
        List.of(
            new PagerdutyConfig.Image("http://i/{{ .Status }}.png", "alt", ""),
            new PagerdutyConfig.Image("{{ .None }}", "dropped", "")),
        List.of(
            new PagerdutyConfig.Link("http://l", "text"), new PagerdutyConfig.Link("", "dropped")),
        Duration.ZERO,
        null);
  }

  private Notifier open(PagerdutyConfig config, PluginContext context) {
    return provider.open(
        config,
        new PagerdutyConfig.Globals(server.url("/v2/enqueue").toString(), null),
        context,
        server.url("/generic/2010-04-15/create_event.json"));
  }

  @Override
  protected Notifier open(PluginContext context) {
    return open(config("k3y", "", null, "", null), context);
  }

  @Override
  protected void peer(Peer behaviour) {
    server.status(behaviour == Peer.FAILS_FOR_NOW ? 503 : 202);
    server.hangs(behaviour == Peer.HANGS);
  }

  @Override
  protected int received() {
    return server.received().size();
  }

  @Test
  void triggerHasTheFormOfEventsV2() throws Exception {
    try (Notifier n = open(context())) {
      assertThat(n.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
    }
    HttpStandIn.Received r = server.received().get(0);
    assertThat(r.method()).isEqualTo("POST");
    assertThat(r.path()).isEqualTo("/v2/enqueue");
    assertThat(r.headers()).containsEntry("Content-Type", "application/json");
    assertThat(r.body()).endsWith("}\n");
    assertThat(r.body().strip())
        .matches("\\{\"routing_key\":\"k3y\",\"event_action\":\"trigger\"," + DEDUP + ",.*")
        .contains(
            "\"client\":\"\\u003cpagerduty.default.client\\u003e\","
                + "\"client_url\":\"\\u003cpagerduty.default.clientURL\\u003e\"",
            "\"images\":[{\"src\":\"http://i/firing.png\",\"alt\":\"alt\"}]",
            "\"links\":[{\"href\":\"http://l\",\"text\":\"text\"}]",
            "\"payload\":{\"summary\":\"\\u003cpagerduty.default.description\\u003e\","
                + "\"source\":\"\\u003cpagerduty.default.client\\u003e\",\"severity\":\"error\","
                + "\"class\":\"c-firing\",\"component\":\"comp\",\"custom_details\":{")
        .contains("\"firing\":", "\"resolved\":", "\"num_firing\":", "\"num_resolved\":")
        .doesNotContain("\"group\"", "dropped");
  }

  @Test
  void resolveBearsTheKeyOfItsTrigger() throws Exception {
    try (Notifier n = open(context())) {
      n.send(notification(firing("A")));
      n.send(notification(resolved("A")));
    }
    String trigger = server.received().get(0).body();
    String resolve = server.received().get(1).body();
    assertThat(resolve).contains("\"event_action\":\"resolve\"");
    int at = trigger.indexOf("\"dedup_key\"");
    assertThat(resolve).contains(trigger.substring(at, at + 78));
  }

  @Test
  void retriesTooManyRequestsAndServerErrorsOnly() throws Exception {
    try (Notifier n = open(context())) {
      server.answerHeaders(Map.of("Retry-After", "7"));
      server.status(429);
      assertThat(n.send(notification(firing("A"))))
          .isInstanceOfSatisfying(
              SendResult.RetryLater.class,
              r -> {
                assertThat(r.reason()).startsWith("unexpected status code 429");
                assertThat(r.after()).isEqualTo(Duration.ofSeconds(7));
              });
      server.status(500);
      assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.RetryLater.class);
      server.status(400);
      server.answer(
          "application/json",
          "{\"status\":\"invalid event\",\"message\":\"Event object is invalid\","
              + "\"errors\":[\"Length of 'routing_key' is incorrect\"]}");
      assertThat(n.send(notification(firing("A"))))
          .isInstanceOfSatisfying(
              SendResult.Rejected.class,
              r -> assertThat(r.reason()).contains("400", "Length of 'routing_key'"));
      server.status(403);
      assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.Rejected.class);
      server.status(202);
      assertThat(n.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
    }
  }

  @Test
  void firstVersionIsServedWhereAServiceKeyIsGiven() throws Exception {
    Files.writeString(directory.resolve("key"), "old\n");
    try (Notifier n =
        open(config(null, "", null, directory.resolve("key").toString(), null), context())) {
      n.send(notification(firing("A")));
      server.status(403);
      assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.RetryLater.class);
    }
    HttpStandIn.Received r = server.received().get(0);
    assertThat(r.path()).isEqualTo("/generic/2010-04-15/create_event.json");
    assertThat(r.body())
        .startsWith("{\"service_key\":\"old\",\"incident_key\":\"")
        .contains("\"event_type\":\"trigger\"", "\"description\":", "\"details\":{");
  }

  @Test
  void keyFileIsReadForEveryNotification() throws Exception {
    try (Notifier n =
        open(config(null, directory.resolve("key").toString(), null, "", null), context())) {
      assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.Rejected.class);
      Files.writeString(directory.resolve("key"), "one\n");
      n.send(notification(firing("A")));
      Files.writeString(directory.resolve("key"), "two\n");
      n.send(notification(firing("A")));
    }
    assertThat(server.received().get(0).body()).contains("\"routing_key\":\"one\"");
    assertThat(server.received().get(1).body()).contains("\"routing_key\":\"two\"");
  }

  @Test
  void ownDetailsAreAddedAndAnEventTooLargeLosesThem() throws Exception {
    ConfigNode.Place at = new ConfigNode.Place("f", 1, 1);
    for (String text : List.of("v-{{ .Status }}", "x".repeat(PagerdutyEvent.MAX_BYTES))) {
      ConfigNode details =
          new ConfigNode.Mapping(
              at,
              List.of(
                  new ConfigNode.Entry(
                      at, "own", new ConfigNode.Scalar(at, text, ConfigNode.Scalar.Kind.STRING))));
      try (Notifier n = open(config("k", "", null, "", details), context())) {
        n.send(notification(firing("A")));
      }
    }
    assertThat(server.received().get(0).body()).contains("\"own\":\"v-firing\"", "\"num_firing\"");
    assertThat(server.received().get(1).body())
        .contains("\"custom_details\":{\"error\":\"Custom details have been removed")
        .hasSizeLessThan(2000);
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    refuses(config("", "", null, "", null), "missing service or routing key in PagerDuty config");
    refuses(
        config("a", "b", null, "", null),
        "at most one of routing_key & routing_key_file must be configured");
    refuses(
        config(null, "", "a", "b", null),
        "at most one of service_key & service_key_file must be configured");
  }

  private void refuses(PagerdutyConfig config, String message) {
    assertThatThrownBy(() -> open(config, context()))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }
}
