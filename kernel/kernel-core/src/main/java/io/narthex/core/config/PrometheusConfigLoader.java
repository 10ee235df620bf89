package io.narthex.core.config;

import io.narthex.format.relabel.NameScheme;
import io.narthex.format.relabel.Relabeling;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.format.yaml.YamlReader;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.PrometheusConfig.Alerting;
import io.narthex.service.config.PrometheusConfig.AlertmanagerTarget;
import io.narthex.service.config.PrometheusConfig.Global;
import io.narthex.service.config.PrometheusConfig.RemoteRead;
import io.narthex.service.config.PrometheusConfig.RemoteWrite;
import io.narthex.service.config.RelabelRule;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Loads {@code prometheus.yml}: binds, validates with the original's texts, fills global values
 * into jobs, and resolves {@code scrape_config_files}. Blocks of discovery plugins stay unbound.
 */
public final class PrometheusConfigLoader {
  private static final String SD_SUFFIX = "_sd_configs";
  private static final Set<String> PROTOCOLS =
      Set.of(
          "PrometheusProto",
          "PrometheusText0.0.4",
          "PrometheusText1.0.0",
          "OpenMetricsText0.0.1",
          "OpenMetricsText1.0.0");
  private static final Set<String> RESERVED_HEADERS =
      Set.of(
          "authorization",
          "host",
          "content-encoding",
          "content-length",
          "content-type",
          "user-agent",
          "connection",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "www-authenticate",
          "accept-encoding",
          "x-prometheus-remote-write-version",
          "x-prometheus-remote-read-version",
          "x-amz-date",
          "x-amz-security-token",
          "x-amz-content-sha256");

  private final UnaryOperator<@Nullable String> environment;

  /**
   * Creates a loader.
   *
   * @param environment value of an environment variable, or null
   */
  public PrometheusConfigLoader(UnaryOperator<@Nullable String> environment) {
    this.environment = environment;
  }

