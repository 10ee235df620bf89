package io.narthex.core.check;

import io.narthex.config.yaml.FilePatterns;
import io.narthex.core.host.DiscoveryHost;
import io.narthex.core.host.DiscoveryTrial;
import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.relabel.NameScheme;
import io.narthex.relabel.Relabeling;
import io.narthex.relabel.TargetLabels;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.PrometheusConfig.AlertmanagerTarget;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.spi.plugin.HttpTransport.Authorization;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Checks what {@code prometheus.yml} refers to, as {@code promtool check config} does: rule files,
 * files with secrets and certificates, and the targets of {@code static_configs} and {@code
 * file_sd_configs} after relabelling. The server starts without them, as they may appear later.
 */
public final class NamedFiles {
  /** How long to wait for a discovery; reading local files takes far less. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final DiscoveryHost discovery;
  private final Path folder;
  private final List<String> warnings = new ArrayList<>();

  private NamedFiles(DiscoveryHost discovery, Path folder) {
    this.discovery = discovery;
    this.folder = folder;
  }

  /**
   * Checks what a configuration refers to.
   *
   * @param discovery finds the plugins of discoveries
   * @return warnings
   * @throws ConfigException with the first error
   */
  public static List<String> check(ConfigSnapshot snapshot, DiscoveryHost discovery) {
    NamedFiles files = new NamedFiles(discovery, snapshot.prometheusFolder());
    files.check(snapshot.prometheus());
    return files.warnings;
  }

  private void check(PrometheusConfig config) {
    for (String glob : config.ruleFiles()) {
      if (glob.indexOf('*') < 0) {
        for (Path file : FilePatterns.expand(folder, glob)) {
          if (glob.isEmpty() || !Files.exists(file)) {
            String name = glob.isEmpty() ? "" : file.toString();
            throw new ConfigException("\"" + name + "\" does not point to an existing file");
          }
        }
      }
    }
    for (ScrapeConfig job : config.scrapeConfigs()) {
      check(job);
    }
    for (AlertmanagerTarget alertmanager : config.alerting().alertmanagers()) {
      check(alertmanager);
    }
  }

  private void check(ScrapeConfig job) {
    http(job.http());
    TargetLabels labels = new TargetLabels(job, "localhost");
    for (DiscoveryBlock block : job.discoveries()) {
      if (block.type().equals("kubernetes")) {
        tlsOf(block.node());
      }
      targets(
          block,
          "scrape job \"" + job.jobName() + "\"",
          (own, common) -> labels.resolve(labels.discovered(own, common)));
    }
  }

  private void check(AlertmanagerTarget alertmanager) {
    Relabeling relabeling = Relabeling.compile(alertmanager.relabelConfigs(), NameScheme.UTF8);
    for (DiscoveryBlock block : alertmanager.discoveries()) {
      targets(
          block,
          "alertmanager config",
          (own, common) -> {
            Labels.Builder b = Labels.builder();
            common.forEach(b::set);
            own.forEach(b::set);
            if (!relabeling.apply(b)) {
              return;
            }
            String address = b.get(TargetGroup.ADDRESS);
            if (address.indexOf('/') >= 0) {
              throw new IllegalArgumentException("\"" + address + "\" is not a valid hostname");
            }
          });
    }
  }

  /** Checks the targets of a {@code static} or {@code file} block, which needs no other server. */
  private void targets(
      DiscoveryBlock block,
      String owner,
      BiConsumer<Map<String, String>, Map<String, String>> judge) {
    boolean files = block.type().equals("file");
    if (!files && !block.type().equals("static")) {
      return;
    }
    if (files) {
      absent(block.node(), owner);
    }
    List<TargetGroup> groups = find(block, owner, files ? "checking SD file: " : "");
    for (int g = 0; g < groups.size(); g++) {
      TargetGroup group = groups.get(g);
      for (int i = 0; i < group.targets().size(); i++) {
        try {
          judge.accept(group.targets().get(i), group.labels());
        } catch (IllegalArgumentException e) {
          throw new ConfigException(
              block.node().place() + ": instance " + i + " in group " + g + ": " + e.getMessage(),
              e);
        }
      }
    }
  }

  private List<TargetGroup> find(DiscoveryBlock block, String owner, String what) {
    DiscoveryTrial trial = DiscoveryTrial.start(discovery, block, owner, folder);
    if (trial == null) {
      return List.of(); // its plugin is not installed
    }
    try (trial) {
      DiscoveryTrial.Found found = trial.await(PATIENCE);
      if (!found.problem().isEmpty()) {
        throw new ConfigException(what + found.problem());
      }
      return found.groups();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  private void absent(ConfigNode node, String owner) {
    if (node instanceof Mapping map && map.get("files") instanceof Sequence names) {
      for (ConfigNode name : names.items()) {
        if (name instanceof Scalar s) {
          List<Path> found = FilePatterns.expand(folder, s.text());
          if (found.stream().noneMatch(Files::exists)) {
            warnings.add(
                "file \""
                    + folder.resolve(s.text())
                    + "\" for file_sd in "
                    + owner
                    + " does not exist");
          }
        }
      }
    }
  }

  private void http(HttpSettings http) {
    String what = "authorization credentials or bearer token";
    Authorization authorization = http.authorization();
    if (authorization != null) {
      exists(authorization.credentialsFile(), what);
    }
    exists(http.bearerTokenFile(), what);
    TlsSettings tls = http.tlsConfig();
    if (tls != null) {
      exists(tls.certFile(), "client cert");
      exists(tls.keyFile(), "client key");
    }
  }

  private void tlsOf(ConfigNode node) {
    if (node instanceof Mapping map && map.get("tls_config") instanceof Mapping tls) {
      exists(text(tls.get("cert_file")), "client cert");
      exists(text(tls.get("key_file")), "client key");
    }
  }

  private static String text(@Nullable ConfigNode node) {
    return node instanceof Scalar s && s.kind() != Scalar.Kind.NULL ? s.text() : "";
  }

  private void exists(String name, String what) {
    if (name.isEmpty()) {
      return;
    }
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      throw new ConfigException(
          "error checking " + what + " file \"" + file + "\": no such file or directory");
    }
  }
}
