package io.narthex.config.yaml;

import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Hides secrets of unbound configuration: by the record that describes a block where there is one,
 * else by the key. When in doubt a value is hidden.
 */
public final class SecretKeys {
  /** Replaces a secret. */
  public static final String HIDDEN = "<secret>";

  private static final List<String> SECRET_PARTS =
      List.of(
          "password",
          "secret",
          "token",
          "credentials",
          "api_key",
          "apikey",
          "routing_key",
          "service_key",
          "webhook_url",
          "api_url",
          "access_key",
          "bearer");
  private static final Set<String> NOT_SECRET = Set.of("token_url");

  /** Scheme, user, colon; the password; the at sign before the host, and the rest. */
  private static final Pattern URL_WITH_PASSWORD =
      Pattern.compile("(?s)([A-Za-z][A-Za-z0-9+.-]*://[^/?#:]*:)[^/?#]*(@.*)", 0);

  /**
   * Keys of Prometheus' discoveries and Alertmanager's receivers that hold no secret in any of
   * them.
   */
  private static final Set<String> HARMLESS =
      Set.of(
          "api_server",
          "availability",
          "channel",
          "cloud",
          "cluster",
          "color",
          "datacenter",
          "datacenters",
          "endpoint",
          "endpoints",
          "environment",
          "filter",
          "filters",
          "from",
          "host",
          "max_version",
          "message",
          "min_version",
          "name",
          "names",
          "namespace",
          "namespaces",
          "no_proxy",
          "partition",
          "port",
          "project",
          "proxy_url",
          "query",
          "region",
          "refresh_interval",
          "role",
          "scheme",
          "send_resolved",
          "server",
          "server_name",
          "servers",
          "service",
          "services",
          "smarthost",
          "tag_separator",
          "tags",
          "targets",
          "text",
          "title",
          "to",
          "token_url",
          "type",
          "url",
          "values",
          "version",
          "zone");

  private static final Pattern DURATION = Pattern.compile("([0-9]+(ms|[ywdhms]))+", 0);

  private SecretKeys() {}

  /** Returns whether a key looks as if its value were a secret. */
  public static boolean looksSecret(String key) {
    String lower = key.toLowerCase(Locale.ROOT);
    return !lower.endsWith("_file")
        && !NOT_SECRET.contains(lower)
        && SECRET_PARTS.stream().anyMatch(lower::contains);
  }

  /** Returns a string with the password of a URL hidden, as Go's net/url does. */
  static String withoutPassword(String text) {
    Matcher url = URL_WITH_PASSWORD.matcher(text);
    return url.matches() ? url.group(1) + "xxxxx" + url.group(2) : text;
  }

  /**
   * Returns a URL for messages: its password and the values of parameters that look like secrets
   * are hidden.
   */
  public static String shownUrl(String url) {
    String text = withoutPassword(url);
    int query = text.indexOf('?');
    if (query < 0) {
      return text;
    }
    StringBuilder b = new StringBuilder(text.substring(0, query));
    char before = '?';
    for (String pair : text.substring(query + 1).split("&", -1)) {
      int equals = pair.indexOf('=');
      b.append(before);
      before = '&';
      if (equals > 0 && isSecretParameter(pair.substring(0, equals))) {
        b.append(pair, 0, equals + 1).append("xxxxx");
      } else {
        b.append(pair);
      }
    }
    return b.toString();
  }

  private static boolean isSecretParameter(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return looksSecret(name)
        || lower.contains("key")
        || lower.contains("auth")
        || lower.contains("pass")
        || lower.startsWith("sig")
        || lower.endsWith("signature");
  }

  /**
   * Returns the plain values of a block that no record describes. The meaning of its keys is
   * unknown, so only booleans, durations, file names and the values of keys that are harmless
   * everywhere are shown.
   */
  public static @Nullable Object hideUnknown(ConfigNode node) {
    return unknown("", node);
  }

