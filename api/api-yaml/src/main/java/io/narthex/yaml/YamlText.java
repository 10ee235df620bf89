package io.narthex.yaml;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Place;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Reads YAML into {@link ConfigNode}s as Go's yaml packages do: YAML 1.1 booleans ({@code yes},
 * {@code on}), merge keys, anchors; a duplicate key is an error. Only the first document counts;
 * what follows it is not looked at.
 */
public final class YamlText {
  private static final int MAX_BYTES = 64 << 20;

  private static final Pattern NUMBER =
      Pattern.compile(
          "[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(\\.[0-9]+|[0-9][0-9_]*(\\.[0-9]*)?)([eE][-+]?[0-9]+)?)",
          0);

  /**
   * What a text may cost.
   *
   * @param characters of the text
   * @param values lists, maps and scalars, after aliases
   * @param depth lists and maps within each other
   * @param aliases whether aliases are taken; a text from outside should have none
   */
  public record Limits(int characters, int values, int depth, boolean aliases) {
    /** For files of the operator. */
    public static final Limits FILE = new Limits(64 << 20, 2_000_000, 200, true);
  }

  /** Which value a key has that a map sets and a merged map too. */
  public enum Merge {
    /** The one written later, as in version 2 of Go's package: all files but rules. */
    IN_ORDER,
    /** The map's own, as in version 3 and in YAML's description. */
    OWN_FIRST
  }

  private final String file;
  private final Limits limits;
  private final Merge merge;
  private final Set<Node> open = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private int nodes;

  private YamlText(String file, Limits limits, Merge merge) {
    this.file = file;
    this.limits = limits;
    this.merge = merge;
  }

  /**
   * Returns the text of a file: UTF-8, or UTF-16 with a byte order mark.
   *
   * @throws IOException when it cannot be read; a CharacterCodingException when it is neither
   */
  public static String of(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new IOException("it must have at most " + MAX_BYTES + " bytes; split it");
    }
    Charset charset = StandardCharsets.UTF_8;
    int mark = 0;
    if (bytes.length >= 2) {
      int first = (bytes[0] & 0xff) << 8 | bytes[1] & 0xff;
      charset =
          first == 0xfeff
              ? StandardCharsets.UTF_16BE
              : first == 0xfffe ? StandardCharsets.UTF_16LE : charset;
      mark = charset.equals(StandardCharsets.UTF_8) ? 0 : 2;
    }
    return charset
        .newDecoder()
        .decode(ByteBuffer.wrap(bytes, mark, bytes.length - mark))
        .toString();
  }

  /**
   * Reads the first document.
   *
   * @param file name for messages
   * @return an empty map for an empty text
   * @throws ConfigException with file, line and column
   */
  public static ConfigNode read(String file, String text, Limits limits, Merge merge) {
    if (text.length() > limits.characters()) {
      throw new ConfigException(
          file
              + ": the file must have at most "
              + limits.characters()
              + " characters, got "
              + text.length()
              + "; split it");
    }
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(limits.characters());
    options.setMaxAliasesForCollections(10_000);
    options.setAllowDuplicateKeys(true); // reported below, with both positions
    options.setNestingDepthLimit(limits.depth());
    try {
      Composer composer =
          new Composer(new ParserImpl(new TabScanner(text, options)), new Resolver(), options);
      return composer.checkNode()
          ? new YamlText(file, limits, merge).convert(composer.getNode())
          : ConfigNode.emptyMapping(file);
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
  }

  private ConfigNode convert(Node node) {
    Place place = place(node);
    if (!limits.aliases() && (nodes >= limits.values() || !seen.add(node))) {
      throw new ConfigException(
          place
              + ": a text from outside must not have aliases, nor more than "
              + limits.values()
              + " values");
    }
    if (++nodes > limits.values()) {
      throw new ConfigException(
          place
              + ": the file expands to more than "
              + limits.values()
              + " values; use fewer aliases");
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
    String text = node.getValue();
    if (!isWellFormed(text)) {
      throw new ConfigException(
          place
              + ": not valid YAML: an escape names half of a surrogate pair; write \\U and 8 digits");
    }
    return new Scalar(place, text, kind);
  }

  /** Returns whether a text can be written as UTF-8: it has no half of a surrogate pair. */
  public static boolean isWellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      int c = text.codePointAt(i);
      if (c > 0xffff) {
        i++;
      } else if (c >= 0xd800 && c <= 0xdfff) {
        return false;
      }
    }
    return true;
  }

  /** Returns the kind of a value that Prometheus' parser does not read as a string. */
  private Scalar.Kind unresolved(ScalarNode node) {
    String text = node.getValue();
    if (!limits.aliases() || node.getScalarStyle() != ScalarStyle.PLAIN || text.isEmpty()) {
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
    Map<String, Entry> all = new LinkedHashMap<>();
    for (NodeTuple tuple : node.getValue()) {
      Node keyNode = tuple.getKeyNode();
      Place keyPlace = place(keyNode);
      if (!(keyNode instanceof ScalarNode key)) {
        throw new ConfigException(keyPlace + ": a key must be a single value");
      }
      if (key.getTag().equals(Tag.MERGE)) {
        for (Entry e : merged(convert(tuple.getValueNode()), keyPlace).values()) {
          if (merge == Merge.IN_ORDER || !own.containsKey(e.key())) {
            put(all, e);
          }
        }
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
      put(all, entry);
    }
    return new Mapping(place, new ArrayList<>(all.values()));
  }

  private static void put(Map<String, Entry> all, Entry entry) {
    all.remove(entry.key()); // so that the order is that of the values
    all.put(entry.key(), entry);
  }

  /** Returns what a merge key sets; of several maps the first that has a key decides. */
  private static Map<String, Entry> merged(ConfigNode value, Place at) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    List<ConfigNode> candidates = value instanceof Sequence s ? s.items() : List.of(value);
    for (ConfigNode candidate : candidates) {
      if (!(candidate instanceof Mapping mapping)) {
        throw new ConfigException(at + ": map merge requires map or sequence of maps as the value");
      }
      for (Entry e : mapping.entries()) {
        entries.putIfAbsent(e.key(), e);
      }
    }
    return entries;
  }

  private Place place(Node node) {
    Mark mark = node.getStartMark();
    return mark == null
        ? new Place(file, 1, 1)
        : new Place(file, mark.getLine() + 1, mark.getColumn() + 1);
  }
}
