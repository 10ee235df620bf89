package io.narthex.core.settings;

import io.narthex.config.alertmanager.OriginalReceivers;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.ConfigManager;
import io.narthex.core.config.OriginalBlocks;
import io.narthex.core.config.OriginalNames;
import io.narthex.core.config.ShownConfig;
import io.narthex.core.host.FunctionHost;
import io.narthex.core.host.NotifierHost;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.plugin.PluginManager;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.Block;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.plugins.PluginService.AuditEntry;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.plugins.PluginSettingsService;
import io.narthex.service.plugins.WaitingSource;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Place;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.notifier.NotifierProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tracks plugins and configuration: the settings of a plugin, blocks that wait for one, and what
 * removed ones left behind. Thread-safe; readers take no lock.
 */
public final class PluginSettingsManager
    implements PluginSettingsService, ProviderRegistry.Listener, MetricCollector {
  private static final Logger LOG = LoggerFactory.getLogger(PluginSettingsManager.class);

  private final ProviderRegistry registry;
  private final FunctionHost functions;
  private final NotifierHost notifiers;
  private final PluginManager plugins;
  private final Path ownFolders;
  private final KnownPlugins known;
  private final CopyOnWriteArrayList<WaitingSource> sources = new CopyOnWriteArrayList<>();
  private volatile @Nullable ConfigManager config;
  private volatile Set<String> logged = Set.of(); // what waited when the files were last read

  /**
   * Creates one that has no configuration yet.
   *
   * @param state the server's own state folder
   */
  public PluginSettingsManager(
      ProviderRegistry registry,
      FunctionHost functions,
      NotifierHost notifiers,
      PluginManager plugins,
      Path state) {
    this.registry = registry;
    this.notifiers = notifiers;
    this.functions = functions;
    this.plugins = plugins;
    ownFolders = state.resolve("plugin-state");
    known = new KnownPlugins(state.resolve("plugins").resolve("known.properties"));
    functions.previousOwners(known::ofFunction);
  }

  /** Takes the configuration to follow. */
  public void follow(ConfigManager manager) {
    config = manager;
    manager.showWith(new ShownConfig(new RunningRecords()));
  }

  /** Adds a source of waiting blocks. */
  public void add(WaitingSource source) {
    sources.addIfAbsent(source);
  }

  /** Removes a source. */
  public void remove(WaitingSource source) {
    sources.remove(source);
  }

  private List<Provider> running(Kind kind) {
    return registry.all().stream().filter(p -> p.kind() == kind).toList();
  }

  private GlobalKeys globalKeys(List<Provider> notifiers) {
    Set<String> types = new TreeSet<>();
    String prefix = "notifier:";
    known
        .all()
        .forEach(k ->
            k.provides().stream()
                .filter(label -> label.startsWith(prefix))
                .forEach(label -> types.add(label.substring(prefix.length()))));
    return new GlobalKeys(notifiers, types);
  }

  /**
   * Checks what no host checks: keys in {@code global:} of {@code alertmanager.yml}.
   *
   * @throws ConfigException with the position of the error
   */
  public void check(ConfigFiles.Loaded next) {
    var unused = globalKeys(running(Kind.NOTIFIER)).check(next.snapshot().alertmanager());
    refuseTypos(next);
    Set<String> now = new TreeSet<>();
    for (WaitingBlock w : waiting(next, installed())) {
      now.add(w.place() + ": " + w.block() + ": " + w.reason());
    }
    now.stream().filter(text -> !logged.contains(text)).forEach(text -> LOG.warn("{}", text));
    logged = Set.copyOf(now);
  }

  /** Refuses keys of blocks that no plugin serves and that look like a typo of a known one. */
  private void refuseTypos(ConfigFiles.Loaded next) {
    Set<String> discoveries = keys(Kind.DISCOVERY, OriginalNames.DISCOVERIES);
    PrometheusConfig main = next.snapshot().prometheus();
    List<DiscoveryBlock> blocks = new ArrayList<>();
    main.scrapeConfigs().forEach(job -> blocks.addAll(job.discoveries()));
    main.alerting().alertmanagers().forEach(a -> blocks.addAll(a.discoveries()));
    for (DiscoveryBlock block : blocks) {
      if (registry.find(Kind.DISCOVERY, block.type()) == null) {
        OriginalNames.refuseTypo(
            OriginalNames.discoveryKey(block.type()), block.node().place(), discoveries);
        OriginalBlocks.check(block.type(), block.node());
      }
    }
    Set<String> receivers = keys(Kind.NOTIFIER, OriginalReceivers.types());
    for (AlertmanagerConfig.Receiver receiver : next.snapshot().alertmanager().receivers()) {
      for (Block block : receiver.blocks()) {
        OriginalNames.refuseTypo(
            OriginalNames.receiverKey(block.type()), block.node().place(), receivers);
      }
    }
  }

  /** Returns the keys of a kind that the originals know, or that a plugin serves or served here. */
  private Set<String> keys(Kind kind, Set<String> originals) {
    Set<String> types = new TreeSet<>(originals);
    types.addAll(registry.types(kind));
    String prefix = kind.name().toLowerCase(Locale.ROOT) + ":";
    known
        .all()
        .forEach(k ->
            k.provides().stream()
                .filter(label -> label.startsWith(prefix))
                .forEach(label -> types.add(label.substring(prefix.length()))));
    Set<String> keys = new TreeSet<>();
    types.forEach(type ->
        keys.add(
            kind == Kind.DISCOVERY
                ? OriginalNames.discoveryKey(type)
                : OriginalNames.receiverKey(type)));
    return keys;
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() == Kind.NOTIFIER) {
      GlobalKeys.checkNames(candidate);
    }
    ConfigManager current = config;
    if (current == null || !current.live()) {
      return; // starting: the configuration is checked once all plugins are there
    }
    var described = SettingsOf.provider(candidate, null); // refuses a record that cannot be bound
    LOG.debug("plugin {}: settings of {}", candidate.pluginId(), described.where());
    if (candidate.kind() == Kind.NOTIFIER) {
      List<Provider> then = new ArrayList<>(running(Kind.NOTIFIER));
      then.removeIf(p -> p.type().equals(candidate.type()));
      then.add(candidate);
      var unused = globalKeys(then).check(current.loaded().snapshot().alertmanager());
    }
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    ConfigManager current = config;
    if (current != null) {
      current.showWith(new ShownConfig(new RunningRecords()));
    }
    if (now == null) {
      return;
    }
    Set<String> provides = new TreeSet<>();
    Set<String> globals = new TreeSet<>();
    Set<String> names = new TreeSet<>();
    for (Provider p : registry.all()) {
      if (p.pluginId().equals(now.pluginId())) {
        provides.add(p.label());
        if (p.service() instanceof NotifierProvider<?, ?> notifier) {
          globals.addAll(ConfigBinder.keys(notifier.globalConfigType()));
        }
        if (p.kind() == Kind.FUNCTION) {
          names.addAll(functions.names(p.type()));
        }
      }
    }
    known.remember(new KnownPlugins.Known(now.pluginId(), provides, globals, names));
  }

  @Override
  public List<ProviderSettings> describe(String pluginId) {
    return registry.all().stream()
        .filter(p -> p.pluginId().equals(pluginId))
        .sorted(Comparator.comparing(Provider::label))
        .map(p -> SettingsOf.provider(p, null))
        .toList();
  }

  /** Returns why a block waits: the missing type, and the plugin that served it last. */
  private String reason(String type, String label, Map<String, PluginInfo> installed) {
    return "waiting for plugin `" + type + "`" + previousOwner(known.ofProvider(label), installed);
  }

  private static String previousOwner(@Nullable String id, Map<String, PluginInfo> installed) {
    if (id == null) {
      return "";
    }
    PluginInfo info = installed.get(id);
    if (info == null) {
      return "; " + id + " served it and is not installed any more";
    }
    String state = info.state().name().toLowerCase(Locale.ROOT);
    return "; " + id + " is " + (info.reason().isEmpty() ? state : state + ": " + info.reason());
  }

  private Map<String, PluginInfo> installed() {
    return plugins.plugins().stream()
        .collect(Collectors.toMap(PluginInfo::id, Function.identity(), (a, b) -> a));
  }

  @Override
  public List<WaitingBlock> waiting() {
    ConfigManager current = config;
    return current == null ? List.of() : waiting(current.loaded(), installed());
  }

  @Override
  public void collect(MetricSink sink) {
    ConfigManager current = config;
    if (current == null || !current.live()) {
      return;
    }
    Map<String, Integer> byKind = new TreeMap<>();
    for (Kind kind : Kind.values()) {
      byKind.put(kind.name().toLowerCase(Locale.ROOT), 0);
    }
    waiting(current.loaded(), Map.of()).forEach(w -> byKind.merge(w.kind(), 1, Integer::sum));
    sink.family(
        new MetricMetadata(
            "narthex_config_waiting_blocks",
            MetricType.GAUGE,
            "Parts of the configuration that wait for a plugin; above 0 they have no effect.",
            ""));
    byKind.forEach(
        (kind, n) -> sink.sample("narthex_config_waiting_blocks", Labels.of("kind", kind), n));
  }

  private List<WaitingBlock> waiting(ConfigFiles.Loaded loaded, Map<String, PluginInfo> installed) {
    List<WaitingBlock> out = new ArrayList<>();
    PrometheusConfig prometheus = loaded.snapshot().prometheus();
    for (ScrapeConfig job : prometheus.scrapeConfigs()) {
      discoveries("job " + job.jobName(), job.discoveries(), installed, out);
    }
    for (int i = 0; i < prometheus.alerting().alertmanagers().size(); i++) {
      discoveries(
          "alertmanagers[" + i + "]",
          prometheus.alerting().alertmanagers().get(i).discoveries(),
          installed,
          out);
    }
    sources.forEach(s -> out.addAll(s.waiting()));
    notifiers(loaded.snapshot().alertmanager(), installed, out);
    for (Entry e : loaded.narthex().exporters().entries()) {
      waiting(Kind.EXPORTER, e.key(), e.keyPlace(), "exporters." + e.key(), installed, out);
    }
    return out;
  }

  private void discoveries(
      String owner,
      List<DiscoveryBlock> blocks,
      Map<String, PluginInfo> installed,
      List<WaitingBlock> out) {
    for (DiscoveryBlock block : blocks) {
      if (registry.find(Kind.DISCOVERY, block.type()) != null) {
        continue;
      }
      String key = block.type().equals("static") ? "static_configs" : block.type() + "_sd_configs";
      waiting(
          Kind.DISCOVERY,
          block.type(),
          block.node().place(),
          owner + ", " + key + "[" + block.index() + "]",
          installed,
          out);
    }
  }

  private void notifiers(
      AlertmanagerConfig alerts, Map<String, PluginInfo> installed, List<WaitingBlock> out) {
    try {
      for (GlobalKeys.Waiting key : globalKeys(running(Kind.NOTIFIER)).check(alerts)) {
        waiting(
            Kind.NOTIFIER,
            key.type(),
            key.entry().keyPlace(),
            "global, " + key.entry().key(),
            installed,
            out);
      }
    } catch (ConfigException e) {
      LOG.debug("global: {}", e.getMessage()); // of a plugin that refuses it; shown with that one
    }
    for (AlertmanagerConfig.Receiver receiver : alerts.receivers()) {
      for (Block block : receiver.blocks()) {
        waiting(
            Kind.NOTIFIER,
            block.type(),
            block.node().place(),
            "receiver " + receiver.name() + ", " + block.type() + "_configs[" + block.index() + "]",
            installed,
            out);
      }
    }
  }

  private void waiting(
      Kind kind,
      String type,
      Place place,
      String block,
      Map<String, PluginInfo> installed,
      List<WaitingBlock> out) {
    if (registry.find(kind, type) == null) {
      String name = kind.name().toLowerCase(Locale.ROOT);
      out.add(
          new WaitingBlock(
              name, type, place.toString(), block, reason(type, name + ":" + type, installed)));
    }
  }

  @Override
  public List<Orphan> orphans() {
    Map<String, PluginInfo> installed = installed();
    ConfigManager current = config;
    List<WaitingBlock> waiting = current == null ? List.of() : waiting(current.loaded(), installed);
    Map<String, List<String>> decisions = plugins.decisionsOfAbsent();
    Set<String> ids = new TreeSet<>(decisions.keySet());
    known.all().forEach(k -> ids.add(k.id()));
    ids.removeAll(installed.keySet());
    List<Orphan> out = new ArrayList<>();
    for (String id : ids) {
      KnownPlugins.Known memory = known.of(id);
      Set<String> provided = memory == null ? Set.of() : memory.provides();
      Set<String> names = memory == null ? Set.of() : memory.functions();
      List<WaitingBlock> blocks =
          waiting.stream()
              .filter(w ->
                  provided.contains(w.kind() + ":" + w.type())
                      || (w.kind().equals("function") && names.contains(w.type())))
              .toList();
      List<String> folders = ownFolders(provided).stream().map(Path::toString).toList();
      List<String> records = decisions.getOrDefault(id, List.of());
      if (blocks.isEmpty() && folders.isEmpty() && records.isEmpty()) {
        continue;
      }
      AuditEntry last = plugins.audit(id, 1).stream().findFirst().orElse(null);
      out.add(
          new Orphan(
              id,
              last == null ? "" : last.version(),
              last == null ? 0 : last.timeMs(),
              List.copyOf(provided),
              blocks,
              records,
              folders,
              plugins.keptVersions(id)));
    }
    return out;
  }

  /** Returns the state folders, not empty, of provided types that do not run. */
  private List<Path> ownFolders(Set<String> provided) {
    Map<String, Path> byType = new TreeMap<>();
    for (String label : provided) {
      String type = label.substring(label.indexOf(':') + 1);
      Path folder = ownFolders.resolve(type);
      boolean used = registry.all().stream().anyMatch(p -> p.type().equals(type));
      if (!used && Files.isDirectory(folder) && !isEmpty(folder)) {
        byType.put(type, folder);
      }
    }
    return List.copyOf(byType.values());
  }

  private static boolean isEmpty(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void forget(String pluginId, String actor) {
    if (installed().containsKey(pluginId)) {
      throw new PluginException(pluginId + " is installed; remove it first");
    }
    KnownPlugins.Known memory = known.of(pluginId);
    if (memory == null && !plugins.decisionsOfAbsent().containsKey(pluginId)) {
      throw new PluginException("nothing is known of a plugin \"" + pluginId + "\"");
    }
    List<Path> folders = memory == null ? List.of() : ownFolders(memory.provides());
    plugins.forget(pluginId, actor);
    known.forget(pluginId);
    for (Path folder : folders) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      } catch (IOException e) {
        throw new PluginException(folder + " cannot be deleted: " + e.getMessage());
      }
    }
  }

  /** The records of the plugins that run now. */
  private final class RunningRecords implements ShownConfig.Records {
    private @Nullable Class<? extends Record> find(Kind kind, String type) {
      Provider provider = registry.find(kind, type);
      return provider == null ? null : SettingsOf.blockType(provider);
    }

    @Override
    public @Nullable Class<? extends Record> discovery(String type) {
      return find(Kind.DISCOVERY, type);
    }

    @Override
    public @Nullable Class<? extends Record> notifier(String type) {
      return find(Kind.NOTIFIER, type);
    }

    @Override
    public ShownConfig.@Nullable Block effective(
        String type, ConfigNode block, ConfigNode globals) {
      return notifiers.effective(type, block, globals);
    }

    @Override
    public List<Class<? extends Record>> globals() {
      List<Class<? extends Record>> out = new ArrayList<>();
      for (Provider p : running(Kind.NOTIFIER)) {
        out.add(((NotifierProvider<?, ?>) p.service()).globalConfigType());
      }
      return out;
    }
  }
}
