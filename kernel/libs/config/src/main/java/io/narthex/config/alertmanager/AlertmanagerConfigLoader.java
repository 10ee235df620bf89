package io.narthex.config.alertmanager;

import static io.narthex.config.yaml.ConfigNodes.at;
import static io.narthex.config.yaml.ConfigNodes.isNull;
import static io.narthex.config.yaml.ConfigNodes.list;
import static io.narthex.config.yaml.ConfigNodes.mapping;
import static io.narthex.config.yaml.ConfigNodes.text;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.FileNames;
import io.narthex.model.Labels;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.Block;
import io.narthex.service.config.AlertmanagerConfig.InhibitRule;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.service.config.AlertmanagerConfig.Receiver;
import io.narthex.service.config.AlertmanagerConfig.Route;
import io.narthex.service.config.AlertmanagerConfig.TimeIntervalSet;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads and checks {@code alertmanager.yml}: the route tree, the names of receivers and intervals.
 * Blocks of receivers and keys in {@code global:} stay unbound, plugins bind them. Messages are a
 * position followed by Alertmanager's text.
 */
public final class AlertmanagerConfigLoader {
  private static final Set<String> GLOBAL_KEYS = globals();

  private final MatcherSyntax.Mode mode;
  private final Predicate<String> pluginGlobals;

  /** The keys for all receivers, then those of each. */
  private static Set<String> globals() {
    Set<String> keys = new LinkedHashSet<>(List.of("resolve_timeout", "http_config"));
    keys.addAll(OriginalReceivers.globalKeys());
    return Collections.unmodifiableSet(keys);
  }

  private AlertmanagerConfigLoader(MatcherSyntax.Mode mode, Predicate<String> pluginGlobals) {
    this.mode = mode;
    this.pluginGlobals = pluginGlobals;
  }

  /**
   * Reads the file with the default syntax of matchers.
   *
   * @throws ConfigException with the position of the offending value
   */
  public static AlertmanagerConfig load(ConfigNode root) {
    return load(root, MatcherSyntax.Mode.FALLBACK, Set.of());
  }

  /**
   * Reads the file.
   *
   * @param pluginGlobals keys in {@code global} that plugins declare in addition to Alertmanager's
   * @throws ConfigException with the position of the offending value
   */
  public static AlertmanagerConfig load(
      ConfigNode root, MatcherSyntax.Mode mode, Set<String> pluginGlobals) {
    return load(root, mode, pluginGlobals::contains);
  }

  /**
   * Reads the file.
   *
   * @param pluginGlobals whether a key in {@code global} beyond Alertmanager's is allowed
   * @throws ConfigException with the position of the offending value
   */
  public static AlertmanagerConfig load(
      ConfigNode root, MatcherSyntax.Mode mode, Predicate<String> pluginGlobals) {
    return new AlertmanagerConfigLoader(mode, pluginGlobals).read(root);
  }

  /** Returns the keys of {@code global} that Alertmanager has. */
  public static Set<String> globalKeys() {
    return GLOBAL_KEYS;
  }

