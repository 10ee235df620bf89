package io.narthex.template;

import io.narthex.config.yaml.YamlReader;
import io.narthex.model.go.GoString;
import io.narthex.service.template.TemplateService.NotificationData;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.notifier.TemplateRenderer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Expands templates on the data of one notification. Thread-safe. */
final class NotificationRenderer implements TemplateRenderer {
  private final NotificationSet templates;
  private final @Nullable Object dot;
  private final Map<String, String> routeLabels;
  private final Clock clock;
  private final @Nullable NotificationData data;

  NotificationRenderer(NotificationSet templates, NotificationData data, Clock clock) {
    this(templates, data, NotificationModel.of(data), data.routeLabels(), clock);
  }

  NotificationRenderer(
      NotificationSet templates,
      @Nullable NotificationData data,
      @Nullable Object dot,
      Map<String, String> routeLabels,
      Clock clock) {
    this.templates = templates;
    this.data = data;
    this.dot = dot;
    this.routeLabels = routeLabels;
    this.clock = clock;
  }

  @Override
  public String text(String template) {
    return expand(template, false, new HashSet<>());
  }

  @Override
  public String html(String template) {
    return expand(template, true, new HashSet<>());
  }

  private String expand(String template, boolean html, Set<String> openRouteLabels) {
    if (template.isEmpty()) {
      return "";
    }
    try {
      Map<String, GoFunction> functions = new HashMap<>(NotificationFunctions.of(clock));
      functions.put(
          "routeLabels", GoFunction.of(1, a -> routeLabel(Arguments.text(a, 0), openRouteLabels)));
      return templates
          .all()
          .with("", template, NotificationFunctions.NAMES)
          .execute("", dot, functions, html);
    } catch (GoTemplateException e) {
      throw new TemplateException(String.valueOf(e.getMessage()));
    }
  }

  /** Expands a route label, which is a template that may use others, but not itself. */
  private String routeLabel(String name, Set<String> open) {
    String template = routeLabels.get(name);
    if (template == null) {
      return "";
    }
    if (!open.add(name)) {
      throw new GoTemplateException(
          "route label " + GoString.quote(name) + " refers to itself; break the circle");
    }
    try {
      return expand(template, false, open);
    } catch (TemplateException e) {
      throw new GoTemplateException(String.valueOf(e.getMessage()), e);
    } finally {
      open.remove(name);
    }
  }

  @Override
  public @Nullable Object structure(@Nullable Object value) {
    return StructuredValues.expand(value, this::text);
  }

  @Override
  public TemplateRenderer withDefinitions(String definitions) {
    try {
      return new NotificationRenderer(
          templates.withDefinitions(definitions), data, dot, routeLabels, clock);
    } catch (GoTemplateException e) {
      throw new TemplateException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public TemplateRenderer limitedTo(int alerts) {
    if (data == null || data.alerts().size() <= alerts) {
      return this;
    }
    return new NotificationRenderer(
        templates,
        new NotificationData(
            data.receiver(),
            data.reason(),
            data.groupLabels(),
            data.routeLabels(),
            data.alerts().subList(0, alerts),
            data.externalUrl()),
        clock);
  }

  /** Expansion of nested values. */
  static final class StructuredValues {
    /** Longer expansions stay strings. */
    private static final int MAX_REREAD = 1 << 20;

    private StructuredValues() {}

    static @Nullable Object expand(
        @Nullable Object value, java.util.function.UnaryOperator<String> text) {
      return switch (value) {
        case String s -> reread(text.apply(s));
        case List<?> list -> {
          List<@Nullable Object> out = new ArrayList<>();
          list.forEach(item -> out.add(expand(item, text)));
          yield out;
        }
        case Map<?, ?> map -> {
          Map<String, @Nullable Object> out = new LinkedHashMap<>();
          map.forEach((k, v) -> {
            if (k instanceof String key) {
              out.put(text.apply(key), expand(v, text));
            }
          });
          yield out;
        }
        case null, default -> value;
      };
    }

    /** Parses an expanded string as YAML; a value of another type replaces it. */
    private static @Nullable Object reread(String text) {
      ConfigNode node;
      try {
        if (text.isBlank()) {
          return null;
        }
        if (text.length() > MAX_REREAD) {
          return text;
        }
        node = YamlReader.readForeign("template", text);
      } catch (ConfigException e) {
        return text;
      }
      if (node instanceof ConfigNode.Scalar s && (s.kind() == ConfigNode.Scalar.Kind.STRING)) {
        return text;
      }
      return plain(node);
    }

    static @Nullable Object plain(ConfigNode node) {
      return switch (node) {
        case ConfigNode.Scalar s ->
            switch (s.kind()) {
              case STRING -> s.text();
              case NULL -> null;
              case BOOLEAN ->
                  switch (s.text().toLowerCase(java.util.Locale.ROOT)) {
                    case "true", "yes", "on", "y" -> true;
                    default -> false;
                  };
              case INTEGER -> integer(s.text());
              case FLOAT -> real(s.text());
            };
        case ConfigNode.Sequence q -> {
          List<@Nullable Object> out = new ArrayList<>();
          q.items().forEach(i -> out.add(plain(i)));
          yield out;
        }
        case ConfigNode.Mapping m -> {
          Map<String, @Nullable Object> out = new LinkedHashMap<>();
          m.entries().forEach(e -> out.put(e.key(), plain(e.value())));
          yield out;
        }
      };
    }

    private static Object integer(String text) {
      Object n = GoFormat.parseNumber(text);
      return n == null ? text : n;
    }

    private static Object real(String text) {
      try {
        return Double.parseDouble(text.replace("_", ""));
      } catch (NumberFormatException e) {
        return text;
      }
    }
  }
}
