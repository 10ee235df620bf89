package io.narthex.core.config;

import static io.narthex.core.config.Checks.error;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.go.GoString;
import io.narthex.relabel.NameScheme;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig.Alerting;
import io.narthex.service.config.PrometheusConfig.AlertmanagerTarget;
import io.narthex.service.config.PrometheusConfig.Global;
import io.narthex.service.config.RelabelRule;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Jobs and Alertmanager blocks, which have discoveries. Blocks of discoveries stay unbound; their
 * plugins check them later.
 */
final class ScrapeConfigs {
  private static final String SD_SUFFIX = "_sd_configs";

  /** The formats, sorted. */
  private static final List<String> PROTOCOLS =
      List.of(
          "OpenMetricsText0.0.1",
          "OpenMetricsText1.0.0",
          "PrometheusProto",
          "PrometheusText0.0.4",
          "PrometheusText1.0.0");

  private ScrapeConfigs() {}

  static boolean isDiscoveryKey(String key) {
    return key.equals("static_configs")
        || (key.endsWith(SD_SUFFIX) && key.length() > SD_SUFFIX.length());
  }

  /** Returns the jobs in {@code scrape_configs} of a file. */
  static List<ScrapeConfig> jobs(Mapping top, Global global, ReadBefore before) {
    ConfigNode list = top.get("scrape_configs");
    if (list == null || Checks.isNull(list)) {
      return List.of();
    }
    if (!(list instanceof Sequence sequence)) {
      throw error(list, "scrape_configs must be a list");
    }
    List<Mapping> nodes = new ArrayList<>();
    for (ConfigNode item : sequence.items()) {
      if (!(item instanceof Mapping mapping)) {
        throw error(item, "expected a map in scrape_configs");
      }
      nodes.add(mapping);
    }
    return before.jobs(nodes, global, node -> job(node, global));
  }

  /** Returns the jobs of a file that {@code scrape_config_files} names. */
  static List<ScrapeConfig> file(Path file, Global global, ReadBefore before) {
    String text;
    try {
      text = YamlReader.text(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + PrometheusConfigLoader.reason(e), e);
    }
    ConfigNode root = before.root(file.toString(), text);
    if (Checks.isNull(root)) {
      return List.of();
    }
    if (!(root instanceof Mapping mapping)) {
      throw error(root, "expected a map with scrape_configs");
    }
    for (Entry e : mapping.entries()) {
      if (!e.key().equals("scrape_configs")) {
        throw new ConfigException(
            e.keyPlace()
                + ": field "
                + e.key()
                + " not found; only scrape_configs is allowed here");
      }
    }
    Checks.noNullEntries(mapping);
    return jobs(mapping, global, before);
  }

  /**
   * Suggests the plural for a discovery key in the singular; the binder does not know these keys.
   */
  private static void singular(Mapping node) {
    for (Entry e : node.entries()) {
      if (e.key().equals("static_config") || e.key().endsWith("_sd_config")) {
        throw new ConfigException(
            e.keyPlace() + ": field " + e.key() + " not found; did you mean \"" + e.key() + "s\"?");
      }
    }
  }

