package io.narthex.template;

import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts arguments of functions to the type that they need. */
final class Arguments {
  private Arguments() {}

  static String text(List<@Nullable Object> args, int i) {
    return text(args.get(i));
  }

  static String text(@Nullable Object v) {
    return switch (v) {
      case String s -> s;
      case SafeText s -> s.text();
      case null -> throw new GoTemplateException("invalid value; expected string");
      default -> throw wrong("string", v);
    };
  }

  static long integer(List<@Nullable Object> args, int i) {
    Object v = args.get(i);
    if (v instanceof Long n) {
      return n;
    }
    throw wrong("int", v);
  }

  static ZonedDateTime time(List<@Nullable Object> args, int i) {
    Object v = args.get(i);
    if (v instanceof ZonedDateTime t) {
      return t;
    }
    throw wrong("time.Time", v);
  }

  static List<@Nullable Object> list(List<@Nullable Object> args, int i) {
    List<@Nullable Object> list = listOrNull(args.get(i));
    if (list == null) {
      throw wrong("[]interface {}", args.get(i));
    }
    return list;
  }

  static @Nullable List<@Nullable Object> listOrNull(@Nullable Object v) {
    if (v instanceof GoObject o) {
      return o.collection() == null ? null : listOrNull(o.collection());
    }
    if (v instanceof List<?> list) {
      return new ArrayList<>(list);
    }
    return null;
  }

  static @Nullable Map<?, ?> mapOrNull(@Nullable Object v) {
    if (v instanceof GoObject o) {
      return o.collection() == null ? null : mapOrNull(o.collection());
    }
    return v instanceof Map<?, ?> map ? map : null;
  }

  static GoTemplateException wrong(String expected, @Nullable Object v) {
    return new GoTemplateException(
        "wrong type for value; expected " + expected + "; got " + GoFormat.typeName(v));
  }

  /** Returns the truth of a value, as {@code if} sees it. */
  static boolean truth(@Nullable Object v) {
    return switch (v) {
      case null -> false;
      case Boolean b -> b;
      case Long n -> n != 0;
      case Double d -> d != 0;
      case String s -> !s.isEmpty();
      case SafeText s -> !s.text().isEmpty();
      case Duration d -> !d.isZero();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      case GoObject o -> o.collection() == null || truth(o.collection());
      default -> true;
    };
  }
}
