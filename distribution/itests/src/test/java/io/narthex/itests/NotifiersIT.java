package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.itests.ReceiverStandIn.Answer;
import io.narthex.itests.ReceiverStandIn.Received;
import io.narthex.notifier.email.MailServer;
import io.narthex.notifier.email.MailServer.Security;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Notifier plugins of the packed distribution against stand-ins, and for mail against a server that
 * wants TLS and a login: an alert arrives to the letter, is tried again after refusals, and its end
 * is told. Each has a receiver of its own and mostly waits, so they run at the same time.
 */
@Execution(ExecutionMode.CONCURRENT)
class NotifiersIT {
  private static final String STARTS_AT = "2026-01-02T03:04:05.678Z";
  private static final Answer BUSY =
      new Answer(429, Map.of("Retry-After", "2", "Content-Type", "text/plain"), "slow down");
  private static final Answer BROKEN = new Answer(500, Map.of(), "oh no");
  private static final String CONFIGURATION =
      """
      global:
        pagerduty_url: 'BASE/v2/enqueue'
        slack_api_url: 'BASE/services/T0/B0/x'
        smtp_smarthost: '127.0.0.1:MAIL'
        smtp_from: narthex@example.org
        smtp_auth_username: alerts
        smtp_auth_password_file: mail.password
        smtp_tls_config: {ca_file: mail.pem}
      route:
        receiver: nobody
        group_by: [alertname]
        group_wait: 100ms
        group_interval: 8s
        repeat_interval: 1h
        routes:
          - {receiver: pagerduty, matchers: ['to="pagerduty"']}
          - {receiver: xmatters, matchers: ['to="xmatters"']}
          - {receiver: xmatters-flow, matchers: ['to="xmatters-flow"']}
          - {receiver: webhook, matchers: ['to="webhook"']}
          - {receiver: slack, matchers: ['to="slack"']}
          - {receiver: mail, matchers: ['to="mail"']}
      receivers:
        - name: nobody
        - name: pagerduty
          pagerduty_configs:
            - routing_key: r0uting
              severity: '{{ .CommonLabels.severity }}'
              class: disk
              component: sda
              group: '{{ .GroupLabels.alertname }}'
              details: {runbook: 'http://runbooks/{{ .GroupLabels.alertname }}'}
              images: [{src: 'http://i/{{ .Status }}.png', alt: graph, href: 'http://i'}, {alt: lost}]
              links: [{href: 'http://l', text: dashboard}]
        - name: xmatters
          xmatters_configs:
            - url: 'BASE/api/integration/1/functions/f1/triggers?apiKey=k&recipients=ops%7Cphone'
              recipients: ['{{ .CommonLabels.team }}', 'bsmith|Work Email']
              priority: '{{ if eq .Status "firing" }}HIGH{{ else }}LOW{{ end }}'
              properties: {Runbook: 'http://runbooks/{{ .GroupLabels.alertname }}'}
              events_url: 'BASE/api/xm/1/events'
              http_config: {basic_auth: {username: key, password: secret}}
        - name: xmatters-flow
          xmatters_configs:
            - {url: 'BASE/api/integration/1/functions/f2/triggers?apiKey=k'}
        - name: webhook
          webhook_configs: [{url: 'BASE/hook?recipients=ops'}]
        - name: slack
          slack_configs: [{channel: '#ops', send_resolved: true}]
        - name: mail
          email_configs:
            - to: 'Team <team@example.org>, second@example.org'
              send_resolved: true
              headers: {X-Severity: '{{ .CommonLabels.severity }}', Reply-To: ops@example.org}
              text: "{{ range .Alerts }}{{ .Annotations.summary }}\\n{{ end }}.\\n"
      """;

  @TempDir private static Path folder = Path.of("");
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static @Nullable ReceiverStandIn peer;
  private static @Nullable MailServer mail;
  private static @Nullable Server server;

