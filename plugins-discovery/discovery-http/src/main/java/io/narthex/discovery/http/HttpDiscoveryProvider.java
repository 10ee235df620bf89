package io.narthex.discovery.http;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code http}. */
@Component(service = DiscoveryProvider.class)
public final class HttpDiscoveryProvider implements DiscoveryProvider<HttpConfig> {
  @Override
  public String type() {
    return "http";
  }

  @Override
  public Class<HttpConfig> configType() {
    return HttpConfig.class;
  }

  @Override
  public Discovery open(HttpConfig config, PluginContext context) {
    if (config.url().isEmpty()) {
      throw new ConfigException("URL is missing");
    }
    if (config.url().equalsIgnoreCase("http://") || config.url().equalsIgnoreCase("https://")) {
      throw new ConfigException("host is missing in URL");
    }
    GoUrl url;
    try {
      url = GoUrl.parse(config.url());
    } catch (GoUrl.InvalidUrlException e) {
      throw new ConfigException("url: not a valid URL: " + e.reason(), e);
    }
    if (!url.scheme().equals("http") && !url.scheme().equals("https")) {
      throw new ConfigException("URL scheme must be 'http' or 'https'");
    }
    if (url.host().isEmpty()) {
      throw new ConfigException("host is missing in URL");
    }
    return new HttpDiscovery(config, url, context);
  }
}
