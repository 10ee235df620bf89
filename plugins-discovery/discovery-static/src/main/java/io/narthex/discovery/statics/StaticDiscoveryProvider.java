package io.narthex.discovery.statics;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.nio.charset.StandardCharsets;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code static}. */
@Component(service = DiscoveryProvider.class)
public final class StaticDiscoveryProvider implements DiscoveryProvider<StaticConfig> {
  @Override
  public String type() {
    return "static";
  }

  @Override
  public Class<StaticConfig> configType() {
    return StaticConfig.class;
  }

  @Override
  public Discovery open(StaticConfig config, PluginContext context) {
    config
        .labels()
        .forEach((name, value) -> {
          check(name, !name.isEmpty(), "label name");
          check(value, true, "label value");
        });
    return new StaticDiscovery(config);
  }

  private static void check(String text, boolean given, String what) {
    if (!given || !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new ConfigException(
          "labels: "
              + (given ? "a " + what + " that is no UTF-8" : "an empty " + what)
              + " is not a valid "
              + what);
    }
  }
}
