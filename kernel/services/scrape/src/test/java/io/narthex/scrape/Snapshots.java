package io.narthex.scrape;

import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;

/** Makes configurations with nothing but scrape jobs. */
@NullUnmarked
final class Snapshots {
  private Snapshots() {}

  static ConfigSnapshot of(ScrapeConfig... jobs) {
    PrometheusConfig.Global global =
        new PrometheusConfig.Global(
            Duration.ofMinutes(1),
            null,
            null,
            Duration.ofMinutes(1),
            Duration.ZERO,
            "",
            "",
            Map.of(),
            new io.narthex.spi.config.ByteSize(0),
            0,
            0,
            0,
            0,
            0,
            0,
            "utf8",
            "allow-utf-8",
            null,
            false,
            false,
            null);
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
