package io.acme.discovery;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.osgi.service.component.annotations.Component;

/** Offers {@code acme_sd_configs}. */
@Component(service = DiscoveryProvider.class)
public final class AcmeDiscoveryProvider implements DiscoveryProvider<AcmeConfig> {
  @Override
  public String type() {
    return "acme";
  }

  @Override
  public Class<AcmeConfig> configType() {
    return AcmeConfig.class;
  }

  @Override
  public Discovery open(AcmeConfig config, PluginContext context) {
    TargetGroup group =
        new TargetGroup(
            "acme",
            Map.of("team", config.team(), "release", release()),
            config.hosts().stream().map(host -> Map.of(TargetGroup.ADDRESS, host)).toList());
    return sink -> sink.update(List.of(group));
  }

  /** Returns the release, which differs between versions of this plugin. */
  private static String release() {
    try (InputStream in = AcmeDiscoveryProvider.class.getResourceAsStream("release.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
