package io.narthex.template;

import io.narthex.model.Labels;
import io.narthex.model.go.GoFloat;
import io.narthex.model.go.GoUrl;
import io.narthex.model.go.PromDuration;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.template.TemplateService.QueryFunction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Functions of templates in rules and consoles. */
final class RuleFunctions {
  /** Their names, which is all that parsing needs. */
  static final Set<String> NAMES = names();

  private RuleFunctions() {}

  private static Set<String> names() {
    Map<String, GoFunction> m = of(null, 0, "", null);
    Set<String> names = new java.util.HashSet<>(m.keySet());
    names.addAll(Builtins.ALL.keySet());
    return Set.copyOf(names);
  }

  /**
   * Returns the functions.
   *
   * @param query null: {@code query} fails
   * @param template runs a template by name, for {@code tmpl}; null: there is no such function
   */
  static Map<String, GoFunction> of(
      @Nullable QueryFunction query,
      long timeMs,
      String externalUrl,
      java.util.function.@Nullable BiFunction<String, @Nullable Object, String> template) {
    Map<String, GoFunction> m = new HashMap<>(CommonFunctions.ALL);
    m.put("query", GoFunction.of(1, a -> query(query, Arguments.text(a, 0), timeMs)));
    m.put(
        "first",
        GoFunction.of(
            1,
            a -> {
              List<@Nullable Object> list = Arguments.list(a, 0);
              if (list.isEmpty()) {
                throw new GoTemplateException("first() called on vector with no elements");
              }
              return list.get(0);
            }));
    m.put("label", GoFunction.of(2, a -> sample(a.get(1)).labels().get(Arguments.text(a, 0))));
    m.put("value", GoFunction.of(1, a -> sample(a.get(0)).value()));
    m.put("strvalue", GoFunction.of(1, a -> sample(a.get(0)).labels().get("__value__")));
    m.put("sortByLabel", GoFunction.of(2, a -> sorted(Arguments.text(a, 0), Arguments.list(a, 1))));
    m.put("humanize", GoFunction.of(1, a -> Humanize.si(a.get(0))));
    m.put("humanize1024", GoFunction.of(1, a -> Humanize.binary(a.get(0))));
    m.put("humanizePercentage", GoFunction.of(1, a -> Humanize.percentage(a.get(0))));
    m.put("humanizeTimestamp", GoFunction.of(1, a -> Humanize.timestamp(a.get(0))));
    m.put("toTime", GoFunction.of(1, a -> Humanize.time(Humanize.number(a.get(0)))));
    m.put(
        "toDuration",
        GoFunction.of(
            1,
            a -> {
              double nanos = Humanize.number(a.get(0)) * 1e9;
              if (Double.isNaN(nanos) || Math.abs(nanos) > Long.MAX_VALUE) {
                throw new GoTemplateException(
                    GoFloat.format(nanos / 1e9, 'g', -1)
                        + " cannot be represented as a duration since it overflows int64");
              }
              return Duration.ofNanos((long) nanos);
            }));
    m.put("now", GoFunction.of(0, a -> timeMs / 1000.0));
    m.put(
        "parseDuration",
        GoFunction.of(
            1,
            a -> {
              try {
                return PromDuration.parseMs(Arguments.text(a, 0)) / 1000.0;
              } catch (IllegalArgumentException e) {
                throw new GoTemplateException(String.valueOf(e.getMessage()), e);
              }
            }));
    m.put("stripPort", GoFunction.of(1, a -> stripPort(Arguments.text(a, 0))));
    m.put("stripDomain", GoFunction.of(1, a -> stripDomain(Arguments.text(a, 0))));
    m.put("urlQueryEscape", GoFunction.of(1, a -> Escapes.query(Arguments.text(a, 0))));
    m.put("graphLink", GoFunction.of(1, a -> link(Arguments.text(a, 0), 0)));
    m.put("tableLink", GoFunction.of(1, a -> link(Arguments.text(a, 0), 1)));
    m.put("pathPrefix", GoFunction.of(0, a -> pathOf(externalUrl)));
    m.put("externalURL", GoFunction.of(0, a -> externalUrl));
    m.put("args", GoFunction.atLeast(0, RuleFunctions::args));
    if (template != null) {
      m.put(
          "tmpl",
          GoFunction.of(
              2,
              a ->
                  new SafeText(
                      SafeText.Kind.HTML, template.apply(Arguments.text(a, 0), a.get(1)))));
    }
    return m;
  }

