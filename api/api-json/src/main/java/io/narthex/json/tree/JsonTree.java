package io.narthex.json.tree;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as maps, lists and strings; numbers and booleans are strings too, as they were written. The
 * accessors accept any tree of maps and lists, and return null or an empty value for a path that
 * does not exist.
 */
public final class JsonTree {
  private JsonTree() {}

  /** Created when the first response is read, not when the plugin is loaded. */
  private static final class Factory {
    // thread-local buffers in threads of the host would keep the plugin's class loader alive
    static final JsonFactory INSTANCE =
        JsonFactory.builder().recyclerPool(JsonRecyclerPools.nonRecyclingPool()).build();
  }

  /** Returns a parser, which returns a value as soon as its last byte has been received. */
  public static JsonParser parser(InputStream in) throws IOException {
    return Factory.INSTANCE.createParser(in);
  }

  /**
   * Reads exactly one value.
   *
   * @throws IOException when the input cannot be read, is not JSON, or continues after the value
   */
  public static @Nullable Object read(InputStream in) throws IOException {
    try (JsonParser p = parser(in)) {
      p.nextToken();
      Object value = value(p);
      if (p.nextToken() != null) {
        throw new IOException("the response continues after its JSON");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new IOException("the response is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Returns the value at the parser's current token and leaves the parser at the value's last
   * token.
   *
   * @throws IOException when the input ends within the value, or is not JSON
   */
  public static @Nullable Object value(JsonParser p) throws IOException {
    JsonToken token = p.currentToken();
    if (token == null) {
      throw new IOException("the response ends inside its JSON");
    }
    switch (token) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (p.nextToken() != JsonToken.END_OBJECT) {
          String name = p.currentName();
          p.nextToken();
          map.put(name, value(p));
        }
        return map;
      }
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (p.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(p));
        }
        return list;
      }
      case VALUE_NULL -> {
        return null;
      }
      default -> {
        return p.getText();
      }
    }
  }

  /** Returns the value at a path of keys, or null. */
  public static @Nullable Object at(@Nullable Object node, String... path) {
    Object current = node;
    for (String key : path) {
      current = current instanceof Map<?, ?> map ? map.get(key) : null;
    }
    return current;
  }

  /** Returns the string at a path, empty when there is none. */
  public static String text(@Nullable Object node, String... path) {
    return at(node, path) instanceof String s ? s : "";
  }

  /** Returns the list at a path, empty when there is none. */
  public static List<?> list(@Nullable Object node, String... path) {
    return at(node, path) instanceof List<?> l ? l : List.of();
  }

  /** Returns the map at a path with string values, empty when there is none. */
  public static Map<String, String> texts(@Nullable Object node, String... path) {
    Map<String, String> out = new LinkedHashMap<>();
    if (at(node, path) instanceof Map<?, ?> map) {
      map.forEach((k, v) -> out.put(String.valueOf(k), v instanceof String s ? s : ""));
    }
    return out;
  }
}
