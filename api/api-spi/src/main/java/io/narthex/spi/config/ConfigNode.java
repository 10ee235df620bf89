package io.narthex.spi.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A node of a configuration file with its position. Immutable. */
public sealed interface ConfigNode {
  /** Returns the position of the start of the node. */
  Place place();

  /**
   * A position in a file.
   *
   * @param file file name as the user gave it
   * @param line from 1
   * @param column from 1
   */
  record Place(String file, int line, int column) {
    @Override
    public String toString() {
      return file + ":" + line + ":" + column;
    }
  }

  /**
   * A single value.
   *
   * @param text as written, without quotes; empty for null
   * @param kind the type that YAML resolves it to
   */
  record Scalar(Place place, String text, Kind kind) implements ConfigNode {
    /** What a plain scalar resolves to. */
    public enum Kind {
      /** Quoted, or plain without another meaning. */
      STRING,
      /** A YAML 1.1 boolean: true, false, yes, no, on, off. */
      BOOLEAN,
      /** An integer. */
      INTEGER,
      /** A number with fraction or exponent, .inf, .nan. */
      FLOAT,
      /** Absent value, ~ or null. */
      NULL
    }
  }

  /** A list. */
  record Sequence(Place place, List<ConfigNode> items) implements ConfigNode {
    /** Copies the list. */
    public Sequence {
      items = List.copyOf(items);
    }
  }

  /** A map in the order of the file; keys have their own positions. */
  record Mapping(Place place, List<Entry> entries) implements ConfigNode {
    /** Copies the list. */
    public Mapping {
      entries = List.copyOf(entries);
    }

    /** Returns the value of {@code key}, or null. */
    public @Nullable ConfigNode get(String key) {
      for (Entry e : entries) {
        if (e.key().equals(key)) {
          return e.value();
        }
      }
      return null;
    }

    /** Returns the keys in the order of the file. */
    public List<String> keys() {
      List<String> keys = new ArrayList<>();
      for (Entry e : entries) {
        keys.add(e.key());
      }
      return keys;
    }
  }

  /** A key with its value. */
  record Entry(Place keyPlace, String key, ConfigNode value) {
    /** Refuses null parts. */
    public Entry {
      Objects.requireNonNull(key, "key");
      Objects.requireNonNull(value, "value");
    }
  }

  /** Returns an empty map at the start of a file. */
  static Mapping emptyMapping(String file) {
    return new Mapping(new Place(file, 1, 1), List.of());
  }

  /**
   * Returns the node as plain Java values: String, List, Map with keys in order; null for a null
   * scalar.
   */
  default @Nullable Object toPlain() {
    return switch (kind()) {
      case 0 -> ((Scalar) this).kind() == Scalar.Kind.NULL ? null : ((Scalar) this).text();
      case 1 -> {
        List<@Nullable Object> list = new ArrayList<>();
        for (ConfigNode n : ((Sequence) this).items()) {
          list.add(n.toPlain());
        }
        yield list;
      }
      default -> {
        Map<String, @Nullable Object> map = new java.util.LinkedHashMap<>();
        for (Entry e : ((Mapping) this).entries()) {
          map.put(e.key(), e.value().toPlain());
        }
        yield map;
      }
    };
  }

  private int kind() {
    return this instanceof Scalar ? 0 : this instanceof Sequence ? 1 : 2;
  }
}
