package io.narthex.config.yaml;

import io.narthex.model.go.GoUrl;
import io.narthex.model.go.PromDuration;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Place;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Binds {@link ConfigNode}s to records annotated with {@link Setting}. Every error names file, line
 * and column. Stateless and thread-safe.
 */
public final class ConfigBinder {
  private static final Pattern FLOAT =
      Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?", 0);

  /** Numbers that are not decimal. */
  private static final Pattern SPECIAL =
      Pattern.compile(
          "[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*|\\.(inf|Inf|INF))|\\.(nan|NaN|NAN)",
          0);

  private static final Pattern OCTAL = Pattern.compile("[-+]?0[0-7]+", 0);

  /** What may need all of 64 bits; a longer one is no number for the original either. */
  private static final Pattern UNSIGNED =
      Pattern.compile("0[xX]0*[0-9a-fA-F]{1,16}|0[bB]0*[01]{1,64}", 0);

  private static final Set<String> BOOLEANS =
      Set.of(
          "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y", "false", "False",
          "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N");

  /**
   * Cached reflection of a record: reflection copies its data at each call, which is megabytes for
   * a file with some thousand blocks.
   */
  private record Shape(
      List<Part> parts, Set<String> keys, boolean secret, Constructor<?> constructor) {}

  /**
   * A component.
   *
   * @param setting null: it is not bound
   */
  private record Part(@Nullable Setting setting, String key, Class<?> raw, Type type) {}

