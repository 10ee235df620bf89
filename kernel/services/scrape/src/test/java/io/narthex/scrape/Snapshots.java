package io.narthex.scrape;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigNode;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;

/** Makes configurations with nothing but scrape jobs. */
@NullUnmarked
final class Snapshots {
  private Snapshots() {}

  static ConfigSnapshot of(ScrapeConfig... jobs) {
    PrometheusConfig.Global global =
        ConfigBinder.bind(ConfigNode.emptyMapping("global"), PrometheusConfig.Global.class);
    PrometheusConfig config =
        new PrometheusConfig(
            global,
            null,
            List.of(),
            List.of(),
            List.of(jobs),
            null,
            List.of(),
            List.of(),
            null,
            null,
            null);
    return new ConfigSnapshot(config, "", Path.of("."), null, "", Path.of("."));
  }
}
