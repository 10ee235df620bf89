package io.narthex.config.settings;

import io.narthex.config.settings.SettingKey.ValueType;
import io.narthex.config.settings.SettingKey.ValueType.Block;
import io.narthex.config.settings.SettingKey.ValueType.Choice;
import io.narthex.config.settings.SettingKey.ValueType.ListOf;
import io.narthex.config.settings.SettingKey.ValueType.MapOf;
import io.narthex.config.settings.SettingKey.ValueType.Plain;
import io.narthex.model.go.PromDuration;
import io.narthex.spi.config.Setting;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the keys of a configuration record as a table in Markdown: key, type, unit, default,
 * meaning. Keys of nested blocks are listed below their block, as {@code block.key}, {@code
 * list[].key} and {@code map.*.key}.
 *
 * <p>Blocks that many plugins share, such as the HTTP client's, take one row with a link; {@link
 * #shared} writes the linked table.
 */
public final class SettingsTable {
  /** The first two lines of a table. */
  public static final String HEAD =
      "| key | type | unit | default | meaning |\n|---|---|---|---|---|\n";

  private static final String SHARED_PACKAGE = "io.narthex.spi.";

  private final @Nullable String sharedLink;
  private final StringBuilder out = new StringBuilder(HEAD);
  private final Set<Class<?>> open = new HashSet<>(); // blocks that contain the current row

  private SettingsTable(@Nullable String sharedLink) {
    this.sharedLink = sharedLink;
  }

  /**
   * Returns the table of a record, or a sentence when it has no keys.
   *
   * @param sharedLink where the keys of shared blocks are described; null: in this table
   */
  public static String of(Class<? extends Record> type, @Nullable String sharedLink) {
    SettingsTable table = new SettingsTable(sharedLink);
    table.rows("", type);
    return table.out.length() == HEAD.length() ? "It has no keys.\n" : table.out.toString();
  }

  /** Returns the table of a block that plugins share. */
  public static String shared(Class<? extends Record> type) {
    return of(type, null);
  }

  /** Returns a row for a key that the host adds. */
  public static String row(
      String key, String type, String unit, String defaultValue, String meaning) {
    return "| "
        + key
        + " | "
        + type
        + " | "
        + unit
        + " | "
        + defaultValue
        + " | "
        + meaning
        + " |\n";
  }

  private void rows(String prefix, Class<? extends Record> type) {
    if (!open.add(type)) {
      return; // a block within one of its own type: its keys are listed already
    }
    for (RecordComponent c : type.getRecordComponents()) {
      Setting setting = c.getAnnotation(Setting.class);
      if (setting != null && setting.inline()) {
        Class<? extends Record> inner = c.getType().asSubclass(Record.class);
        if (isShared(inner)) {
          out.append(
              row(
                  names(prefix, inner),
                  "",
                  "",
                  "",
                  "the [HTTP client](" + sharedLink + ")'s keys"));
        } else {
          rows(prefix, inner);
        }
      } else if (setting != null) {
        SettingKey key = only(type, c);
        out.append(row(key, prefix));
        Class<? extends Record> inner = block(key.type());
        if (inner != null && !isShared(inner)) {
          rows(prefix + key.name() + path(key.type()) + ".", inner);
        }
      }
    }
    open.remove(type);
  }

