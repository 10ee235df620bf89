package io.narthex.notifier.webhook;

import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.net.URI;
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

  static boolean isHttp(String url) {
    return url.startsWith("http://") || url.startsWith("https://");
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
    URI uri;
    try {
      uri = URI.create(escaped(url));
    } catch (IllegalArgumentException e) {
      return SendResult.rejected("url: not a valid URL after expansion");
    }
    if (!isHttp(url)) {
      return SendResult.rejected("url: unsupported scheme after expansion");
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
            uri,
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

  /**
   * Escapes what labels may bring into a URL and {@link URI} refuses: blanks and some signs in path
   * and query, everything beyond ASCII. Existing escapes and the host stay as they are.
   */
  static String escaped(String url) {
    int scheme = url.indexOf("://");
    int path = scheme < 0 ? 0 : url.indexOf('/', scheme + 3);
    if (path < 0) {
      return url;
    }
    StringBuilder b = new StringBuilder(url.length() + 16).append(url, 0, path);
    for (int i = path; i < url.length(); ) {
      int c = url.codePointAt(i);
      i += Character.charCount(c);
      boolean ascii = c > ' ' && c < 0x7f;
      if (ascii && "\"<>\\^`{|}[]".indexOf(c) < 0 && (c != '#' || b.indexOf("#") < 0)) {
        b.append((char) c);
      } else {
        for (byte x : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
          b.append('%')
              .append("0123456789ABCDEF".charAt(x >> 4 & 15))
              .append("0123456789ABCDEF".charAt(x & 15));
        }
      }
    }
    return b.toString();
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
