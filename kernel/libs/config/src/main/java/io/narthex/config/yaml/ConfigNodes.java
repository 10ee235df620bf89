package io.narthex.config.yaml;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.util.List;

/**
 * Typed access to nodes for loaders of files. Each method throws {@link ConfigException} with the
 * position of a node that is something else.
 */
public final class ConfigNodes {
  private ConfigNodes() {}

  /** Returns an error at a node. */
  public static ConfigException at(ConfigNode node, String text) {
    return new ConfigException(node.place() + ": " + text);
  }

  /** Returns whether a value is absent, as in {@code key:}. */
  public static boolean isNull(ConfigNode node) {
    return node instanceof Scalar s && s.kind() == Scalar.Kind.NULL;
  }

  /** Returns a map; an empty one for an absent value. */
  public static Mapping mapping(ConfigNode node, String what) {
    if (node instanceof Mapping m) {
      return m;
    }
    if (isNull(node)) {
      return new Mapping(node.place(), List.of());
    }
    throw at(node, what + " must be a map, got " + describe(node));
  }

  /** Returns the items of a list; none for an absent value. */
  public static List<ConfigNode> list(ConfigNode node, String key) {
    if (node instanceof Sequence s) {
      return s.items();
    }
    if (isNull(node)) {
      return List.of();
    }
    throw at(node, key + " must be a list, got " + describe(node));
  }

  /** Returns the text of a single value. */
  public static String text(ConfigNode node, String key) {
    if (node instanceof Scalar s) {
      return s.text();
    }
    throw at(node, key + " must be a single value, got " + describe(node));
  }

  /** Describes a node for error messages. */
  static String describe(ConfigNode node) {
    return switch (node) {
      case Mapping _ -> "a map";
      case Sequence _ -> "a list";
      case Scalar s -> isNull(s) ? "nothing" : "\"" + s.text() + "\"";
    };
  }
}
