package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.notifier.email.MailServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a rule to the receivers: an alert fires, is grouped, arrives, and is resolved. */
class AlertingIT {
  @TempDir private Path folder = Path.of("");

  @Test
  void alertReachesWebhookAndMailAndSoDoesItsEnd() throws Exception {
    try (MetricsStandIn target = new MetricsStandIn(temperatures(90, 91));
        WebhookSink webhook = new WebhookSink();
        MailServer mail = new MailServer()) {
      configure(target, webhook, mail);
      try (Server server =
          Distribution.server(folder.resolve("data"))
              .with("--config.file=" + folder.resolve("prometheus.yml"))
              .start()) {
        Server.await("the alert at the webhook", () -> firing(webhook) != null);
        JsonNode message = java.util.Objects.requireNonNull(firing(webhook));
        assertThat(message.path("receiver").asText()).isEqualTo("team");
        assertThat(message.path("version").asText()).isEqualTo("4");
        assertThat(message.path("groupLabels").toString()).isEqualTo("{\"alertname\":\"TooHot\"}");
        assertThat(message.path("alerts")).hasSize(2);
        assertThat(message.path("commonLabels").path("severity").asText()).isEqualTo("page");
        assertThat(message.path("alerts").get(0).path("annotations").path("summary").asText())
            .isEqualTo("room a at 90°");

        Server.await("the mail", () -> !mail.received().isEmpty());
        MailServer.Mail first = mail.received().getFirst();
        assertThat(first.to()).containsExactly("team@example.org");
        assertThat(first.from()).isEqualTo("narthex@example.org");
        assertThat(first.text()).contains("Subject: [FIRING:2] TooHot");

        JsonNode alerts = server.json("api/v1/alerts").path("data").path("alerts");
        assertThat(alerts).hasSize(2);
        assertThat(alerts.get(0).path("state").asText()).isEqualTo("firing");
        assertThat(server.query("ALERTS{alertstate=\"firing\"}")).hasSize(2);
        assertThat(server.json("api/v2/alerts")).hasSize(2);

        target.metrics(temperatures(20, 21));
        Server.await("its end at the webhook", () -> resolved(webhook));
        Server.await(
            "its end by mail",
            () -> mail.received().stream().anyMatch(m -> m.text().contains("[RESOLVED] TooHot")));
        assertThat(server.json("api/v1/alerts").path("data").path("alerts")).isEmpty();
      }
    }
  }

  private static @Nullable JsonNode firing(WebhookSink webhook) {
    return webhook.received().stream()
        .filter(m -> m.path("status").asText().equals("firing") && m.path("alerts").size() == 2)
        .findFirst()
        .orElse(null);
  }

  private static boolean resolved(WebhookSink webhook) {
    List<JsonNode> all = webhook.received();
    return !all.isEmpty() && all.getLast().path("status").asText().equals("resolved");
  }

  private static String temperatures(int a, int b) {
    return "# TYPE room_celsius gauge\nroom_celsius{room=\"a\"} "
        + a
        + "\nroom_celsius{room=\"b\"} "
        + b
        + "\n";
  }

  private void configure(MetricsStandIn target, WebhookSink webhook, MailServer mail)
      throws Exception {
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 200ms}
        rule_files: [rules.yml]
        scrape_configs:
          - {job_name: rooms, static_configs: [{targets: ['%s']}]}
        """
            .replace("%s", target.address()));
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: rooms
            rules:
              - record: room:celsius:max
                expr: max by (room) (room_celsius)
              - alert: TooHot
                expr: room:celsius:max > 50
                for: 400ms
                labels: {severity: page}
                annotations: {summary: 'room {{ $labels.room }} at {{ $value }}°'}
        """);
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        """
        global:
          smtp_smarthost: '127.0.0.1:PORT'
          smtp_from: narthex@example.org
          smtp_require_tls: false
        route: {receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
        receivers:
          - name: team
            webhook_configs: [{url: 'URL'}]
            email_configs: [{to: team@example.org, send_resolved: true}]
        """
            .replace("PORT", Integer.toString(mail.port()))
            .replace("URL", webhook.url()));
  }
}
