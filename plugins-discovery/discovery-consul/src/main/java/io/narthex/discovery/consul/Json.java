package io.narthex.discovery.consul;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as maps, lists and texts; numbers and booleans are texts too. */
final class Json {
  // buffers kept in threads of the host would keep this class loader alive
  private static final JsonFactory FACTORY =
      JsonFactory.builder().recyclerPool(JsonRecyclerPools.nonRecyclingPool()).build();

  private Json() {}

  /** Returns a parser; it hands a value over as soon as its last byte has come. */
  static JsonParser parser(InputStream in) throws IOException {
    return FACTORY.createParser(in);
  }

  /** Reads one whole answer. */
  static @Nullable Object read(InputStream in) throws IOException {
    try (JsonParser p = parser(in)) {
      p.nextToken();
      return value(p);
    }
  }

  /** Returns the value the parser stands on and leaves it on its last token. */
  static @Nullable Object value(JsonParser p) throws IOException {
    JsonToken token = p.currentToken();
    if (token == null) {
      throw new IOException("the answer ends before its JSON does");
    }
    return switch (token) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (p.nextToken() != JsonToken.END_OBJECT) {
          String name = p.currentName();
          p.nextToken();
          map.put(name, value(p));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (p.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(p));
        }
        yield list;
      }
      case VALUE_NULL -> null;
      default -> p.getText();
    };
  }

  /** Returns the value at a path of keys, or null. */
  static @Nullable Object at(@Nullable Object node, String... path) {
    Object current = node;
    for (String key : path) {
      current = current instanceof Map<?, ?> map ? map.get(key) : null;
    }
    return current;
  }

  /** Returns the text at a path, empty when there is none. */
  static String text(@Nullable Object node, String... path) {
    return at(node, path) instanceof String s ? s : "";
  }

  /** Returns the list at a path, empty when there is none. */
  static List<?> list(@Nullable Object node, String... path) {
    return at(node, path) instanceof List<?> l ? l : List.of();
  }

  /** Returns the map of texts at a path, empty when there is none. */
  static Map<String, String> texts(@Nullable Object node, String... path) {
    Map<String, String> out = new LinkedHashMap<>();
    if (at(node, path) instanceof Map<?, ?> map) {
      map.forEach((k, v) -> out.put(String.valueOf(k), v instanceof String s ? s : ""));
    }
    return out;
  }
}
