package io.narthex.exporter.jvm.jmx;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Reads YAML into nodes that know where they stand. Builds no objects that a file may name. */
final class YamlTree {
  private static final int MOST_CHARS = 1 << 20;
  private static final int MOST_NODES = 200_000;
  private static final int DEEPEST = 32;

  private final String file;
  private int nodes;

  private YamlTree(String file) {
    this.file = file;
  }

  /**
   * Reads one document; an empty one is a mapping without keys.
   *
   * @throws ConfigException when the text is no YAML or too large
   */
  static ConfigNode read(String file, String text) {
    if (text.length() > MOST_CHARS) {
      throw new ConfigException(
          file + ": a rule file has at most " + MOST_CHARS + " characters, got " + text.length());
    }
    LoaderOptions options = new LoaderOptions();
    options.setNestingDepthLimit(DEEPEST);
    options.setMaxAliasesForCollections(50);
    options.setCodePointLimit(MOST_CHARS);
    Node root;
    try {
      root = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark();
      String where =
          mark == null ? file : file + ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1);
      throw new ConfigException(where + ": " + e.getProblem(), e);
    } catch (YAMLException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
    if (root == null) {
      return ConfigNode.emptyMapping(file);
    }
    return new YamlTree(file).node(root, 0);
  }

  private ConfigNode.Place place(Node node) {
    Mark mark = node.getStartMark();
    return new ConfigNode.Place(file, mark.getLine() + 1, mark.getColumn() + 1);
  }

  private ConfigNode node(Node node, int depth) {
    // aliases make a small file a large tree
    if (++nodes > MOST_NODES || depth > DEEPEST) {
      throw new ConfigException(
          place(node)
              + ": a rule file has at most "
              + MOST_NODES
              + " nodes in "
              + DEEPEST
              + " levels, aliases included");
    }
    return switch (node) {
      case ScalarNode s -> new ConfigNode.Scalar(place(s), text(s), kind(s));
      case SequenceNode s -> {
        List<ConfigNode> items = new ArrayList<>();
        for (Node item : s.getValue()) {
          items.add(node(item, depth + 1));
        }
        yield new ConfigNode.Sequence(place(s), items);
      }
      case MappingNode m -> {
        List<ConfigNode.Entry> entries = new ArrayList<>();
        Set<String> keys = new HashSet<>();
        for (NodeTuple tuple : m.getValue()) {
          if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            throw new ConfigException(place(tuple.getKeyNode()) + ": a key must be a text");
          }
          if (key.getTag().equals(Tag.MERGE)) {
            continue;
          }
          if (!keys.add(key.getValue())) {
            throw new ConfigException(
                place(key) + ": key \"" + key.getValue() + "\" comes twice; remove one");
          }
          entries.add(
              new ConfigNode.Entry(
                  place(key), key.getValue(), node(tuple.getValueNode(), depth + 1)));
        }
        for (NodeTuple tuple : m.getValue()) {
          if (tuple.getKeyNode().getTag().equals(Tag.MERGE)) {
            merge(node(tuple.getValueNode(), depth + 1), keys, entries);
          }
        }
        yield new ConfigNode.Mapping(place(m), entries);
      }
      default -> throw new ConfigException(place(node) + ": neither text, list nor map");
    };
  }

  /** Adds the entries of a map, or of several, whose keys are not there yet. */
  private static void merge(ConfigNode from, Set<String> keys, List<ConfigNode.Entry> entries) {
    switch (from) {
      case ConfigNode.Mapping m -> {
        for (ConfigNode.Entry e : m.entries()) {
          if (keys.add(e.key())) {
            entries.add(e);
          }
        }
      }
      case ConfigNode.Sequence s
          when s.items().stream().allMatch(ConfigNode.Mapping.class::isInstance) ->
          s.items().forEach(item -> merge(item, keys, entries));
      default -> throw new ConfigException(from.place() + ": << takes a map or a list of maps");
    }
  }

  private static String text(ScalarNode node) {
    return node.getTag().equals(Tag.NULL) ? "" : node.getValue();
  }

  private static ConfigNode.Scalar.Kind kind(ScalarNode node) {
    Tag tag = node.getTag();
    if (tag.equals(Tag.BOOL)) {
      return ConfigNode.Scalar.Kind.BOOLEAN;
    }
    if (tag.equals(Tag.INT)) {
      return ConfigNode.Scalar.Kind.INTEGER;
    }
    if (tag.equals(Tag.FLOAT)) {
      return ConfigNode.Scalar.Kind.FLOAT;
    }
    return tag.equals(Tag.NULL) ? ConfigNode.Scalar.Kind.NULL : ConfigNode.Scalar.Kind.STRING;
  }
}