  static String link(String expression, int tab) {
    return "/graph?g0.expr=" + Escapes.query(expression) + "&g0.tab=" + tab;
  }

  private static String pathOf(String url) {
    try {
      return GoUrl.parse(url).path();
    } catch (GoUrl.InvalidUrlException e) {
      return "";
    }
  }

  private static Map<String, @Nullable Object> args(List<@Nullable Object> values) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      map.put("arg" + i, values.get(i));
    }
    return map;
  }

  private static List<Object> query(@Nullable QueryFunction query, String expression, long timeMs) {
    if (query == null) {
      throw new GoTemplateException("queries are not available here");
    }
    QueryResult result;
    try {
      result = query.query(expression, timeMs);
    } catch (QueryException e) {
      throw new GoTemplateException(String.valueOf(e.getMessage()), e);
    }
    List<Object> out = new ArrayList<>();
    switch (result.data()) {
      case QueryResult.Data.Vector v ->
          v.samples()
              .forEach(s ->
                  out.add(
                      new Sample(
                          s.labels(),
                          s.histogram() == null
                              ? (Object) s.value()
                              : new HistogramValue(s.histogram()))));
      case QueryResult.Data.Scalar s -> out.add(new Sample(Labels.EMPTY, s.value()));
      case QueryResult.Data.Text t ->
          out.add(new Sample(Labels.of("__value__", t.value()), Double.NaN));
      case QueryResult.Data.Matrix x ->
          throw new GoTemplateException("query result is not a vector or scalar");
    }
    return out;
  }

  private static Sample sample(@Nullable Object v) {
    if (v instanceof Sample s) {
      return s;
    }
    throw Arguments.wrong("*template.sample", v);
  }

  private static List<Object> sorted(String label, List<@Nullable Object> samples) {
    List<Object> out = new ArrayList<>();
    samples.forEach(s -> out.add(sample(s)));
    out.sort((x, y) ->
        Labels.compareCodePoints(
            ((Sample) x).labels().get(label), ((Sample) y).labels().get(label)));
    return out;
  }

  private static String stripPort(String hostPort) {
    int colon = hostPort.lastIndexOf(':');
    if (colon < 0) {
      return hostPort;
    }
    String host = hostPort.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      return host.substring(1, host.length() - 1);
    }
    return host.indexOf(':') >= 0 || host.indexOf('[') >= 0 ? hostPort : host;
  }

  private static String stripDomain(String hostPort) {
    int colon = hostPort.lastIndexOf(':');
    boolean hasPort =
        colon >= 0
            && (hostPort.indexOf(':') == colon
                || (hostPort.startsWith("[") && hostPort.charAt(colon - 1) == ']'));
    String host = hasPort ? hostPort.substring(0, colon) : hostPort;
    String port = hasPort ? hostPort.substring(colon) : "";
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    boolean address =
        bare.indexOf(':') >= 0
            || (bare.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'))
                && bare.chars().filter(c -> c == '.').count() == 3);
    if (address) {
      return hostPort;
    }
    int dot = host.indexOf('.');
    return (dot < 0 ? host : host.substring(0, dot)) + port;
  }

  /** An element of a query's result. */
  record Sample(Labels labels, Object value) implements GoObject {
    @Override
    public @Nullable Object member(String name, List<@Nullable Object> arguments) {
      return switch (name) {
        case "Labels" -> LabelMap.plain(labels);
        case "Value" -> value;
        default -> NO_MEMBER;
      };
    }

    @Override
    public String print() {
      return "{" + GoFormat.value(labels.toMap()) + " " + GoFormat.value(value) + "}";
    }

    @Override
    public Object json() {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("Labels", labels.toMap());
      map.put("Value", value);
      return new GoJson.Ordered(map);
    }

    @Override
    public String typeName() {
      return "*template.sample";
    }
  }
}
