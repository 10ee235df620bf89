package io.narthex.core.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.config.PrometheusConfigLoader;
import io.narthex.core.host.DiscoveryHost;
import io.narthex.core.host.HostEnvironment;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.spi.config.Setting;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The form is promtool's. */
class ServiceDiscoveryCheckTest {
  private static final String YAML =
      """
      scrape_configs:
        - job_name: a
          static_configs: [{targets: ["x:1", "y:2", "z:3", "http://b"]}]
          relabel_configs:
            - {source_labels: [__address__], regex: "[yz]:.", action: drop}
            - {source_labels: [__address__], target_label: q}
        - job_name: hung
          slow_sd_configs: [{targets: []}]
      """;

  /** A block. */
  record Block(@Setting(help = "Addresses") List<String> targets) {}

  @TempDir private Path folder = Path.of("");

  private record Provide(String type, boolean hangs) implements DiscoveryProvider<Block> {
    @Override
    public Class<Block> configType() {
      return Block.class;
    }

    @Override
    public Discovery open(Block config, PluginContext context) {
      return sink -> {
        if (hangs) {
          sink.refreshFailed("slow: nobody answers");
          new CountDownLatch(1).await(); // until interrupted
        }
        List<Map<String, String>> targets =
            config.targets().stream().map(t -> Map.of(TargetGroup.ADDRESS, t)).toList();
        sink.update(List.of(new TargetGroup("0", Map.of("l", "<v>"), targets)));
      };
    }
  }

  private Verdict check(String job, Duration atMost) {
    ProviderRegistry registry = new ProviderRegistry();
    for (Provide p : List.of(new Provide("static", false), new Provide("slow", true))) {
      registry.publish(p.type(), List.of(new Provider(Kind.DISCOVERY, p.type(), p.type(), p)));
    }
    DiscoveryHost host =
        new DiscoveryHost(
            new HostEnvironment(
                Clock.systemUTC(),
                (request, settings) -> {
                  throw new IOException("no network in tests");
                },
                folder,
                new MetricsRegistry()),
            registry);
    try {
      return ServiceDiscoveryCheck.check(
          new ConfigSnapshot(
              new PrometheusConfigLoader(name -> null, false).parse("p.yml", YAML),
              "",
              folder,
              AlertmanagerConfig.none(),
              "",
              folder),
          host,
          job,
          atMost);
    } finally {
      host.close();
    }
  }

  @Test
  void printsLabelsBeforeAndAfterRelabelling() {
    String discovered =
        """
            "discoveredLabels": {
              "__address__": "%s",
              "__metrics_path__": "/metrics",
              "__scheme__": "http",
              "__scrape_interval__": "1m",
              "__scrape_timeout__": "10s",
              "job": "a",
              "l": "\\u003cv\\u003e"
            },
        """;
    assertThat(check("a", Duration.ofSeconds(30)))
        .isEqualTo(
            new Verdict(
                0,
                "[\n  {\n"
                    + discovered.formatted("x:1")
                    + """
                        "labels": {
                          "__address__": "x:1",
                          "__metrics_path__": "/metrics",
                          "__scheme__": "http",
                          "__scrape_interval__": "1m",
                          "__scrape_timeout__": "10s",
                          "instance": "x:1",
                          "job": "a",
                          "l": "\\u003cv\\u003e",
                          "q": "x:1"
                        }
                      },
                      {
                    """
                    + discovered.formatted("y:2")
                    + "    \"labels\": {}\n  },\n  {\n"
                    + discovered.formatted("http://b")
                    + "    \"labels\": {},\n"
                    + "    \"error\": \"\\\"http://b\\\" is not a valid hostname\"\n  }\n]"));
  }

  @Test
  void namesTheJobsAndDoesNotWaitForever() {
    assertThat(check("b", Duration.ofSeconds(30)))
        .isEqualTo(new Verdict(1, "Job b not found. Select one of:\n\ta\n\thung"));
    assertThat(check("hung", Duration.ofMillis(50))).isEqualTo(new Verdict(0, "[]"));
  }
}
