package io.narthex.discovery.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.TargetGroup;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.PlainHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HttpDiscoveryTest extends DiscoveryKit {
  private static final String LIST =
      """
      [{"targets": ["a:1", "b:2"], "labels": {"env": "test"}}, {"Targets": ["c:3"], "labels": {"a": null}}]
      """;
  private final HttpStandIn server;

  HttpDiscoveryTest() throws IOException {
    server = new HttpStandIn();
    server.answer("application/json; charset=utf-8", LIST);
  }

  /** The first request of a machine takes long, and here a refresh has half a second. */
  @BeforeAll
  static void warmUp() throws Exception {
    try (HttpStandIn server = new HttpStandIn();
        PlainHttp http = new PlainHttp()) {
      server.answer("application/json", "[]");
      http.send(
              HttpTransport.Request.get(server.url("/"), Duration.ofMinutes(1)),
              HttpSettings.DEFAULT)
          .close();
    }
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  protected PluginContext context() {
    return new TestPluginContext(directory, clock, new PlainHttp());
  }

  @Override
  protected Discovery open(PluginContext context) {
    return open(url(), Duration.ofMillis(500));
  }

  private String url() {
    return server.url("/sd?team=x").toString();
  }

  private Discovery open(String url, Duration interval) {
    return new HttpDiscoveryProvider()
        .open(new HttpConfig(url, interval, HttpSettings.DEFAULT), context());
  }

  private TargetGroup group(int index, Map<String, String> labels, String... targets) {
    Map<String, String> all = new java.util.HashMap<>(labels);
    all.put("__meta_url", url());
    return new TargetGroup(
        url() + ":" + index,
        all,
        java.util.Arrays.stream(targets).map(t -> Map.of("__address__", t)).toList());
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(group(0, Map.of("env", "test"), "a:1", "b:2"), group(1, Map.of(), "c:3"));
  }

  @Test
  void followsChangesAndRemovesGroupsThatVanish() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 2);
      server.answer("application/json", "[{\"targets\":[\"z:9\"]}]");
      running.sink.await(
          "the change",
          PATIENCE,
          () -> running.sink.groups().equals(List.of(group(0, Map.of(), "z:9"))));
      server.answer("application/json", "[]");
      running.sink.await("none", PATIENCE, () -> running.sink.groups().isEmpty());
    }
    assertThat(server.received().get(0).headers())
        .containsEntry("Accept", "application/json")
        .containsEntry("X-Prometheus-Refresh-Interval-Seconds", "0.5");
  }

  @Test
  void failureKeepsTargetsAndIsReported() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 2);
      server.status(500);
      running.sink.await("a failure", PATIENCE, () -> !running.sink.failures().isEmpty());
      assertThat(running.sink.failures().get(0)).isEqualTo("server returned HTTP status 500");
      assertThat(running.sink.groups()).hasSize(2);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "text/plain | [] | unsupported content type \"text/plain\"",
        "application/json | {} | the answer must be a list of target groups",
        "application/json | [null] | nil target group item found",
        "application/json | [{\"targets\":[1]}] | a target of group 0 must be a text",
        "application/json | [{\"labels\":{\"a\":1}}] | label \"a\" must be a text",
        "application/json | [{\"targets\":[\"a:1\" | the answer is not valid JSON",
        "application/json | [{\"targets\":[],\"more\":[1]}] | unknown field \"more\" in group 0",
        "application/json | [{\"labels\":{\"\":\"a\"}}] | \"\" is not a valid label name",
        "application/json | [] x | not valid JSON"
      })
  void answerOfAnotherFormIsAFailure(String type, String body, String reason) throws Exception {
    server.answer(type, body);
    try (Running running = new Running(open(context()))) {
      running.sink.await("a failure", PATIENCE, () -> !running.sink.failures().isEmpty());
      assertThat(running.sink.failures().get(0)).contains(reason);
      assertThat(running.sink.updates()).isZero();
    }
  }

  @Test
  void interruptEndsARequestThatHangs() throws Exception {
    server.hangs(true);
    long interrupted;
    try (Running _ = new Running(open(url(), Duration.ofMinutes(1)))) {
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (server.received().isEmpty() && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      assertThat(server.received()).hasSize(1);
      interrupted = System.nanoTime();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - interrupted)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    refuses("", "URL is missing");
    refuses("ftp://a/b", "URL scheme must be 'http' or 'https'");
    refuses("example.com/b", "URL scheme must be 'http' or 'https'");
    refuses("http://", "host is missing in URL");
    refuses("http://a b", "url: not a valid URL: invalid character \" \" in host name");
    refuses("http:///b", "host is missing in URL");
  }

  private void refuses(String url, String message) {
    assertThatThrownBy(() -> open(url, Duration.ofSeconds(1)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }

  @Test
  void probeListsTheTargetsOrSaysWhyItCannot() throws Exception {
    Discovery discovery = open(url(), Duration.ofSeconds(10));
    assertThat(discovery.probe().orElseThrow())
        .containsExactly(group(0, Map.of("env", "test"), "a:1", "b:2"), group(1, Map.of(), "c:3"));
    server.answer("text/html", "<html>");
    assertThatThrownBy(discovery::probe)
        .isInstanceOf(IOException.class)
        .hasMessage("unsupported content type \"text/html\"");
  }
}
