package io.narthex.exporter.jvm.jmx;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keys of one map of a rule file, read by type, with errors that say where. */
final class Keys {
  private final Mapping map;
  private final Set<String> asked = new HashSet<>();

  private Keys(Mapping map) {
    this.map = map;
  }

  static Keys of(ConfigNode node, String what) {
    if (node instanceof Scalar s && s.kind() == Scalar.Kind.NULL) {
      return new Keys(new Mapping(s.place(), List.of()));
    }
    if (node instanceof Mapping m) {
      return new Keys(m);
    }
    throw error(node, what + " must be a map");
  }

  static ConfigException error(ConfigNode node, String message) {
    String got = node instanceof Scalar s ? ", got \"" + s.text() + "\"" : "";
    return new ConfigException(node.place() + ": " + message + got);
  }

  ConfigException error(String message) {
    return new ConfigException(map.place() + ": " + message);
  }

  /** Returns the value of a key, or null when it is absent or empty. */
  @Nullable ConfigNode get(String key) {
    asked.add(key);
    ConfigNode node = map.get(key);
    return node instanceof Scalar s && s.kind() == Scalar.Kind.NULL ? null : node;
  }

  boolean has(String key) {
    return get(key) != null;
  }

  List<ConfigNode.Entry> entries() {
    return map.entries();
  }

  /** Returns the keys that nobody has asked for, with their places. */
  List<String> unknown() {
    List<String> unknown = new ArrayList<>();
    for (ConfigNode.Entry e : map.entries()) {
      if (!asked.contains(e.key())) {
        unknown.add(e.keyPlace() + ": \"" + e.key() + "\"");
      }
    }
    return unknown;
  }

  @Nullable String text(String key) {
    ConfigNode node = get(key);
    return node == null ? null : text(node, key);
  }

  static String text(ConfigNode node, String what) {
    if (node instanceof Scalar s) {
      return s.text();
    }
    throw error(node, what + " must be a text");
  }

  boolean flag(String key, boolean absent) {
    ConfigNode node = get(key);
    return node == null ? absent : flag(node, key);
  }

  static boolean flag(ConfigNode node, String what) {
    if (node instanceof Scalar s) {
      switch (s.text().toLowerCase(Locale.ROOT)) {
        case "true", "yes", "on" -> {
          return true;
        }
        case "false", "no", "off" -> {
          return false;
        }
        default -> {}
      }
    }
    throw error(node, what + " must be true or false");
  }

  double number(String key, double absent) {
    ConfigNode node = get(key);
    if (node == null) {
      return absent;
    }
    try {
      return Double.parseDouble(text(node, key));
    } catch (NumberFormatException e) {
      throw error(node, key + " must be a number");
    }
  }

  /** Returns the items of a list; one text stands for a list of one. */
  List<ConfigNode> list(String key) {
    ConfigNode node = get(key);
    if (node == null) {
      return List.of();
    }
    return switch (node) {
      case Sequence s -> s.items();
      case Scalar s -> List.of(s);
      case Mapping m -> throw error(m, key + " must be a list");
    };
  }

  List<String> texts(String key) {
    return list(key).stream().map(n -> text(n, "an item of " + key)).toList();
  }
}