  /**
   * Loads a file.
   *
   * @throws ConfigException with the place of what is wrong
   */
  public PrometheusConfig load(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + reason(e), e);
    }
    Path folder = file.toAbsolutePath().getParent();
    return parse(file.toString(), text, folder == null ? Path.of("/") : folder);
  }

  static String reason(IOException e) {
    return e instanceof java.nio.file.NoSuchFileException
        ? "no such file or directory"
        : e instanceof java.nio.file.AccessDeniedException
            ? "permission denied"
            : String.valueOf(e.getMessage());
  }

  /**
   * Parses and validates a text.
   *
   * @param name of the file, for messages
   * @param folder what relative globs are relative to
   */
  public PrometheusConfig parse(String name, String text, Path folder) {
    ConfigNode root = YamlReader.read(name, text);
    PrometheusConfig raw = ConfigBinder.bind(withoutDiscoveries(root), PrometheusConfig.class);
    Mapping top = root instanceof Mapping m ? m : ConfigNode.emptyMapping(name);
    Global global = global(raw.global(), top);
    globs("rule_files", raw.ruleFiles(), top);
    globs("scrape_config_files", raw.scrapeConfigFiles(), top);
    List<ScrapeConfig> jobs = new ArrayList<>(scrapeConfigs(top, global));
    for (String glob : raw.scrapeConfigFiles()) {
      for (Path extra : expand(folder, glob)) {
        jobs.addAll(scrapeConfigFile(extra, global));
      }
    }
    uniqueJobs(jobs, name);
    Alerting alerting = alerting(raw.alerting(), top);
    remoteNames(raw, top);
    return new PrometheusConfig(
        global,
        raw.runtime(),
        raw.ruleFiles(),
        raw.scrapeConfigFiles(),
        List.copyOf(jobs),
        alerting,
        raw.remoteWrite(),
        raw.remoteRead(),
        raw.storage(),
        raw.tracing(),
        raw.otlp());
  }

  /** Removes the keys of discovery plugins, which no record knows. */
  private static ConfigNode withoutDiscoveries(ConfigNode node) {
    return switch (node) {
      case Scalar s -> s;
      case Sequence s ->
          new Sequence(
              s.place(),
              s.items().stream().map(PrometheusConfigLoader::withoutDiscoveries).toList());
      case Mapping m -> {
        List<Entry> kept = new ArrayList<>();
        for (Entry e : m.entries()) {
          if (!isDiscoveryKey(e.key())) {
            kept.add(new Entry(e.keyPlace(), e.key(), withoutDiscoveries(e.value())));
          }
        }
        yield new Mapping(m.place(), kept);
      }
    };
  }

  private static boolean isDiscoveryKey(String key) {
    return key.equals("static_configs")
        || (key.endsWith(SD_SUFFIX) && key.length() > SD_SUFFIX.length());
  }

  private Global global(Global g, Mapping top) {
    ConfigNode at =
        top.get("global") == null ? top : java.util.Objects.requireNonNull(top.get("global"));
    Duration interval = g.scrapeInterval().isZero() ? Duration.ofMinutes(1) : g.scrapeInterval();
    Duration timeout = g.scrapeTimeout();
    if (timeout == null || timeout.isZero()) {
      timeout = min(Duration.ofSeconds(10), interval);
    }
    if (timeout.compareTo(interval) > 0) {
      throw new ConfigException(
          at.place() + ": global scrape timeout greater than scrape interval");
    }
    protocols(g.scrapeProtocols(), at, "global config");
    naming(g.metricNameValidationScheme(), g.metricNameEscapingScheme(), at);
    Map<String, String> external = new LinkedHashMap<>();
    g.externalLabels()
        .forEach((name, value) -> {
          if (name.isEmpty()) {
            throw new ConfigException(at.place() + ": \"" + name + "\" is not a valid label name");
          }
          external.put(name, expandEnvironment(value));
        });
    return new Global(
        interval,
        timeout,
        g.scrapeProtocols(),
        g.evaluationInterval().isZero() ? Duration.ofMinutes(1) : g.evaluationInterval(),
        g.ruleQueryOffset(),
        g.queryLogFile(),
        g.scrapeFailureLogFile(),
        external,
        g.bodySizeLimit(),
        g.sampleLimit(),
        g.targetLimit(),
        g.labelLimit(),
        g.labelNameLengthLimit(),
        g.labelValueLengthLimit(),
        g.keepDroppedTargets(),
        g.metricNameValidationScheme().isEmpty() ? "utf8" : g.metricNameValidationScheme(),
        g.metricNameEscapingScheme().isEmpty()
            ? g.metricNameValidationScheme().equals("legacy") ? "underscores" : "allow-utf-8"
            : g.metricNameEscapingScheme(),
        g.scrapeNativeHistograms() != null && g.scrapeNativeHistograms(),
        g.convertClassicHistogramsToNhcb(),
        g.alwaysScrapeClassicHistograms(),
        g.extraScrapeMetrics() != null && g.extraScrapeMetrics());
  }

  private String expandEnvironment(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '$' || i + 1 == text.length()) {
        out.append(c);
        continue;
      }
      char next = text.charAt(i + 1);
      if (next == '$') {
        out.append('$');
        i++;
      } else if (next == '{' && text.indexOf('}', i) > 0) {
        int end = text.indexOf('}', i);
        out.append(variable(text.substring(i + 2, end)));
        i = end;
      } else {
        int end = i + 1;
        while (end < text.length()
            && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_')) {
          end++;
        }
        out.append(end == i + 1 ? "$" : variable(text.substring(i + 1, end)));
        i = end - 1;
      }
    }
    return out.toString();
  }

  private String variable(String name) {
    String value = environment.apply(name);
    return value == null ? "" : value;
  }

  private static List<ScrapeConfig> scrapeConfigs(Mapping top, Global global) {
    ConfigNode list = top.get("scrape_configs");
    if (list == null || (list instanceof Scalar s && s.kind() == Scalar.Kind.NULL)) {
      return List.of();
    }
    if (!(list instanceof Sequence sequence)) {
      throw new ConfigException(list.place() + ": scrape_configs must be a list");
    }
    List<ScrapeConfig> jobs = new ArrayList<>();
    for (ConfigNode item : sequence.items()) {
      if (!(item instanceof Mapping mapping)) {
        throw new ConfigException(item.place() + ": empty or null scrape config section");
      }
      jobs.add(scrapeConfig(mapping, global));
    }
    return jobs;
  }

  private static List<ScrapeConfig> scrapeConfigFile(Path file, Global global) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + reason(e), e);
    }
    ConfigNode root = YamlReader.read(file.toString(), text);
    if (!(root instanceof Mapping mapping)) {
      throw new ConfigException(root.place() + ": expected a map with scrape_configs");
    }
    for (Entry e : mapping.entries()) {
      if (!e.key().equals("scrape_configs")) {
        throw new ConfigException(
            e.keyPlace() + ": field " + e.key() + " not found; only scrape_configs may stand here");
      }
    }
    return scrapeConfigs(mapping, global);
  }

  private static ScrapeConfig scrapeConfig(Mapping node, Global global) {
    ScrapeConfig c =
        ConfigBinder.bind(node, ScrapeConfig.class, PrometheusConfigLoader::isDiscoveryKey);
    String where = "scrape config with job name \"" + c.jobName() + "\"";
    Duration interval = given(c.scrapeInterval(), global.scrapeInterval());
    Duration timeout =
        given(
            c.scrapeTimeout(),
            min(java.util.Objects.requireNonNull(global.scrapeTimeout()), interval));
    if (timeout.compareTo(interval) > 0) {
      throw new ConfigException(
          node.place() + ": scrape timeout greater than scrape interval for " + where);
    }
    protocols(c.scrapeProtocols(), node, where);
    if (!c.fallbackScrapeProtocol().isEmpty() && !PROTOCOLS.contains(c.fallbackScrapeProtocol())) {
      throw new ConfigException(
          node.place()
              + ": invalid fallback_scrape_protocol for "
              + where
              + ": unknown scrape protocol "
              + c.fallbackScrapeProtocol());
    }
    if (!c.scheme().equals("http") && !c.scheme().equals("https")) {
      throw new ConfigException(
          node.place() + ": scheme must be http or https, got \"" + c.scheme() + "\"");
    }
    http(c.http(), node);
    relabelling(c.relabelConfigs(), node);
    relabelling(c.metricRelabelConfigs(), node);
    String validation =
        c.metricNameValidationScheme() == null
            ? global.metricNameValidationScheme()
            : c.metricNameValidationScheme();
    String escaping =
        c.metricNameEscapingScheme() != null
            ? c.metricNameEscapingScheme()
            : c.metricNameValidationScheme() != null
                    && c.metricNameValidationScheme().equals("legacy")
                ? "underscores"
                : global.metricNameEscapingScheme();
    naming(validation, escaping, node);
    return new ScrapeConfig(
        c.jobName(),
        interval,
        timeout,
        c.scrapeProtocols() == null ? global.scrapeProtocols() : c.scrapeProtocols(),
        c.fallbackScrapeProtocol(),
        or(c.scrapeNativeHistograms(), global.scrapeNativeHistograms()),
        or(c.alwaysScrapeClassicHistograms(), global.alwaysScrapeClassicHistograms()),
        or(c.convertClassicHistogramsToNhcb(), global.convertClassicHistogramsToNhcb()),
        or(c.extraScrapeMetrics(), global.extraScrapeMetrics()),
        limit(c.nativeHistogramBucketLimit(), 0),
        c.nativeHistogramMinBucketFactor(),
        c.metricsPath(),
        c.scheme(),
        c.params(),
        c.honorLabels(),
        c.honorTimestamps(),
        c.trackTimestampsStaleness(),
        c.enableCompression(),
        c.scrapeFailureLogFile() == null ? global.scrapeFailureLogFile() : c.scrapeFailureLogFile(),
        c.bodySizeLimit() == null || c.bodySizeLimit().bytes() == 0
            ? global.bodySizeLimit()
            : c.bodySizeLimit(),
        limit(c.sampleLimit(), global.sampleLimit()),
        limit(c.targetLimit(), global.targetLimit()),
        limit(c.labelLimit(), global.labelLimit()),
        limit(c.labelNameLengthLimit(), global.labelNameLengthLimit()),
        limit(c.labelValueLengthLimit(), global.labelValueLengthLimit()),
        limit(c.keepDroppedTargets(), global.keepDroppedTargets()),
        validation,
        escaping,
        c.relabelConfigs(),
        c.metricRelabelConfigs(),
        c.http(),
        discoveries(node));
  }

  private static Duration given(@Nullable Duration d, Duration otherwise) {
    return d != null && !d.isZero() ? d : otherwise;
  }

  private static Boolean or(@Nullable Boolean own, @Nullable Boolean inherited) {
    return own != null ? own : inherited != null && inherited;
  }

  private static Long limit(@Nullable Long own, long inherited) {
    if (own != null && own < 0) {
      throw new ConfigException("limits must not be negative, got " + own);
    }
    return own == null || own == 0 ? inherited : own;
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  /** Returns the discovery blocks of a job or Alertmanager block, unbound. */
  private static List<DiscoveryBlock> discoveries(Mapping node) {
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
        throw new ConfigException(e.value().place() + ": " + e.key() + " must be a list");
      }
      int index = 0;
      for (ConfigNode item : sequence.items()) {
        if (item instanceof Scalar s && s.kind() == Scalar.Kind.NULL) {
          throw new ConfigException(item.place() + ": empty or null section in " + e.key());
        }
        blocks.add(new DiscoveryBlock(type, index++, item));
      }
    }
    return List.copyOf(blocks);
  }

  private static Alerting alerting(Alerting raw, Mapping top) {
    ConfigNode section = top.get("alerting");
    relabelling(raw.alertRelabelConfigs(), section == null ? top : section);
    if (!(section instanceof Mapping mapping)
        || !(mapping.get("alertmanagers") instanceof Sequence list)) {
      return raw;
    }
    List<AlertmanagerTarget> targets = new ArrayList<>();
    for (ConfigNode item : list.items()) {
      if (!(item instanceof Mapping block)) {
        throw new ConfigException(item.place() + ": empty or null alertmanager section");
      }
      AlertmanagerTarget t =
          ConfigBinder.bind(
              block, AlertmanagerTarget.class, PrometheusConfigLoader::isDiscoveryKey);
      if (!t.apiVersion().equals("v2")) {
        throw new ConfigException(
            block.place()
                + ": expected Alertmanager api version to be one of [v2] but got "
                + t.apiVersion());
      }
      http(t.http(), block);
      relabelling(t.relabelConfigs(), block);
      relabelling(t.alertRelabelConfigs(), block);
      targets.add(
          new AlertmanagerTarget(
              t.timeout(),
              t.apiVersion(),
              t.pathPrefix(),
              t.scheme(),
              t.sigv4(),
              t.relabelConfigs(),
              t.alertRelabelConfigs(),
              t.http(),
              discoveries(block)));
    }
    return new Alerting(raw.alertRelabelConfigs(), targets);
  }

  private static void protocols(@Nullable List<String> protocols, ConfigNode at, String where) {
    if (protocols == null) {
      return;
    }
    if (protocols.isEmpty()) {
      throw new ConfigException(at.place() + ": scrape_protocols cannot be empty for " + where);
    }
    Set<String> seen = new HashSet<>();
    for (String p : protocols) {
      if (!PROTOCOLS.contains(p)) {
        throw new ConfigException(
            at.place()
                + ": unknown scrape protocol "
                + p
                + ", supported: "
                + PROTOCOLS.stream().sorted().toList()
                + " for "
                + where);
      }
      if (!seen.add(p)) {
        throw new ConfigException(
            at.place()
                + ": duplicated protocol in scrape_protocols, got "
                + protocols
                + " for "
                + where);
      }
    }
  }

  private static void naming(String validation, String escaping, ConfigNode at) {
    if (!Set.of("", "utf8", "legacy").contains(validation)) {
      throw new ConfigException(
          at.place()
              + ": unknown global name validation method specified, must be either '', 'legacy' or 'utf8', got "
              + validation);
    }
    if (!Set.of("", "allow-utf-8", "underscores", "dots", "values").contains(escaping)) {
      throw new ConfigException(
          at.place()
              + ": unknown global name escaping method specified, must be one of 'allow-utf-8', 'underscores', 'dots', or 'values', got "
              + escaping);
    }
    if (validation.equals("legacy") && escaping.equals("allow-utf-8")) {
      throw new ConfigException(
          at.place() + ": utf8 metric names requested but validation scheme is not set to UTF8");
    }
  }

  private static void relabelling(List<RelabelRule> rules, ConfigNode at) {
    try {
      Relabeling.compile(rules, NameScheme.UTF8);
    } catch (ConfigException | IllegalArgumentException e) {
      throw new ConfigException(at.place() + ": " + e.getMessage(), e);
    }
  }

  /** Checks the HTTP client keys: at most one way to authenticate, each secret given once. */
  static void http(HttpSettings http, ConfigNode at) {
    int ways = 0;
    if (http.basicAuth() != null) {
      ways++;
      if (!http.basicAuth().username().isEmpty() && !http.basicAuth().usernameFile().isEmpty()) {
        throw new ConfigException(
            at.place() + ": at most one of basic_auth username & username_file must be configured");
      }
      if (http.basicAuth().password() != null && !http.basicAuth().passwordFile().isEmpty()) {
        throw new ConfigException(
            at.place() + ": at most one of basic_auth password & password_file must be configured");
      }
    }
    boolean bearer = http.bearerToken() != null || !http.bearerTokenFile().isEmpty();
    if (http.bearerToken() != null && !http.bearerTokenFile().isEmpty()) {
      throw new ConfigException(
          at.place() + ": at most one of bearer_token & bearer_token_file must be configured");
    }
    if (http.oauth2() != null) {
      ways++;
    }
    if (ways > 0 && bearer) {
      throw new ConfigException(
          at.place()
              + ": at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
    }
    if (http.authorization() != null) {
      ways++;
      if (bearer) {
        throw new ConfigException(
            at.place() + ": authorization is not compatible with bearer_token & bearer_token_file");
      }
      if (http.authorization().type().toLowerCase(Locale.ROOT).equals("basic")) {
        throw new ConfigException(
            at.place()
                + ": authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
      }
      if (http.authorization().credentials() != null
          && !http.authorization().credentialsFile().isEmpty()) {
        throw new ConfigException(
            at.place()
                + ": at most one of authorization credentials & credentials_file must be configured");
      }
    }
    if (ways > 1) {
      throw new ConfigException(
          at.place() + ": at most one of basic_auth, oauth2 & authorization must be configured");
    }
    if (http.proxyFromEnvironment() && !http.proxyUrl().isEmpty()) {
      throw new ConfigException(
          at.place()
              + ": if proxy_from_environment is configured, proxy_url must not be configured");
    }
    if (http.proxyFromEnvironment() && !http.noProxy().isEmpty()) {
      throw new ConfigException(
          at.place()
              + ": if proxy_from_environment is configured, no_proxy must not be configured");
    }
    for (String header : http.httpHeaders().keySet()) {
      if (Set.of(
              "authorization",
              "host",
              "content-encoding",
              "content-length",
              "user-agent",
              "connection")
          .contains(header.toLowerCase(Locale.ROOT))) {
        throw new ConfigException(
            at.place() + ": setting header \"" + header + "\" is not allowed");
      }
    }
  }

  private static void remoteNames(PrometheusConfig config, Mapping top) {
    Set<String> writeNames = new HashSet<>();
    for (RemoteWrite w : config.remoteWrite()) {
      if (!w.name().isEmpty() && !writeNames.add(w.name())) {
        throw new ConfigException(
            top.place()
                + ": found multiple remote write configs with job name \""
                + w.name()
                + "\"");
      }
      headers(w.headers(), top);
      http(w.http(), top);
      relabelling(w.writeRelabelConfigs(), top);
      if (!Set.of("prometheus.WriteRequest", "io.prometheus.write.v2.Request")
          .contains(w.protobufMessage())) {
        throw new ConfigException(
            top.place()
                + ": invalid protobuf_message value: unknown type for remote write protobuf message "
                + w.protobufMessage());
      }
    }
    Set<String> readNames = new HashSet<>();
    for (RemoteRead r : config.remoteRead()) {
      if (!r.name().isEmpty() && !readNames.add(r.name())) {
        throw new ConfigException(
            top.place()
                + ": found multiple remote read configs with job name \""
                + r.name()
                + "\"");
      }
      headers(r.headers(), top);
      http(r.http(), top);
    }
  }

  private static void headers(Map<String, String> headers, ConfigNode at) {
    for (String header : headers.keySet()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.equals("authorization")) {
        throw new ConfigException(
            at.place()
                + ": authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter");
      }
      if (RESERVED_HEADERS.contains(lower)) {
        throw new ConfigException(
            at.place() + ": " + header + " is a reserved header. It must not be changed");
      }
    }
  }

  private static void uniqueJobs(List<ScrapeConfig> jobs, String name) {
    Set<String> seen = new HashSet<>();
    for (ScrapeConfig job : jobs) {
      if (!seen.add(job.jobName())) {
        throw new ConfigException(
            name + ": found multiple scrape configs with job name \"" + job.jobName() + "\"");
      }
    }
  }

  private static void globs(String key, List<String> globs, Mapping top) {
    for (String glob : globs) {
      if (!glob.matches("^[^*]*(\\*[^/]*)?$")) {
        throw new ConfigException(
            top.place()
                + ": invalid "
                + (key.equals("rule_files") ? "rule file" : "scrape config file")
                + " path "
                + glob);
      }
    }
  }

  /** Returns the files a glob stands for, sorted; a path without wildcard stands for itself. */
  public static List<Path> expand(Path folder, String glob) {
    Path path = folder.resolve(glob);
    Path fileName = path.getFileName();
    if (fileName == null
        || (glob.indexOf('*') < 0 && glob.indexOf('?') < 0 && glob.indexOf('[') < 0)) {
      return List.of(path);
    }
    List<Path> found = new ArrayList<>();
    Path parent = path.getParent();
    if (parent != null && Files.isDirectory(parent)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(parent, fileName.toString())) {
        stream.forEach(found::add);
      } catch (IOException e) {
        throw new ConfigException(parent + ": cannot be listed: " + e.getMessage(), e);
      }
    }
    found.sort(null);
    return found;
  }
}
