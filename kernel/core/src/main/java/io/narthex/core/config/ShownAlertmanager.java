package io.narthex.core.config;

import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.alertmanager.OriginalReceivers;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.RecordYaml;
import io.narthex.config.yaml.SecretKeys;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code alertmanager.yml} as {@code /api/v2/status} shows it: with defaults, with what blocks of
 * receivers take from {@code global:}, matchers in one form, secrets hidden. What is a string to
 * Alertmanager stays one: a receiver named {@code off} is not shown as {@code false}.
 */
final class ShownAlertmanager {
  private static final String BLOCKS = "_configs";

  private static final List<String> ROUTE =
      List.of(
          "receiver",
          "group_by",
          "labels",
          "match",
          "match_re",
          "matchers",
          "mute_time_intervals",
          "active_time_intervals",
          "continue",
          "routes",
          "group_wait",
          "group_interval",
          "repeat_interval");

  private final ShownConfig.Records records;
  private final AlertmanagerConfig config;

  /** Creates one for a file that has been read. */
  ShownAlertmanager(ShownConfig.Records records, AlertmanagerConfig config) {
    this.records = records;
    this.config = config;
  }

  /** Returns the file as YAML. */
  String yaml(ConfigNode root) {
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    Mapping map = root instanceof Mapping m ? m : new Mapping(root.place(), List.of());
    out.put("global", globals(orEmpty(map.get("global"))));
    for (Entry e : map.entries()) {
      ConfigNode node = e.value();
      switch (e.key()) {
        case "global" -> {}
        case "route" -> out.put(e.key(), node instanceof Mapping m ? route(m) : texts(node));
        case "inhibit_rules" -> out.put(e.key(), each(node, this::inhibitRule));
        case "receivers" -> out.put(e.key(), each(node, this::receiver));
        case "templates" -> out.put(e.key(), config.templates());
        case "tracing", "event_recorder" -> out.put(e.key(), SecretKeys.hide(node));
        default -> out.put(e.key(), texts(node));
      }
    }
    return RecordYaml.print(out);
  }

  private static Mapping orEmpty(@Nullable ConfigNode node) {
    return node instanceof Mapping m
        ? m
        : new Mapping(node == null ? new ConfigNode.Place("", 1, 1) : node.place(), List.of());
  }

  /** Renders a map. */
  private interface Shape {
    @Nullable Object of(Mapping map);
  }

  private static @Nullable Object each(ConfigNode node, Shape shape) {
    if (!(node instanceof Sequence list)) {
      return texts(node);
    }
    List<@Nullable Object> out = new ArrayList<>();
    list.items().forEach(i -> out.add(i instanceof Mapping m ? shape.of(m) : texts(i)));
    return out;
  }

