package io.narthex.template;

import io.narthex.text.time.GoZone;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Functions of templates in notifications; {@code routeLabels} is added with the data. */
final class NotificationFunctions {
  static final Set<String> NAMES = names();

  private NotificationFunctions() {}

  private static Set<String> names() {
    Set<String> names = new HashSet<>(of(Clock.systemUTC()).keySet());
    names.addAll(Builtins.ALL.keySet());
    names.add("routeLabels");
    return Set.copyOf(names);
  }

  static Map<String, GoFunction> of(Clock clock) {
    Map<String, GoFunction> m = new HashMap<>(CommonFunctions.ALL);
    m.put("title", GoFunction.of(1, a -> CommonFunctions.title(Arguments.text(a, 0), true)));
    m.put("trimSpace", GoFunction.of(1, a -> trimSpace(Arguments.text(a, 0))));
    m.put(
        "join",
        GoFunction.of(
            2,
            a ->
                Arguments.list(a, 1).stream()
                    .map(Arguments::text)
                    .collect(Collectors.joining(Arguments.text(a, 0)))));
    m.put("safeUrl", GoFunction.of(1, a -> new SafeText(SafeText.Kind.URL, Arguments.text(a, 0))));
    m.put("urlUnescape", GoFunction.of(1, a -> urlUnescape(Arguments.text(a, 0))));
    m.put(
        "stringSlice",
        GoFunction.atLeast(
            0,
            a -> {
              List<@Nullable Object> out = new ArrayList<>();
              a.forEach(v -> out.add(Arguments.text(v)));
              return out;
            }));
    m.put("date", GoFunction.of(2, a -> GoTime.format(Arguments.time(a, 1), Arguments.text(a, 0))));
    m.put(
        "tz",
        GoFunction.of(
            2, a -> Arguments.time(a, 1).withZoneSameInstant(zone(Arguments.text(a, 0)))));
    m.put("now", GoFunction.of(0, a -> GoTime.of(clock.instant())));
    m.put(
        "since",
        GoFunction.of(1, a -> Duration.between(Arguments.time(a, 0).toInstant(), clock.instant())));
    m.put(
        "toDate",
        GoFunction.of(
            2,
            a -> {
              try {
                return GoTime.parse(Arguments.text(a, 0), Arguments.text(a, 1));
              } catch (GoTemplateException e) {
                return GoTime.ZERO;
              }
            }));
    m.put(
        "mustToDate",
        GoFunction.of(2, a -> GoTime.parse(Arguments.text(a, 0), Arguments.text(a, 1))));
    m.put("toJson", GoFunction.of(1, a -> GoJson.write(a.get(0), true)));
    m.put(
        "base64encode",
        GoFunction.of(
            1,
            a ->
                Base64.getUrlEncoder()
                    .encodeToString(Arguments.text(a, 0).getBytes(StandardCharsets.UTF_8))));
    m.put(
        "base64decode",
        GoFunction.of(
            1,
            a -> {
              try {
                return new String(
                    Base64.getUrlDecoder().decode(Arguments.text(a, 0)), StandardCharsets.UTF_8);
              } catch (IllegalArgumentException e) {
                throw new GoTemplateException("illegal base64 data", e);
              }
            }));
    m.put("list", GoFunction.atLeast(0, ArrayList::new));
    m.put(
        "append",
        GoFunction.atLeast(
            1,
            a -> {
              List<@Nullable Object> out = new ArrayList<>(Arguments.list(a, 0));
              out.addAll(a.subList(1, a.size()));
              return out;
            }));
    m.put("dict", GoFunction.atLeast(0, NotificationFunctions::dict));
    return m;
  }

  private static String trimSpace(String s) {
    int from = 0;
    int to = s.length();
    while (from < to && isSpace(s.charAt(from))) {
      from++;
    }
    while (to > from && isSpace(s.charAt(to - 1))) {
      to--;
    }
    return s.substring(from, to);
  }

  /** As unicode.IsSpace: no-break spaces are spaces, the separators of ASCII are not. */
  private static boolean isSpace(char c) {
    return c >= '\t' && c <= '\r' || c == 0x85 || Character.isSpaceChar(c);
  }

  private static String urlUnescape(String s) {
    try {
      return URLDecoder.decode(s, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new GoTemplateException("invalid URL escape", e);
    }
  }

  private static ZoneId zone(String name) {
    ZoneId zone = GoZone.find(name);
    if (zone == null) {
      throw new GoTemplateException("unknown time zone " + name);
    }
    return zone;
  }

  private static Map<String, @Nullable Object> dict(List<@Nullable Object> args) {
    if (args.size() % 2 != 0) {
      throw new GoTemplateException("odd number of arguments");
    }
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (int i = 0; i < args.size(); i += 2) {
      if (!(args.get(i) instanceof String key)) {
        throw new GoTemplateException("key is not a string: " + GoFormat.value(args.get(i)));
      }
      map.put(key, args.get(i + 1));
    }
    return map;
  }
}
