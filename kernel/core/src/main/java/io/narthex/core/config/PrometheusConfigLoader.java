package io.narthex.core.config;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.FilePatterns;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.go.GoString;
import io.narthex.relabel.NameScheme;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.PrometheusConfig.Global;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Loads {@code prometheus.yml}: binds, validates with Prometheus' messages, fills global values
 * into jobs, and resolves {@code scrape_config_files}. Blocks of discovery plugins stay unbound.
 * Loading again, it returns jobs that have not changed as the same objects. Thread-safe.
 */
public final class PrometheusConfigLoader {
  private final UnaryOperator<@Nullable String> environment;
  private final boolean agent;
  private final ReadBefore before = new ReadBefore();

  /**
   * Creates a loader.
   *
   * @param environment value of an environment variable, or null
   * @param agent whether to load for agent mode, where some sections are not allowed
   */
  public PrometheusConfigLoader(UnaryOperator<@Nullable String> environment, boolean agent) {
    this.environment = environment;
    this.agent = agent;
  }

  /**
   * Loads a file.
   *
   * @throws ConfigException with the position of the error
   */
  public PrometheusConfig load(Path file) {
    String text;
    try {
      text = YamlReader.text(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + reason(e), e);
    }
    return parse(file.toString(), text);
  }

  static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "no such file or directory";
      case AccessDeniedException _ -> "permission denied";
      case java.nio.charset.CharacterCodingException _ -> "is not encoded in UTF-8";
      default -> String.valueOf(e.getMessage());
    };
  }

  /**
   * Parses and validates the content of a file.
   *
   * @param name of the file, for messages and for the files that it names
   */
  public synchronized PrometheusConfig parse(String name, String text) {
    before.begin();
    PrometheusConfig read = before.same(read(name, text));
    before.end(read);
    return read;
  }

  private PrometheusConfig read(String name, String text) {
    ConfigNode root = before.root(name, text);
    if (Checks.isNull(root)) {
      root = ConfigNode.emptyMapping(name);
    }
    if (!(root instanceof Mapping top)) {
      throw Checks.error(root, "expected a map with global, scrape_configs and so on");
    }
    Checks.noNullEntries(top);
    agentMode(top);
    OtherSections.storage(top.get("storage"));
    PrometheusConfig raw = ConfigBinder.bind(remainder(top), PrometheusConfig.class);
    Global global = global(raw.global(), top);
    NameScheme scheme = NameScheme.of(global.metricNameValidationScheme());
    globs("rule file", Checks.placeOf(top, "rule_files", top));
    globs("scrape config file", Checks.placeOf(top, "scrape_config_files", top));
    OtherSections.otlp(raw.otlp(), scheme == NameScheme.LEGACY);
    OtherSections.tracing(raw.tracing());
    List<ScrapeConfig> jobs = new ArrayList<>(ScrapeConfigs.jobs(top, global, before));
    for (String glob : raw.scrapeConfigFiles()) {
      for (Path extra : FilePatterns.expand(glob)) {
        jobs.addAll(ScrapeConfigs.file(extra, global, before));
      }
    }
    ScrapeConfigs.uniqueNames(jobs, name);
    return new PrometheusConfig(
        global,
        raw.runtime(),
        raw.ruleFiles(),
        raw.scrapeConfigFiles(),
        List.copyOf(jobs),
        ScrapeConfigs.alerting(raw.alerting(), top, scheme),
        RemoteConfigs.writes(top, scheme),
        RemoteConfigs.reads(top),
        raw.storage(),
        raw.tracing(),
        raw.otlp());
  }

  private void agentMode(Mapping top) {
    for (String key : List.of("alerting", "rule_files", "remote_read")) {
      ConfigNode node = top.get(key);
      if (agent && node != null && !Checks.isNull(node)) {
        throw Checks.error(node, "field " + key + " is not allowed in agent mode");
      }
    }
  }

  /** Returns the file without the sections that are bound block by block. */
  private static Mapping remainder(Mapping top) {
    List<Entry> kept = new ArrayList<>();
    for (Entry e : top.entries()) {
      switch (e.key()) {
        case "scrape_configs", "remote_write", "remote_read" -> {}
        case "alerting" ->
            kept.add(
                e.value() instanceof Mapping alerting
                    ? new Entry(
                        e.keyPlace(),
                        e.key(),
                        new Mapping(
                            alerting.place(),
                            alerting.entries().stream()
                                .filter(a -> !a.key().equals("alertmanagers"))
                                .toList()))
                    : e);
        default -> kept.add(e);
      }
    }
    return new Mapping(top.place(), kept);
  }

  private Global global(Global g, Mapping top) {
    ConfigNode at = Checks.placeOf(top, "global", top);
    Duration interval = g.scrapeInterval().isZero() ? Duration.ofMinutes(1) : g.scrapeInterval();
    Duration timeout = g.scrapeTimeout();
    if (timeout == null || timeout.isZero()) {
      timeout = ScrapeConfigs.min(Duration.ofSeconds(10), interval);
    }
    if (timeout.compareTo(interval) > 0) {
      throw Checks.error(at, "global scrape timeout greater than scrape interval");
    }
    ScrapeConfigs.protocols(g.scrapeProtocols(), at, " for global config");
    String validation = g.naming().validation();
    String escaping = g.naming().escaping();
    ScrapeConfigs.naming(validation, escaping, at);
    Map<String, String> external = new LinkedHashMap<>();
    g.externalLabels()
        .forEach((name, value) -> {
          if (!NameScheme.UTF8.isLabelName(name)) {
            throw Checks.error(at, GoString.quote(name) + " is not a valid label name");
          }
          if (!Checks.isUtf8(value)) {
            throw Checks.error(at, GoString.quote(value) + " is not a valid label value");
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
        g.limits().or(ScrapeConfig.Limits.NONE),
        new ScrapeConfig.Naming(
            validation.isEmpty() ? "utf8" : validation,
            escaping.isEmpty()
                ? validation.equals("legacy") ? "underscores" : "allow-utf-8"
                : escaping),
        g.exposition().filled());
  }

  /** Replaces {@code $name} and {@code ${name}}; {@code $$} is a dollar sign. */
  private String expandEnvironment(String text) {
    StringBuilder out = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i++);
      if (c != '$' || i == text.length()) {
        out.append(c);
        continue;
      }
      char next = text.charAt(i);
      if (next == '{') {
        int end = text.indexOf('}', i);
        if (end > i + 1) {
          out.append(variable(text.substring(i + 1, end)));
        }
        i = end < 0 ? i + 1 : end + 1;
      } else if (isSpecial(next)) {
        out.append(variable(String.valueOf(next)));
        i++;
      } else {
        int end = i;
        while (end < text.length() && isNamePart(text.charAt(end))) {
          end++;
        }
        out.append(end == i ? "$" : variable(text.substring(i, end)));
        i = end;
      }
    }
    return out.toString();
  }

  private static boolean isSpecial(char c) {
    return "*#$@!?-".indexOf(c) >= 0 || (c >= '0' && c <= '9');
  }

  private static boolean isNamePart(char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  private String variable(String name) {
    if (name.equals("$")) {
      return "$";
    }
    String value = environment.apply(name);
    return value == null ? "" : value;
  }

  /** Refuses patterns as they are written, before the folder of the file comes in front. */
  private static void globs(String what, ConfigNode at) {
    if (!(at instanceof Sequence globs)) {
      return;
    }
    for (ConfigNode item : globs.items()) {
      String glob = item instanceof Scalar s ? s.text() : "";
      if (!glob.matches("^[^*]*(\\*[^/]*)?$") || !isPath(glob)) {
        throw Checks.error(at, "invalid " + what + " path " + GoString.quote(glob));
      }
    }
  }

  /** Returns whether a name is valid for a file on this machine; one with NUL is not. */
  private static boolean isPath(String name) {
    try {
      Path unused = Path.of(name);
      return true;
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
