package io.acme.notifier;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.HttpTransport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/** Posts {@code {"release":…,"status":…,"alerts":…,"key":…}}. */
final class AcmeNotifier implements Notifier {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final GoUrl url;
  private final HttpTransport http;
  private final String release;

  AcmeNotifier(GoUrl url, HttpTransport http) {
    this.url = url;
    this.http = http;
    try (InputStream in = AcmeNotifier.class.getResourceAsStream("release.txt")) {
      release =
          new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public SendResult send(Notification notification) throws InterruptedException {
    String body =
        String.format(
            Locale.ROOT,
            "{\"release\":\"%s\",\"status\":\"%s\",\"alerts\":%d,\"key\":\"%08x\"}",
            release,
            notification.status(),
            notification.alerts().size(),
            notification.dedupKey().hashCode());
    HttpTransport.Request request =
        HttpTransport.Request.post(
            url, "application/json", body.getBytes(StandardCharsets.UTF_8), TIMEOUT);
    try (HttpTransport.Response response = http.send(request, HttpTransport.HttpSettings.DEFAULT)) {
      int status = response.status();
      if (status / 100 == 2) {
        return SendResult.delivered();
      }
      return status / 100 == 5 || status == 429
          ? SendResult.retryLater("status " + status)
          : SendResult.rejected("status " + status);
    } catch (IOException e) {
      return SendResult.retryLater(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() {
    // nothing is held
  }
}
