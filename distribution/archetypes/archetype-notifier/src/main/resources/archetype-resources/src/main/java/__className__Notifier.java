package ${package};

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Offers {@code ${type}_configs}: posts a line of text for every notification. */
public final class ${className}Notifier
    implements NotifierProvider<${className}Config, NotifierProvider.NoGlobals> {
  @Override
  public String type() {
    return "${type}";
  }

  @Override
  public Class<${className}Config> configType() {
    return ${className}Config.class;
  }

  @Override
  public Class<NoGlobals> globalConfigType() {
    return NoGlobals.class;
  }

  @Override
  public boolean sendResolvedByDefault() {
    return true;
  }

  /** Checks what the record cannot express. No I/O yet. */
  @Override
  public Notifier open(${className}Config config, NoGlobals globals, PluginContext context) {
    String scheme = config.url().scheme();
    if (!"http".equals(scheme) && !"https".equals(scheme)) {
      throw new ConfigException(
          "url must begin with http:// or https://, got \"" + config.url() + "\"");
    }
    return new Sender(config, context.http());
  }

  private record Sender(${className}Config config, HttpTransport http) implements Notifier {
    /** Called from several threads of the server. */
    @Override
    public SendResult send(Notification notification) throws InterruptedException {
      String text;
      try {
        text = notification.templates().text(config.message());
      } catch (TemplateException e) {
        return SendResult.rejected("message: " + e.getMessage());
      }
      Request request =
          Request.post(
              config.url(),
              "text/plain; charset=utf-8",
              text.getBytes(StandardCharsets.UTF_8),
              config.timeout());
      HttpSettings settings =
          config.httpConfig() == null ? HttpSettings.DEFAULT : config.httpConfig();
      try (Response response = http.send(request, settings)) {
        return verdict(response.status());
      } catch (IOException e) {
        return SendResult.retryLater("no response: " + e.getMessage());
      }
    }

    /** The server retries what may work later, and drops the rest. */
    private static SendResult verdict(int status) {
      if (status / 100 == 2) {
        return SendResult.delivered();
      }
      return status == 429 || status / 100 == 5
          ? SendResult.retryLater("status " + status)
          : SendResult.rejected("status " + status);
    }

    @Override
    public void close() {
      // nothing to close; close connections and the like here
    }
  }
}
