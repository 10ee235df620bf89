package io.narthex.alerting;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.go.GoUrl;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.notify.NotifierService;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.template.TemplateService.NotificationTemplates;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.plugin.HttpTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the classes of the alert path as soon as the server is ready, so that the first real
 * notification is not delayed by seconds: a dummy alert passes grouping, silences and notification
 * log of a temporary Alertmanager, whose receiver expands the default templates and posts an empty
 * list to the server itself.
 */
final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration POLL = Duration.ofMillis(20);
  private static final Duration RETENTION = Duration.ofHours(1);
  private static final String CONFIG =
      "{route: {receiver: none, group_by: [alertname], group_wait: 1ms}, receivers: [{name: none}]}";

  private WarmUp() {}

  /** Runs an action on a thread of its own when a condition holds for the first time. */
  static void whenReady(Timers timers, BooleanSupplier ready, Runnable action) {
    if (ready.getAsBoolean()) {
      timers.run("alerting-warm-up", action);
    } else {
      timers.at(
          timers.now().plus(POLL), "alerting-warm-up", () -> whenReady(timers, ready, action));
    }
  }

  /** Sends a dummy alert; returns when its notification has been expanded and posted. */
  static void run(
      Timers timers,
      NotificationTemplates templates,
      @Nullable HttpTransport http,
      ServerInfo server) {
    CountDownLatch sent = new CountDownLatch(1);
    NotificationLog log = new NotificationLog(null, timers.now());
    Deliveries deliveries = new Deliveries(timers, log, null, RETENTION);
    deliveries.templates(templates, server.externalUrl().toString());
    deliveries.notifiers(new NoReceiver(http, server, sent));
    AlertmanagerCore core =
        new AlertmanagerCore(
            timers,
            MatcherSyntax.Mode.FALLBACK,
            new Silences(null, RETENTION, false, timers.now()),
            log,
            deliveries,
            null,
            Duration.ZERO);
    try {
      core.apply(AlertmanagerConfigLoader.load(YamlReader.read("warm-up", CONFIG)));
      core.post(
          List.of(
              new PostedAlert(
                  Map.of("alertname", "none", "job", "none"),
                  Map.of("summary", "none"),
                  null,
                  null,
                  "")));
      if (!sent.await(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.debug("warm-up: not finished after {}", TIMEOUT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.warn("warm-up failed", e);
    } finally {
      core.close();
    }
  }

  /** Expands the default templates and posts an empty list to the server itself. */
  private record NoReceiver(@Nullable HttpTransport http, ServerInfo server, CountDownLatch sent)
      implements NotifierService {
    @Override
    public List<Integration> integrations(String receiver) {
      return List.of(new Integration(receiver, "none", 0, true));
    }

    @Override
    public SendResult send(Integration integration, Notification notification)
        throws InterruptedException {
      try {
        TemplateRenderer renderer = notification.templates();
        renderer.text("{{ template \"slack.default.fallback\" . }}");
        renderer.html("{{ template \"email.default.html\" . }}");
        if (http != null && !server.listenAddresses().isEmpty()) {
          byte[] none = "[]".getBytes(StandardCharsets.UTF_8);
          http.send(
                  HttpTransport.Request.post(own(), "application/json", none, TIMEOUT),
                  HttpTransport.HttpSettings.DEFAULT)
              .close();
        }
      } catch (IOException e) {
        LOG.debug("warm-up: {}", e.getMessage()); // a server with TLS only; the classes are loaded
      } finally {
        sent.countDown();
      }
      return SendResult.delivered();
    }

    private GoUrl own() {
      InetSocketAddress own = server.listenAddresses().get(0);
      boolean any = own.getAddress() == null || own.getAddress().isAnyLocalAddress();
      String host = any ? "127.0.0.1" : own.getAddress().getHostAddress();
      return GoUrl.parse(
          "http://"
              + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
              + ":"
              + own.getPort()
              + server.routePrefix()
              + "/api/v2/alerts");
    }
  }
}
