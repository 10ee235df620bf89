package io.narthex.alerting;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.template.TemplateService.NotificationData;
import io.narthex.service.template.TemplateService.NotificationTemplates;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.plugin.HttpTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes the way of an alert once after the start, with nothing: an empty list is posted to the
 * server itself, the default texts are expanded. The first real notification shall not be a second
 * late because classes of the API, the templates and the HTTP client are still being loaded.
 */
final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private WarmUp() {}

  static void run(
      NotificationTemplates templates, @Nullable HttpTransport http, ServerInfo server) {
    try {
      TemplateRenderer renderer =
          templates.renderer(
              new NotificationData(
                  "none",
                  "first notification",
                  Labels.of("alertname", "none"),
                  Map.of(),
                  List.of(
                      new NotifiedAlert(
                          new Alert(
                              Labels.of("alertname", "none", "job", "none"),
                              Labels.of("summary", "none"),
                              Instant.EPOCH,
                              Instant.EPOCH,
                              ""),
                          true,
                          "0000000000000000")),
                  server.externalUrl().toString()));
      renderer.text("{{ template \"slack.default.fallback\" . }}");
      renderer.html("{{ template \"email.default.html\" . }}");
      if (http != null && !server.listenAddresses().isEmpty()) {
        InetSocketAddress own = server.listenAddresses().get(0);
        boolean any = own.getAddress() == null || own.getAddress().isAnyLocalAddress();
        String host = any ? "127.0.0.1" : own.getAddress().getHostAddress();
        URI uri =
            URI.create(
                "http://"
                    + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
                    + ":"
                    + own.getPort()
                    + server.routePrefix()
                    + "/-/healthy");
        http.send(HttpTransport.Request.get(uri, TIMEOUT), HttpTransport.HttpSettings.DEFAULT)
            .close();
      }
    } catch (IOException e) {
      LOG.debug("warm-up: {}", e.getMessage()); // a server that speaks TLS only; all is loaded now
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.warn("warm-up failed", e);
    }
  }
}
