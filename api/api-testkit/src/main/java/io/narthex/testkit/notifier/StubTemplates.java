package io.narthex.testkit.notifier;

import io.narthex.spi.notifier.TemplateRenderer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for the host's template engine: {@code {{ template "x" . }}} becomes {@code <x>},
 * {@code {{ fail }}} fails, {@code {{ .X }}} becomes the test's value of {@code .X}, other text
 * stays.
 */
public final class StubTemplates implements TemplateRenderer {
  private final Map<String, String> values;

  /** Creates one with values by expression, for example {@code .Status}. */
  public StubTemplates(Map<String, String> values) {
    this.values = Map.copyOf(values);
  }

  @Override
  public String text(String template) {
    StringBuilder b = new StringBuilder();
    int at = 0;
    while (true) {
      int open = template.indexOf("{{", at);
      int close = open < 0 ? -1 : template.indexOf("}}", open);
      if (close < 0) {
        return b.append(template, at, template.length()).toString();
      }
      String action = template.substring(open + 2, close).strip();
      b.append(template, at, open).append(expand(action));
      at = close + 2;
    }
  }

  private String expand(String action) {
    if (action.equals("fail")) {
      throw new TemplateException("template: :1: fail");
    }
    if (action.startsWith("template \"")) {
      return "<" + action.substring(10, action.indexOf('"', 10)) + ">";
    }
    return values.getOrDefault(action, "");
  }

  @Override
  public String html(String template) {
    return text(template);
  }

  @Override
  public @Nullable Object structure(@Nullable Object value) {
    if (value instanceof String s) {
      return text(s);
    }
    if (value instanceof List<?> list) {
      return list.stream().map(this::structure).toList();
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> out = new HashMap<>();
      map.forEach((k, v) -> out.put(text(String.valueOf(k)), structure(v)));
      return out;
    }
    return value;
  }

  @Override
  public TemplateRenderer limitedTo(int alerts) {
    return this;
  }
}