  /** Returns a node as lists and maps of strings. */
  private static @Nullable Object texts(ConfigNode node) {
    return switch (node) {
      case Scalar s -> s.kind() == Scalar.Kind.NULL ? null : s.text();
      case Sequence s -> {
        List<@Nullable Object> items = new ArrayList<>();
        s.items().forEach(i -> items.add(texts(i)));
        yield items;
      }
      case Mapping m -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        m.entries().forEach(e -> map.put(e.key(), texts(e.value())));
        yield map;
      }
    };
  }

  // --- routes and rules

  private Map<String, @Nullable Object> route(Mapping map) {
    Set<String> keys = new LinkedHashSet<>(ROUTE);
    map.entries().forEach(e -> keys.add(e.key()));
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    for (String key : keys) {
      ConfigNode node = map.get(key);
      if (key.equals("continue")) {
        out.put(key, node instanceof Scalar s && !s.text().isEmpty() && ConfigBinder.bool(s, key));
      } else if (node != null && !Checks.isNull(node)) {
        out.put(
            key,
            switch (key) {
              case "routes" -> each(node, this::route);
              case "matchers" -> matchers(node);
              case "group_wait", "group_interval", "repeat_interval" -> duration(node);
              default -> texts(node);
            });
      }
    }
    return out;
  }

  private static @Nullable Object duration(ConfigNode node) {
    try {
      return node instanceof Scalar s
          ? PromDuration.format(PromDuration.parse(s.text()))
          : texts(node);
    } catch (IllegalArgumentException e) {
      return texts(node);
    }
  }

  private Map<String, @Nullable Object> inhibitRule(Mapping map) {
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    for (Entry e : map.entries()) {
      out.put(e.key(), e.key().endsWith("_matchers") ? matchers(e.value()) : texts(e.value()));
    }
    return out;
  }

  private static @Nullable Object matchers(ConfigNode node) {
    if (!(node instanceof Sequence list)) {
      return texts(node);
    }
    List<String> out = new ArrayList<>();
    for (ConfigNode item : list.items()) {
      String text = item instanceof Scalar s ? s.text() : "";
      try {
        MatcherSyntax.parse(text, MatcherSyntax.Mode.FALLBACK)
            .forEach(m -> out.add(AlertMatcher.format(m)));
      } catch (IllegalArgumentException e) {
        out.add(text); // cannot be parsed
      }
    }
    return out;
  }

  // --- receivers

  private Map<String, @Nullable Object> receiver(Mapping map) {
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    ConfigNode name = map.get("name");
    if (name != null) {
      out.put("name", texts(name));
      Map<String, @Nullable Object> labels = new LinkedHashMap<>();
      labels.put("name", texts(name));
      orEmpty(map.get("labels")).entries().forEach(l -> labels.put(l.key(), texts(l.value())));
      out.put("labels", labels);
    }
    for (Entry e : map.entries()) {
      if (e.key().endsWith(BLOCKS)) {
        String type = e.key().substring(0, e.key().length() - BLOCKS.length());
        List<@Nullable Object> blocks = new ArrayList<>();
        if (e.value() instanceof Sequence list) {
          list.items().forEach(b -> blocks.add(block(type, b)));
        }
        out.put(e.key(), blocks);
      } else {
        out.putIfAbsent(e.key(), texts(e.value()));
      }
    }
    return out;
  }

  private @Nullable Object block(String type, ConfigNode block) {
    Class<? extends Record> record = records.notifier(type);
    if (record == null) {
      return unknown(type, block);
    }
    ShownConfig.Block effective;
    try {
      ConfigNode bound = Checks.isNull(block) ? orEmpty(block) : block;
      effective = records.effective(type, bound, config.globals());
    } catch (RuntimeException | LinkageError e) {
      effective = null; // its plugin refuses it, which is reported elsewhere
    }
    if (effective == null) {
      return SecretKeys.hide(block, record);
    }
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    ConfigNode given = block instanceof Mapping m ? m.get("send_resolved") : null;
    out.put(
        "send_resolved",
        given instanceof Scalar s && !s.text().isEmpty()
            ? ConfigBinder.bool(s, "send_resolved")
            : effective.sendResolvedByDefault());
    out.putAll(RecordYaml.toMap(effective.config()));
    return out;
  }

  /** Returns a block whose plugin does not run. */
  private static @Nullable Object unknown(String type, ConfigNode block) {
    Object shown = SecretKeys.hideUnknown(block);
    List<String> secrets = OriginalReceivers.secrets(type);
    if (secrets.isEmpty() || !(shown instanceof Map<?, ?> map)) {
      return shown;
    }
    Map<String, @Nullable Object> hidden = new LinkedHashMap<>();
    map.forEach((k, v) ->
        hidden.put(
            String.valueOf(k),
            secrets.contains(String.valueOf(k)) && v instanceof String ? SecretKeys.HIDDEN : v));
    return hidden;
  }

  // --- global

  private Map<String, @Nullable Object> globals(Mapping map) {
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    all.put("resolve_timeout", PromDuration.format(config.resolveTimeout()));
    ConfigNode http = map.get("http_config");
    all.put(
        "http_config",
        http == null || Checks.isNull(http)
            ? RecordYaml.toMap(HttpSettings.DEFAULT)
            : bound(http, HttpSettings.class));
    Set<String> declared = new LinkedHashSet<>(all.keySet());
    for (Class<? extends Record> type : records.globals()) {
      Set<String> keys = ConfigBinder.keys(type);
      Mapping own =
          new Mapping(
              map.place(), map.entries().stream().filter(e -> keys.contains(e.key())).toList());
      if (bound(own, type) instanceof Map<?, ?> values) {
        values.forEach((k, v) -> all.putIfAbsent(String.valueOf(k), v));
      }
      declared.addAll(keys);
    }
    for (Entry e : map.entries()) {
      if (!declared.contains(e.key())) {
        all.put(e.key(), undeclared(map, e));
      }
    }
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    for (String key : AlertmanagerConfigLoader.globalKeys()) {
      Object value = all.remove(key);
      if (value == null && !declared.contains(key)) {
        value = OriginalReceivers.shownDefault(key);
      }
      if (value != null) {
        out.put(key, value);
      }
    }
    out.putAll(all);
    return out;
  }

  /** Returns the value of a key that no running plugin declares. */
  private static @Nullable Object undeclared(Mapping map, Entry e) {
    if (OriginalReceivers.isNoSecret(e.key())) {
      return SecretKeys.hide(e.value());
    }
    Mapping single = new Mapping(map.place(), List.of(e));
    Object shown =
        AlertmanagerConfigLoader.globalKeys().contains(e.key())
            ? SecretKeys.hide(single)
            : SecretKeys.hideUnknown(single);
    return shown instanceof Map<?, ?> m ? m.get(e.key()) : null;
  }

  private static @Nullable Object bound(ConfigNode node, Class<? extends Record> type) {
    try {
      return RecordYaml.toMap(ConfigBinder.bind(node, type));
    } catch (ConfigException e) {
      return SecretKeys.hide(node, type); // reported elsewhere
    }
  }
}
