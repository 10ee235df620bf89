package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.testkit.Needs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Discovery by DNS in the packed distribution follows what changes in a real DNS server. */
class DnsDiscoveryIT {
  @TempDir private static Path folder = Path.of("");
  private static @Nullable DnsMasq dns;
  private static @Nullable MetricsStandIn metrics;
  private static @Nullable Server server;

  @BeforeAll
  static void start() throws Exception {
    Optional<Path> program = Peers.find("dnsmasq");
    Needs.need("dns", program.isPresent());
    dns = new DnsMasq(program.orElseThrow(), folder);
    metrics = new MetricsStandIn("stand_in 1\n");
    StringBuilder jobs = new StringBuilder();
    for (String type : List.of("A", "AAAA", "SRV", "MX")) {
      String name =
          type.equals("SRV") ? "_metrics._tcp.test." : type.equals("MX") ? "test." : "web.test.";
      jobs.append(
          """
            - job_name: %s
              dns_sd_configs:
                - {names: ['%s'], type: %s, port: %s, refresh_interval: 200ms, nameservers: ['127.0.0.1:%d']}
          """
              .formatted(type, name, type, port(), dns().port()));
    }
    Files.writeString(
        folder.resolve("prometheus.yml"),
        "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n" + jobs);
    server =
        Distribution.server(folder.resolve("data"))
            .with("--config.file=" + folder.resolve("prometheus.yml"))
            .start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
    if (dns != null) {
      dns.close();
    }
    if (metrics != null) {
      metrics.close();
    }
  }

  private static DnsMasq dns() {
    return Objects.requireNonNull(dns);
  }

  private static Server server() {
    return Objects.requireNonNull(server);
  }

  private static String port() {
    return Objects.requireNonNull(metrics).address().split(":")[1];
  }

  private static Targets targets(String type) {
    return new Targets(server(), type);
  }

  private static Map<String, String> meta(String type) {
    Map<String, String> labels = new TreeMap<>(targets(type).discovered().getFirst());
    labels.keySet().removeIf(k -> !k.startsWith("__meta_") && !k.equals("__address__"));
    labels.values().removeIf(String::isEmpty);
    return labels;
  }

  private static void becomes(String type, IntConsumer change, String address) {
    targets(type)
        .soon(
            "a record",
            change,
            i -> targets(type).addresses().equals(List.of(address.replace("N", "" + (i + 2)))));
  }

  @Test
  void recordsOfEveryTypeBecomeTargetsAndGo() {
    for (String type : List.of("A", "AAAA", "SRV", "MX")) {
      targets(type).await();
    }
    becomes("A", i -> dns().addresses("127.0.0." + (i + 2) + " web.test"), "127.0.0.N:" + port());
    dns().addresses("127.0.0.1 web.test", "::1 web.test");
    targets("A").await("127.0.0.1:" + port());
    targets("AAAA").await("[::1]:" + port());
    assertThat(meta("A"))
        .isEqualTo(Map.of("__address__", "127.0.0.1:" + port(), "__meta_dns_name", "web.test."));
    Server.await("it to be up", () -> server().value("up{job=\"A\"}") == 1);
    becomes("AAAA", i -> dns().addresses("fd00::" + (i + 2) + " web.test"), "[fd00::N]:" + port());
    targets("A").await(); // the name is there, without an address of this kind

    becomes(
        "SRV",
        i -> dns().records("srv-host=_metrics._tcp.test,web.test,808" + (i + 2)),
        "web.test:808N");
    String srv = targets("SRV").addresses().getFirst();
    assertThat(meta("SRV"))
        .isEqualTo(
            Map.of(
                "__address__",
                srv,
                "__meta_dns_name",
                "_metrics._tcp.test.",
                "__meta_dns_srv_record_target",
                "web.test.",
                "__meta_dns_srv_record_port",
                srv.substring(srv.indexOf(':') + 1)));
    becomes(
        "MX",
        i -> dns().records("mx-host=test,mail" + (i + 2) + ".test,10"),
        "mailN.test:" + port());
    targets("SRV").await(); // nobody knows the name any more
    String mail = targets("MX").addresses().getFirst();
    assertThat(meta("MX"))
        .isEqualTo(
            Map.of(
                "__address__",
                mail,
                "__meta_dns_name",
                "test.",
                "__meta_dns_mx_record_target",
                mail.substring(0, mail.indexOf(':')) + "."));
  }

  @Test
  void manyRecordsComeByTcpAndAServerThatIsGoneKeepsItsTargets() {
    String[] lines = new String[250];
    String[] expected = new String[lines.length];
    for (int i = 0; i < lines.length; i++) {
      lines[i] = "fd00:1234:5678:9abc::" + Integer.toHexString(i + 1) + " web.test";
      expected[i] = "[fd00:1234:5678:9abc::" + Integer.toHexString(i + 1) + "]:" + port();
    }
    dns().addresses(lines);
    targets("AAAA").await(expected);
    dns().stop();
    double failures = failures();
    Server.await("failures to be counted", () -> failures() >= failures + 4);
    assertThat(targets("AAAA").addresses()).hasSize(lines.length);
    dns().addresses("fd00::7 web.test");
    dns().start();
    targets("AAAA").await("[fd00::7]:" + port());
    dns().addresses();
    targets("AAAA").await();
  }

  private static double failures() {
    return server().ownMetric("prometheus_sd_refresh_failures_total{mechanism=\"dns\"}");
  }
}
