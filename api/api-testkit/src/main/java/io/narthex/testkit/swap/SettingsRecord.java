package io.narthex.testkit.swap;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Creates a configuration record from keys and values as in YAML: strings, numbers, booleans,
 * lists, maps. Defaults and names follow {@link Setting}, as in the server; ranges are not checked.
 */
final class SettingsRecord {
  private static final Pattern DURATION_PART = Pattern.compile("(\\d+)(ms|[ywdhms])", 0);
  private static final Pattern SIZE = Pattern.compile("(\\d+)(B|KB|MB|GB|TB|PB|EB)?", 0);

  private SettingsRecord() {}

  /**
   * Builds a record.
   *
   * @throws IllegalArgumentException for a key it does not have or a value of another type
   */
  static <R extends Record> R of(Class<R> type, Map<String, ?> settings) {
    Set<String> known = new LinkedHashSet<>();
    collectKeys(type, known);
    for (String key : settings.keySet()) {
      if (!known.contains(key)) {
        throw new IllegalArgumentException(
            "settings: key \"" + key + "\" is unknown; known keys: " + String.join(", ", known));
      }
    }
    return build(type, settings);
  }

  private static void collectKeys(Class<?> type, Set<String> into) {
    for (RecordComponent c : type.getRecordComponents()) {
      Setting setting = c.getAnnotation(Setting.class);
      if (setting != null && setting.inline()) {
        collectKeys(c.getType(), into);
      } else if (setting != null) {
        into.add(key(c, setting));
      }
    }
  }

  private static String key(RecordComponent component, Setting setting) {
    if (!setting.name().isEmpty()) {
      return setting.name();
    }
    return component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  private static <R> R build(Class<R> type, Map<String, ?> settings) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    @Nullable Object[] values = new @Nullable Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      values[i] = component(components[i], settings);
    }
    try {
      Constructor<R> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IllegalArgumentException("settings: " + e.getCause(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("settings: " + type + " cannot be built: " + e, e);
    }
  }

  private static @Nullable Object component(RecordComponent component, Map<String, ?> settings) {
    Setting setting = component.getAnnotation(Setting.class);
    Type type = component.getGenericType();
    if (setting == null) {
      return empty(type);
    }
    if (setting.inline()) {
      return build(component.getType(), settings);
    }
    String key = key(component, setting);
    Object given = settings.get(key);
    if (given == null && setting.required()) {
      throw new IllegalArgumentException("settings: key \"" + key + "\" is required");
    }
    if (given == null && !setting.defaultValue().isEmpty()) {
      given = setting.defaultValue();
    }
    if (given != null) {
      return value(given, type, key);
    }
    if (setting.optional()) {
      return null;
    }
    Class<?> raw = raw(type);
    return raw.isRecord() && raw != ByteSize.class ? build(raw, Map.of()) : empty(type);
  }

  private static @Nullable Object empty(Type type) {
    Class<?> raw = raw(type);
    if (raw == String.class) {
      return "";
    }
    if (raw == List.class) {
      return List.of();
    }
    if (raw == Map.class) {
      return Map.of();
    }
    if (raw == boolean.class) {
      return false;
    }
    if (raw == int.class) {
      return 0;
    }
    if (raw == long.class) {
      return 0L;
    }
    return raw == double.class ? (Object) 0.0 : null;
  }

  private static Class<?> raw(Type type) {
    return type instanceof Class<?> c ? c : (Class<?>) ((ParameterizedType) type).getRawType();
  }

  private static Object value(Object given, Type type, String key) {
    Class<?> raw = raw(type);
    if (raw == List.class) {
      Type element = ((ParameterizedType) type).getActualTypeArguments()[0];
      List<Object> out = new ArrayList<>();
      for (Object item : given instanceof List<?> list ? list : List.of(given)) {
        out.add(value(item, element, key));
      }
      return List.copyOf(out);
    }
    if (raw == Map.class) {
      Type element = ((ParameterizedType) type).getActualTypeArguments()[1];
      Map<String, Object> out = new LinkedHashMap<>();
      map(given, key).forEach((k, v) -> out.put(k, value(v, element, key + "." + k)));
      return Map.copyOf(out);
    }
    if (raw.isRecord() && raw != ByteSize.class) {
      return raw.isInstance(given) ? given : of(raw.asSubclass(Record.class), map(given, key));
    }
    return raw.isInstance(given) && raw != Object.class ? given : scalar(given, raw, key);
  }

  private static Map<String, Object> map(Object given, String key) {
    if (!(given instanceof Map<?, ?> m)) {
      throw new IllegalArgumentException("settings: " + key + " must be a map, got " + given);
    }
    Map<String, Object> out = new LinkedHashMap<>();
    m.forEach((k, v) -> out.put(String.valueOf(k), v));
    return out;
  }

  private static Object scalar(Object given, Class<?> raw, String key) {
    String text = String.valueOf(given);
    try {
      if (raw == String.class) {
        return text;
      }
      if (raw == boolean.class || raw == Boolean.class) {
        return Boolean.valueOf(text);
      }
      if (raw == int.class || raw == Integer.class) {
        return Integer.valueOf(text);
      }
      if (raw == long.class || raw == Long.class) {
        return Long.valueOf(text);
      }
      if (raw == double.class || raw == Double.class) {
        return Double.valueOf(text);
      }
      if (raw == Duration.class) {
        return duration(text);
      }
      if (raw == GoUrl.class) {
        return GoUrl.parse(text);
      }
      if (raw == Secret.class) {
        return Secret.of(text);
      }
      if (raw == ByteSize.class) {
        return new ByteSize(bytes(text));
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "settings: " + key + " must be a " + raw.getSimpleName() + ", got \"" + text + "\"", e);
    }
    if (raw.isEnum()) {
      for (Object constant : raw.getEnumConstants()) {
        if (((Enum<?>) constant).name().equalsIgnoreCase(text)) {
          return constant;
        }
      }
    }
    throw new IllegalArgumentException(
        "settings: " + key + " must be a " + raw.getSimpleName() + ", got \"" + text + "\"");
  }

  /** Parses Prometheus' form, for example {@code 1h30m}. */
  private static Duration duration(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    Matcher m = DURATION_PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (m.find() && m.start() == end) {
      long n = Long.parseLong(m.group(1));
      sum =
          sum.plus(
              switch (m.group(2)) {
                case "y" -> Duration.ofDays(365 * n);
                case "w" -> Duration.ofDays(7 * n);
                case "d" -> Duration.ofDays(n);
                case "h" -> Duration.ofHours(n);
                case "m" -> Duration.ofMinutes(n);
                case "s" -> Duration.ofSeconds(n);
                default -> Duration.ofMillis(n);
              });
      end = m.end();
    }
    if (end == 0 || end < text.length()) {
      throw new IllegalArgumentException("not a duration");
    }
    return sum;
  }

  private static long bytes(String text) {
    Matcher m = SIZE.matcher(text);
    if (!m.matches()) {
      throw new IllegalArgumentException("not a size");
    }
    long n = Long.parseLong(m.group(1));
    String unit = m.group(2) == null ? "B" : m.group(2);
    return n << (10 * List.of("B", "KB", "MB", "GB", "TB", "PB", "EB").indexOf(unit));
  }
}
