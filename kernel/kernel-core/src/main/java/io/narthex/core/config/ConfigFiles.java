package io.narthex.core.config;

import io.narthex.format.alertmanager.AlertmanagerConfigLoader;
import io.narthex.format.alertmanager.MatcherSyntax;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.format.yaml.RecordYaml;
import io.narthex.format.yaml.YamlReader;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The configuration files of the server: where they are, and reading them all. */
public final class ConfigFiles {
  /**
   * All files as they are now.
   *
   * @param narthexFolder what relative paths in {@code narthex.yml} are relative to
   */
  public record Loaded(ConfigSnapshot snapshot, NarthexConfig narthex, Path narthexFolder) {}

  private final Path prometheus;
  private final @Nullable Path alertmanager;
  private final @Nullable Path narthex;
  private final MatcherSyntax.Mode matchers;

  /** Finds the files that the flags name, or that lie beside the main one. */
  public ConfigFiles(Flags flags) {
    prometheus = Path.of(flags.text("config.file"));
    alertmanager = find(flags.text("alertmanager.config.file"), "alertmanager.yml");
    narthex = find(flags.text("narthex.config.file"), "narthex.yml");
    matchers =
        flags.feature("classic-mode")
            ? MatcherSyntax.Mode.CLASSIC
            : flags.feature("utf8-strict-mode")
                ? MatcherSyntax.Mode.UTF8
                : MatcherSyntax.Mode.FALLBACK;
  }

  private @Nullable Path find(String given, String name) {
    if (!given.isEmpty()) {
      return Path.of(given);
    }
    Path beside = prometheus.resolveSibling(name);
    return Files.exists(beside) ? beside : null;
  }

  /**
   * Reads and validates all files.
   *
   * @throws ConfigException with the place of what is wrong
   */
  public Loaded load() {
    PrometheusConfig main = new PrometheusConfigLoader(System::getenv, false).load(prometheus);
    AlertmanagerConfig alerts = AlertmanagerConfig.none();
    String alertsYaml = "";
    Path amFile = alertmanager;
    if (amFile != null) {
      ConfigNode root = YamlReader.read(amFile.toString(), read(amFile));
      alerts = AlertmanagerConfigLoader.load(root, matchers, Set.of());
      alertsYaml = YamlText.print(root);
    }
    NarthexConfig own =
        ConfigBinder.bind(ConfigNode.emptyMapping("narthex.yml"), NarthexConfig.class);
    Path ownFile = narthex;
    if (ownFile != null) {
      own =
          ConfigBinder.bind(
              YamlReader.read(ownFile.toString(), read(ownFile)), NarthexConfig.class);
    }
    ConfigSnapshot snapshot =
        new ConfigSnapshot(
            main,
            yaml(main),
            folder(prometheus),
            alerts,
            alertsYaml,
            folder(amFile == null ? prometheus : amFile));
    return new Loaded(snapshot, own, folder(ownFile == null ? prometheus : ownFile));
  }

  private static Path folder(Path file) {
    return Objects.requireNonNullElse(file.toAbsolutePath().getParent(), Path.of("/"));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + PrometheusConfigLoader.reason(e), e);
    }
  }

  /** Returns the main configuration as YAML, defaults filled in, secrets hidden. */
  private static String yaml(PrometheusConfig config) {
    Map<String, Object> map = new LinkedHashMap<>(RecordYaml.toMap(config));
    if (!config.scrapeConfigs().isEmpty()) {
      List<Object> jobs = new ArrayList<>();
      for (ScrapeConfig job : config.scrapeConfigs()) {
        Map<String, Object> plain = new LinkedHashMap<>(RecordYaml.toMap(job));
        Map<String, List<@Nullable Object>> discoveries = new LinkedHashMap<>();
        for (DiscoveryBlock block : job.discoveries()) {
          String key =
              block.type().equals("static") ? "static_configs" : block.type() + "_sd_configs";
          discoveries
              .computeIfAbsent(key, k -> new ArrayList<>())
              .add(YamlText.redacted(block.node()));
        }
        plain.putAll(discoveries);
        jobs.add(plain);
      }
      map.put("scrape_configs", jobs);
    }
    return RecordYaml.print(map);
  }

  /** Returns the main file, for messages. */
  public Path main() {
    return prometheus;
  }
}
