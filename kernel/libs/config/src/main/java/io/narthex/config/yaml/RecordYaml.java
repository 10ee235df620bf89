package io.narthex.config.yaml;

import io.narthex.model.go.PromDuration;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** Writes bound records and plain values as YAML; hides secrets and omits empty values. */
public final class RecordYaml {
  private RecordYaml() {}

  /** Returns a record as a map in the order of its components; secrets are hidden. */
  public static Map<String, Object> toMap(Record value) {
    Map<String, Object> out = new LinkedHashMap<>();
    fill(value, out);
    return out;
  }

  /** Returns maps, lists and scalars as YAML. */
  public static String print(Map<String, ? extends @Nullable Object> map) {
    if (map.isEmpty()) {
      return "{}\n";
    }
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    options.setIndent(2);
    return new Yaml(options).dump(map);
  }

  private static void fill(Record record, Map<String, Object> out) {
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      Setting setting = component.getAnnotation(Setting.class);
      if (setting == null) {
        continue;
      }
      Object value;
      try {
        component.getAccessor().setAccessible(true);
        value = component.getAccessor().invoke(record);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(
            "record " + record.getClass().getName() + " cannot be read", e);
      }
      if (setting.inline() && value instanceof Record inner) {
        fill(inner, out);
        continue;
      }
      Object plain =
          setting.secret() && value instanceof ConfigNode node
              ? SecretKeys.masked(node)
              : plain(value);
      if (plain != null && setting.secret() && !(value instanceof ConfigNode)) {
        plain = SecretKeys.HIDDEN;
      }
      if (plain == null && !setting.defaultValue().isEmpty()) {
        plain = emptied(value, setting.defaultValue());
      }
      if (plain != null) {
        out.put(ConfigBinder.key(component, setting), plain);
      }
    }
  }

  /** Returns the form of an empty value whose default is not empty; else null. */
  private static @Nullable Object emptied(@Nullable Object value, String byDefault) {
    return switch (value) {
      case null -> null;
      case String _ -> "";
      case Number n -> byDefault.equals("0") ? null : n;
      case ByteSize _ -> byDefault.equals("0") ? null : "0";
      default -> null;
    };
  }

  /** Returns a value in plain form, or null when it is empty. */
  private static @Nullable Object plain(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case String s -> s.isEmpty() ? null : SecretKeys.withoutPassword(s);
      case Secret s -> s.isEmpty() ? null : "<secret>";
      case Duration d -> PromDuration.format(d);
      case ByteSize b -> b.bytes() == 0 ? null : print(b);
      case Enum<?> e -> e.name().toLowerCase(Locale.ROOT);
      case ConfigNode n -> SecretKeys.hide(n);
      case Record r -> {
        Map<String, Object> map = toMap(r);
        yield map.isEmpty() ? null : map;
      }
      case List<?> list -> {
        List<@Nullable Object> out = new ArrayList<>();
        // an empty text stays one: a list of texts has no nulls
        list.forEach(item -> out.add("".equals(item) ? item : plain(item)));
        yield out.isEmpty() ? null : out;
      }
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        map.forEach((k, v) -> out.put(String.valueOf(k), plain(v)));
        yield out.isEmpty() ? null : out;
      }
      case Long n -> n == 0 ? null : n;
      case Integer n -> n == 0 ? null : n;
      case Double n -> n == 0 ? null : n;
      default -> value;
    };
  }

  /** Returns a scalar as its YAML type, so that it is printed without quotes. */
  public static @Nullable Object typed(ConfigNode.Scalar scalar) {
    String text = scalar.text();
    return switch (scalar.kind()) {
      case NULL -> null;
      case STRING -> text;
      case BOOLEAN ->
          switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on", "y" -> true;
            default -> false;
          };
      case INTEGER -> text.matches("-?(0|[1-9][0-9]{0,17})") ? (Object) Long.valueOf(text) : text;
      case FLOAT -> text.matches("-?[0-9]+\\.[0-9]+") ? (Object) Double.valueOf(text) : text;
    };
  }

  private static String print(ByteSize size) {
    String[] units = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    long n = size.bytes();
    int unit = 0;
    while (unit < units.length - 1 && n % 1024 == 0) {
      n /= 1024;
      unit++;
    }
    return n + units[unit];
  }
}
