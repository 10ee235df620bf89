package io.narthex.template;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every Go template has. {@code and} and {@code or} live in {@link Run}. */
final class Builtins {
  static final Map<String, GoFunction> ALL = all();

  private Builtins() {}

  private static Map<String, GoFunction> all() {
    Map<String, GoFunction> m = new HashMap<>();
    m.put("and", GoFunction.atLeast(1, a -> a.get(a.size() - 1)));
    m.put("or", GoFunction.atLeast(1, a -> a.get(a.size() - 1)));
    m.put("not", GoFunction.of(1, a -> !Arguments.truth(a.get(0))));
    m.put("len", GoFunction.of(1, a -> length(a.get(0))));
    m.put("index", GoFunction.atLeast(1, Builtins::index));
    m.put("slice", GoFunction.atLeast(1, Builtins::slice));
    m.put("print", GoFunction.atLeast(0, GoFormat::sprint));
    m.put("println", GoFunction.atLeast(0, GoFormat::sprintln));
    m.put(
        "printf",
        GoFunction.atLeast(1, a -> GoFormat.sprintf(Arguments.text(a, 0), a.subList(1, a.size()))));
    m.put("html", GoFunction.atLeast(0, a -> Escaper.HTML.apply(joined(a))));
    m.put("js", GoFunction.atLeast(0, a -> Escapes.js(joined(a))));
    m.put("urlquery", GoFunction.atLeast(0, a -> Escaper.URL_QUERY.apply(joined(a))));
    m.put(
        "call",
        GoFunction.atLeast(
            1,
            a -> {
              throw new GoTemplateException("non-function of type " + GoFormat.typeName(a.get(0)));
            }));
    m.put("eq", GoFunction.atLeast(2, Builtins::eq));
    m.put("ne", GoFunction.of(2, a -> !eq(a)));
    m.put("lt", GoFunction.of(2, a -> compare(a.get(0), a.get(1)) == -1));
    m.put("le", GoFunction.of(2, a -> compareOrNaN(a, -1)));
    m.put("gt", GoFunction.of(2, a -> compareOrNaN(a, 1) && !equal(a.get(0), a.get(1))));
    m.put("ge", GoFunction.of(2, a -> compareOrNaN(a, 1)));
    return Map.copyOf(m);
  }

  /** Joins the arguments of an escaping function; one that is missing reads as such. */
  static String joined(List<@Nullable Object> args) {
    List<@Nullable Object> shown = new ArrayList<>(args);
    shown.replaceAll(v -> v == null ? GoTemplate.NO_VALUE : v);
    return shown.size() == 1 ? GoFormat.value(shown.get(0)) : GoFormat.sprint(shown);
  }

  private static boolean eq(List<@Nullable Object> args) {
    for (Object arg : args) {
      if (arg instanceof List<?> || arg instanceof java.util.Map<?, ?>) {
        throw new GoTemplateException("non-comparable type " + GoFormat.value(arg));
      }
    }
    for (int i = 1; i < args.size(); i++) {
      if (equal(args.get(0), args.get(i))) {
        return true;
      }
    }
    return false;
  }

  static boolean equal(@Nullable Object a, @Nullable Object b) {
    if (a == null || b == null) {
      return a == b;
    }
    Object x = basic(a);
    Object y = basic(b);
    if (x.getClass() == y.getClass() && isBasic(x)) {
      return x instanceof Double d ? d.doubleValue() == (Double) y : x.equals(y);
    }
    if (isBasic(x) || isBasic(y)) {
      throw new GoTemplateException("incompatible types for comparison");
    }
    if (x instanceof List || x instanceof Map || Arguments.mapOrNull(x) != null) {
      throw new GoTemplateException("non-comparable type " + GoFormat.typeName(a));
    }
    return x.equals(y);
  }

  private static boolean isBasic(Object v) {
    return v instanceof String || v instanceof Long || v instanceof Double || v instanceof Boolean;
  }

  private static Object basic(Object v) {
    return switch (v) {
      case SafeText s -> s.text();
      case Duration d -> GoTime.nanos(d);
      case GoEnum e -> e.number();
      default -> v;
    };
  }

