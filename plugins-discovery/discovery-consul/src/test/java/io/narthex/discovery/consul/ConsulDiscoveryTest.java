package io.narthex.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.TargetGroup;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import io.narthex.testkit.notifier.PlainHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ConsulDiscoveryTest extends DiscoveryKit {
  private static final Duration SOON = Duration.ofSeconds(10);
  private final ConsulAgent agent;

  ConsulDiscoveryTest() throws IOException {
    agent = new ConsulAgent();
    agent.put("web", "[\"prod\",\"v2\"]", entry("web-1", 80, "passing"));
    agent.put("db", "[]", entry("db-1", 5432, "critical"));
  }

  @AfterEach
  void stop() {
    agent.close();
  }

  private static String entry(String id, int port, String status) {
    return """
    [{"Node":{"Node":"n1","Address":"192.0.2.1","Meta":{"rack-id":"r1"},
      "TaggedAddresses":{"lan":"192.0.2.1","wan":"198.51.100.1"}},
      "Service":{"ID":"%s","Service":"x","Tags":["prod","v2"],"Address":"","Port":%d,
        "Meta":{"version":"1.2"},"Namespace":"ns1","Partition":"p1","Weights":{"Passing":1}},
      "Checks":[{"CheckID":"serfHealth","Status":"passing"},{"CheckID":"c","Status":"%s"}]}]
    """
        .formatted(id, port, status);
  }

  private TargetGroup group(String service, String id, int port, String health) {
    Map<String, String> t = new HashMap<>();
    t.put("__address__", "192.0.2.1:" + port);
    t.put("__meta_consul_address", "192.0.2.1");
    t.put("__meta_consul_node", "n1");
    t.put("__meta_consul_namespace", "ns1");
    t.put("__meta_consul_partition", "p1");
    t.put("__meta_consul_tags", ",prod,v2,");
    t.put("__meta_consul_service_address", "");
    t.put("__meta_consul_service_port", "" + port);
    t.put("__meta_consul_service_id", id);
    t.put("__meta_consul_health", health);
    t.put("__meta_consul_metadata_rack_id", "r1");
    t.put("__meta_consul_service_metadata_version", "1.2");
    t.put("__meta_consul_tagged_address_lan", "192.0.2.1");
    t.put("__meta_consul_tagged_address_wan", "198.51.100.1");
    return new TargetGroup(
        service, Map.of("__meta_consul_service", service, "__meta_consul_dc", "dc1"), List.of(t));
  }

  @Override
  protected PluginContext context() {
    return new TestPluginContext(directory, clock, new PlainHttp());
  }

  @Override
  protected Discovery open(PluginContext context) {
    return open(config(List.of(), List.of(), "", HttpSettings.DEFAULT));
  }

  private Discovery open(ConsulConfig config) {
    return new ConsulDiscoveryProvider().open(config, context());
  }

  private ConsulConfig config(
      List<String> services, List<String> tags, String username, HttpSettings http) {
    return new ConsulConfig(
        agent.address(),
        "",
        Secret.of("t0ken"),
        "",
        "",
        "",
        "http",
        username,
        null,
        services,
        "",
        "",
        tags,
        Map.of(),
        ",",
        true,
        Duration.ofSeconds(30),
        http);
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(group("web", "web-1", 80, "passing"), group("db", "db-1", 5432, "critical"));
  }

  @Test
  void changesBecomeTargetsSoon() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 2);
      agent.put("db", "[]", entry("db-1", 5432, "passing"));
      running.sink.await(
          "a state",
          SOON,
          () -> running.sink.groups().contains(group("db", "db-1", 5432, "passing")));
      agent.put("mq", "[]", entry("mq-1", 1, "warning"));
      running.sink.await("a service", SOON, () -> running.sink.groups().size() == 3);
      agent.remove("web");
      running.sink.await("one less", SOON, () -> running.sink.groups().size() == 2);
    }
    assertThat(agent.tokens).isNotEmpty().containsOnly("t0ken");
    assertThat(agent.requests)
        .anyMatch(r -> r.matches("/v1/catalog/services\\?dc=dc1&stale=&index=\\d+&wait=120000ms"))
        .anyMatch(r -> r.matches("/v1/health/service/db\\?dc=dc1&stale=&index=\\d+&wait=.*"));
  }

  @Test
  void quietCatalogIsNotAskedAgain() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 2);
      int updates = running.sink.updates();
      long end = System.nanoTime() + 300_000_000L;
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      assertThat(agent.requests.size()).isLessThanOrEqualTo(1 + 2 * 4);
      assertThat(running.sink.updates()).isLessThanOrEqualTo(updates + 1);
    }
  }

  @Test
  void namedServicesNeedNoCatalogAndTagsSelect() throws Exception {
    Discovery named = open(config(List.of("db"), List.of(), "", HttpSettings.DEFAULT));
    try (Running running = new Running(named)) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
    }
    assertThat(agent.requests).noneMatch(r -> r.startsWith("/v1/catalog"));
    Discovery tagged = open(config(List.of(), List.of("prod"), "", HttpSettings.DEFAULT));
    try (Running running = new Running(tagged)) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
      assertThat(running.sink.groups().get(0).source()).isEqualTo("web");
    }
    assertThat(agent.requests)
        .anyMatch(r -> r.startsWith("/v1/health/service/web?dc=dc1&stale=&tag=prod"));
  }

  @Test
  void failureKeepsTargetsIsReportedAndEnds() throws Exception {
    ConsulConfig config = config(List.of(), List.of(), "", HttpSettings.DEFAULT);
    Discovery discovery =
        new ConsulDiscovery(
            config,
            new ConsulApi(config, config.http(), "http://" + agent.address(), context()),
            context(),
            Duration.ofMillis(50));
    try (Running running = new Running(discovery)) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 2);
      agent.status(500);
      running.sink.await("a failure", PATIENCE, () -> !running.sink.failures().isEmpty());
      assertThat(running.sink.failures().get(0)).contains("Unexpected response code: 500 (oh no)");
      assertThat(running.sink.groups()).hasSize(2);
      agent.status(200);
      agent.put("db", "[]", entry("db-2", 5433, "passing"));
      running.sink.await(
          "the change",
          SOON,
          () -> running.sink.groups().contains(group("db", "db-2", 5433, "passing")));
    }
  }

  @Test
  void interruptEndsBlockingQueriesAndLeavesNoThread() throws Exception {
    long interrupted;
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 2);
      interrupted = System.nanoTime();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - interrupted)).isLessThan(Duration.ofSeconds(5));
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(n -> n.equals("test worker"));
  }

  @Test
  void worstCheckIsTheState() {
    assertThat(ConsulTargets.health(List.of())).isEqualTo("passing");
    assertThat(
            ConsulTargets.health(
                List.of(
                    Map.of("Status", "critical"),
                    Map.of("CheckID", "_node_maintenance", "Status", "critical"))))
        .isEqualTo("maintenance");
    assertThat(
            ConsulTargets.health(List.of(Map.of("Status", "warning"), Map.of("Status", "passing"))))
        .isEqualTo("warning");
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    HttpSettings basic =
        new HttpSettings(
            new BasicAuth("u", "", null, ""),
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
    assertThatThrownBy(() -> open(config(List.of(), List.of(), "u", basic)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "at most one of consul SD configuration username and password and basic auth can be"
                + " configured");
  }
}
