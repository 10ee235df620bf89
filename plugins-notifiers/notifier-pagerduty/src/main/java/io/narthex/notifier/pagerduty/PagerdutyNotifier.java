package io.narthex.notifier.pagerduty;

import io.narthex.model.go.GoUrl;
import io.narthex.notifier.pagerduty.PagerdutyConfig.RoutingKey;
import io.narthex.notifier.pagerduty.PagerdutyConfig.ServiceKey;
import io.narthex.spi.config.Secret;
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
import org.jspecify.annotations.Nullable;

/** Posts events to PagerDuty, one incident for each aggregation group. Thread-safe. */
final class PagerdutyNotifier implements Notifier {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final int QUOTED_BODY = 300;

  private final PagerdutyConfig config;
  private final GoUrl url;
  private final boolean v1;
  private final HttpSettings http;
  private final PluginContext context;

  PagerdutyNotifier(
      PagerdutyConfig config, GoUrl url, boolean v1, HttpSettings http, PluginContext context) {
    this.config = config;
    this.url = url;
    this.v1 = v1;
    this.http = http;
    this.context = context;
  }

  @Override
  public SendResult send(Notification notification) throws InterruptedException {
    byte[] body;
    try {
      String key = notification.templates().text(key());
      if (key.isEmpty()) {
        return SendResult.rejected(
            v1 ? "service key cannot be empty" : "routing key cannot be empty");
      }
      PagerdutyEvent event = new PagerdutyEvent(config, notification);
      body = v1 ? event.v1(key) : event.v2(key);
    } catch (TemplateException e) {
      return SendResult.rejected("template cannot be expanded: " + e.getMessage());
    } catch (IOException e) {
      return SendResult.rejected(
          (v1
                  ? "service_key_file " + config.endpoint().service().serviceKeyFile()
                  : "routing_key_file " + config.endpoint().routing().routingKeyFile())
              + ": cannot be read");
    }
    Request request =
        new Request(
            "POST",
            url,
            Map.of("Content-Type", "application/json", "User-Agent", "Alertmanager/0.34.0"),
            body,
            config.timeout().isZero() ? DEFAULT_TIMEOUT : config.timeout(),
            null);
    try (Response response = context.http().send(request, http)) {
      int status = response.status();
      if (status / 100 == 2) {
        return SendResult.delivered();
      }
      String text = "unexpected status code " + status + quoted(response);
      boolean slowDown = status == (v1 ? 403 : 429);
      return slowDown || status / 100 == 5
          ? new SendResult.RetryLater(text, response.retryAfter(context.clock().instant()))
          : SendResult.rejected(text);
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      return SendResult.retryLater("request failed: " + e.getMessage());
    }
  }

  private String key() throws IOException {
    ServiceKey service = config.endpoint().service();
    RoutingKey routing = config.endpoint().routing();
    return v1
        ? key(service.serviceKey(), service.serviceKeyFile())
        : key(routing.routingKey(), routing.routingKeyFile());
  }

  private String key(@Nullable Secret secret, String file) throws IOException {
    return secret == null || secret.isEmpty()
        ? Files.readString(Path.of(file)).strip()
        : secret.reveal();
  }

  private static String quoted(Response response) {
    try {
      String body =
          new String(response.body().readNBytes(QUOTED_BODY), StandardCharsets.UTF_8).strip();
      return body.isEmpty() ? "" : ": " + body;
    } catch (IOException _) {
      return ""; // the status alone is reported
    }
  }

  @Override
  public void close() {
    // holds nothing
  }
}