  /** Returns -1, 0, 1; 2 for "neither", which NaN gives. */
  private static int compare(@Nullable Object a, @Nullable Object b) {
    if (a == null || b == null) {
      throw new GoTemplateException("invalid type for comparison");
    }
    Object x = basic(a);
    Object y = basic(b);
    if (x instanceof Long p && y instanceof Long q) {
      return Long.compare(p, q);
    }
    if (x instanceof Double p && y instanceof Double q) {
      return p < q ? -1 : p > q ? 1 : p.doubleValue() == q ? 0 : 2;
    }
    if (x instanceof String p && y instanceof String q) {
      return Integer.signum(io.narthex.model.Labels.compareCodePoints(p, q));
    }
    if (!isBasic(x) || !isBasic(y) || x instanceof Boolean && y instanceof Boolean) {
      throw new GoTemplateException("invalid type for comparison");
    }
    throw new GoTemplateException("incompatible types for comparison");
  }

  /** As Go has it: le is "less or equal", gt is "not le", ge is "not lt", NaN included. */
  private static boolean compareOrNaN(List<@Nullable Object> a, int direction) {
    int c = compare(a.get(0), a.get(1));
    return direction < 0 ? c == -1 || c == 0 : c != -1;
  }

  private static long length(@Nullable Object v) {
    if (v instanceof String s) {
      return s.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
    }
    List<@Nullable Object> list = Arguments.listOrNull(v);
    if (list != null) {
      return list.size();
    }
    Map<?, ?> map = Arguments.mapOrNull(v);
    if (map != null) {
      return map.size();
    }
    if (v == null) {
      throw new GoTemplateException("len of nil pointer");
    }
    throw new GoTemplateException("len of type " + GoFormat.typeName(v));
  }

  private static @Nullable Object index(List<@Nullable Object> args) {
    Object v = args.get(0);
    for (int i = 1; i < args.size(); i++) {
      if (v == null) {
        throw new GoTemplateException("index of untyped nil");
      }
      Object key = args.get(i);
      Map<?, ?> map = Arguments.mapOrNull(v);
      if (map != null) {
        Object found = map.get(Arguments.text(key));
        v = found == null && v instanceof LabelMap ? "" : found;
        continue;
      }
      if (!(key instanceof Long n)) {
        throw new GoTemplateException(
            "cannot index slice/array with type " + GoFormat.typeName(key));
      }
      if (v instanceof String s) {
        byte[] bytes = s.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        check(n, bytes.length);
        v = (long) (bytes[n.intValue()] & 255);
        continue;
      }
      List<@Nullable Object> list = Arguments.listOrNull(v);
      if (list == null) {
        throw new GoTemplateException("can't index item of type " + GoFormat.typeName(v));
      }
      check(n, list.size());
      v = list.get(n.intValue());
    }
    return v;
  }

  private static void check(long index, int size) {
    if (index < 0 || index >= size) {
      throw new GoTemplateException("index out of range: " + index);
    }
  }

  private static @Nullable Object slice(List<@Nullable Object> args) {
    Object v = args.get(0);
    if (args.size() > 4) {
      throw new GoTemplateException("too many slice indexes: " + (args.size() - 1));
    }
    byte[] bytes =
        v instanceof String s ? s.getBytes(java.nio.charset.StandardCharsets.UTF_8) : null;
    List<@Nullable Object> list = bytes == null ? Arguments.listOrNull(v) : null;
    if (bytes == null && list == null) {
      throw new GoTemplateException("can't slice item of type " + GoFormat.typeName(v));
    }
    int size = bytes != null ? bytes.length : list == null ? 0 : list.size();
    long from = args.size() > 1 ? Arguments.integer(args, 1) : 0;
    long to = args.size() > 2 ? Arguments.integer(args, 2) : size;
    if (from < 0 || from > size) {
      throw new GoTemplateException("index out of range: " + from);
    }
    if (to < 0 || to > size) {
      throw new GoTemplateException("index out of range: " + to);
    }
    if (from > to) {
      throw new GoTemplateException("invalid slice index: " + from + " > " + to);
    }
    if (bytes != null) {
      return new String(
          bytes, (int) from, (int) (to - from), java.nio.charset.StandardCharsets.UTF_8);
    }
    return list == null ? null : new ArrayList<>(list.subList((int) from, (int) to));
  }
}