  private static final ClassValue<Shape> SHAPES =
      new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
          return shape(type);
        }
      };

  private ConfigBinder() {}

  private static Shape shape(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < components.length; i++) {
      RecordComponent c = components[i];
      types[i] = c.getType();
      Setting setting = c.getAnnotation(Setting.class);
      String key = setting == null ? "" : key(c, setting);
      parts.add(new Part(setting, key, c.getType(), c.getGenericType()));
    }
    Set<String> keys = new LinkedHashSet<>();
    collectKeys(parts, keys);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return new Shape(
          List.copyOf(parts),
          Collections.unmodifiableSet(keys),
          SecretKeys.within(type.asSubclass(Record.class)),
          constructor);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("record " + type.getName() + " cannot be built", e);
    }
  }

  /**
   * Binds a block; a key the record does not have is an error.
   *
   * @param node a map, or a null value for "all defaults"
   * @throws ConfigException with the position of the offending value
   */
  public static <R extends Record> R bind(ConfigNode node, Class<R> type) {
    return bind(node, type, key -> false);
  }

  /**
   * Binds a block that may hold further keys.
   *
   * @param others whether an unknown key is handled by the caller
   * @throws ConfigException with the position of the offending value
   */
  public static <R extends Record> R bind(
      ConfigNode node, Class<R> type, Predicate<String> others) {
    return bind(node, type, others, "");
  }

  private static <R extends Record> R bind(
      ConfigNode node, Class<R> type, Predicate<String> others, String what) {
    Shape shape = SHAPES.get(type);
    Mapping mapping = mapping(node, what, shape.secret());
    Set<String> known = shape.keys();
    for (Entry e : mapping.entries()) {
      if (!known.contains(e.key()) && !others.test(e.key())) {
        throw new ConfigException(
            e.keyPlace() + ": field " + e.key() + " not found" + didYouMean(e.key(), known));
      }
    }
    return build(mapping, type);
  }

  /** Returns the keys a record is bound from, inline records included, in order. */
  public static Set<String> keys(Class<? extends Record> type) {
    return new LinkedHashSet<>(SHAPES.get(type).keys());
  }

  /** Returns the end of a message about an unknown key: the nearest known one, or all of them. */
  public static String didYouMean(String key, Set<String> known) {
    if (known.isEmpty()) {
      return "; there are no keys here";
    }
    String best = nearest(key, known);
    return best == null
        ? "; known keys: " + String.join(", ", known)
        : "; did you mean \"" + best + "\"?";
  }

  /** Returns the known key that an unknown one may be a typo of; null: none is similar. */
  public static @Nullable String nearest(String key, Set<String> known) {
    String best = null;
    int bestDistance = Math.min(3, key.length());
    for (String candidate : known) {
      int d = distance(key, candidate);
      if (d < bestDistance) {
        best = candidate;
        bestDistance = d;
      }
    }
    return best;
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int up = row[j];
        row[j] =
            Math.min(
                Math.min(row[j], row[j - 1]) + 1,
                diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
        diagonal = up;
      }
    }
    return row[b.length()];
  }

  private static Mapping mapping(ConfigNode node, String what, boolean hidden) {
    if (node instanceof Mapping m) {
      return m;
    }
    if (node instanceof Scalar s && s.kind() == Scalar.Kind.NULL) {
      return new Mapping(s.place(), List.of());
    }
    throw new ConfigException(
        node.place()
            + ": "
            + (what.isEmpty() ? "expected" : what + " must be")
            + " a map, got "
            + (hidden && node instanceof Scalar ? "a single value" : ConfigNodes.describe(node)));
  }

  private static void collectKeys(List<Part> parts, Set<String> into) {
    for (Part part : parts) {
      if (part.setting() == null) {
        continue;
      }
      if (part.setting().inline()) {
        into.addAll(SHAPES.get(part.raw()).keys());
      } else {
        into.add(part.key());
      }
    }
  }

  /** Returns the YAML key of a component: the given name, or the component's name in snake_case. */
  public static String key(RecordComponent component, Setting setting) {
    if (!setting.name().isEmpty()) {
      return setting.name();
    }
    StringBuilder b = new StringBuilder();
    for (char ch : component.getName().toCharArray()) {
      if (Character.isUpperCase(ch)) {
        b.append('_').append(Character.toLowerCase(ch));
      } else {
        b.append(ch);
      }
    }
    return b.toString();
  }

  private static <R> R build(Mapping mapping, Class<R> type) {
    Shape shape = SHAPES.get(type);
    @Nullable Object[] values = new @Nullable Object[shape.parts().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = component(mapping, shape.parts().get(i));
    }
    try {
      return type.cast(shape.constructor().newInstance(values));
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof ConfigException || cause instanceof IllegalArgumentException) {
        throw new ConfigException(place(mapping, cause) + ": " + cause.getMessage(), cause);
      }
      throw new IllegalStateException(
          "record " + type.getName() + " refuses its own defaults", cause);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("record " + type.getName() + " cannot be built", e);
    }
  }

  /** Returns the position of the key that a record refuses, or of the block. */
  private static Place place(Mapping mapping, Throwable refusal) {
    String key = refusal instanceof ConfigException e ? e.key() : null;
    ConfigNode node = key == null ? null : mapping.get(key);
    return node == null ? mapping.place() : node.place();
  }

  private static @Nullable Object component(Mapping mapping, Part part) {
    Setting setting = part.setting();
    if (setting == null) {
      return emptyValue(part.type());
    }
    if (setting.inline()) {
      return build(mapping, part.raw());
    }
    String key = part.key();
    ConfigNode node = mapping.get(key);
    boolean isNull = node instanceof Scalar s && s.kind() == Scalar.Kind.NULL;
    if (setting.required() && (node == null || isNull)) {
      throw new ConfigException(
          (node == null ? mapping.place() : node.place()) + ": " + key + " is required");
    }
    if (isNull && !setting.optional()) {
      // as in Prometheus, an explicit null sets the zero value, not the default
      Object zero = zero(part.raw(), setting);
      if (zero != null) {
        return zero;
      }
    }
    boolean absent = node == null || isNull;
    if (absent && !setting.defaultValue().isEmpty()) {
      node = plain(mapping.place(), setting.defaultValue());
      absent = false;
    }
    if (absent) {
      return setting.optional() ? null : absentValue(part.type(), mapping.place());
    }
    Objects.requireNonNull(node);
    if (setting.required() && node instanceof Scalar s && s.text().isEmpty()) {
      throw new ConfigException(node.place() + ": " + key + " is required, got an empty value");
    }
    Object value = value(node, part.type(), key);
    SettingChecks.check(node, key, value, setting);
    checkExcluded(mapping, key, setting);
    return setting.file() ? placed(value, node.place().file()) : value;
  }

  /** Returns file names as seen from the process. */
  private static Object placed(Object value, String file) {
    return value instanceof List<?> names
        ? names.stream().map(name -> FileNames.within(file, String.valueOf(name))).toList()
        : FileNames.within(file, String.valueOf(value));
  }

  /** Refuses keys that exclude each other; an empty value counts as not given. */
  private static void checkExcluded(Mapping mapping, String key, Setting setting) {
    for (String other : setting.excludes()) {
      if (isGiven(mapping.get(key)) && isGiven(mapping.get(other))) {
        throw new ConfigException(
            mapping.place() + ": at most one of " + key + " & " + other + " must be configured");
      }
    }
  }

  private static boolean isGiven(@Nullable ConfigNode node) {
    return node != null && !(node instanceof Scalar s && s.text().isEmpty());
  }

  /** Returns the zero value of a type that has one and whose component is never null; else null. */
  private static @Nullable Object zero(Class<?> raw, Setting setting) {
    if (raw == String.class) {
      return "";
    }
    if (raw == Duration.class && !setting.defaultValue().isEmpty()) {
      return Duration.ZERO;
    }
    return primitiveZero(raw);
  }

  private static @Nullable Object emptyValue(Type type) {
    Class<?> raw = raw(type);
    return raw == List.class ? List.of() : raw == Map.class ? Map.of() : primitiveZero(raw);
  }

  private static @Nullable Object absentValue(Type type, Place place) {
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
    if (raw.isRecord() && raw != ByteSize.class) {
      return build(new Mapping(place, List.of()), raw);
    }
    return primitiveZero(raw);
  }

  private static @Nullable Object primitiveZero(Class<?> raw) {
    if (raw == boolean.class) {
      return false;
    }
    if (raw == int.class) {
      return 0;
    }
    if (raw == long.class) {
      return 0L;
    }
    if (raw == double.class) {
      return 0.0;
    }
    return null;
  }

  private static Class<?> raw(Type type) {
    if (type instanceof Class<?> c) {
      return c;
    }
    return (Class<?>) ((ParameterizedType) type).getRawType();
  }

  private static Object value(ConfigNode node, Type type, String key) {
    Class<?> raw = raw(type);
    if (raw == ConfigNode.class) {
      return node;
    }
    if (raw == List.class) {
      return list(node, ((ParameterizedType) type).getActualTypeArguments()[0], key);
    }
    if (raw == Map.class) {
      return map(node, ((ParameterizedType) type).getActualTypeArguments()[1], key);
    }
    if (raw.isRecord() && raw != ByteSize.class) {
      return bind(node, raw.asSubclass(Record.class), k -> false, key);
    }
    if (!(node instanceof Scalar scalar)) {
      throw new ConfigException(
          node.place() + ": " + key + " must be a single value, got " + ConfigNodes.describe(node));
    }
    return scalar(scalar, raw, key);
  }

  private static List<Object> list(ConfigNode node, Type element, String key) {
    if (node instanceof Scalar s && s.kind() == Scalar.Kind.NULL) {
      return List.of();
    }
    List<Object> out = new ArrayList<>();
    if (!(node instanceof Sequence sequence)) {
      throw new ConfigException(
          node.place()
              + ": "
              + key
              + " must be a list, got "
              + (raw(element) == Secret.class ? "a single value" : ConfigNodes.describe(node))
              + (node instanceof Scalar && raw(element) == String.class
                  ? "; write it in brackets"
                  : ""));
    }
    for (ConfigNode item : sequence.items()) {
      if (item instanceof Scalar s && s.kind() == Scalar.Kind.NULL) {
        if (raw(element) == String.class) {
          continue; // as in the original, no text is not an empty one
        }
        throw new ConfigException(item.place() + ": empty or null entry in " + key);
      }
      out.add(value(item, element, key));
    }
    return List.copyOf(out);
  }

  private static Map<String, Object> map(ConfigNode node, Type element, String key) {
    Map<String, Object> out = new LinkedHashMap<>();
    for (Entry e : mapping(node, key, false).entries()) {
      out.put(e.key(), value(e.value(), element, e.key()));
    }
    return Collections.unmodifiableMap(out);
  }

  private static Object scalar(Scalar scalar, Class<?> raw, String key) {
    String text = scalar.text();
    Place at = scalar.place();
    if (raw == String.class) {
      return text;
    }
    if (raw == Secret.class) {
      return Secret.of(text);
    }
    if (raw == boolean.class || raw == Boolean.class) {
      return bool(scalar, key);
    }
    if (raw == int.class || raw == Integer.class || raw == long.class || raw == Long.class) {
      long n = integer(scalar, key);
      if (raw == int.class || raw == Integer.class) {
        if (n != (int) n) {
          throw new ConfigException(at + ": " + key + " must fit 32 bits, got " + n);
        }
        return (int) n;
      }
      return n;
    }
    if (raw == double.class || raw == Double.class) {
      return number(scalar, key);
    }
    if (raw == Duration.class) {
      try {
        return PromDuration.parse(text);
      } catch (IllegalArgumentException e) {
        throw new ConfigException(at + ": " + key + ": " + e.getMessage(), e);
      }
    }
    if (raw == ByteSize.class) {
      return byteSize(text, at, key);
    }
    if (raw == GoUrl.class) {
      try {
        return GoUrl.parse(text);
      } catch (GoUrl.InvalidUrlException e) {
        throw new ConfigException(
            at + ": " + key + " must be a URL, got \"" + text + "\": " + e.reason(), e);
      }
    }
    if (raw.isEnum()) {
      StringBuilder known = new StringBuilder();
      for (Object constant : raw.getEnumConstants()) {
        String name = ((Enum<?>) constant).name().toLowerCase(Locale.ROOT);
        if (name.equals(text)) {
          return constant;
        }
        known.append(known.isEmpty() ? "" : ", ").append(name);
      }
      throw new ConfigException(
          at + ": " + key + " must be one of " + known + ", got \"" + text + "\"");
    }
    throw new IllegalStateException("settings of type " + raw.getName() + " are not supported");
  }

  /** Returns a value as it would be read from a file without quotes. */
  public static Scalar plain(Place place, String text) {
    Scalar.Kind kind =
        text.equals("true") || text.equals("false")
            ? Scalar.Kind.BOOLEAN
            : FLOAT.matcher(text).matches() ? Scalar.Kind.FLOAT : Scalar.Kind.STRING;
    return new Scalar(place, text, kind);
  }

  /** Refuses a text, as Prometheus does: a quoted number too. */
  private static void unquoted(Scalar scalar, String key, String what) {
    if (scalar.kind() == Scalar.Kind.STRING) {
      boolean quoted =
          FLOAT.matcher(scalar.text()).matches() || SPECIAL.matcher(scalar.text()).matches();
      throw new ConfigException(
          scalar.place()
              + ": "
              + key
              + " must be "
              + what
              + (quoted
                  ? ", got the text \"" + scalar.text() + "\"; write it without quotes"
                  : ", got \"" + scalar.text() + "\""));
    }
  }

  private static Scalar single(ConfigNode node, String key, String what) {
    if (node instanceof Scalar scalar) {
      unquoted(scalar, key, what);
      return scalar;
    }
    throw ConfigNodes.at(node, key + " must be " + what + ", got " + ConfigNodes.describe(node));
  }

  /**
   * Returns true or false.
   *
   * @throws ConfigException with the position of a value that is something else
   */
  public static boolean bool(ConfigNode node, String key) {
    if (!(node instanceof Scalar scalar)) {
      throw ConfigNodes.at(node, key + " must be true or false, got " + ConfigNodes.describe(node));
    }
    if (scalar.kind() == Scalar.Kind.STRING && BOOLEANS.contains(scalar.text())) {
      throw new ConfigException(
          scalar.place()
              + ": "
              + key
              + " must be true or false, got the text \""
              + scalar.text()
              + "\"; write it without quotes");
    }
    return switch (scalar.text()) {
      case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y" -> true;
      case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N" -> false;
      default ->
          throw new ConfigException(
              scalar.place()
                  + ": "
                  + key
                  + " must be true or false, got \""
                  + scalar.text()
                  + "\"");
    };
  }

  /**
   * Returns an integer as Prometheus reads it: {@code 0x}, {@code 0b}, {@code 0o} and leading zero
   * for octal, underscores, and numbers with a fraction, which is truncated.
   *
   * @throws ConfigException with the position of a value that is something else
   */
  public static long integer(ConfigNode node, String key) {
    Scalar scalar = single(node, key, "a whole number");
    return integer(scalar.text(), scalar.place(), key, "a whole number");
  }

  private static long integer(String text, Place at, String key, String what) {
    String plain = text.replace("_", "");
    boolean negative = plain.startsWith("-");
    String digits = negative || plain.startsWith("+") ? plain.substring(1) : plain;
    try {
      int radix = 10;
      String rest = digits;
      if (digits.length() > 1 && digits.charAt(0) == '0') {
        char letter = Character.toLowerCase(digits.charAt(1));
        radix = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
        rest = digits.substring(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
      }
      if (rest.startsWith("-") || rest.startsWith("+")) {
        throw new NumberFormatException("two signs");
      }
      return Long.parseLong(negative ? "-" + rest : rest, radix);
    } catch (NumberFormatException e) {
      if (FLOAT.matcher(plain).matches()) {
        double number = Double.parseDouble(plain);
        if (number < 0x1p63) {
          return (long) number;
        }
      }
      throw new ConfigException(at + ": " + key + " must be " + what + ", got \"" + text + "\"", e);
    }
  }

  /**
   * Returns a number as Prometheus reads it, from any form that {@link #integer} takes too.
   *
   * @throws ConfigException with the position of a value that is something else
   */
  public static double number(ConfigNode node, String key) {
    Scalar scalar = single(node, key, "a number");
    String text = scalar.text();
    String plain = text.replace("_", "");
    switch (plain.toLowerCase(Locale.ROOT)) {
      case ".inf", "+.inf" -> {
        return Double.POSITIVE_INFINITY;
      }
      case "-.inf" -> {
        return Double.NEGATIVE_INFINITY;
      }
      case ".nan" -> {
        return Double.NaN;
      }
      default -> {}
    }
    if (FLOAT.matcher(plain).matches() && !OCTAL.matcher(plain).matches()) {
      double number = Double.parseDouble(plain);
      if (Double.isInfinite(number)) {
        throw new ConfigException(
            scalar.place() + ": " + key + " must be a number of 64 bits, got \"" + text + "\"");
      }
      return number;
    }
    if (UNSIGNED.matcher(plain).matches()) {
      return new BigInteger(
              plain.substring(2), Character.toLowerCase(plain.charAt(1)) == 'b' ? 2 : 16)
          .doubleValue();
    }
    return integer(text, scalar.place(), key, "a number");
  }

  /** Parses sizes such as {@code 512MB}, {@code 1.5GiB} and {@code 1GB512MB}. */
  private static ByteSize byteSize(String text, Place at, String key) {
    if (text.equals("0")) {
      return new ByteSize(0);
    }
    double total = 0;
    int i = 0;
    while (i < text.length()) {
      int start = i;
      while (i < text.length() && (isDigit(text.charAt(i)) || text.charAt(i) == '.')) {
        i++;
      }
      int unitStart = i;
      while (i < text.length() && !isDigit(text.charAt(i)) && text.charAt(i) != '.') {
        i++;
      }
      String digits = text.substring(start, unitStart);
      String unit = text.substring(unitStart, i);
      if (!digits.matches("[0-9]+(\\.[0-9]*)?|\\.[0-9]+")) {
        total = -1;
        break;
      }
      int power = List.of("B", "KB", "MB", "GB", "TB", "PB", "EB").indexOf(unit.replace("iB", "B"));
      if (power < 0 || unit.equals("iB")) {
        throw new ConfigException(
            at
                + ": "
                + key
                + ": units: unknown unit "
                + unit
                + " in "
                + text
                + "; write a size such as 512MB");
      }
      total += Double.parseDouble(digits) * (1L << (10 * power));
    }
    if (text.isEmpty() || total < 0) {
      throw new ConfigException(
          at + ": " + key + ": units: invalid " + text + "; write a size such as 512MB");
    }
    if (total >= 0x1p63) {
      throw new ConfigException(at + ": " + key + " is too large, got \"" + text + "\"");
    }
    return new ByteSize((long) total);
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
