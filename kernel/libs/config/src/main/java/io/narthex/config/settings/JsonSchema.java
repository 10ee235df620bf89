package io.narthex.config.settings;

import io.narthex.config.settings.SettingKey.ValueType;
import io.narthex.config.settings.SettingKey.ValueType.Block;
import io.narthex.config.settings.SettingKey.ValueType.Choice;
import io.narthex.config.settings.SettingKey.ValueType.ListOf;
import io.narthex.config.settings.SettingKey.ValueType.MapOf;
import io.narthex.config.settings.SettingKey.ValueType.Plain;
import io.narthex.spi.config.Setting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Generates JSON Schemas (draft 2020-12) of configuration records, for editors and forms.
 *
 * <p>A schema is slightly stricter than the server: a string must be written as a string (the
 * server accepts the number 5 as the string "5"), and a key without value ({@code null}) is
 * refused. Units and bounds of durations and sizes, for which JSON Schema has no keywords, are
 * under {@code x-narthex}.
 */
public final class JsonSchema {
  /** The dialect of the schemas. */
  public static final String DIALECT = "https://json-schema.org/draft/2020-12/schema";

  private static final String DURATION =
      "^((([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?|0)$";
  private static final String SIZE = "^(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(B|[KMGTPE]i?B))+$|^0$";

  private final Map<Class<?>, String> names = new LinkedHashMap<>();
  private final Map<String, Object> definitions = new LinkedHashMap<>();

  private JsonSchema() {}

  /**
   * Returns the schema of one block as maps, lists, strings, numbers and booleans.
   *
   * @param title human-readable title
   * @param more properties that the host adds to the record's own
   * @throws IllegalStateException when the record has components that cannot be bound
   */
  public static Map<String, Object> of(
      Class<? extends Record> type, String title, Map<String, Object> more) {
    JsonSchema schema = new JsonSchema();
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("$schema", DIALECT);
    out.put("title", title);
    Map<String, Object> block = schema.block(type);
    if (!more.isEmpty()) {
      @SuppressWarnings("unchecked") // block() makes it so
      Map<String, Object> properties = (Map<String, Object>) block.get("properties");
      if (properties != null) {
        properties.putAll(more);
      }
    }
    out.putAll(block);
    if (!schema.definitions.isEmpty()) {
      out.put("$defs", schema.definitions);
    }
    return out;
  }

  private Map<String, Object> block(Class<? extends Record> type) {
    Map<String, Object> out = new LinkedHashMap<>();
    Map<String, Object> properties = new LinkedHashMap<>();
    List<Object> required = new ArrayList<>();
    List<Object> exclusions = new ArrayList<>();
    for (SettingKey key : SettingKey.of(type)) {
      properties.put(key.name(), property(key));
      if (key.setting().required()) {
        required.add(key.name());
      }
      for (String other : key.setting().excludes()) {
        exclusions.add(Map.of("not", Map.of("required", List.of(key.name(), other))));
      }
    }
    out.put("type", "object");
    out.put("properties", properties);
    out.put("additionalProperties", false);
    if (!required.isEmpty()) {
      out.put("required", required);
    }
    if (!exclusions.isEmpty()) {
      out.put("allOf", exclusions);
    }
    return out;
  }

  private Map<String, Object> property(SettingKey key) {
    Setting setting = key.setting();
    Map<String, Object> out = new LinkedHashMap<>();
    if (!setting.help().isEmpty()) {
      out.put("description", setting.help());
    }
    out.putAll(value(key.type(), setting));
    if (setting.secret()) {
      out.put("writeOnly", true);
    }
    if (key.deprecated()) {
      out.put("deprecated", true);
    }
    if (!key.defaultValue().isEmpty()) {
      out.put("default", Defaults.typed(key.type(), key.defaultValue()));
    }
    return out;
  }

  private Map<String, Object> value(ValueType type, Setting setting) {
    Map<String, Object> out = new LinkedHashMap<>();
    switch (type) {
      case Plain plain -> plain(plain, setting, out);
      case Choice choice -> out.put("enum", choice.words());
      case ListOf list -> {
        Map<String, Object> array = new LinkedHashMap<>();
        array.put("type", "array");
        array.put("items", value(list.item(), setting));
        if (list.item() == Plain.TEXT) {
          // a single string stands for a list of one
          out.put("anyOf", List.of(array, value(Plain.TEXT, setting)));
        } else {
          out.putAll(array);
        }
      }
      case MapOf map -> {
        out.put("type", "object");
        out.put("additionalProperties", value(map.value(), setting));
      }
      case Block block -> out.put("$ref", "#/$defs/" + define(block.record()));
    }
    return out;
  }

  private static void plain(Plain type, Setting setting, Map<String, Object> out) {
    switch (type) {
      case TEXT, SECRET -> {
        out.put("type", "string");
        if (setting.required()) {
          out.put("minLength", 1);
        }
        if (setting.oneOf().length > 0) {
          List<String> words = new ArrayList<>(List.of(setting.oneOf()));
          if (!setting.required() && !words.contains("")) {
            words.add("");
          }
          out.put("enum", words);
        }
        if (!setting.pattern().isEmpty()) {
          out.put("pattern", "^(?:" + setting.pattern() + ")$" + (setting.required() ? "" : "|^$"));
        }
        if (type == Plain.SECRET) {
          out.put("format", "password");
          out.put("writeOnly", true);
        }
      }
      case BOOLEAN -> out.put("type", "boolean");
      case INT, LONG, NUMBER -> {
        out.put("type", type == Plain.NUMBER ? "number" : "integer");
        double least =
            type == Plain.INT && setting.min() < Integer.MIN_VALUE
                ? Integer.MIN_VALUE
                : setting.min();
        double most =
            type == Plain.INT && setting.max() > Integer.MAX_VALUE
                ? Integer.MAX_VALUE
                : setting.max();
        bound(out, "minimum", least);
        bound(out, "maximum", most);
        if (!setting.unit().isEmpty()) {
          out.put("x-narthex", Map.of("unit", setting.unit()));
        }
      }
      case DURATION, SIZE -> {
        boolean duration = type == Plain.DURATION;
        // the bare number 0 is the only one without a unit
        out.put("type", List.of("string", "integer"));
        out.put("pattern", duration ? DURATION : SIZE);
        out.put("minimum", 0);
        out.put("maximum", 0);
        Map<String, Object> extra = new LinkedHashMap<>();
        extra.put("type", duration ? "duration" : "size");
        extra.put("unit", duration ? "seconds" : "bytes");
        bound(extra, "minimum", setting.min());
        bound(extra, "maximum", setting.max());
        out.put("x-narthex", extra);
      }
      case URL -> {
        out.put("type", "string");
        out.put("format", "uri-reference");
      }
      case ANY -> {
        // every value is allowed
      }
    }
  }

  private static void bound(Map<String, Object> out, String key, double value) {
    if (!Double.isInfinite(value)) {
      out.put(key, Defaults.number(value));
    }
  }

  /**
   * Defines a nested block once and returns its name; a block may contain blocks of its own type.
   */
  private String define(Class<? extends Record> type) {
    String known = names.get(type);
    if (known != null) {
      return known;
    }
    String name = type.getSimpleName();
    for (int i = 2; names.containsValue(name); i++) {
      name = type.getSimpleName() + i;
    }
    names.put(type, name);
    definitions.put(name, Map.of()); // reserves its position
    definitions.put(name, block(type));
    return name;
  }
}
