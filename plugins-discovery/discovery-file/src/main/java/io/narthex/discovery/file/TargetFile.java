package io.narthex.discovery.file;

import io.narthex.model.TargetGroup;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/** Reads a file with a list of {@code targets} and {@code labels}. */
final class TargetFile {
  private TargetFile() {}

  /**
   * Returns the groups of a file.
   *
   * @throws IOException when it cannot be read or has another form, with position and reason
   */
  static List<TargetGroup> read(Path file) throws IOException {
    String text = Files.readString(file);
    boolean json = file.toString().toLowerCase(Locale.ROOT).endsWith(".json");
    Node root;
    try {
      LoaderOptions options = new LoaderOptions();
      options.setCodePointLimit(256 << 20);
      root =
          new Composer(
                  new ParserImpl(
                      new StreamReader(new StringReader(json ? plainJson(text) : text)), options),
                  new Resolver(),
                  options)
              .getSingleNode();
    } catch (YAMLException e) {
      throw new IOException(
          file + ": " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
    }
    List<TargetGroup> groups = new ArrayList<>();
    if (root == null || isNull(root)) {
      return groups;
    }
    if (!(root instanceof SequenceNode list)) {
      throw fault(file, root, "must be a list of target groups");
    }
    for (Node item : list.getValue()) {
      if (!(item instanceof MappingNode group)) {
        throw fault(file, item, "nil target group item found (index " + groups.size() + ")");
      }
      groups.add(group(file, group, groups.size()));
    }
    return groups;
  }

  private static TargetGroup group(Path file, MappingNode node, int index) throws IOException {
    List<Map<String, String>> targets = new ArrayList<>();
    Map<String, String> labels = new LinkedHashMap<>();
    for (NodeTuple entry : node.getValue()) {
      String key = text(file, entry.getKeyNode());
      Node value = entry.getValueNode();
      switch (key) {
        case "targets" -> {
          if (!isNull(value)) {
            if (!(value instanceof SequenceNode list)) {
              throw fault(file, value, "targets must be a list");
            }
            for (Node t : list.getValue()) {
              targets.add(Map.of(TargetGroup.ADDRESS, text(file, t)));
            }
          }
        }
        case "labels" -> {
          if (!isNull(value)) {
            if (!(value instanceof MappingNode map)) {
              throw fault(file, value, "labels must be a map");
            }
            for (NodeTuple l : map.getValue()) {
              labels.put(text(file, l.getKeyNode()), text(file, l.getValueNode()));
            }
          }
        }
        default ->
            throw fault(
                file, entry.getKeyNode(), "field " + key + " not found; use targets or labels");
      }
    }
    labels.put("__meta_filepath", file.toString());
    return new TargetGroup(file + ":" + index, labels, targets);
  }

  private static boolean isNull(@Nullable Node node) {
    return node instanceof ScalarNode s && s.getTag().equals(Tag.NULL);
  }

  private static String text(Path file, Node node) throws IOException {
    if (node instanceof ScalarNode s) {
      return s.getValue();
    }
    throw fault(file, node, "must be a text");
  }

  private static IOException fault(Path file, Node node, String what) {
    return new IOException(
        file
            + ":"
            + (node.getStartMark().getLine() + 1)
            + ":"
            + (node.getStartMark().getColumn() + 1)
            + ": "
            + what);
  }

  /** Rewrites what JSON allows and YAML does not: tabs between tokens, {@code \/} in strings. */
  private static String plainJson(String text) {
    StringBuilder b = new StringBuilder(text.length());
    boolean string = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        string = !string;
      } else if (c == '\\' && string && i + 1 < text.length()) {
        char next = text.charAt(++i);
        if (next != '/') {
          b.append('\\');
        }
        b.append(next);
        continue;
      } else if (c == '\t' && !string) {
        c = ' ';
      }
      b.append(c);
    }
    return b.toString();
  }
}
