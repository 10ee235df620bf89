package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoUrl;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.PlainHttp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NullUnmarked
class AlertSenderTest {
  private static final Instant T = Instant.parse("2026-01-02T03:04:05.678Z");

  private final HttpStandIn server;
  private final List<Alert> here = new ArrayList<>();
  private final CountingMetrics metrics = new CountingMetrics();
  private final CountDownLatch gate = new CountDownLatch(1);
  private final AtomicInteger atTheGate = new AtomicInteger();
  private AlertSender sender;

  AlertSenderTest() throws IOException {
    server = new HttpStandIn();
    sender = sender(new AlertSender.Options(10, 256, true));
  }

  private HttpTransport.Response throughTheGate(
      HttpTransport.Request request, HttpTransport.HttpSettings settings)
      throws IOException, InterruptedException {
    atTheGate.incrementAndGet();
    gate.await();
    return new PlainHttp().send(request, settings);
  }

  private AlertSender sender(AlertSender.Options options) {
    return new AlertSender(
        () -> here::addAll,
        () -> this::throughTheGate,
        () -> List.of(InetSocketAddress.createUnresolved("0.0.0.0", 9090)),
        () -> GoUrl.parse("http://me:9090"),
        options,
        metrics);
  }

  @AfterEach
  void stop() {
    gate.countDown();
    sender.close();
    server.close();
  }

  private static PrometheusConfig config(String yaml) {
    return ConfigBinder.bind(YamlReader.read("p.yml", yaml), PrometheusConfig.class);
  }

  private void targets(String... addresses) {
    sender.targets(
        "alertmanager/0",
        List.of(
            new TargetGroup(
                "0",
                Map.of(),
                java.util.Arrays.stream(addresses)
                    .map(a -> Map.of(TargetGroup.ADDRESS, a))
                    .toList())));
  }

  private static Alert alert(String name) {
    return new Alert(
        Labels.of("alertname", name, "x", "y"),
        Labels.of("summary", "a \"quote\""),
        T,
        T.plusSeconds(60),
        "http://me:9090/graph");
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + 10_000_000_000L;
    while (!condition.getAsBoolean() && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  @Test
  void withoutAlertmanagersAlertsStayHere() {
    sender.apply(config("global:\n  external_labels: {region: eu, x: z}\n"));
    sender.send(List.of(alert("A")));
    assertThat(here).hasSize(1);
    assertThat((Object) here.get(0).labels())
        .isEqualTo(Labels.of("alertname", "A", "region", "eu", "x", "y"));
    assertThat(sender.urls().active()).containsExactly("http://me:9090/api/v2/alerts");
  }

  @Test
  void othersGetThemOverHttp() {
    gate.countDown();
    sender.apply(
        config(
            "alerting:\n"
                + "  alert_relabel_configs:\n"
                + "  - {action: labeldrop, regex: x}\n"
                + "  alertmanagers:\n"
                + "  - path_prefix: /am\n"));
    targets(server.url("").host());
    sender.send(List.of(alert("A")));
    await(() -> server.received().size() == 1);
    HttpStandIn.Received r = server.received().get(0);
    assertThat(r.path()).isEqualTo("/am/api/v2/alerts");
    assertThat(r.body())
        .isEqualTo(
            "[{\"labels\":{\"alertname\":\"A\"},"
                + "\"annotations\":{\"summary\":\"a \\\"quote\\\"\"},"
                + "\"startsAt\":\"2026-01-02T03:04:05.678Z\","
                + "\"endsAt\":\"2026-01-02T03:05:05.678Z\","
                + "\"generatorURL\":\"http://me:9090/graph\"}]");
    assertThat(here).isEmpty();
    await(() ->
        metrics.values.containsKey(
            "prometheus_notifications_sent_total[" + server.url("/am/api/v2/alerts") + "]"));
  }

  @Test
  void ownAddressIsInProcessAndDroppedTargetsAreShown() {
    sender.apply(
        config(
            "alerting:\n"
                + "  alertmanagers:\n"
                + "  - relabel_configs:\n"
                + "    - {action: drop, source_labels: [__address__], regex: 'no:.*'}\n"));
    targets("localhost:9090", "no:9093");
    sender.send(List.of(alert("A")));
    assertThat(here).hasSize(1);
    assertThat(sender.urls().dropped()).containsExactly("http://no:9093/api/v2/alerts");
  }

  @Test
  void failedRequestIsCountedAndNotRepeated() {
    gate.countDown();
    server.status(500);
    sender.apply(config("alerting:\n  alertmanagers:\n  - timeout: 5s\n"));
    targets(server.url("").host());
    sender.send(List.of(alert("A"), alert("B")));
    String url = server.url("/api/v2/alerts").toString();
    await(() ->
        metrics.values.getOrDefault("prometheus_notifications_errors_total[" + url + "]", 0.0)
            == 2);
    assertThat(server.received()).hasSize(1);
  }

  /** Has a request on its way, which waits for the gate, and ten alerts behind it. */
  private void sendElevenAlerts(AlertSender.Options options) {
    sender = sender(options);
    sender.apply(config("alerting:\n  alertmanagers:\n  - timeout: 5s\n"));
    targets(server.url("").host());
    sender.send(List.of(alert("first")));
    await(() -> atTheGate.get() == 1);
    List<Alert> many = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      many.add(alert("A" + i));
    }
    sender.send(many);
  }

  /** Ends the sender and then opens the gate; returns how many alerts each request had. */
  private List<Integer> sizesAfterTheEnd() throws InterruptedException {
    Thread end = Thread.ofVirtual().start(sender::close);
    await(() -> end.getState() == Thread.State.WAITING || !end.isAlive());
    gate.countDown();
    end.join();
    return server.received().stream().map(r -> r.body().split("alertname", -1).length - 1).toList();
  }

  @Test
  void whatWaitsIsSentInBatchesOfTheGivenSizeBeforeTheEnd() throws InterruptedException {
    sendElevenAlerts(new AlertSender.Options(100, 4, true));
    assertThat(sizesAfterTheEnd()).containsExactly(1, 4, 4, 2);
  }

  @Test
  void withoutDrainingWhatWaitsIsDroppedAndCounted() throws InterruptedException {
    sendElevenAlerts(new AlertSender.Options(100, 4, false));
    assertThat(sizesAfterTheEnd()).hasSizeLessThanOrEqualTo(1);
    String url = server.url("/api/v2/alerts").toString();
    assertThat(metrics.values.get("prometheus_notifications_dropped_total[" + url + "]"))
        .isGreaterThanOrEqualTo(10);
  }

  @Test
  void drainingEndsWithTheFirstRequestThatFails() throws InterruptedException {
    sendElevenAlerts(new AlertSender.Options(100, 4, true));
    server.status(500);
    assertThat(sizesAfterTheEnd()).containsExactly(1);
  }

  @Test
  void fullQueueDropsTheOldest() {
    gate.countDown();
    server.hangs(true);
    sender.apply(config("alerting:\n  alertmanagers:\n  - timeout: 5s\n"));
    targets(server.url("").host());
    sender.send(List.of(alert("first")));
    await(() -> server.received().size() == 1);
    List<Alert> many = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      many.add(alert("A" + i));
    }
    sender.send(many);
    String url = server.url("/api/v2/alerts").toString();
    assertThat(metrics.values.get("prometheus_notifications_dropped_total[" + url + "]"))
        .isEqualTo(15);
    server.close();
  }
}
