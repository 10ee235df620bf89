package io.narthex.discovery.consul;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code consul}. */
@Component(service = DiscoveryProvider.class)
public final class ConsulDiscoveryProvider implements DiscoveryProvider<ConsulConfig> {
  @Override
  public String type() {
    return "consul";
  }

  @Override
  public Class<ConsulConfig> configType() {
    return ConsulConfig.class;
  }

  @Override
  public Discovery open(ConsulConfig config, PluginContext context) {
    if (config.server().strip().isEmpty()) {
      throw new ConfigException("consul SD configuration requires a server address");
    }
    HttpSettings http = config.http();
    if (!config.username().isEmpty() || given(config.password())) {
      if (http.basicAuth() != null) {
        throw new ConfigException(
            "at most one of consul SD configuration username and password and basic auth can be configured");
      }
      http =
          http.toBuilder()
              .basicAuth(new BasicAuth(config.username(), "", config.password(), ""))
              .build();
    }
    if (given(config.token()) && (http.authorization() != null || http.oauth2() != null)) {
      throw new ConfigException(
          "at most one of consul SD token, authorization, or oauth2 can be configured");
    }
    String base = config.scheme() + "://" + config.server() + slash(config.pathPrefix());
    try {
      GoUrl unused = GoUrl.parseHttp(base);
    } catch (GoUrl.InvalidUrlException e) {
      throw new ConfigException(
          "server: must be host:port, got \"" + config.server() + "\": " + e.reason(), e);
    }
    return new ConsulDiscovery(config, http, base, context);
  }

  private static boolean given(@Nullable Secret secret) {
    return secret != null && !secret.isEmpty();
  }

  private static String slash(String prefix) {
    String p = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
    return p.isEmpty() || p.startsWith("/") ? p : "/" + p;
  }
}
