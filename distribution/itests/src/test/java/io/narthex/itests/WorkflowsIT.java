package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.notifier.email.MailServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an introduction to Prometheus shows: each from its beginning to what a user sees. */
class WorkflowsIT {
  @TempDir private Path folder = Path.of("");

  private Server.Setup configured(String prometheus, String narthex) throws IOException {
    Files.writeString(folder.resolve("prometheus.yml"), prometheus);
    Files.writeString(folder.resolve("narthex.yml"), narthex);
    return Distribution.server(folder.resolve("data"))
        .with("--config.file=" + folder.resolve("prometheus.yml"));
  }

  @Test
  void metricsGoFromADiscoveredTargetToTheGraph() throws Exception {
    String prometheus =
        """
        global: {scrape_interval: 250ms, scrape_timeout: 250ms}
        scrape_configs:
          - {job_name: shop, file_sd_configs: [{files: [targets.yml]}]}
        """;
    try (MetricsStandIn shop =
            new MetricsStandIn("# TYPE orders gauge\norders{kind=\"book\"} 42\n");
        Server server = configured(prometheus, "web: {warm_up: false}\n").start()) {
      assertThat(server.query("up{job=\"shop\"}")).isEmpty();
      Files.writeString(
          folder.resolve("targets.yml"),
          "- {targets: ['%s'], labels: {team: web}}".formatted(shop.address()));
      Server.await("the target's samples", () -> !server.query("orders").isEmpty());
      JsonNode target = server.json("api/v1/targets").path("data").path("activeTargets").get(0);
      assertThat(target.path("health").asText()).isEqualTo("up");
      assertThat(target.path("labels").path("team").asText()).isEqualTo("web");

      double now = System.currentTimeMillis() / 1000.0;
      JsonNode graph =
          server
              .json(
                  "api/v1/query_range?query=sum%20by%20(team,kind)%20(orders)&step=1&start="
                      + (now - 30)
                      + "&end="
                      + now)
              .path("data");
      assertThat(graph.path("resultType").asText()).isEqualTo("matrix");
      assertThat(graph.path("result")).hasSize(1);
      JsonNode line = graph.path("result").get(0);
      assertThat(line.path("metric").toString()).isEqualTo("{\"kind\":\"book\",\"team\":\"web\"}");
      assertThat(line.path("values").get(0).get(1).asText()).isEqualTo("42");
      assertThat(server.get("graph?g0.expr=orders&g0.tab=0").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void aBatchJobIsSeenThroughThePushgateway() throws Exception {
    String prometheus =
        """
        global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}
        scrape_configs:
          - job_name: pushed
            honor_labels: true
            metrics_path: /push/metrics
            static_configs: [{targets: [self]}]
        """;
    String narthex = "web: {warm_up: false}\nrules: {ready_made: [pushgateway]}\n";
    try (Server server = configured(prometheus, narthex).start()) {
      String group = "metrics/job/backup/database/orders";
      assertThat(push(server, group, "# TYPE backup_bytes gauge\nbackup_bytes 4096\n"))
          .isEqualTo(200);
      Server.await("the pushed sample", () -> !server.query("backup_bytes").isEmpty());
      assertThat(server.query("backup_bytes").get(0).path("metric").toString())
          .isEqualTo("{\"__name__\":\"backup_bytes\",\"database\":\"orders\",\"job\":\"backup\"}");
      assertThat(server.value("time() - push_time_seconds{job=\"backup\"} < bool 600"))
          .isEqualTo(1);

      // a body with a timestamp is refused, which the shipped rule tells
      assertThat(push(server, group, "backup_bytes 5 1000\n")).isEqualTo(400);
      Server.await(
          "the alert of the failed push",
          () -> !server.query("ALERTS{alertname=\"PushFailed\",job=\"backup\"}").isEmpty());
      assertThat(server.value("backup_bytes")).isEqualTo(4096);
    }
  }

  private static int push(Server server, String group, String body) {
    return server.send("PUT", group, body.getBytes(StandardCharsets.UTF_8), "").statusCode();
  }

  /** The shipped rule with each minute made a second: five seconds of load instead of minutes. */
  @Test
  void cpusThatStayBusyReachAMailbox() throws Exception {
    Files.createDirectories(folder.resolve("proc"));
    Files.writeString(
        folder.resolve("rules.yml"),
        Files.readString(Distribution.home().resolve("lib/rules/node.yml"))
            .replaceAll("\\b(\\d+)m\\b", "$1s")
            .replaceAll("\\b(\\d+)h\\b", "$1m"));
    String prometheus =
        """
        global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}
        rule_files: [rules.yml]
        scrape_configs:
          - job_name: node
            metrics_path: /exporters/node/metrics
            params: {'collect[]': [cpu]}
            static_configs: [{targets: [self]}]
        """;
    String narthex =
        """
        web: {warm_up: false}
        exporters: {node: {procfs: '%s', sysfs: '%s'}}
        """
            .formatted(folder.resolve("proc"), folder.resolve("proc"));
    try (MailServer mail = new MailServer();
        Machine machine = new Machine(folder.resolve("proc"))) {
      Files.writeString(
          folder.resolve("alertmanager.yml"),
          """
          global: {smtp_smarthost: '127.0.0.1:%d', smtp_from: n@example.org, smtp_require_tls: false}
          route: {receiver: team, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}
          receivers: [{name: team, email_configs: [{to: team@example.org, send_resolved: true}]}]
          """
              .formatted(mail.port()));
      try (Server server = configured(prometheus, narthex).start()) {
        Server.await("an idle machine", () -> !server.query(BUSY + " < 0.2").isEmpty());
        assertThat(server.query("ALERTS")).isEmpty();
        machine.busy = 0.95;
        Server.await(
            "the pending alert", () -> !server.query("ALERTS{alertstate=\"pending\"}").isEmpty());
        assertThat(mail.received()).isEmpty();
        Server.await("the mail", () -> !mail.received().isEmpty());
        assertThat(mail.received().getFirst().text()).contains("Subject: [FIRING:1] NodeCpuBusy");
        assertThat(server.json("api/v2/alerts").get(0).path("annotations").path("summary").asText())
            .matches("CPUs of \\S+ above 80 %");
        machine.busy = 0.05;
        Server.await(
            "the mail of its end",
            () ->
                mail.received().stream()
                    .anyMatch(m -> m.text().contains("[RESOLVED] NodeCpuBusy")));
        hasWhatMixinsQuery(server.get("metrics").body());
      }
    }
  }

  private static final String BUSY =
      "1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{mode=\"idle\"}[2s]))";

  /** {@code /proc/stat} of a machine with two processors. */
  private static final class Machine implements AutoCloseable {
    private final Path proc;
    private final CountDownLatch end = new CountDownLatch(1);
    private final Thread thread;
    private double user;
    private double idle;
    volatile double busy = 0.05;

    Machine(Path proc) throws IOException {
      this.proc = proc;
      write();
      thread = Thread.ofPlatform().start(this::run);
    }

    private void run() {
      long before = System.nanoTime();
      try {
        while (!end.await(50, TimeUnit.MILLISECONDS)) {
          long now = System.nanoTime();
          double ticks = (now - before) / 1e7;
          before = now;
          user += ticks * busy;
          idle += ticks * (1 - busy);
          write();
        }
      } catch (InterruptedException | IOException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void write() throws IOException {
      String times = "%d 0 0 %d 0 0 0 0 0 0\n".formatted((long) user, (long) idle);
      Path next = proc.resolve("stat.next");
      Files.writeString(
          next, "cpu  " + times + "cpu0 " + times + "cpu1 " + times + "btime 1700000000\n");
      Files.move(next, proc.resolve("stat"), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws InterruptedException {
      end.countDown();
      thread.join();
    }
  }

  @Test
  void aFreshInstallationShowsThisMachineWithinTwentySeconds() throws Exception {
    Path narthex =
        Files.writeString(
            folder.resolve("narthex.yml"), "web: {warm_up: false}\nrules: {ready_made: [all]}\n");
    try (Server server =
        Distribution.server(folder.resolve("data"))
            .with("--narthex.config.file=" + narthex)
            .start()) {
      long ready = System.currentTimeMillis();
      List<String> wanted =
          List.of(
              "node_cpu_seconds_total",
              "jvm_memory_used_bytes{job=\"jvm\"}",
              "jvm_memory_used_bytes{job=\"narthex\"}",
              "up{job=\"node\"} == 1",
              "up{job=\"jvm\"} == 1",
              "up{job=\"narthex\"} == 1");
      for (String expression : wanted) {
        // a subquery looks at whole seconds, so it sees a sample up to a second later
        String first = "min(min_over_time(timestamp(" + expression + ")[5m:1s]))";
        Server.await(expression, () -> !server.query(first).isEmpty());
        assertThat(server.value(first) * 1000 - ready).as(expression).isLessThanOrEqualTo(20_000);
      }
      TreeSet<String> groups = new TreeSet<>();
      server
          .json("api/v1/rules")
          .path("data")
          .path("groups")
          .forEach(g -> groups.add(g.path("name").asText()));
      assertThat(groups)
          .contains("node-alerts", "jvm-alerts", "pushgateway", "alertmanager", "narthex-server");
    }
  }

  /** The families of the alerts and dashboards of both mixins, with the labels they select by. */
  private static void hasWhatMixinsQuery(String metrics) {
    Map<String, List<String>> wanted =
        Map.ofEntries(
            Map.entry("prometheus_build_info", List.of("version")),
            Map.entry("process_start_time_seconds", List.of()),
            Map.entry("prometheus_config_last_reload_successful", List.of()),
            Map.entry("prometheus_engine_queries", List.of()),
            Map.entry("prometheus_engine_queries_concurrent_max", List.of()),
            Map.entry("prometheus_engine_query_duration_seconds", List.of("slice", "quantile")),
            Map.entry("prometheus_engine_query_duration_seconds_count", List.of("slice")),
            Map.entry("prometheus_notifications_alertmanagers_discovered", List.of()),
            Map.entry("prometheus_notifications_errors_total", List.of("alertmanager")),
            Map.entry("prometheus_notifications_queue_capacity", List.of()),
            Map.entry("prometheus_notifications_queue_length", List.of("alertmanager")),
            Map.entry("prometheus_notifications_sent_total", List.of("alertmanager")),
            Map.entry("prometheus_rule_evaluation_failures_total", List.of("rule_group")),
            Map.entry("prometheus_rule_group_iterations_missed_total", List.of("rule_group")),
            Map.entry("prometheus_rule_group_rules", List.of("rule_group")),
            Map.entry("prometheus_sd_discovered_targets", List.of("config", "name")),
            Map.entry("prometheus_target_interval_length_seconds_sum", List.of("interval")),
            Map.entry("prometheus_target_interval_length_seconds_count", List.of("interval")),
            Map.entry("prometheus_target_metadata_cache_entries", List.of("scrape_job")),
            Map.entry("prometheus_target_scrape_pool_exceeded_label_limits_total", List.of()),
            Map.entry("prometheus_target_scrape_pool_exceeded_target_limit_total", List.of()),
            Map.entry("prometheus_target_scrapes_exceeded_body_size_limit_total", List.of()),
            Map.entry("prometheus_target_scrapes_exceeded_sample_limit_total", List.of()),
            Map.entry("prometheus_target_scrapes_sample_duplicate_timestamp_total", List.of()),
            Map.entry("prometheus_target_scrapes_sample_out_of_bounds_total", List.of()),
            Map.entry("prometheus_target_scrapes_sample_out_of_order_total", List.of()),
            Map.entry("prometheus_target_sync_failed_total", List.of("scrape_job")),
            Map.entry("prometheus_target_sync_length_seconds_sum", List.of("scrape_job")),
            Map.entry("prometheus_tsdb_compactions_failed_total", List.of()),
            Map.entry("prometheus_tsdb_head_chunks", List.of()),
            Map.entry("prometheus_tsdb_head_samples_appended_total", List.of("type")),
            Map.entry("prometheus_tsdb_head_series", List.of()),
            Map.entry("prometheus_tsdb_reloads_failures_total", List.of()),
            Map.entry("prometheus_tsdb_wal_segment_current", List.of()),
            Map.entry("alertmanager_alerts", List.of("state")),
            Map.entry("alertmanager_alerts_invalid_total", List.of("version")),
            Map.entry("alertmanager_alerts_received_total", List.of("status", "version")),
            Map.entry("alertmanager_build_info", List.of("version")),
            Map.entry("alertmanager_cluster_members", List.of()),
            Map.entry("alertmanager_config_hash", List.of()),
            Map.entry("alertmanager_config_last_reload_successful", List.of()),
            Map.entry("alertmanager_notification_latency_seconds_bucket", List.of("integration")),
            Map.entry("alertmanager_notifications_failed_total", List.of("integration", "reason")),
            Map.entry("alertmanager_notifications_total", List.of("integration")));
    wanted.forEach((name, labels) -> {
      List<String> lines =
          metrics
              .lines()
              .filter(l -> l.startsWith(name + "{") || l.startsWith(name + " "))
              .toList();
      assertThat(lines).as(name).isNotEmpty();
      for (String label : labels) {
        assertThat(lines).as(name + " " + label).anyMatch(l -> l.contains(label + "=\""));
      }
    });
  }
}
