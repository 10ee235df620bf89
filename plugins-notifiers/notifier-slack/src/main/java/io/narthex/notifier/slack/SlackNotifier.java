package io.narthex.notifier.slack;

import io.narthex.json.JsonText;
import io.narthex.json.tree.JsonTree;
import io.narthex.model.go.GoUrl;
import io.narthex.notifier.slack.SlackConfig.Token;
import io.narthex.notifier.slack.SlackConfig.Url;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.PluginContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Posts notifications to Slack. Thread-safe. */
final class SlackNotifier implements Notifier {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final int MAX_ANSWER = 64 * 1024;

  /** Where to post, and the token that allows it. */
  record Access(Url url, Token token) {}

  /** Keys of the state that the host keeps for a group: the message that can be changed. */
  private static final String TS = "threadTs";

  private static final String CHANNEL = "channelId";

  private final SlackConfig config;
  private final Access access;
  private final HttpSettings http;
  private final PluginContext context;

  SlackNotifier(SlackConfig config, Access access, HttpSettings http, PluginContext context) {
    this.config = config;
    this.access = access;
    this.http = http;
    this.context = context;
  }

  @Override
  public SendResult send(Notification notification) throws InterruptedException {
    String url;
    String token;
    try {
      url = reveal(access.url().apiUrl(), access.url().apiUrlFile());
      token = reveal(access.token().appToken(), access.token().appTokenFile());
    } catch (IOException e) {
      return SendResult.rejected("the file with the URL or token cannot be read");
    }
    Map<String, String> first = config.updateMessage() ? notification.state() : Map.of();
    SlackTexts texts = new SlackTexts(notification.templates());
    Map<String, @Nullable Object> message = SlackMessage.of(config.message(), texts);
    if (first.containsKey(TS)) {
      url = url.replace("chat.postMessage", "chat.update");
      message.put("channel", first.get(CHANNEL));
      message.put("ts", first.get(TS));
    }
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Content-Type", "application/json");
    headers.put("User-Agent", "Alertmanager/0.34.0");
    if (!token.isEmpty()) {
      headers.put("Authorization", "Bearer " + token);
    }
    Request request;
    try {
      request =
          new Request(
              "POST",
              GoUrl.parseHttp(url),
              headers,
              (JsonText.of(message) + "\n").getBytes(StandardCharsets.UTF_8),
              config.timeout().isZero() ? DEFAULT_TIMEOUT : config.timeout(),
              null);
    } catch (GoUrl.InvalidUrlException e) {
      return SendResult.rejected("api_url: not a valid URL: " + e.reason());
    }
    try (Response response = context.http().send(request, http)) {
      SendResult result = verdict(response, notification);
      // no state is kept: the group's next notification sends the whole message again
      return texts.problem().isEmpty() || !(result instanceof SendResult.Delivered)
          ? result
          : SendResult.rejected("posted in part: template cannot be expanded: " + texts.problem());
    } catch (IOException e) {
      String text = e.getMessage() == null ? "no details" : e.getMessage();
      return SendResult.retryLater(
          "request failed: "
              + text.replace(url, "<secret>").replaceAll("\"https?://[^\"]*\"", "\"<secret>\""));
    }
  }

  private SendResult verdict(Response response, Notification notification) throws IOException {
    int status = response.status();
    byte[] body = response.body().readNBytes(MAX_ANSWER);
    String text = new String(body, StandardCharsets.UTF_8).strip();
    if (status == 429) {
      return rateLimited(response, "unexpected status code " + status + quoted(text));
    }
    if (status / 100 == 5) {
      return SendResult.retryLater("unexpected status code " + status + quoted(text));
    }
    if (status / 100 != 2) {
      return SendResult.rejected("unexpected status code " + status + quoted(text));
    }
    String type = response.header("Content-Type");
    if (type != null && type.startsWith("application/json")) {
      Object answer;
      try {
        answer = JsonTree.read(new ByteArrayInputStream(body));
      } catch (IOException e) {
        return SendResult.retryLater("answer from Slack: " + e.getMessage());
      }
      if (!JsonTree.text(answer, "ok").equals("true")) {
        String error = JsonTree.text(answer, "error");
        return error.equals("ratelimited") || error.equals("rate_limited")
            ? rateLimited(response, "error response from Slack: " + error)
            : SendResult.rejected("error response from Slack: " + error);
      }
      String ts = JsonTree.text(answer, "ts");
      String channel = JsonTree.text(answer, "channel");
      if (!config.updateMessage() || notification.status().equals("resolved")) {
        return SendResult.delivered(); // the next alert starts a new message
      }
      if (notification.state().containsKey(TS)) {
        return SendResult.delivered(notification.state());
      }
      return ts.isEmpty()
          ? SendResult.delivered()
          : SendResult.delivered(Map.of(TS, ts, CHANNEL, channel));
    }
    return text.isEmpty() || text.equals("ok")
        ? SendResult.delivered()
        : SendResult.rejected("error response from Slack: " + text);
  }

  /** Tries again when Slack says when; else the next flush does, which is soon enough. */
  private SendResult rateLimited(Response response, String problem) {
    Duration wait = response.retryAfter(context.clock().instant());
    return wait == null
        ? SendResult.rejected(problem)
        : new SendResult.RetryLater("rate limited by Slack", wait);
  }

  private static String quoted(String body) {
    return body.isEmpty() ? "" : ": " + body.substring(0, Math.min(300, body.length()));
  }

  private String reveal(@Nullable Secret value, String file) throws IOException {
    if (value != null && !value.isEmpty()) {
      return value.reveal();
    }
    return file.isEmpty() ? "" : Files.readString(Path.of(file)).strip();
  }

  @Override
  public void close() {
    // holds nothing
  }
}
