package io.narthex.config.settings;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One key of a configuration block.
 *
 * @param name the key in YAML
 * @param type the type of its value
 * @param setting the annotation of the record component
 * @param defaultValue the value of an absent key, as in YAML: the setting's own default, or the
 *     false or 0 of a primitive type; empty when there is none
 */
public record SettingKey(String name, ValueType type, Setting setting, String defaultValue) {

  /** The type of a value. */
  public sealed interface ValueType {
    /** A single value. */
    enum Plain implements ValueType {
      /** Any string. */
      TEXT,
      /** true or false. */
      BOOLEAN,
      /** A 32-bit integer. */
      INT,
      /** A 64-bit integer. */
      LONG,
      /** Any number. */
      NUMBER,
      /** {@code 1h30m}. */
      DURATION,
      /** {@code 512MB}. */
      SIZE,
      /** A URL. */
      URL,
      /** A string that is never shown. */
      SECRET,
      /** Any YAML value. */
      ANY
    }

    /** One of a fixed set of words. */
    record Choice(List<String> words) implements ValueType {}

    /** A list. */
    record ListOf(ValueType item) implements ValueType {}

    /** A map with string keys. */
    record MapOf(ValueType value) implements ValueType {}

    /** A nested block. */
    record Block(Class<? extends Record> record) implements ValueType {}
  }

  /**
   * Returns the keys of a block in order, including those of inline records.
   *
   * @throws IllegalStateException when a component has a type that cannot be bound
   */
  public static List<SettingKey> of(Class<? extends Record> type) {
    List<SettingKey> keys = new ArrayList<>();
    collect(type, keys);
    return List.copyOf(keys);
  }

  private static void collect(Class<?> type, List<SettingKey> into) {
    for (RecordComponent c : type.getRecordComponents()) {
      Setting setting = c.getAnnotation(Setting.class);
      if (setting == null) {
        continue;
      }
      if (setting.inline()) {
        collect(c.getType(), into);
        continue;
      }
      String name = ConfigBinder.key(c, setting);
      ValueType value = valueType(c.getGenericType());
      if (value == null) {
        throw new IllegalStateException(
            "setting "
                + name
                + " of "
                + type.getSimpleName()
                + " has the type "
                + c.getGenericType().getTypeName()
                + ", which cannot be bound; see Setting for those that can");
      }
      into.add(new SettingKey(name, value, setting, defaultValue(c.getType(), setting)));
    }
  }

  private static String defaultValue(Class<?> type, Setting setting) {
    if (setting.required()) {
      return "";
    }
    if (!setting.defaultValue().isEmpty() || !type.isPrimitive()) {
      return setting.defaultValue();
    }
    return type == boolean.class ? "false" : "0";
  }

  private static @org.jspecify.annotations.Nullable ValueType valueType(Type type) {
    if (type instanceof ParameterizedType p) {
      Type[] arguments = p.getActualTypeArguments();
      if (p.getRawType() == List.class) {
        ValueType item = valueType(arguments[0]);
        return item == null ? null : new ValueType.ListOf(item);
      }
      ValueType value =
          p.getRawType() == java.util.Map.class && arguments[0] == String.class
              ? valueType(arguments[1])
              : null;
      return value == null ? null : new ValueType.MapOf(value);
    }
    if (!(type instanceof Class<?> raw)) {
      return null;
    }
    if (raw == String.class) {
      return ValueType.Plain.TEXT;
    }
    if (raw == boolean.class || raw == Boolean.class) {
      return ValueType.Plain.BOOLEAN;
    }
    if (raw == int.class || raw == Integer.class) {
      return ValueType.Plain.INT;
    }
    if (raw == long.class || raw == Long.class) {
      return ValueType.Plain.LONG;
    }
    if (raw == double.class || raw == Double.class) {
      return ValueType.Plain.NUMBER;
    }
    if (raw == Duration.class) {
      return ValueType.Plain.DURATION;
    }
    if (raw == ByteSize.class) {
      return ValueType.Plain.SIZE;
    }
    if (raw == GoUrl.class) {
      return ValueType.Plain.URL;
    }
    if (raw == Secret.class) {
      return ValueType.Plain.SECRET;
    }
    if (raw == ConfigNode.class) {
      return ValueType.Plain.ANY;
    }
    if (raw.isEnum()) {
      List<String> words = new ArrayList<>();
      for (Object constant : raw.getEnumConstants()) {
        words.add(((Enum<?>) constant).name().toLowerCase(Locale.ROOT));
      }
      return new ValueType.Choice(List.copyOf(words));
    }
    return raw.isRecord() ? new ValueType.Block(raw.asSubclass(Record.class)) : null;
  }

  /** Returns whether its help says that something else should be used. */
  boolean deprecated() {
    return setting.help().startsWith("Deprecated");
  }
}