  private AlertmanagerConfig read(ConfigNode root) {
    Mapping map = mapping(root, "the configuration");
    ConfigNode global = null;
    ConfigNode route = null;
    List<Receiver> receivers = List.of();
    List<InhibitRule> inhibit = new ArrayList<>();
    List<TimeIntervalSet> intervals = new ArrayList<>();
    List<String> templates = List.of();
    for (Entry e : map.entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "global" -> global = isNull(v) ? null : v;
        case "route" -> route = isNull(v) ? null : v;
        case "receivers" -> receivers = receivers(v);
        case "inhibit_rules" -> {
          for (ConfigNode item : list(v, e.key())) {
            if (!isNull(item)) {
              inhibit.add(inhibitRule(item));
            }
          }
        }
        case "time_intervals", "mute_time_intervals" -> intervals(v, intervals);
        case "templates" ->
            templates =
                texts(v, e.key()).stream()
                    .map(name -> FileNames.within(v.place().file(), name))
                    .toList();
        case "tracing", "event_recorder" -> {}
        default -> throw unknown(e, "the configuration");
      }
    }
    Mapping globals =
        global == null ? new Mapping(map.place(), List.of()) : mapping(global, "global");
    Duration resolveTimeout = globals(globals);
    if (route == null) {
      throw at(map, map.entries().isEmpty() ? "no route provided in config" : "no routes provided");
    }
    Route tree = rootRoute(mapping(route, "route"));
    checkReferences(tree, mapping(route, "route"), receivers, intervals);
    return new AlertmanagerConfig(
        resolveTimeout,
        tree,
        List.copyOf(inhibit),
        receivers,
        List.copyOf(intervals),
        templates,
        globals);
  }

  // --- small readers

  private static ConfigException unknown(Entry e, String where) {
    return new ConfigException(e.keyPlace() + ": field " + e.key() + " not found in " + where);
  }

  private static List<String> texts(ConfigNode node, String key) {
    List<String> out = new ArrayList<>();
    for (ConfigNode item : list(node, key)) {
      out.add(text(item, key));
    }
    return List.copyOf(out);
  }

  private static Duration duration(ConfigNode node, String key) {
    try {
      return PromDuration.parse(text(node, key));
    } catch (IllegalArgumentException e) {
      throw at(node, String.valueOf(e.getMessage()));
    }
  }

  private static boolean bool(ConfigNode node, String key) {
    return ConfigBinder.bool(node, key);
  }

  private boolean validLabelName(String name) {
    if (name.isEmpty()) {
      return false;
    }
    return mode != MatcherSyntax.Mode.CLASSIC
        || name.chars()
                .allMatch(c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || c == '_'
                        || (c >= '0' && c <= '9'))
            && !Character.isDigit(name.charAt(0));
  }

  // --- global

  private Duration globals(Mapping globals) {
    Duration resolveTimeout = Duration.ofMinutes(5);
    for (Entry e : globals.entries()) {
      if (!GLOBAL_KEYS.contains(e.key()) && !pluginGlobals.test(e.key())) {
        throw unknown(e, "global");
      }
      if (e.key().equals("resolve_timeout") && !isNull(e.value())) {
        resolveTimeout = duration(e.value(), e.key());
      }
    }
    // a secret is in this file or in a file of its own
    for (String key : OriginalReceivers.globalKeys()) {
      String file = key + "_file";
      if (OriginalReceivers.globalKeys().contains(file)
          && given(globals, key)
          && given(globals, file)) {
        throw at(globals, "at most one of " + key + " & " + file + " must be configured");
      }
    }
    return resolveTimeout;
  }

  private static boolean given(Mapping map, String key) {
    return map.get(key) instanceof Scalar s && !s.text().isEmpty();
  }

  // --- receivers

  private List<Receiver> receivers(ConfigNode node) {
    List<Receiver> out = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (ConfigNode item : list(node, "receivers")) {
      Receiver r = receiver(mapping(item, "a receiver"));
      if (!names.add(r.name())) {
        throw at(item, "notification config name \"" + r.name() + "\" is not unique");
      }
      out.add(r);
    }
    return List.copyOf(out);
  }

  private static Receiver receiver(Mapping map) {
    String name = "";
    Map<String, String> labels = new LinkedHashMap<>();
    List<Block> blocks = new ArrayList<>();
    for (Entry e : map.entries()) {
      if (e.key().equals("name")) {
        name = text(e.value(), "name");
      } else if (e.key().equals("labels")) {
        mapping(e.value(), "labels")
            .entries()
            .forEach(l -> labels.put(l.key(), text(l.value(), l.key())));
      } else if (e.key().endsWith("_configs")) {
        String type = e.key().substring(0, e.key().length() - "_configs".length());
        int index = 0;
        for (ConfigNode item : list(e.value(), e.key())) {
          blocks.add(block(type, index++, item));
        }
      } else if (e.key().endsWith("_config")) {
        throw new ConfigException(
            unknown(e, "a receiver").getMessage() + "; did you mean \"" + e.key() + "s\"?");
      } else {
        throw unknown(e, "a receiver");
      }
    }
    if (name.isEmpty()) {
      throw at(map, "missing name in receiver");
    }
    String labelled = labels.get("name");
    if (labelled != null && !labelled.equals(name)) {
      throw at(
          map,
          "receiver label \"name\" must match receiver name \""
              + name
              + "\", got \""
              + labelled
              + "\"");
    }
    labels.put("name", name);
    return new Receiver(name, Map.copyOf(labels), List.copyOf(blocks));
  }

  /** Returns a block; an empty one of an unknown type is left to its plugin. */
  private static Block block(String type, int index, ConfigNode node) {
    if (isNull(node)) {
      if (OriginalReceivers.types().contains(type) && !OriginalReceivers.mayBeEmpty(type)) {
        throw at(node, "missing " + type + " config");
      }
      return new Block(type, index, null, node);
    }
    Mapping map = mapping(node, "a " + type + " config");
    Boolean sendResolved = null;
    List<Entry> rest = new ArrayList<>();
    for (Entry e : map.entries()) {
      if (e.key().equals("send_resolved")) {
        sendResolved = isNull(e.value()) ? null : (Boolean) bool(e.value(), "send_resolved");
      } else {
        rest.add(e);
      }
    }
    return new Block(type, index, sendResolved, new Mapping(map.place(), rest));
  }

  // --- time intervals

  private static void intervals(ConfigNode node, List<TimeIntervalSet> out) {
    for (ConfigNode item : list(node, "time_intervals")) {
      Mapping map = mapping(item, "a time interval");
      String name = "";
      ConfigNode definition = new Sequence(map.place(), List.of());
      for (Entry e : map.entries()) {
        switch (e.key()) {
          case "name" -> name = text(e.value(), "name");
          case "time_intervals" -> definition = e.value();
          default -> throw unknown(e, "a time interval");
        }
      }
      if (name.isEmpty()) {
        throw at(map, "missing name in time interval");
      }
      String checked = name;
      if (out.stream().anyMatch(t -> t.name().equals(checked))) {
        throw at(map, "mute time interval \"" + name + "\" is not unique");
      }
      TimeIntervals.parse(definition);
      out.add(new TimeIntervalSet(name, definition));
    }
  }

  // --- matchers

  private List<LabelMatcher> matchers(ConfigNode node) {
    List<LabelMatcher> out = new ArrayList<>();
    for (ConfigNode item : list(node, "matchers")) {
      try {
        out.addAll(MatcherSyntax.parse(text(item, "matchers"), mode));
      } catch (IllegalArgumentException e) {
        throw at(item, String.valueOf(e.getMessage()));
      }
    }
    return out;
  }

  private List<LabelMatcher> match(ConfigNode node, boolean regex, String key) {
    List<LabelMatcher> out = new ArrayList<>();
    for (Entry e : mapping(node, key).entries()) {
      if (!Labels.isLegacyName(e.key())) { // in every mode: these keys are older than UTF-8 names
        throw new ConfigException(e.keyPlace() + ": invalid label name \"" + e.key() + "\"");
      }
      if (regex && isNull(e.value())) {
        throw new ConfigException(
            e.keyPlace() + ": invalid regexp value for " + e.key() + ": none given");
      }
      String value = text(e.value(), e.key());
      LabelMatcher m =
          regex
              ? new LabelMatcher(e.key(), "=~", "^(?:" + value + ")$")
              : new LabelMatcher(e.key(), "=", value);
      try {
        AlertMatcher.compile(m);
      } catch (IllegalArgumentException x) {
        throw at(e.value(), String.valueOf(x.getMessage()));
      }
      out.add(m);
    }
    return out;
  }

  private InhibitRule inhibitRule(ConfigNode node) {
    Mapping map = mapping(node, "an inhibit rule");
    String name = "";
    List<LabelMatcher> source = new ArrayList<>();
    List<LabelMatcher> target = new ArrayList<>();
    List<String> equal = List.of();
    for (Entry e : map.entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "name" -> name = text(v, "name");
        case "source_matchers" -> source.addAll(matchers(v));
        case "source_match" -> source.addAll(match(v, false, e.key()));
        case "source_match_re" -> source.addAll(match(v, true, e.key()));
        case "target_matchers" -> target.addAll(matchers(v));
        case "target_match" -> target.addAll(match(v, false, e.key()));
        case "target_match_re" -> target.addAll(match(v, true, e.key()));
        case "equal" -> {
          equal = texts(v, "equal");
          for (String label : equal) {
            if (!validLabelName(label)) {
              throw at(v, "invalid label name \"" + label + "\" in equal list");
            }
          }
        }
        default -> throw unknown(e, "an inhibit rule");
      }
    }
    return new InhibitRule(name, List.copyOf(source), List.copyOf(target), equal);
  }

  // --- routes

  /** What a child route inherits. */
  private record Inherited(
      String receiver,
      List<String> groupBy,
      boolean groupByAll,
      Duration groupWait,
      Duration groupInterval,
      Duration repeatInterval,
      Map<String, String> labels) {}

  private Route rootRoute(Mapping map) {
    Route root =
        route(
            map,
            new Inherited(
                "",
                List.of(),
                false,
                Duration.ofSeconds(30),
                Duration.ofMinutes(5),
                Duration.ofHours(4),
                Map.of()));
    if (root.receiver().isEmpty()) {
      throw at(map, "root route must specify a default receiver");
    }
    if (!root.matchers().isEmpty()) {
      throw at(map, "root route must not have any matchers");
    }
    if (!root.muteTimeIntervals().isEmpty()) {
      throw at(map, "root route must not have any mute time intervals");
    }
    if (!root.activeTimeIntervals().isEmpty()) {
      throw at(map, "root route must not have any active time intervals");
    }
    if (root.continues()) {
      throw at(map, "cannot have continue in root route");
    }
    return root;
  }

  private Route route(Mapping map, Inherited parent) {
    String receiver = parent.receiver;
    List<String> groupBy = parent.groupBy;
    boolean groupByAll = parent.groupByAll;
    Duration wait = parent.groupWait;
    Duration interval = parent.groupInterval;
    Duration repeat = parent.repeatInterval;
    Map<String, String> labels = new LinkedHashMap<>(parent.labels);
    List<LabelMatcher> matchers = new ArrayList<>();
    List<LabelMatcher> match = new ArrayList<>();
    boolean continues = false;
    List<String> mute = List.of();
    List<String> active = List.of();
    ConfigNode children = null;
    for (Entry e : map.entries()) {
      ConfigNode v = e.value();
      if (isNull(v)) {
        continue;
      }
      switch (e.key()) {
        case "receiver" -> {
          String name = text(v, "receiver");
          receiver = name.isEmpty() ? receiver : name;
        }
        case "group_by" -> {
          List<String> names = groupBy(v);
          groupByAll = names.contains("...");
          groupBy = groupByAll ? List.of() : names;
        }
        case "group_wait" -> wait = duration(v, e.key());
        case "group_interval" -> {
          interval = duration(v, e.key());
          if (interval.isZero()) {
            throw at(v, "group_interval cannot be zero");
          }
        }
        case "repeat_interval" -> {
          repeat = duration(v, e.key());
          if (repeat.isZero()) {
            throw at(v, "repeat_interval cannot be zero");
          }
        }
        case "matchers" -> matchers.addAll(matchers(v));
        case "match" -> match.addAll(match(v, false, "match"));
        case "match_re" -> match.addAll(match(v, true, "match_re"));
        case "continue" -> continues = bool(v, "continue");
        case "mute_time_intervals" -> mute = texts(v, e.key());
        case "active_time_intervals" -> active = texts(v, e.key());
        case "labels" -> {
          for (Entry l : mapping(v, "labels").entries()) {
            if (!validLabelName(l.key())) {
              throw new ConfigException(
                  l.keyPlace() + ": invalid label name \"" + l.key() + "\" in route labels");
            }
            labels.put(l.key(), text(l.value(), l.key()));
          }
        }
        case "routes" -> children = v;
        default -> throw unknown(e, "a route");
      }
    }
    match.addAll(matchers);
    match.sort(
        java.util.Comparator.comparing(LabelMatcher::name)
            .thenComparing(LabelMatcher::value)
            .thenComparing(m -> List.of("=", "!=", "=~", "!~").indexOf(m.operator())));
    Inherited own = new Inherited(receiver, groupBy, groupByAll, wait, interval, repeat, labels);
    List<Route> routes = new ArrayList<>();
    if (children != null) {
      for (ConfigNode child : list(children, "routes")) {
        routes.add(route(mapping(child, "a route"), own));
      }
    }
    return new Route(
        receiver,
        groupBy,
        groupByAll,
        List.copyOf(match),
        continues,
        wait,
        interval,
        repeat,
        mute,
        active,
        Map.copyOf(labels),
        List.copyOf(routes));
  }

  private List<String> groupBy(ConfigNode node) {
    Set<String> names = new LinkedHashSet<>();
    for (String name : texts(node, "group_by")) {
      if (!name.equals("...") && !validLabelName(name)) {
        throw at(node, "invalid label name \"" + name + "\" in group_by list");
      }
      if (!names.add(name)) {
        throw at(node, "duplicated label \"" + name + "\" in group_by");
      }
    }
    if (names.contains("...") && names.size() > 1) {
      throw at(node, "cannot have wildcard group_by (`...`) and other labels at the same time");
    }
    return List.copyOf(names);
  }

  private static void checkReferences(
      Route route, ConfigNode node, List<Receiver> receivers, List<TimeIntervalSet> intervals) {
    if (receivers.stream().noneMatch(r -> r.name().equals(route.receiver()))) {
      throw at(node, "undefined receiver \"" + route.receiver() + "\" used in route");
    }
    List<String> used = new ArrayList<>(route.muteTimeIntervals());
    used.addAll(route.activeTimeIntervals());
    for (String name : used) {
      if (intervals.stream().noneMatch(t -> t.name().equals(name))) {
        throw at(node, "undefined time interval \"" + name + "\" used in route");
      }
    }
    @Nullable ConfigNode children = node instanceof Mapping m ? m.get("routes") : null;
    for (int i = 0; i < route.routes().size(); i++) {
      ConfigNode child =
          children instanceof Sequence s && i < s.items().size() ? s.items().get(i) : node;
      checkReferences(route.routes().get(i), child, receivers, intervals);
    }
  }
}
