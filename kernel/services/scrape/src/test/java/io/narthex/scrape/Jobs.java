package io.narthex.scrape;

import io.narthex.service.config.RelabelRule;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;

/** Makes scrape configurations for tests. */
@NullUnmarked
@SuppressWarnings("unchecked")
final class Jobs {
  private Jobs() {}

  /** Returns a job; {@code changes} are names and values of what differs from the defaults. */
  static ScrapeConfig job(String name, Object... changes) {
    Map<String, Object> c = new HashMap<>();
    for (int i = 0; i < changes.length; i += 2) {
      c.put((String) changes[i], changes[i + 1]);
    }
    return new ScrapeConfig(
        name,
        (Duration) c.getOrDefault("interval", Duration.ofMillis(100)),
        (Duration) c.getOrDefault("timeout", Duration.ofMillis(100)),
        null,
        (String) c.getOrDefault("fallback", ""),
        (Boolean) c.getOrDefault("native", false),
        false,
        false,
        (Boolean) c.getOrDefault("extra", false),
        (Long) c.getOrDefault("bucketLimit", 0L),
        0,
        (String) c.getOrDefault("path", "/metrics"),
        "http",
        (Map<String, List<String>>) c.getOrDefault("params", Map.of()),
        (Boolean) c.getOrDefault("honorLabels", false),
        (Boolean) c.getOrDefault("honorTimestamps", true),
        (Boolean) c.getOrDefault("trackTimestamps", false),
        true,
        null,
        new io.narthex.spi.config.ByteSize((Long) c.getOrDefault("bodyLimit", 0L)),
        (Long) c.getOrDefault("sampleLimit", 0L),
        (Long) c.getOrDefault("targetLimit", 0L),
        (Long) c.getOrDefault("labelLimit", 0L),
        0L,
        0L,
        0L,
        "utf8",
        "allow-utf-8",
        (List<RelabelRule>) c.getOrDefault("relabel", List.of()),
        (List<RelabelRule>) c.getOrDefault("metricRelabel", List.of()),
        HttpSettings.DEFAULT,
        List.of());
  }

  static RelabelRule rule(String action, String source, String regex, String target, String to) {
    return new RelabelRule(
        source.isEmpty() ? List.of() : List.of(source), ";", target, regex, 0, to, action);
  }
}
