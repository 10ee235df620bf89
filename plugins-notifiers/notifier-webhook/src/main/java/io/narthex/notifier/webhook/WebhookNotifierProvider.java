package io.narthex.notifier.webhook;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import org.osgi.service.component.annotations.Component;

/** Offers the notifier type {@code webhook}. */
@Component(service = NotifierProvider.class)
public final class WebhookNotifierProvider
    implements NotifierProvider<WebhookConfig, WebhookConfig.Globals> {
  @Override
  public String type() {
    return "webhook";
  }

  @Override
  public Class<WebhookConfig> configType() {
    return WebhookConfig.class;
  }

  @Override
  public Class<WebhookConfig.Globals> globalConfigType() {
    return WebhookConfig.Globals.class;
  }

  @Override
  public boolean sendResolvedByDefault() {
    return true;
  }

  @Override
  public Notifier open(WebhookConfig config, WebhookConfig.Globals globals, PluginContext context) {
    boolean hasUrl = config.url() != null && !config.url().isEmpty();
    boolean hasFile = !config.urlFile().isEmpty();
    if (!hasUrl && !hasFile) {
      throw new ConfigException("one of url or url_file must be configured");
    }
    if (hasUrl && hasFile) {
      throw new ConfigException("at most one of url & url_file must be configured");
    }
    if (config.url() != null && hasUrl) {
      checkUrl(config.url().reveal());
    }
    return new WebhookNotifier(config, http(config, globals), context);
  }

  private static HttpSettings http(WebhookConfig config, WebhookConfig.Globals globals) {
    HttpSettings http = config.httpConfig() == null ? globals.httpConfig() : config.httpConfig();
    return http == null ? HttpSettings.DEFAULT : http;
  }

  @Override
  public WebhookConfig effective(WebhookConfig c, WebhookConfig.Globals g) {
    return new WebhookConfig(
        c.url(), c.urlFile(), c.maxAlerts(), c.timeout(), c.payload(), http(c, g));
  }

  private static void checkUrl(String url) {
    if (url.equals("<secret>")) {
      return; // a configuration copied from the status page can be checked
    }
    if (url.contains("{{")) {
      if (url.indexOf("}}", url.indexOf("{{")) < 0) {
        throw new ConfigException("url: invalid template syntax, got an action that never ends");
      }
      return;
    }
    try {
      GoUrl unused = GoUrl.parseHttp(url);
    } catch (GoUrl.InvalidUrlException e) {
      throw new ConfigException("url: " + e.reason(), e);
    }
  }
}