  private static ScrapeConfig job(Mapping node, Global global) {
    requireName(node);
    singular(node);
    ScrapeConfig c = ConfigBinder.bind(node, ScrapeConfig.class, ScrapeConfigs::isDiscoveryKey);
    String where = "scrape config with job name \"" + c.jobName() + "\"";
    Duration interval = given(c.scrapeInterval(), global.scrapeInterval());
    Duration timeout =
        given(c.scrapeTimeout(), min(Objects.requireNonNull(global.scrapeTimeout()), interval));
    if (timeout.compareTo(interval) > 0) {
      throw new ConfigException(
          node.place() + ": scrape timeout greater than scrape interval for " + where);
    }
    protocols(c.scrapeProtocols(), Checks.placeOf(node, "scrape_protocols", node), " for " + where);
    if (!c.fallbackScrapeProtocol().isEmpty() && !PROTOCOLS.contains(c.fallbackScrapeProtocol())) {
      throw error(
          Checks.placeOf(node, "fallback_scrape_protocol", node),
          "invalid fallback_scrape_protocol for "
              + where
              + ": unknown scrape protocol "
              + c.fallbackScrapeProtocol()
              + ", supported: "
              + Checks.list(PROTOCOLS));
    }
    HttpClientChecks.check(c.http(), node);
    String own = c.naming().validation();
    String validation = own.isEmpty() ? global.naming().validation() : own;
    String escaping =
        !c.naming().escaping().isEmpty()
            ? c.naming().escaping()
            : own.equals("legacy") ? "underscores" : global.naming().escaping();
    naming(validation, escaping, node);
    NameScheme scheme = NameScheme.of(validation);
    Checks.relabelling(c.relabelConfigs(), node, "relabel_configs", scheme);
    Checks.relabelling(c.metricRelabelConfigs(), node, "metric_relabel_configs", scheme);
    List<DiscoveryBlock> discoveries = discoveries(node);
    hostnames(discoveries, c.relabelConfigs());
    return new ScrapeConfig(
        c.jobName(),
        new ScrapeConfig.Timing(interval, timeout),
        c.exposition().or(global.scrapeProtocols(), global.exposition()),
        c.endpoint(),
        c.trust(),
        c.transfer().or(global.scrapeFailureLogFile()),
        c.limits().or(global.limits()),
        new ScrapeConfig.Naming(validation, escaping),
        c.relabelConfigs(),
        c.metricRelabelConfigs(),
        c.http(),
        discoveries);
  }

  private static Duration given(@Nullable Duration d, Duration otherwise) {
    return d != null && !d.isZero() ? d : otherwise;
  }

