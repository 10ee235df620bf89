package io.narthex.notifier.webhook;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Posts notifications to one URL. Thread-safe. */
final class WebhookNotifier implements Notifier {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final int QUOTED_BODY = 300;
  private static final int MAX_BODY = 16 << 20;

  private final WebhookConfig config;
  private final HttpSettings http;
  private final PluginContext context;

  WebhookNotifier(WebhookConfig config, HttpSettings http, PluginContext context) {
    this.config = config;
    this.http = http;
    this.context = context;
  }

  @Override
  public SendResult send(Notification notification) throws InterruptedException {
    Notification shown = notification.limitedTo(config.maxAlerts());
    String url;
    String body;
    try {
      url = shown.templates().text(url()).strip();
      body =
          config.payload() == null
              ? WebhookPayload.standard(shown)
              : WebhookPayload.own(config.payload(), shown);
    } catch (TemplateException e) {
      return SendResult.rejected("template cannot be expanded: " + e.getMessage());
    } catch (IOException e) {
      return SendResult.rejected("url_file " + config.urlFile() + ": cannot be read");
    }
    GoUrl to;
    try {
      to = GoUrl.parseHttp(url);
    } catch (GoUrl.InvalidUrlException e) {
      return SendResult.rejected("url: not a valid URL after expansion: " + e.reason());
    }
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_BODY) {
      return SendResult.rejected(
          "the body has "
              + bytes.length
              + " bytes, at most "
              + MAX_BODY
              + " are sent; set max_alerts or shorten the payload");
    }
    Request request =
        new Request(
            "POST",
            to,
            Map.of("Content-Type", "application/json", "User-Agent", "Alertmanager/0.34.0"),
            bytes,
            config.timeout().isZero() ? DEFAULT_TIMEOUT : config.timeout(),
            null);
    try (Response response = context.http().send(request, http)) {
      int status = response.status();
      if (status / 100 == 2) {
        return SendResult.delivered();
      }
      String text = "unexpected status code " + status + quoted(response);
      return status / 100 == 5 ? SendResult.retryLater(text) : SendResult.rejected(text);
    } catch (IOException e) {
      return SendResult.retryLater("request failed: " + hideUrl(e.getMessage(), url));
    }
  }

  private String url() throws IOException {
    return config.url() == null || config.url().isEmpty()
        ? Files.readString(Path.of(config.urlFile())).strip()
        : config.url().reveal();
  }

  /** URLs of webhooks often hold a token. */
  private static String hideUrl(@org.jspecify.annotations.Nullable String message, String url) {
    return message == null
        ? "no details"
        : message.replace(url, "<secret>").replaceAll("\"https?://[^\"]*\"", "\"<secret>\"");
  }

  private static String quoted(Response response) {
    try {
      String body =
          new String(response.body().readNBytes(QUOTED_BODY), StandardCharsets.UTF_8).strip();
      return body.isEmpty() ? "" : ": " + body;
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public void close() {
    // holds nothing
  }
}
