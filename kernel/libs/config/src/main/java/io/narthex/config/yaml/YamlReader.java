package io.narthex.config.yaml;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Place;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
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

/**
 * Reads YAML into {@link ConfigNode}s as Prometheus and Alertmanager do: YAML 1.1 booleans ({@code
 * yes}, {@code on}), merge keys, anchors; a duplicate key is an error. Only the first document
 * counts unless the caller asks for exactly one.
 */
public final class YamlReader {
  private static final int MAX_NODES = 2_000_000;
  private static final Pattern NUMBER =
      Pattern.compile(
          "[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(\\.[0-9]+|[0-9][0-9_]*(\\.[0-9]*)?)([eE][-+]?[0-9]+)?)",
          0);
  private static final int MAX_FOREIGN_NODES = 10_000;

  private final String file;
  private final Set<Node> open = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Node> seen = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
  private final boolean foreign;
  private int nodes;

  private YamlReader(String file, boolean foreign) {
    this.file = file;
    this.foreign = foreign;
  }

  /**
   * Reads the first document.
   *
   * @param file name for messages
   * @return an empty map for an empty text
   * @throws ConfigException with file, line and column
   */
  public static ConfigNode read(String file, String text) {
    List<ConfigNode> documents = readAll(file, text, 1);
    return documents.isEmpty() ? ConfigNode.emptyMapping(file) : documents.get(0);
  }

  /**
   * Reads a text that must consist of one document.
   *
   * @throws ConfigException with file, line and column, also for a second document
   */
  public static ConfigNode readSingle(String file, String text) {
    List<ConfigNode> documents = readAll(file, text, 2);
    if (documents.size() > 1) {
      throw new ConfigException(
          documents.get(1).place()
              + ": only one YAML document is allowed, got a second one; split the file");
    }
    return documents.isEmpty() ? ConfigNode.emptyMapping(file) : documents.get(0);
  }

  /**
   * Reads the first document of an untrusted text, for example an expanded annotation: without
   * aliases, with far fewer values than a file may have.
   *
   * @throws ConfigException with file, line and column
   */
  public static ConfigNode readForeign(String file, String text) {
    List<ConfigNode> documents = readAll(file, text, 1, true);
    return documents.isEmpty() ? ConfigNode.emptyMapping(file) : documents.get(0);
  }

  private static List<ConfigNode> readAll(String file, String text, int most) {
    return readAll(file, text, most, false);
  }