  static Duration min(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  private static void requireName(Mapping node) {
    ConfigNode name = node.get("job_name");
    if (Checks.isNull(name) || (name instanceof Scalar s && s.text().isEmpty())) {
      throw error(name == null ? node : name, "job_name is empty");
    }
  }

  /**
   * Refuses URLs among the targets of {@code static_configs}, a common mistake; with relabelling
   * rules they are not refused, as rules may rewrite them.
   */
  private static void hostnames(List<DiscoveryBlock> blocks, List<RelabelRule> rules) {
    if (!rules.isEmpty()) {
      return;
    }
    for (DiscoveryBlock block : blocks) {
      if (block.type().equals("static")
          && block.node() instanceof Mapping mapping
          && mapping.get("targets") instanceof Sequence targets) {
        for (ConfigNode target : targets.items()) {
          if (target instanceof Scalar s) {
            Checks.address(s.text(), s);
          }
        }
      }
    }
  }

  /** Returns the discovery blocks of a job or Alertmanager block, unbound. */
  static List<DiscoveryBlock> discoveries(Mapping node) {
    List<DiscoveryBlock> blocks = new ArrayList<>();
    for (Entry e : node.entries()) {
      if (!isDiscoveryKey(e.key())) {
        continue;
      }
      String type =
          e.key().equals("static_configs")
              ? "static"
              : e.key().substring(0, e.key().length() - SD_SUFFIX.length());
      if (e.value() instanceof Scalar s && s.kind() == Scalar.Kind.NULL) {
        continue;
      }
      if (!(e.value() instanceof Sequence sequence)) {
        throw error(e.value(), e.key() + " must be a list");
      }
      int index = 0;
      for (ConfigNode item : sequence.items()) {
        if (item instanceof Scalar s && s.kind() == Scalar.Kind.NULL) {
          throw error(item, "empty or null section in " + e.key());
        }
        blocks.add(new DiscoveryBlock(type, index++, item));
      }
    }
    return List.copyOf(blocks);
  }

  /** Returns {@code alerting:} with its Alertmanagers and their discoveries. */
  static Alerting alerting(Alerting raw, Mapping top, NameScheme scheme) {
    if (!(top.get("alerting") instanceof Mapping section)) {
      return raw;
    }
    Checks.relabelling(raw.alertRelabelConfigs(), section, "alert_relabel_configs", scheme);
    ConfigNode list = section.get("alertmanagers");
    if (list == null || Checks.isNull(list)) {
      return raw;
    }
    if (!(list instanceof Sequence sequence)) {
      throw error(list, "alertmanagers must be a list");
    }
    List<AlertmanagerTarget> targets = new ArrayList<>();
    for (ConfigNode item : sequence.items()) {
      if (!(item instanceof Mapping block)) {
        throw error(item, "expected a map in alertmanagers");
      }
      targets.add(alertmanager(block, scheme));
    }
    return new Alerting(raw.alertRelabelConfigs(), List.copyOf(targets));
  }

  private static AlertmanagerTarget alertmanager(Mapping block, NameScheme scheme) {
    AlertmanagerTarget t =
        ConfigBinder.bind(block, AlertmanagerTarget.class, ScrapeConfigs::isDiscoveryKey);
    if (!t.apiVersion().equals("v2")) {
      throw error(
          Checks.placeOf(block, "api_version", block),
          "expected Alertmanager api version to be one of [v2] but got " + t.apiVersion());
    }
    HttpClientChecks.check(t.http(), block);
    boolean other =
        t.http().basicAuth() != null
            || t.http().authorization() != null
            || t.http().oauth2() != null;
    if (other && !Checks.isNull(t.sigv4())) {
      throw error(
          block,
          "at most one of basic_auth, authorization, oauth2, or sigv4 must be configured for alertmanager");
    }
    Checks.relabelling(t.relabelConfigs(), block, "relabel_configs", scheme);
    Checks.relabelling(t.alertRelabelConfigs(), block, "alert_relabel_configs", scheme);
    List<DiscoveryBlock> discoveries = discoveries(block);
    hostnames(discoveries, t.relabelConfigs());
    return new AlertmanagerTarget(
        t.timeout(),
        t.apiVersion(),
        t.pathPrefix(),
        t.scheme(),
        t.sigv4(),
        t.relabelConfigs(),
        t.alertRelabelConfigs(),
        t.http(),
        discoveries);
  }

  /**
   * Refuses formats that are unknown or named twice.
   *
   * @param where {@code for global config} or {@code for scrape config with job name "x"}
   */
  static void protocols(@Nullable List<String> protocols, ConfigNode at, String where) {
    if (protocols == null) {
      return;
    }
    if (protocols.isEmpty()) {
      throw error(at, "scrape_protocols cannot be empty" + where);
    }
    Set<String> seen = new HashSet<>();
    for (String p : protocols) {
      if (!PROTOCOLS.contains(p)) {
        throw error(
            at,
            "scrape_protocols: unknown scrape protocol "
                + p
                + ", supported: "
                + Checks.list(PROTOCOLS)
                + where);
      }
      if (!seen.add(p)) {
        throw error(
            at, "duplicated protocol in scrape_protocols, got " + Checks.list(protocols) + where);
      }
    }
  }

  /** Refuses unknown schemes for names, and those that contradict each other. */
  static void naming(String validation, String escaping, ConfigNode at) {
    if (!Set.of("", "utf8", "legacy").contains(validation)) {
      throw error(at, "unrecognized ValidationScheme: " + GoString.quote(validation));
    }
    if (!Set.of("", "allow-utf-8", "underscores", "dots", "values").contains(escaping)) {
      throw error(
          at,
          "unknown global name escaping method specified, must be one of 'allow-utf-8', 'underscores', 'dots', or 'values', got "
              + GoString.quote(escaping));
    }
    if (validation.equals("legacy") && escaping.equals("allow-utf-8")) {
      throw error(at, "utf8 metric names requested but validation scheme is not set to UTF8");
    }
  }

  /** Refuses duplicate job names. */
  static void uniqueNames(List<ScrapeConfig> jobs, String file) {
    Set<String> seen = new HashSet<>();
    for (ScrapeConfig job : jobs) {
      if (!seen.add(job.jobName())) {
        throw new ConfigException(
            file + ": found multiple scrape configs with job name \"" + job.jobName() + "\"");
      }
    }
  }
}