  private static @Nullable Object unknown(String key, ConfigNode node) {
    return switch (node) {
      case Scalar s ->
          isHarmless(key, s)
              ? s.kind() == Scalar.Kind.STRING ? shownUrl(s.text()) : RecordYaml.typed(s)
              : masked(s);
      case Sequence s -> {
        List<@Nullable Object> items = new ArrayList<>();
        s.items().forEach(i -> items.add(unknown(key, i)));
        yield items;
      }
      case Mapping m -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        m.entries().forEach(e -> map.put(e.key(), unknown(e.key(), e.value())));
        yield map;
      }
    };
  }

  private static boolean isHarmless(String key, Scalar value) {
    String text = value.text();
    return HARMLESS.contains(key)
        || key.endsWith("_file")
        || text.isEmpty()
        || text.equals("true")
        || text.equals("false")
        || DURATION.matcher(text).matches();
  }

  /**
   * Returns the plain values of unbound configuration, with those hidden whose keys look secret.
   */
  public static @Nullable Object hide(ConfigNode node) {
    return switch (node) {
      case Scalar s ->
          s.kind() == Scalar.Kind.STRING ? withoutPassword(s.text()) : RecordYaml.typed(s);
      case Sequence s -> {
        List<@Nullable Object> items = new ArrayList<>();
        s.items().forEach(i -> items.add(hide(i)));
        yield items;
      }
      case Mapping m -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        m.entries()
            .forEach(
                e -> map.put(e.key(), looksSecret(e.key()) ? masked(e.value()) : hide(e.value())));
        yield map;
      }
    };
  }

  /**
   * Returns the plain values of a block as in the file. Keys of {@code type} are hidden when their
   * type or their {@link Setting} says so; unknown keys by their name.
   */
  public static @Nullable Object hide(ConfigNode node, Class<? extends Record> type) {
    if (!(node instanceof Mapping mapping)) {
      return node instanceof Scalar && within(type) ? masked(node) : hide(node);
    }
    Map<String, RecordComponent> components = new LinkedHashMap<>();
    collect(type, components);
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach(e -> {
          RecordComponent c = components.get(e.key());
          Setting setting = c == null ? null : c.getAnnotation(Setting.class);
          Object shown;
          if (c == null || setting == null) {
            shown = looksSecret(e.key()) ? masked(e.value()) : hide(e.value());
          } else {
            shown = setting.secret() ? masked(e.value()) : hide(e.value(), c.getGenericType());
          }
          map.put(e.key(), shown);
        });
    return map;
  }

  private static void collect(Class<?> type, Map<String, RecordComponent> into) {
    for (RecordComponent c : type.getRecordComponents()) {
      Setting setting = c.getAnnotation(Setting.class);
      if (setting != null && setting.inline()) {
        collect(c.getType(), into);
      } else if (setting != null) {
        into.put(ConfigBinder.key(c, setting), c);
      }
    }
  }

  private static @Nullable Object hide(ConfigNode node, Type type) {
    if (type instanceof ParameterizedType p) {
      Type[] arguments = p.getActualTypeArguments();
      Type element = arguments[arguments.length - 1];
      if (node instanceof Sequence s) {
        List<@Nullable Object> items = new ArrayList<>();
        s.items().forEach(i -> items.add(hide(i, element)));
        return items;
      }
      if (node instanceof Mapping m) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        m.entries().forEach(e -> map.put(e.key(), hide(e.value(), element)));
        return map;
      }
      return hide(node, element);
    }
    Class<?> raw = (Class<?>) type;
    if (raw == Secret.class) {
      return masked(node);
    }
    return raw.isRecord() ? hide(node, raw.asSubclass(Record.class)) : hide(node);
  }

  /** Returns a value with every scalar in it hidden; absent values stay absent. */
  static @Nullable Object masked(ConfigNode node) {
    return switch (node) {
      case Scalar s -> s.kind() == Scalar.Kind.NULL ? null : s.text().isEmpty() ? "" : HIDDEN;
      case Sequence s -> {
        List<@Nullable Object> items = new ArrayList<>();
        s.items().forEach(i -> items.add(masked(i)));
        yield items;
      }
      case Mapping m -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        m.entries().forEach(e -> map.put(e.key(), masked(e.value())));
        yield map;
      }
    };
  }

  /** Returns whether a record contains a secret at any depth. */
  static boolean within(Class<? extends Record> type) {
    return within(type, new HashSet<>());
  }

  private static boolean within(Type type, Set<Type> seen) {
    if (type instanceof ParameterizedType p) {
      Type[] arguments = p.getActualTypeArguments();
      return within(arguments[arguments.length - 1], seen);
    }
    if (type == Secret.class) {
      return true;
    }
    if (!(type instanceof Class<?> raw) || !raw.isRecord() || !seen.add(raw)) {
      return false;
    }
    for (RecordComponent c : raw.getRecordComponents()) {
      Setting setting = c.getAnnotation(Setting.class);
      if (setting != null && (setting.secret() || within(c.getGenericType(), seen))) {
        return true;
      }
    }
    return false;
  }
}