  private static List<ConfigNode> readAll(String file, String text, int most, boolean foreign) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(64 << 20);
    options.setMaxAliasesForCollections(10_000);
    options.setAllowDuplicateKeys(true); // reported below, with both positions
    options.setNestingDepthLimit(200);
    Yaml yaml = new Yaml(new SafeConstructor(options));
    List<ConfigNode> documents = new ArrayList<>();
    try {
      for (Node node : yaml.composeAll(new StringReader(text))) {
        if (node != null) {
          documents.add(new YamlReader(file, foreign).convert(node));
        }
        if (documents.size() == most) {
          break;
        }
      }
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark();
      String place =
          mark == null
              ? file
              : new Place(file, mark.getLine() + 1, mark.getColumn() + 1).toString();
      String context = e.getContext() == null ? "" : e.getContext() + ", ";
      throw new ConfigException(place + ": not valid YAML: " + context + e.getProblem(), e);
    } catch (YAMLException e) {
      throw new ConfigException(file + ": not valid YAML: " + e.getMessage(), e);
    } catch (NumberFormatException e) {
      // the library's scanner runs past a text that ends in an escape
      throw new ConfigException(file + ": not valid YAML: an escape is not complete", e);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(file + ": not valid YAML: " + e.getMessage(), e); // a wrong tag
    }
    return documents;
  }

  private ConfigNode convert(Node node) {
    Place place = place(node);
    if (foreign && (nodes >= MAX_FOREIGN_NODES || !seen.add(node))) {
      throw new ConfigException(
          place
              + ": a text from outside must not have aliases, nor more than "
              + MAX_FOREIGN_NODES
              + " values");
    }
    if (++nodes > MAX_NODES) {
      throw new ConfigException(
          place + ": the file expands to more than " + MAX_NODES + " values; use fewer aliases");
    }
    if (node instanceof ScalarNode scalar) {
      return scalar(place, scalar);
    }
    if (!open.add(node)) {
      throw new ConfigException(place + ": an anchor contains itself");
    }
    try {
      if (node instanceof SequenceNode sequence) {
        List<ConfigNode> items = new ArrayList<>();
        for (Node item : sequence.getValue()) {
          items.add(convert(item));
        }
        return new Sequence(place, items);
      }
      return mapping(place, (MappingNode) node);
    } finally {
      open.remove(node);
    }
  }

  private Scalar scalar(Place place, ScalarNode node) {
    if (node.getTag().equals(Tag.BINARY)) {
      return new Scalar(place, binary(place, node.getValue()), Scalar.Kind.STRING);
    }
    Tag tag = node.getTag(); // of a quoted value: text, unless another one is written before it
    if (tag.equals(Tag.NULL)) {
      return new Scalar(place, "", Scalar.Kind.NULL);
    }
    Scalar.Kind kind =
        tag.equals(Tag.BOOL)
            ? Scalar.Kind.BOOLEAN
            : tag.equals(Tag.INT)
                ? Scalar.Kind.INTEGER
                : tag.equals(Tag.FLOAT) ? Scalar.Kind.FLOAT : unresolved(node);
    return new Scalar(place, node.getValue(), kind);
  }

  /** Returns the kind of a value that Prometheus' parser does not read as a string. */
  private Scalar.Kind unresolved(ScalarNode node) {
    String text = node.getValue();
    if (foreign || node.getScalarStyle() != ScalarStyle.PLAIN || text.isEmpty()) {
      return Scalar.Kind.STRING;
    }
    if (text.length() == 1 && "yYnN".contains(text)) {
      return Scalar.Kind.BOOLEAN;
    }
    return NUMBER.matcher(text).matches() ? Scalar.Kind.FLOAT : Scalar.Kind.STRING;
  }

  /** Returns the bytes of a {@code !!binary} value as text; see {@link #text(byte[])}. */
  private static String binary(Place place, String base64) {
    try {
      return text(Base64.getDecoder().decode(base64.replaceAll("\\s", "")));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(place + ": !!binary value contains invalid base64 data", e);
    }
  }

  /**
   * Decodes UTF-8. An invalid byte becomes the lone surrogate {@code U+DC00} + byte, so that checks
   * of names and values refuse it.
   */
  private static String text(byte[] bytes) {
    StringBuilder out = new StringBuilder();
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer chunk = CharBuffer.allocate(bytes.length + 1);
    while (true) {
      CoderResult result = decoder.decode(in, chunk, true);
      out.append(chunk.flip());
      chunk.clear();
      if (!result.isError()) {
        return out.toString();
      }
      for (int i = 0; i < result.length(); i++) {
        out.append((char) (0xdc00 + (in.get() & 0xff)));
      }
      decoder.reset();
    }
  }

  private Mapping mapping(Place place, MappingNode node) {
    Map<String, Entry> own = new LinkedHashMap<>();
    List<Mapping> merged = new ArrayList<>();
    for (NodeTuple tuple : node.getValue()) {
      Node keyNode = tuple.getKeyNode();
      Place keyPlace = place(keyNode);
      if (!(keyNode instanceof ScalarNode key)) {
        throw new ConfigException(keyPlace + ": a key must be a single value");
      }
      if (key.getTag().equals(Tag.MERGE)) {
        merged.addAll(mergeSources(convert(tuple.getValueNode()), keyPlace));
        continue;
      }
      Entry entry =
          new Entry(keyPlace, scalar(keyPlace, key).text(), convert(tuple.getValueNode()));
      Entry before = own.putIfAbsent(entry.key(), entry);
      if (before != null) {
        throw new ConfigException(
            keyPlace
                + ": key \""
                + entry.key()
                + "\" already set in map, at line "
                + before.keyPlace().line()
                + "; remove one of them");
      }
    }
    if (merged.isEmpty()) {
      return new Mapping(place, new ArrayList<>(own.values()));
    }
    Map<String, Entry> all = new LinkedHashMap<>(own);
    Set<String> taken = new LinkedHashSet<>(own.keySet());
    for (Mapping source : merged) {
      for (Entry e : source.entries()) {
        if (taken.add(e.key())) {
          all.put(e.key(), e);
        }
      }
    }
    return new Mapping(place, new ArrayList<>(all.values()));
  }

  private static List<Mapping> mergeSources(ConfigNode value, Place at) {
    List<Mapping> sources = new ArrayList<>();
    List<ConfigNode> candidates = value instanceof Sequence s ? s.items() : List.of(value);
    for (ConfigNode candidate : candidates) {
      if (!(candidate instanceof Mapping mapping)) {
        throw new ConfigException(at + ": map merge requires map or sequence of maps as the value");
      }
      sources.add(mapping);
    }
    return sources;
  }

  private Place place(Node node) {
    Mark mark = node.getStartMark();
    return mark == null
        ? new Place(file, 1, 1)
        : new Place(file, mark.getLine() + 1, mark.getColumn() + 1);
  }
}