  /** Returns the key of one component. */
  private static SettingKey only(Class<? extends Record> type, RecordComponent component) {
    Setting setting = component.getAnnotation(Setting.class);
    String name = io.narthex.config.yaml.ConfigBinder.key(component, setting);
    return SettingKey.of(type).stream()
        .filter(k -> k.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private boolean isShared(Class<?> type) {
    return sharedLink != null && type.getName().startsWith(SHARED_PACKAGE);
  }

  private static String names(String prefix, Class<? extends Record> type) {
    Set<String> names = new LinkedHashSet<>();
    SettingKey.of(type).forEach(k -> names.add("`" + prefix + k.name() + "`"));
    return String.join(", ", names);
  }

  private static @Nullable Class<? extends Record> block(ValueType type) {
    return switch (type) {
      case Block b -> b.record();
      case ListOf l -> block(l.item());
      case MapOf m -> block(m.value());
      case Plain _, Choice _ -> null;
    };
  }

  private static String path(ValueType type) {
    return switch (type) {
      case ListOf l -> "[]" + path(l.item());
      case MapOf m -> ".*" + path(m.value());
      case Plain _, Choice _, Block _ -> "";
    };
  }

  private String row(SettingKey key, String prefix) {
    Setting setting = key.setting();
    List<String> meaning = new ArrayList<>();
    if (!setting.help().isEmpty()) {
      meaning.add(escape(setting.help()));
    }
    if (setting.required()) {
      meaning.add("required");
    }
    String bounds = bounds(key.type(), setting);
    if (!bounds.isEmpty()) {
      meaning.add(bounds);
    }
    if (setting.oneOf().length > 0) {
      meaning.add("one of " + code(List.of(setting.oneOf())));
    }
    if (!setting.pattern().isEmpty()) {
      meaning.add("matches " + code(List.of(setting.pattern())));
    }
    if (setting.excludes().length > 0) {
      meaning.add("not together with " + code(List.of(setting.excludes())));
    }
    Class<? extends Record> inner = block(key.type());
    if (inner != null && isShared(inner)) {
      meaning.add("see [HTTP client](" + sharedLink + ")");
    }
    return row(
        "`" + prefix + key.name() + "`",
        typeName(key),
        escape(unit(key)),
        defaultOf(key),
        String.join("; ", meaning));
  }

  private static String unit(SettingKey key) {
    return key.setting().unit();
  }

  private static String typeName(SettingKey key) {
    if (key.type() == Plain.TEXT && key.name().endsWith("_file")) {
      return "path";
    }
    String name = name(key.type());
    return key.setting().secret() && !name.contains("secret") ? name + ", secret" : name;
  }

  private static String name(ValueType type) {
    return switch (type) {
      case Plain p ->
          switch (p) {
            case TEXT -> "text";
            case BOOLEAN -> "boolean";
            case INT, LONG -> "whole number";
            case NUMBER -> "number";
            case DURATION -> "duration";
            case SIZE -> "size";
            case URL -> "URL";
            case SECRET -> "secret";
            case ANY -> "any";
          };
      case Choice c -> code(c.words());
      case ListOf l -> "list of " + many(l.item());
      case MapOf m -> "map of " + many(m.value());
      case Block _ -> "block";
    };
  }

  private static String many(ValueType type) {
    return switch (name(type)) {
      case "text" -> "texts";
      case "secret" -> "secrets";
      case "block" -> "blocks";
      case "any" -> "anything";
      default -> name(type);
    };
  }

  private static String defaultOf(SettingKey key) {
    return key.defaultValue().isEmpty() ? "" : code(List.of(key.defaultValue()));
  }

  private static String bounds(ValueType type, Setting setting) {
    String min = Double.isInfinite(setting.min()) ? "" : bound(type, setting.min());
    String max = Double.isInfinite(setting.max()) ? "" : bound(type, setting.max());
    if (min.isEmpty() && max.isEmpty()) {
      return "";
    }
    if (min.isEmpty()) {
      return "at most " + max;
    }
    return max.isEmpty() ? "at least " + min : min + " to " + max;
  }

  private static String bound(ValueType type, double value) {
    if (type == Plain.DURATION) {
      return PromDuration.format(Duration.ofMillis(Math.round(value * 1000)));
    }
    String number = String.valueOf(Defaults.number(value));
    return type == Plain.SIZE ? number + "B" : number;
  }

  private static String code(List<String> words) {
    List<String> quoted = new ArrayList<>();
    for (String word : words) {
      quoted.add("`" + word.replace("|", "\\|").replace("\n", " ") + "`");
    }
    return String.join(", ", quoted);
  }

  private static String escape(String text) {
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "\\<").replace("\n", " ");
  }
}
