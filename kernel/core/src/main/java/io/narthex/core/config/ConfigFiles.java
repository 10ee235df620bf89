package io.narthex.core.config;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.FilePatterns;
import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigService.Ignored;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The configuration files of the server: where they are, and reading them all. */
public final class ConfigFiles {
  /**
   * All files as they are now.
   *
   * @param snapshot without the YAML that the status APIs show
   * @param alertmanagerRoot {@code alertmanager.yml} as it stands, or null
   * @param narthexFolder the folder that relative paths in {@code narthex.yml} refer to
   */
  public record Loaded(
      ConfigSnapshot snapshot,
      @Nullable ConfigNode alertmanagerRoot,
      NarthexConfig narthex,
      Path narthexFolder) {
    /** Returns the snapshot with the YAML rendered by {@code shown}. */
    public ConfigSnapshot shownBy(ShownConfig shown) {
      return shown.show(snapshot, alertmanagerRoot);
    }
  }

  private final Path prometheus;
  private final @Nullable Path alertmanager;
  private final @Nullable Path narthex;
  private final MatcherSyntax.Mode matchers;
  private final Flags flags;
  private final PrometheusConfigLoader loader = new PrometheusConfigLoader(System::getenv, false);

  /** Finds the files that the flags name, or that are next to the main one. */
  public ConfigFiles(Flags flags) {
    this.flags = flags;
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
    Path sibling = prometheus.resolveSibling(name);
    return Files.exists(sibling) ? sibling : null;
  }

  /**
   * Reads and validates all files. Keys in {@code global:} of {@code alertmanager.yml} that are not
   * Alertmanager's own are left to {@code GlobalKeys}, which knows the plugins.
   *
   * @throws ConfigException with the position of the error
   */
  public Loaded load() {
    PrometheusConfig main = loader.load(prometheus);
    AlertmanagerConfig alerts = AlertmanagerConfig.none();
    ConfigNode alertsRoot = null;
    Path amFile = alertmanager;
    if (amFile != null) {
      alertsRoot = YamlReader.read(amFile.toString(), read(amFile));
      alerts = AlertmanagerConfigLoader.load(alertsRoot, matchers, key -> true);
    }
    NarthexConfig own =
        ConfigBinder.bind(ConfigNode.emptyMapping("narthex.yml"), NarthexConfig.class);
    Path ownFile = narthex;
    if (ownFile != null) {
      own =
          ConfigBinder.bind(
              YamlReader.read(ownFile.toString(), read(ownFile)), NarthexConfig.class);
    }
    Path ownFolder = folder(ownFile == null ? prometheus : ownFile);
    ConfigSnapshot snapshot =
        new ConfigSnapshot(
            main,
            "",
            folder(prometheus),
            alerts,
            "",
            folder(amFile == null ? prometheus : amFile),
            own.access(),
            own.listeners(),
            own.warmUp(),
            own.push(),
            own.rules(),
            own.dashboards(),
            own.ui());
    return new Loaded(snapshot, alertsRoot, own, ownFolder);
  }

  private static Path folder(Path file) {
    return Objects.requireNonNullElse(file.toAbsolutePath().getParent(), Path.of("/"));
  }

  private static String read(Path file) {
    try {
      return YamlReader.text(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + PrometheusConfigLoader.reason(e), e);
    }
  }

  /** Returns what is configured without effect. */
  public List<Ignored> ignored(Loaded loaded) {
    return IgnoredSettings.of(flags, loaded);
  }

  /** Returns the files that are read, for messages. */
  public String names() {
    StringBuilder b = new StringBuilder(prometheus.toAbsolutePath().normalize().toString());
    for (Path further : new Path[] {alertmanager, narthex}) {
      if (further != null) {
        b.append(", ").append(further.toAbsolutePath().normalize());
      }
    }
    return b.toString();
  }

  /**
   * Returns a checksum of all files that a reload reads: the main ones, and the files of rules and
   * jobs that they name.
   */
  long checksum() {
    CRC32 sum = new CRC32();
    List<Path> all = new ArrayList<>();
    all.add(prometheus);
    if (alertmanager != null) {
      all.add(alertmanager);
    }
    if (narthex != null) {
      all.add(narthex);
    }
    try {
      PrometheusConfig main = loader.load(prometheus);
      for (String glob : main.ruleFiles()) {
        all.addAll(FilePatterns.expand(glob));
      }
      for (String glob : main.scrapeConfigFiles()) {
        all.addAll(FilePatterns.expand(glob));
      }
    } catch (ConfigException _) {
      // reported by the reload
    }
    for (Path file : all) {
      sum.update(file.toString().getBytes(StandardCharsets.UTF_8));
      try {
        sum.update(Files.readAllBytes(file));
      } catch (IOException e) {
        sum.update(0);
      }
    }
    return sum.getValue();
  }

  /** Returns the main file, for messages. */
  public Path main() {
    return prometheus;
  }
}
