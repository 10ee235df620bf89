package io.narthex.testkit.swap.plugin;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Setting;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A notifier that posts the dedup key. */
public final class Notifying
    implements NotifierProvider<Notifying.Config, NotifierProvider.NoGlobals> {
  /** Settings. */
  public record Config(@Setting(required = true) GoUrl url) {}

  @Override
  public String type() {
    return "faulty";
  }

  @Override
  public Class<Config> configType() {
    return Config.class;
  }

  @Override
  public Class<NoGlobals> globalConfigType() {
    return NoGlobals.class;
  }

  @Override
  public boolean sendResolvedByDefault() {
    return true;
  }

  @Override
  public Notifier open(Config config, NoGlobals globals, PluginContext context) {
    Mode.leak();
    return new Notifier() {
      private final List<Notification> kept = new ArrayList<>(); // guarded by itself

      @Override
      public SendResult send(Notification n) throws InterruptedException {
        if (Mode.is("keeps a queue of its own")) {
          synchronized (kept) {
            kept.add(n); // never sent when it is closed now
          }
          return SendResult.delivered();
        }
        SendResult result = post(n);
        return Mode.is("asks again for what arrived") && n.dedupKey().endsWith("3")
            ? again(n, result)
            : result;
      }

      private SendResult again(Notification n, SendResult result) throws InterruptedException {
        synchronized (kept) {
          if (kept.contains(n)) {
            return result;
          }
          kept.add(n);
        }
        return SendResult.retryLater("the answer was lost");
      }

      private SendResult post(Notification n) throws InterruptedException {
        HttpTransport.Request request =
            HttpTransport.Request.post(
                config.url(),
                "text/plain",
                n.dedupKey().getBytes(StandardCharsets.UTF_8),
                Duration.ofSeconds(5));
        try (HttpTransport.Response r =
            context.http().send(request, HttpTransport.HttpSettings.DEFAULT)) {
          return r.status() == 200 ? SendResult.delivered() : SendResult.retryLater("no");
        } catch (IOException e) {
          return SendResult.retryLater(String.valueOf(e.getMessage()));
        }
      }

      @Override
      public void close() {
        // nothing is held
      }
    };
  }
}
