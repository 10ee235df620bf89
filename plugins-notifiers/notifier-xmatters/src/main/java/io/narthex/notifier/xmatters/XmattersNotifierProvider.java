package io.narthex.notifier.xmatters;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import org.osgi.service.component.annotations.Component;

/** Offers the notifier type {@code xmatters}. */
@Component(service = NotifierProvider.class)
public final class XmattersNotifierProvider
    implements NotifierProvider<XmattersConfig, XmattersConfig.Globals> {
  @Override
  public String type() {
    return "xmatters";
  }

  @Override
  public Class<XmattersConfig> configType() {
    return XmattersConfig.class;
  }

  @Override
  public Class<XmattersConfig.Globals> globalConfigType() {
    return XmattersConfig.Globals.class;
  }

  @Override
  public boolean sendResolvedByDefault() {
    return true;
  }

  @Override
  public Notifier open(
      XmattersConfig config, XmattersConfig.Globals globals, PluginContext context) {
    boolean url = config.url() != null && !config.url().isEmpty();
    boolean file = !config.urlFile().isEmpty();
    if (!url && !file) {
      throw new ConfigException("one of url or url_file must be configured");
    }
    if (url && file) {
      throw new ConfigException("at most one of url & url_file must be configured");
    }
    if (config.url() != null && url && XmattersNotifier.url(config.url().reveal()) == null) {
      throw new ConfigException("url: must begin with http:// or https:// and name a host");
    }
    if (!config.eventsUrl().isEmpty() && XmattersNotifier.url(config.eventsUrl()) == null) {
      throw new ConfigException(
          "events_url: must begin with http:// or https:// and name a host, got \""
              + config.eventsUrl()
              + "\"");
    }
    HttpSettings http = config.httpConfig() == null ? globals.httpConfig() : config.httpConfig();
    return new XmattersNotifier(config, http == null ? HttpSettings.DEFAULT : http, context);
  }
}