  @BeforeAll
  static void start() throws Exception {
    peer = new ReceiverStandIn();
    mail = new MailServer(Security.STARTTLS, MailServer.keys(folder.resolve("mail.pem")));
    Files.writeString(folder.resolve("mail.password"), MailServer.PASSWORD + "\n");
    Files.writeString(folder.resolve("prometheus.yml"), "global: {scrape_interval: 1m}\n");
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        CONFIGURATION
            .replace("BASE", peer().url(""))
            .replace("MAIL", Integer.toString(mail().port())));
    server =
        Distribution.server(folder.resolve("data"))
            .with(
                "--config.file=" + folder.resolve("prometheus.yml"),
                "--web.external-url=http://narthex.example/",
                "--web.route-prefix=/")
            .start();
  }

  @AfterAll
  static void stop() throws Exception {
    for (@Nullable AutoCloseable c : new @Nullable AutoCloseable[] {server, peer, mail}) {
      if (c != null) {
        c.close();
      }
    }
  }

  private static ReceiverStandIn peer() {
    return Objects.requireNonNull(peer);
  }

  private static MailServer mail() {
    return Objects.requireNonNull(mail);
  }

  private static Server server() {
    return Objects.requireNonNull(server);
  }

  /** Hands an alert for a receiver to the server, as Prometheus would. */
  private static void alert(String receiver, boolean over) throws Exception {
    String text =
        """
        [{"labels":{"alertname":"Disk","to":"%s","severity":"critical","team":"Database Team"},
          "annotations":{"summary":"sda is 97% full & <slow>"},
          "generatorURL":"http://p/graph?g0.expr=up","startsAt":"%s"%s}]
        """
            .replace("97%", "97%%")
            .formatted(receiver, STARTS_AT, over ? ",\"endsAt\":\"" + Instant.now() + "\"" : "");
    HttpResponse<String> answer =
        CLIENT.send(
            HttpRequest.newBuilder(URI.create(server().url("api/v2/alerts")))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(text))
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  private static String groupKey(String receiver) {
    return "{}/{to=\"" + receiver + "\"}:{alertname=\"Disk\"}";
  }

  private static String sha256(String text) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static String fingerprint(String receiver) {
    for (JsonNode alert : server().json("api/v2/alerts")) {
      if (alert.path("labels").path("to").asText().equals(receiver)) {
        return alert.path("fingerprint").asText();
      }
    }
    throw new AssertionError("no alert for " + receiver);
  }

  private static List<Received> await(String path, int number) {
    Server.await(
        number + " requests to " + path + "; the log: " + server().log(),
        () -> peer().received(path).size() >= number);
    return peer().received(path);
  }

  /** Asserts that refusals were followed by the same message, not before the time asked for. */
  private static void triedAgain(List<Received> requests) {
    assertThat(Duration.ofNanos(requests.get(1).atNanos() - requests.get(0).atNanos()))
        .as("time the 429 asks for")
        .isGreaterThanOrEqualTo(Duration.ofMillis(1900));
    for (Received r : requests) {
      assertThat(r.method()).isEqualTo("POST");
      assertThat(r.headers().getFirst("Content-Type")).isEqualTo("application/json");
      assertThat(r.body()).isEqualTo(requests.getFirst().body());
    }
  }

  private static JsonNode json(String text, Object... values) {
    return Server.parse(text.formatted(values));
  }

  private static String alertJson(String receiver, boolean firing, String endsAt) {
    return """
    {"status":"%s","labels":{"alertname":"Disk","severity":"critical","team":"Database Team","to":"%s"},
     "annotations":{"summary":"sda is 97%% full & <slow>"},"startsAt":"%s","endsAt":"%s",
     "generatorURL":"http://p/graph?g0.expr=up","fingerprint":"%s"}
    """
        .formatted(
            firing ? "firing" : "resolved", receiver, STARTS_AT, endsAt, fingerprint(receiver));
  }

  @Test
  void pagerdutyIncidentIsTriggeredTriedAgainAndResolved() throws Exception {
    String path = "/v2/enqueue";
    String key = sha256(groupKey("pagerduty"));
    peer()
        .script(
            path,
            BUSY,
            BROKEN,
            Answer.json(
                202,
                "{\"status\":\"success\",\"message\":\"Event processed\",\"dedup_key\":\""
                    + key
                    + "\"}"));
    alert("pagerduty", false);
    List<Received> triggers = await(path, 3);
    triedAgain(triggers);
    JsonNode event = triggers.getFirst().body();
    assertThat(event)
        .isEqualTo(
            json(
                """
                {"routing_key":"r0uting","event_action":"trigger","dedup_key":"%s",
                 "client":"Alertmanager",
                 "client_url":"http://narthex.example/#/alerts?receiver=pagerduty",
                 "images":[{"src":"http://i/firing.png","alt":"graph","href":"http://i"}],
                 "links":[{"href":"http://l","text":"dashboard"}],
                 "payload":{"summary":"[FIRING:1] Disk (critical Database Team pagerduty)",
                  "source":"Alertmanager","severity":"critical","class":"disk","component":"sda",
                  "group":"Disk",
                  "custom_details":{"firing":[%s],"resolved":[],"num_firing":1,"num_resolved":0,
                   "runbook":"http://runbooks/Disk"}}}
                """,
                key, alertJson("pagerduty", true, "0001-01-01T00:00:00Z")));
    alert("pagerduty", true);
    List<Received> all = await(path, 4);
    JsonNode end = all.get(3).body();
    assertThat(end.path("event_action").asText()).isEqualTo("resolve");
    assertThat(end.path("dedup_key").asText()).isEqualTo(key);
    assertThat(end.path("routing_key").asText()).isEqualTo("r0uting");
    JsonNode payload = end.path("payload");
    assertThat(payload.path("summary").asText())
        .isEqualTo("[RESOLVED] Disk (critical Database Team pagerduty)");
    JsonNode details = payload.path("custom_details");
    assertThat(details.path("num_firing").asInt()).isZero();
    assertThat(details.path("num_resolved").asInt()).isEqualTo(1);
    assertThat(details.path("firing")).isEmpty();
    assertThat(details.path("resolved").get(0).path("status").asText()).isEqualTo("resolved");
    assertThat(all).hasSize(4);
  }

  private static JsonNode xmattersTrigger(
      String receiver, String status, String priority, String recipients, String more)
      throws Exception {
    return json(
        """
        {"properties":{"Status":"%s","Receiver":"%s","Group Key":"%s","Group Key Hash":"%s",
          "Reason":"%s","Fingerprints":"%s","External URL":"http://narthex.example",
          "alertname":"Disk","to":"%s","severity":"critical","team":"Database Team",
          "summary":"sda is 97%% full & <slow>"%s}%s%s}
        """,
        status,
        receiver,
        groupKey(receiver).replace("\"", "\\\""),
        sha256(groupKey(receiver)),
        status.equals("firing") ? "first notification" : "all alerts resolved",
        fingerprint(receiver),
        receiver,
        more,
        recipients,
        priority);
  }

  /** Returns the first page of the active events, with one of them. */
  private static Answer eventPage(int total, String id) {
    return Answer.json(
        200,
        """
        {"count":1,"total":%d,"data":[{"id":"%s","eventId":"408005","status":"ACTIVE",
         "priority":"HIGH","form":{"id":"form-1"}}],"links":{"self":"/api/xm/1/events"}}
        """
            .formatted(total, id));
  }

  @Test
  void xmattersWorkflowIsTriggeredTriedAgainAndItsEventsEnd() throws Exception {
    String path = "/api/integration/1/functions/f1/triggers";
    String events = "/api/xm/1/events";
    peer().script(path, BUSY, BROKEN, Answer.json(202, "{\"requestId\":\"6a1c-01\"}"));
    peer()
        .script(
            events,
            BROKEN,
            eventPage(2, "e-1"),
            Answer.json(200, "{\"id\":\"e-1\",\"status\":\"TERMINATED\"}"),
            eventPage(1, "e-2"),
            Answer.json(200, "{\"id\":\"e-2\",\"status\":\"TERMINATED\"}"));
    alert("xmatters", false);
    List<Received> triggers = await(path, 3);
    triedAgain(triggers);
    Received first = triggers.getFirst();
    assertThat(first.query()).isEqualTo("apiKey=k&recipients=ops%7Cphone");
    assertThat(first.headers().getFirst("Authorization")).isEqualTo("Basic a2V5OnNlY3JldA==");
    assertThat(first.body())
        .isEqualTo(
            xmattersTrigger(
                "xmatters",
                "firing",
                ",\"priority\":\"HIGH\"",
                ",\"recipients\":[{\"targetName\":\"Database Team\"},"
                    + "{\"targetName\":\"bsmith|Work Email\"}]",
                ",\"Runbook\":\"http://runbooks/Disk\""));
    alert("xmatters", true);
    List<Received> ends = await(events, 5);
    assertThat(ends)
        .extracting(Received::method)
        .as("asked, failed, asked again, ended, asked for more, ended")
        .containsExactly("GET", "GET", "POST", "GET", "POST");
    assertThat(ends.get(1).query())
        .isEqualTo(
            "status=ACTIVE&propertyName=Group%20Key%20Hash&propertyValue="
                + sha256(groupKey("xmatters")));
    assertThat(ends.get(2).body()).isEqualTo(json("{\"id\":\"e-1\",\"status\":\"TERMINATED\"}"));
    assertThat(ends.get(4).body()).isEqualTo(json("{\"id\":\"e-2\",\"status\":\"TERMINATED\"}"));
    assertThat(peer().received(path)).hasSize(3);
  }

  @Test
  void xmattersFlowIsToldTheEndWhereItEndsItsEventsItself() throws Exception {
    String path = "/api/integration/1/functions/f2/triggers";
    peer().script(path, BUSY, BROKEN, Answer.json(202, "{\"requestId\":\"6a1c-02\"}"));
    alert("xmatters-flow", false);
    List<Received> triggers = await(path, 3);
    triedAgain(triggers);
    assertThat(triggers.getFirst().body())
        .isEqualTo(xmattersTrigger("xmatters-flow", "firing", "", "", ""));
    JsonNode expected = xmattersTrigger("xmatters-flow", "resolved", "", "", "");
    alert("xmatters-flow", true);
    assertThat(await(path, 4).get(3).body()).isEqualTo(expected);
  }

  @Test
  void webhookIsTriedAgainAndToldTheEnd() throws Exception {
    String path = "/hook";
    peer().script(path, BROKEN, new Answer(503, Map.of(), ""), new Answer(200, Map.of(), ""));
    alert("webhook", false);
    List<Received> posts = await(path, 3);
    for (Received r : posts) {
      assertThat(r.query()).isEqualTo("recipients=ops");
      assertThat(r.headers().getFirst("Content-Type")).isEqualTo("application/json");
      assertThat(r.body())
          .isEqualTo(
              json(
                  """
                  {"receiver":"webhook","status":"firing","alerts":[%s],
                   "notification_reason":"first notification","groupLabels":{"alertname":"Disk"},
                   "commonLabels":{"alertname":"Disk","severity":"critical",
                    "team":"Database Team","to":"webhook"},
                   "commonAnnotations":{"summary":"sda is 97%% full & <slow>"},"routeLabels":{},
                   "externalURL":"http://narthex.example","version":"4","groupKey":"%s",
                   "truncatedAlerts":0}
                  """,
                  alertJson("webhook", true, "0001-01-01T00:00:00Z"),
                  groupKey("webhook").replace("\"", "\\\"")));
    }
    alert("webhook", true);
    JsonNode end = await(path, 4).get(3).body();
    assertThat(end.path("status").asText()).isEqualTo("resolved");
    assertThat(end.path("alerts")).hasSize(1);
    assertThat(end.path("alerts").get(0).path("status").asText()).isEqualTo("resolved");
    assertThat(Instant.parse(end.path("alerts").get(0).path("endsAt").asText()))
        .isAfter(Instant.parse(STARTS_AT));
  }

  @Test
  void slackIsTriedAgainAndToldTheEnd() throws Exception {
    String path = "/services/T0/B0/x";
    peer().script(path, BUSY, BROKEN, new Answer(200, Map.of("Content-Type", "text/plain"), "ok"));
    alert("slack", false);
    List<Received> posts = await(path, 3);
    triedAgain(posts);
    assertThat(posts.getFirst().body())
        .isEqualTo(
            json(
                """
                {"channel":"#ops","username":"Alertmanager","attachments":[{
                 "title":"[FIRING:1] Disk (critical Database Team slack)",
                 "title_link":"http://narthex.example/#/alerts?receiver=slack",
                 "text":"","fallback":
                 "[FIRING:1] Disk (critical Database Team slack) | http://narthex.example/#/alerts?receiver=slack",
                 "callback_id":"","footer":"","color":"danger",
                 "mrkdwn_in":["fallback","pretext","text"]}]}
                """));
    alert("slack", true);
    JsonNode end = await(path, 4).get(3).body().path("attachments").get(0);
    assertThat(end.path("color").asText()).isEqualTo("good");
    assertThat(end.path("title").asText())
        .isEqualTo("[RESOLVED] Disk (critical Database Team slack)");
  }

  @Test
  void mailIsTriedAgainAndToldTheEnd() throws Exception {
    mail().refuse(2);
    alert("mail", false);
    Server.await("the mail", () -> !mail().received().isEmpty());
    assertThat(mail().refused()).isEqualTo(2);
    MailServer.Mail first = mail().received().getFirst();
    assertThat(first.user()).isEqualTo(MailServer.USER);
    assertThat(first.from()).isEqualTo("narthex@example.org");
    assertThat(first.to()).containsExactly("team@example.org", "second@example.org");
    MimeMessage message = first.message();
    assertThat(message.getSubject()).isEqualTo("[FIRING:1] Disk (critical Database Team mail)");
    assertThat(message.getHeader("To"))
        .containsExactly("Team <team@example.org>, second@example.org");
    assertThat(message.getHeader("From")).containsExactly("narthex@example.org");
    assertThat(message.getHeader("X-Severity")).containsExactly("critical");
    assertThat(message.getHeader("Reply-To")).containsExactly("ops@example.org");
    assertThat(message.getHeader("Message-Id")).hasSize(1);
    assertThat(message.getSentDate()).isNotNull();
    assertThat(message.getContentType()).startsWith("multipart/alternative;");
    MimeMultipart bodies = (MimeMultipart) message.getContent();
    assertThat(bodies.getCount()).isEqualTo(2);
    assertThat(bodies.getBodyPart(0).getContentType()).isEqualTo("text/plain; charset=UTF-8");
    assertThat(bodies.getBodyPart(0).getContent().toString().replace("\r\n", "\n"))
        .isEqualTo("sda is 97% full & <slow>\n.\n");
    assertThat(bodies.getBodyPart(1).getContentType()).isEqualTo("text/html; charset=UTF-8");
    assertThat(bodies.getBodyPart(1).getContent().toString())
        .contains(
            "1 alert for ",
            "sda is 97% full &amp; &lt;slow&gt;",
            "http://narthex.example/#/alerts?receiver=mail",
            "href=\"http://p/graph?g0.expr=up\"",
            "</html>");
    alert("mail", true);
    Server.await("the end", () -> mail().received().size() == 2);
    assertThat(mail().received().getLast().message().getSubject())
        .isEqualTo("[RESOLVED] Disk (critical Database Team mail)");
  }
}
