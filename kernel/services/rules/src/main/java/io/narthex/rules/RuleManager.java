package io.narthex.rules;

import io.narthex.config.yaml.FilePatterns;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoGlob;
import io.narthex.model.go.PromDuration;
import io.narthex.relabel.NameScheme;
import io.narthex.service.alerts.AlertSink;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.service.discovery.TargetGroupListener;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginSettingsService.WaitingBlock;
import io.narthex.service.plugins.WaitingSource;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryEngine.Canonical;
import io.narthex.service.query.QueryException;
import io.narthex.service.rules.RuleService;
import io.narthex.service.server.HandOver;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.plugin.HttpTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * Runs the rule groups of the configuration. Groups that did not change continue through a reload.
 */
@Component(
    service = {
      RuleService.class,
      ReloadListener.class,
      TargetGroupListener.class,
      WaitingSource.class
    })
public final class RuleManager
    implements RuleService, ReloadListener, TargetGroupListener, WaitingSource {
  private final HandOver handOver;
  private final QueryEngine engine;
  private final TemplateService templates;
  private final AlertSender sender;
  private final RuleContext context;
  private final ReadyMadeRules readyMade;
  private final Clock clock = Clock.systemUTC();

  private volatile @Nullable AlertSink sink;
  private volatile @Nullable HttpTransport http;
  private volatile Map<String, RuleGroup> groups = Map.of();
  private volatile List<RuleFileLoader.Expression> withPluginFunctions = List.of();
  private boolean loadedOnce; // ReloadListener is called by one thread at a time
  private boolean closed; // guarded by this

  /** Starts without groups; they come with the configuration. */
  @Activate
  public RuleManager(
      BundleContext bundle,
      @Reference QueryEngine engine,
      @Reference StorageGate storage,
      @Reference TemplateService templates,
      @Reference ServerInfo server,
      @Reference Metrics metrics,
      @Reference HandOver handOver) {
    this(ReadyMadeRules.of(bundle), engine, storage, templates, server, metrics, handOver);
  }

  RuleManager(
      ReadyMadeRules readyMade,
      QueryEngine engine,
      StorageGate storage,
      TemplateService templates,
      ServerInfo server,
      Metrics metrics,
      HandOver handOver) {
    this.readyMade = readyMade;
    this.handOver = handOver;
    this.engine = engine;
    this.templates = templates;
    this.sender =
        new AlertSender(
            () -> sink,
            () -> http,
            server::listenAddresses,
            server::externalUrl,
            options(server),
            metrics);
    this.context =
        new RuleContext(
            engine,
            storage,
            templates,
            sender::externalLabels,
            () -> server.externalUrl().toString(),
            sender::send,
            duration(server, "rules.alert.resend-delay", Duration.ofMinutes(1)),
            duration(server, "rules.alert.for-outage-tolerance", Duration.ofHours(1)),
            duration(server, "rules.alert.for-grace-period", Duration.ofMinutes(10)),
            new RuleMetrics(metrics));
  }

  private static Duration duration(ServerInfo server, String flag, Duration otherwise) {
    String text = server.flags().containsKey(flag) ? server.flag(flag) : "";
    return text.isEmpty() ? otherwise : PromDuration.parse(text);
  }

  private static AlertSender.Options options(ServerInfo server) {
    return new AlertSender.Options(
        integer(server, "alertmanager.notification-queue-capacity", 10_000),
        Math.max(1, integer(server, "alertmanager.notification-batch-size", 256)),
        !server.flags().containsKey("alertmanager.drain-notification-queue-on-shutdown")
            || server.enabled("alertmanager.drain-notification-queue-on-shutdown"));
  }

  /** Returns the context of the groups. */
  RuleContext context() {
    return context;
  }

  /** Returns the sender of alerts. */
  AlertSender sender() {
    return sender;
  }

  private static int integer(ServerInfo server, String flag, int otherwise) {
    String text = server.flags().containsKey(flag) ? server.flag(flag) : "";
    return text.isEmpty() ? otherwise : Integer.parseInt(text);
  }

  /** Binds the Alertmanager of this process. */
  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindSink(AlertSink service) {
    sink = service;
    sender.sinkBound();
  }

  /** Lets it go. */
  void unbindSink(AlertSink service) {
    if (sink == service) {
      sink = null;
    }
  }

  /** Binds the HTTP client. */
  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void bindHttp(HttpTransport service) {
    http = service;
  }

  /** Lets it go. */
  void unbindHttp(HttpTransport service) {
    if (http == service) {
      http = null;
    }
  }

  /** Stops all groups; their state is handed over to the next instance, which continues it. */
  @Deactivate
  void stop() {
    Map<String, RuleGroup> running;
    synchronized (this) {
      closed = true;
      running = groups;
      groups = Map.of();
    }
    running.values().forEach(g -> g.stop(false));
    if (!running.isEmpty()) {
      handOver.leave(RuleState.KEY, RuleState.of(running));
    }
    sender.close();
  }

  @Override
  public String name() {
    return "rules";
  }

  @Override
  public ReloadStage stage() {
    return ReloadStage.RULES;
  }

  @Override
  public Map<String, Integer> check(ConfigSnapshot snapshot) {
    PrometheusConfig prometheus = snapshot.prometheus();
    NameScheme names = NameScheme.of(prometheus.global().metricNameValidationScheme());
    RuleFileLoader loader = new RuleFileLoader(this::canonical, templates, names, false);
    Map<String, Integer> found = new LinkedHashMap<>();
    for (Path file : files(snapshot)) {
      int rules = 0;
      for (GroupSpec group : loader.load(file.toString(), read(file))) {
        rules += group.rules().size();
      }
      found.put(file.toString(), rules);
    }
    return found;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {
    PrometheusConfig prometheus = snapshot.prometheus();
    sender.apply(prometheus);
    List<GroupSpec> specs = load(snapshot);
    Map<String, RuleGroup> next = new LinkedHashMap<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      Map<String, RuleGroup> before = new LinkedHashMap<>(groups);
      RuleState left = loadedOnce ? null : RuleState.of(handOver.take(RuleState.KEY));
      List<RuleGroup> starting = new ArrayList<>();
      for (GroupSpec spec : specs) {
        Duration interval =
            spec.interval() == null ? prometheus.global().evaluationInterval() : spec.interval();
        Duration offset =
            spec.queryOffset() == null ? prometheus.global().ruleQueryOffset() : spec.queryOffset();
        RuleGroup old = before.remove(spec.key());
        if (old != null
            && old.spec().equals(spec)
            && old.interval().equals(interval)
            && old.offset().equals(offset)) {
          next.put(spec.key(), old);
          continue;
        }
        RuleGroup group = new RuleGroup(spec, interval, offset, context, clock, !loadedOnce);
        if (left != null) {
          left.restore(spec.key(), group);
        }
        if (old != null) {
          old.stop(false);
          group.takeOver(old);
        }
        next.put(spec.key(), group);
        starting.add(group);
      }
      groups = next;
      loadedOnce = true;
      before.values().forEach(g -> g.stop(true));
      starting.forEach(RuleGroup::start);
    }
  }

  private List<GroupSpec> load(ConfigSnapshot snapshot) {
    PrometheusConfig prometheus = snapshot.prometheus();
    NameScheme names = NameScheme.of(prometheus.global().metricNameValidationScheme());
    RuleFileLoader loader = new RuleFileLoader(this::canonical, templates, names, false);
    List<GroupSpec> out = new ArrayList<>();
    for (Path file : files(snapshot)) {
      out.addAll(loader.load(file.toString(), read(file)));
    }
    withPluginFunctions =
        loader.expressions().stream().filter(RuleFileLoader.Expression::pluginFunctions).toList();
    return out;
  }

  private Set<Path> files(ConfigSnapshot snapshot) {
    Set<Path> files = new LinkedHashSet<>();
    for (String glob : snapshot.prometheus().ruleFiles()) {
      files.addAll(files(glob, snapshot.prometheusFolder()));
    }
    files.addAll(readyMade.files(snapshot.rules().readyMade()));
    return files;
  }

  private static String read(Path file) {
    try {
      return YamlReader.text(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Returns the files that match a pattern, sorted; none for a file that does not exist. */
  static List<Path> files(String pattern, Path folder) {
    if (pattern.isEmpty()) {
      return List.of(); // it would name the folder
    }
    boolean many = GoGlob.isPattern(pattern);
    return FilePatterns.expand(folder, pattern).stream()
        .filter(file -> many ? Files.isRegularFile(file) : Files.exists(file))
        .toList();
  }

  /**
   * Returns the canonical form of an expression. One with functions of plugins stays as written, so
   * that its rule is the same while the plugin is absent; it may have no other error then.
   */
  private Canonical canonical(String expression) {
    try {
      Canonical canonical = engine.canonical(expression);
      return canonical.pluginFunctions() ? new Canonical(expression, true) : canonical;
    } catch (QueryException e) {
      if (e.missingPlugin() != null) {
        return new Canonical(expression, true);
      }
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  @Override
  public List<WaitingBlock> waiting() {
    List<WaitingBlock> out = new ArrayList<>();
    for (RuleFileLoader.Expression e : withPluginFunctions) {
      try {
        engine.check(e.text());
      } catch (QueryException failure) {
        String function = Objects.requireNonNullElse(failure.unknownFunction(), "");
        out.add(
            new WaitingBlock(
                "function",
                function,
                e.place().toString(),
                "group " + e.group() + ", rule " + e.rule(),
                String.valueOf(failure.getMessage())));
      }
    }
    return out;
  }

  @Override
  public void targetsChanged(String set, List<TargetGroup> targetGroups) {
    sender.targets(set, targetGroups);
  }

  @Override
  public void setRemoved(String set) {
    sender.targets(set, null);
  }

  @Override
  public List<Group> groups() {
    return groups.values().stream()
        .map(RuleGroup::view)
        .sorted(Comparator.comparing(Group::file).thenComparing(Group::name))
        .toList();
  }

  @Override
  public AlertmanagerUrls alertmanagers() {
    return sender.urls();
  }
}
