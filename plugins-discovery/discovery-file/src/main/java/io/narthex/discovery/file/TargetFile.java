package io.narthex.discovery.file;

import io.narthex.json.targets.TargetListJson;
import io.narthex.model.TargetGroup;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.yaml.YamlText;
import io.narthex.yaml.YamlText.Limits;
import io.narthex.yaml.YamlText.Merge;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads a file with a list of {@code targets} and {@code labels}, in JSON or YAML by its name. */
final class TargetFile {
  private static final Limits LIMITS = new Limits(256 << 20, 20_000_000, 200, true);

  private TargetFile() {}

  /**
   * Returns the groups of a file.
   *
   * @throws IOException when it cannot be read or has another form, with position and reason
   */
  static List<TargetGroup> read(Path file) throws IOException {
    boolean json = file.toString().toLowerCase(Locale.ROOT).endsWith(".json");
    List<TargetGroup> groups = new ArrayList<>();
    for (TargetListJson.Group g : json ? json(file) : yaml(file)) {
      g.labels().put("__meta_filepath", file.toString());
      List<Map<String, String>> targets =
          g.targets().stream().map(t -> Map.of(TargetGroup.ADDRESS, t)).toList();
      groups.add(new TargetGroup(file + ":" + groups.size(), g.labels(), targets));
    }
    return groups;
  }

  private static List<TargetListJson.Group> json(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return TargetListJson.read(file.toString(), in);
    }
  }

  private static List<TargetListJson.Group> yaml(Path file) throws IOException {
    try {
      String text = YamlText.of(file);
      ConfigNode root = YamlText.read(file.toString(), text, LIMITS, Merge.IN_ORDER);
      List<TargetListJson.Group> groups = new ArrayList<>();
      boolean empty = root instanceof Mapping m && m.entries().isEmpty() && text.indexOf('{') < 0;
      for (ConfigNode item : empty ? List.<ConfigNode>of() : list(root, "the file")) {
        if (isNull(item)) {
          throw fault(item, "nil target group item found (index " + groups.size() + ")");
        }
        groups.add(group(item));
      }
      return groups;
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    } catch (CharacterCodingException e) {
      throw new IOException(file + ": is not encoded in UTF-8; save it so", e);
    }
  }

  private static TargetListJson.Group group(ConfigNode node) {
    List<String> targets = new ArrayList<>();
    Map<String, String> labels = new LinkedHashMap<>();
    for (Entry e : map(node, "a target group")) {
      switch (e.key()) {
        case "targets" -> {
          for (ConfigNode t : list(e.value(), "targets")) {
            if (!isNull(t)) {
              targets.add(text(t));
            }
          }
        }
        case "labels" -> {
          for (Entry l : map(e.value(), "labels")) {
            String value = text(l.value());
            if (l.key().isEmpty() && !value.isEmpty()) {
              throw new ConfigException(l.keyPlace() + ": \"\" is not a valid label name");
            }
            if (!value.isEmpty()) {
              labels.put(l.key(), value);
            }
          }
        }
        default ->
            throw new ConfigException(
                e.keyPlace() + ": field " + e.key() + " not found; use targets or labels");
      }
    }
    return new TargetListJson.Group(labels, targets);
  }

  private static boolean isNull(ConfigNode node) {
    return node instanceof Scalar s && s.kind() == Scalar.Kind.NULL;
  }

  private static List<ConfigNode> list(ConfigNode node, String what) {
    if (node instanceof Sequence list) {
      return list.items();
    }
    if (isNull(node)) {
      return List.of();
    }
    throw fault(node, what + " must be a list");
  }

  private static List<Entry> map(ConfigNode node, String what) {
    if (node instanceof Mapping map) {
      return map.entries();
    }
    if (isNull(node)) {
      return List.of();
    }
    throw fault(node, what + " must be a map");
  }

  private static String text(ConfigNode node) {
    if (node instanceof Scalar s) {
      if (!YamlText.isWellFormed(s.text())) { // a binary value
        throw fault(node, "must be UTF-8");
      }
      return s.text();
    }
    throw fault(node, "must be a text");
  }

  private static ConfigException fault(ConfigNode node, String what) {
    return new ConfigException(node.place() + ": " + what);
  }
}
