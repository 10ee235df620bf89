package io.narthex.notifier.slack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.NotifierKit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class SlackNotifierTest extends NotifierKit {
  private final HttpStandIn server;
  private final SlackNotifierProvider provider = new SlackNotifierProvider();

  private String apiUrl;
  private String appToken;
  private String apiUrlFile = "";
  private String appTokenFile = "";
  private SlackConfig.Globals globals =
      new SlackConfig.Globals(null, "", null, "", "https://slack.com/api/chat.postMessage", null);
  private boolean update;
  private List<SlackConfig.Field> fields = List.of();
  private List<SlackConfig.Action> actions = List.of();

  SlackNotifierTest() throws IOException {
    server = new HttpStandIn();
    apiUrl = server.url("/services/T0/B0/s3cret").toString();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  protected Notifier open(PluginContext context) {
    return provider.open(config(), globals, context);
  }

  private SlackConfig config() {
    return new SlackConfig(
        new SlackConfig.Url(apiUrl == null ? null : Secret.of(apiUrl), apiUrlFile),
        new SlackConfig.Token(appToken == null ? null : Secret.of(appToken), appTokenFile),
        appToken == null && appTokenFile.isEmpty()
            ? ""
            : server.url("/api/chat.postMessage").toString(),
        new SlackConfig.Message(
            "#x",
            "{{ template \"slack.default.username\" . }}",
            "danger",
            "{{ template \"slack.default.title\" . }}",
            "http://am",
            "",
            "",
            "",
            fields,
            false,
            "",
            "fb",
            "",
            "",
            "",
            "",
            "",
            false,
            List.of(),
            actions),
        Duration.ZERO,
        update,
        null);
  }

  @Override
  protected void peer(Peer behaviour) {
    server.status(behaviour == Peer.FAILS_FOR_NOW ? 502 : 200);
    server.answer("text/plain", behaviour == Peer.ACCEPTS ? "ok" : "");
    server.hangs(behaviour == Peer.HANGS);
  }

  @Override
  protected int received() {
    return server.received().size();
  }

  private SendResult send() throws Exception {
    try (Notifier n = open(context())) {
      return n.send(notification(firing("A")));
    }
  }

  /** Returns the notification with templates of which "{{ .Broken" cannot be expanded. */
  private static Notification broken(Notification n) {
    TemplateRenderer failing =
        new TemplateRenderer() {
          @Override
          public String text(String template) {
            if (template.equals("{{ .Broken")) {
              throw new TemplateException("unclosed action");
            }
            return n.templates().text(template);
          }

          @Override
          public String html(String template) {
            return n.templates().html(template);
          }

          @Override
          public Object structure(Object value) {
            return n.templates().structure(value);
          }

          @Override
          public TemplateRenderer limitedTo(int alerts) {
            return this;
          }
        };
    return new Notification(
        n.receiver(),
        n.groupKey(),
        "d1",
        n.reason(),
        n.groupLabels(),
        n.routeLabels(),
        n.alerts(),
        0,
        n.externalUrl(),
        failing,
        Map.of());
  }

  @Test
  void postsWhatWasExpandedBeforeATextThatCannotBe() throws Exception {
    fields = List.of(new SlackConfig.Field("{{ .Broken", "lost", null));
    server.answer("text/plain", "ok");
    try (Notifier n = open(context())) {
      assertThat(n.send(broken(notification(firing("A")))))
          .isInstanceOfSatisfying(
              SendResult.Rejected.class,
              r ->
                  assertThat(r.reason()).startsWith("posted in part: template cannot be expanded"));
    }
    assertThat(server.received())
        .singleElement()
        .satisfies(r ->
            assertThat(r.body())
                .contains("slack.default.title", "\"fallback\":\"fb\"")
                .doesNotContain("\"channel\"", "lost"));
  }

  @Test
  void messageHasOneAttachmentToTheLetter() throws Exception {
    fields = List.of(new SlackConfig.Field("t", "v {{ .Status }}", null));
    actions =
        List.of(
            new SlackConfig.Action(
                "button",
                "go",
                "http://g",
                "danger",
                "n",
                "v",
                new SlackConfig.Confirmation("sure?", "", "yes", "")),
            new SlackConfig.Action(
                "button",
                "do",
                "",
                "",
                "n",
                "v",
                new SlackConfig.Confirmation("sure?", "", "yes", "")));
    assertThat(send()).isEqualTo(SendResult.delivered());
    assertThat(server.received().get(0).body())
        .isEqualTo(
            "{\"channel\":\"#x\",\"username\":\"\\u003cslack.default.username\\u003e\",\"attachments\":[{"
                + "\"title\":\"\\u003cslack.default.title\\u003e\",\"title_link\":\"http://am\",\"text\":\"\","
                + "\"fallback\":\"fb\",\"callback_id\":\"\","
                + "\"fields\":[{\"title\":\"t\",\"value\":\"v firing\",\"short\":false}],"
                + "\"actions\":[{\"type\":\"button\",\"text\":\"go\",\"url\":\"http://g\","
                + "\"style\":\"danger\"},"
                + "{\"type\":\"button\",\"text\":\"do\",\"name\":\"n\",\"value\":\"v\","
                + "\"confirm\":{\"text\":\"sure?\",\"ok_text\":\"yes\"}}],"
                + "\"footer\":\"\",\"color\":\"danger\","
                + "\"mrkdwn_in\":[\"fallback\",\"pretext\",\"text\"]}]}\n");
  }

  @Test
  void appTokenGoesIntoTheHeader() throws Exception {
    apiUrl = null;
    appToken = "xoxb-1";
    server.answer("application/json; charset=utf-8", "{\"ok\":true,\"ts\":\"1\"}");
    assertThat(send()).isEqualTo(SendResult.delivered());
    assertThat(server.received().get(0).headers()).containsEntry("Authorization", "Bearer xoxb-1");
    assertThat(server.received().get(0).path()).isEqualTo("/api/chat.postMessage");
  }

  @Test
  void filesHoldUrlAndToken(@TempDir Path folder) throws Exception {
    Path url = folder.resolve("url");
    Files.writeString(url, apiUrl + "\n");
    apiUrl = null;
    apiUrlFile = url.toString();
    assertThat(send()).isEqualTo(SendResult.delivered());
    assertThat(server.received().getLast().path()).isEqualTo("/services/T0/B0/s3cret");
    Path token = folder.resolve("token");
    Files.writeString(token, "xoxb-2\n");
    apiUrlFile = "";
    appTokenFile = token.toString();
    assertThat(send()).isEqualTo(SendResult.delivered());
    assertThat(server.received().getLast().headers())
        .containsEntry("Authorization", "Bearer xoxb-2");
  }

  @Test
  void globalKeysStandInForThoseThatAreAbsent(@TempDir Path folder) throws Exception {
    String hook = server.url("/global/hook").toString();
    String app = server.url("/global/app").toString();
    Path url = folder.resolve("url");
    Path token = folder.resolve("token");
    Files.writeString(url, server.url("/global/file").toString());
    Files.writeString(token, "xoxb-4");
    apiUrl = null;
    globals = new SlackConfig.Globals(Secret.of(hook), "", null, "", app, null); // slack_api_url
    assertThat(send()).isEqualTo(SendResult.delivered());
    globals = new SlackConfig.Globals(null, url.toString(), null, "", app, null);
    assertThat(send()).isEqualTo(SendResult.delivered());
    globals = new SlackConfig.Globals(null, "", Secret.of("xoxb-3"), "", app, null);
    assertThat(send()).isEqualTo(SendResult.delivered());
    globals = new SlackConfig.Globals(null, "", null, token.toString(), app, null);
    assertThat(send()).isEqualTo(SendResult.delivered());
    assertThat(server.received())
        .extracting(HttpStandIn.Received::path)
        .containsExactly("/global/hook", "/global/file", "/global/app", "/global/app");
    assertThat(server.received().get(2).headers()).containsEntry("Authorization", "Bearer xoxb-3");
    assertThat(server.received().get(3).headers()).containsEntry("Authorization", "Bearer xoxb-4");
  }

  @Test
  void jsonAnswerThatIsNotOkIsFinal() throws Exception {
    server.answer("application/json", "{\"ok\":false,\"error\":\"channel_not_found\"}");
    assertThat(send())
        .isEqualTo(SendResult.rejected("error response from Slack: channel_not_found"));
  }

  @Test
  void onlyTheAnswersOwnKeysCount() throws Exception {
    server.answer(
        "application/json",
        "{\"message\":{\"ok\":true,\"error\":\"none\"},\"ok\":false,\"error\":\"not_authed\"}");
    assertThat(send()).isEqualTo(SendResult.rejected("error response from Slack: not_authed"));
  }

  @Test
  void answerThatIsNotTheJsonItClaimsToBeIsTriedAgain() throws Exception {
    server.answer("application/json", "<html>");
    assertThat(send()).isInstanceOf(SendResult.RetryLater.class);
  }

  @Test
  void rateLimitIsTriedAgainAfterWhatSlackAsksFor() throws Exception {
    server.status(429);
    server.answerHeaders(Map.of("Retry-After", "7"));
    assertThat(send())
        .isEqualTo(new SendResult.RetryLater("rate limited by Slack", Duration.ofSeconds(7)));
  }

  @Test
  void aRateLimitWithoutATimeIsLeftToTheNextFlush() throws Exception {
    server.status(429);
    assertThat(send()).isInstanceOf(SendResult.Rejected.class);
    server.status(200);
    server.answer("application/json", "{\"ok\":false,\"error\":\"ratelimited\"}");
    assertThat(send()).isEqualTo(SendResult.rejected("error response from Slack: ratelimited"));
    server.answerHeaders(Map.of("Retry-After", "7"));
    assertThat(send())
        .isEqualTo(new SendResult.RetryLater("rate limited by Slack", Duration.ofSeconds(7)));
  }

  @Test
  void longTitlesAreCutInTheMiddleOfNoCharacter() {
    String cut = SlackMessage.cut("🙂".repeat(2000), 1024);
    assertThat(cut.codePointCount(0, cut.length())).isEqualTo(1024);
    assertThat(cut).endsWith("🙂…");
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    appToken = "x";
    assertThatThrownBy(() -> open(context()))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "at most one of api_url/api_url_file & app_token/app_token_file must be configured");
    appToken = null;
    apiUrl = null;
    assertThatThrownBy(() -> open(context()))
        .hasMessage("no Slack API URL nor App token set either inline or in a file");
    apiUrl = "http://x";
    update = true;
    assertThatThrownBy(() -> open(context()))
        .hasMessageStartingWith("update_message can only be used with bot tokens.");
    assertThatThrownBy(() -> new SlackConfig.Field("t", "", null))
        .hasMessage("missing value in Slack field configuration");
  }

  /** Opens a block that changes its messages, at the stand-in instead of Slack's own address. */
  private Notifier updating() {
    appToken = "xoxb";
    apiUrl = null;
    update = true;
    return new SlackNotifier(
        config(),
        new SlackNotifier.Access(
            new SlackConfig.Url(Secret.of(server.url("/api/chat.postMessage").toString()), ""),
            new SlackConfig.Token(Secret.of("xoxb"), "")),
        HttpSettings.DEFAULT,
        context());
  }

  @Test
  void changesTheMessageOfAGroupAlsoAfterAReopen() throws Exception {
    server.answer("application/json", "{\"ok\":true,\"ts\":\"12.34\",\"channel\":\"C7\"}");
    Notification first = notification(firing("A"));
    SendResult result;
    try (Notifier n = updating()) {
      result = n.send(first);
    }
    Map<String, String> state = Map.of("threadTs", "12.34", "channelId", "C7");
    assertThat(result).isEqualTo(SendResult.delivered(state));
    Notification next =
        new Notification(
            first.receiver(),
            first.groupKey(),
            "d2",
            first.reason(),
            first.groupLabels(),
            first.routeLabels(),
            first.alerts(),
            0,
            first.externalUrl(),
            first.templates(),
            state);
    try (Notifier n = updating()) {
      assertThat(n.send(next)).as("kept for the next").isEqualTo(result);
    }
    assertThat(server.received().get(1).path()).isEqualTo("/api/chat.update");
    assertThat(server.received().get(1).body()).contains("\"ts\":\"12.34\"", "\"channel\":\"C7\"");
  }
}
