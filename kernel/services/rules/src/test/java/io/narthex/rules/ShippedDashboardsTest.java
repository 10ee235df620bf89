package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.narthex.promql.ParseException;
import io.narthex.promql.ParserOptions;
import io.narthex.promql.PromqlParser;
import io.narthex.testkit.Needs;
import io.narthex.text.re2.Re2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** The dashboards in {@code distribution/dashboards}, which are data that no compiler reads. */
@NullUnmarked
class ShippedDashboardsTest {
  private static final Path FOLDER = Path.of("../../../distribution/dashboards");
  private static final int COLUMNS = 24;

  /** Keys of transformations that hold names of fields, not keys. */
  private static final Set<String> BY_FIELD =
      Set.of("excludeByName", "indexByName", "renameByName", "includeByName", "fields");

  private static final Map<String, String> BUILT_IN =
      Map.of(
          "__rate_interval", "1m",
          "__interval", "15s",
          "__range", "1h",
          "__url_time_range", "from=1&to=2");

  private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)(?::\\w+)?}|(\\w+))");

  @Test
  void eachHasAUidATitleAndPanelsBesideEachOther() throws IOException {
    Map<String, Map<?, ?>> dashboards = dashboards(FOLDER);
    assertThat(dashboards.keySet())
        .contains(
            "alerts.json",
            "containers.json",
            "jvm.json",
            "narthex.json",
            "node.json",
            "pods.json",
            "services.json",
            "slo.json");
    Set<Object> uids = new HashSet<>();
    Set<Object> titles = new HashSet<>();
    dashboards.forEach((file, d) -> {
      assertThat(uids.add(d.get("uid"))).as(file + ": uid").isTrue();
      assertThat(titles.add(d.get("title"))).as(file + ": title").isTrue();
      assertThat(text(d.get("uid"))).as(file).matches("narthex-[a-z]+");
      assertThat(list(d, "tags").stream().map(String::valueOf)).as(file).contains("narthex");
      assertThat(text(d.get("description"))).as(file).isNotBlank();
      List<Map<?, ?>> panels = panels(d);
      assertThat(panels).as(file).hasSizeGreaterThan(10);
      Set<Object> ids = new HashSet<>();
      Map<String, Object> places = new HashMap<>();
      for (Map<?, ?> p : panels) {
        String where = file + ": panel " + p.get("id") + " " + p.get("title");
        assertThat(ids.add(p.get("id"))).as(where).isTrue();
        String type = text(p.get("type"));
        if (!type.equals("text")) {
          assertThat(text(p.get("title"))).as(where).isNotBlank();
        }
        if (!type.equals("row") && !type.equals("text")) {
          assertThat(list(p, "targets")).as(where).isNotEmpty();
          assertThat(text(p.get("description"))).as(where).isNotBlank();
        }
      }
      overlap(file, list(d, "panels"), places);
      for (Map<?, ?> row : panels) {
        overlap(file, list(row, "panels"), new HashMap<>());
      }
    });
  }

  @Test
  void noneHasAKeyThatIsNotInGrafanasFiles() throws IOException {
    Set<String> known = new HashSet<>();
    for (String[] line : known()) {
      assertThat(known.add(line[0] + "\t" + line[1])).as(line[0] + " " + line[1]).isTrue();
    }
    Set<String> unknown = new TreeSet<>();
    dashboards(FOLDER)
        .forEach((file, d) -> {
          Set<String> keys = Keys.of(d);
          assertThat(keys).as(file).hasSizeGreaterThan(100);
          for (String key : keys) {
            if (!known.contains(key)) {
              unknown.add(file + ": " + key);
            }
          }
        });
    assertThat(unknown).isEmpty();
  }

  @Test
  void theListIsTrueOfTheFilesItNames() throws IOException {
    Path folder = Needs.shared("conformance/dashboards");
    Map<String, Set<String>> keys = new TreeMap<>();
    dashboards(folder).forEach((file, d) -> keys.put(file, Keys.of(d)));
    assertThat(keys).hasSize(14);
    Set<String> listed = new HashSet<>();
    List<String> wrong = new ArrayList<>();
    for (String[] line : known()) {
      String key = line[0] + "\t" + line[1];
      listed.add(key);
      if (line[2].startsWith("schema ")) {
        keys.forEach((file, k) -> {
          if (k.contains(key)) {
            wrong.add(key + ": occurs in " + file);
          }
        });
      } else if (!keys.getOrDefault(line[2], Set.of()).contains(key)) {
        wrong.add(key + ": does not occur in " + line[2]);
      }
    }
    assertThat(wrong).isEmpty();
    Set<String> occurring = new TreeSet<>();
    keys.values().forEach(occurring::addAll);
    occurring.removeAll(listed);
    assertThat(occurring).isEmpty();
  }

  @Test
  void everyExpressionIsPromql() throws IOException {
    PromqlParser parser = new PromqlParser(ParserOptions.standard(Re2::compile));
    List<String> wrong = new ArrayList<>();
    int[] parsed = {0};
    dashboards(FOLDER)
        .forEach((file, d) -> {
          Map<String, String> values = values(d);
          for (String expr : expressions(d)) {
            String query = replace(file, expr, values);
            try {
              parser.parse(query);
              parsed[0]++;
            } catch (ParseException e) {
              wrong.add(file + ": " + query + ": " + e.getMessage());
            }
          }
        });
    assertThat(wrong).isEmpty();
    assertThat(parsed[0]).isGreaterThan(300);
  }

  @Test
  void ratesAreOfTheIntervalOfTheServer() throws IOException {
    Pattern fixed = Pattern.compile("rate\\([^()]*\\[(?!\\$__rate_interval)([^]]+)]\\)");
    List<String> wrong = new ArrayList<>();
    dashboards(FOLDER)
        .forEach((file, d) -> {
          for (String expr : expressions(d)) {
            if (!file.equals("slo.json") && fixed.matcher(expr).find()) {
              wrong.add(file + ": " + expr);
            }
          }
        });
    assertThat(wrong).isEmpty();
  }

  /** Everything asked of the server: targets, annotations and variables that are series. */
  private static List<String> expressions(Map<?, ?> d) {
    List<String> all = new ArrayList<>();
    for (Map<?, ?> p : panels(d)) {
      for (Object t : list(p, "targets")) {
        all.add(text(map(t).get("expr")));
      }
    }
    for (Object a : list(map(d.get("annotations")), "list")) {
      all.add(text(map(a).get("expr")));
    }
    Pattern labelValues = Pattern.compile("label_values\\((.+), \\w+\\)");
    for (Object v : list(map(d.get("templating")), "list")) {
      if (map(v).get("query") instanceof Map<?, ?> q) {
        Matcher m = labelValues.matcher(text(q.get("query")));
        if (m.matches()) {
          all.add(m.group(1));
        } else {
          assertThat(text(q.get("query"))).matches("metrics\\(.+\\)");
        }
      }
    }
    return all;
  }

  /** What the variables stand for when a dashboard is opened. */
  private static Map<String, String> values(Map<?, ?> d) {
    Map<String, String> values = new HashMap<>(BUILT_IN);
    for (Object o : list(map(d.get("templating")), "list")) {
      Map<?, ?> v = map(o);
      Object current = map(v.get("current")).get("value");
      String first = current instanceof List<?> l ? text(l.get(0)) : text(current);
      String value =
          switch (first) {
            case "" -> "x";
            case "$__all" -> text(v.get("allValue"));
            default -> first;
          };
      values.put(text(v.get("name")), value);
    }
    return values;
  }

  private static String replace(String file, String expr, Map<String, String> values) {
    return VARIABLE
        .matcher(expr)
        .replaceAll(m -> {
          String name = m.group(1) == null ? m.group(2) : m.group(1);
          assertThat(values).as(file + ": " + expr).containsKey(name);
          return Matcher.quoteReplacement(values.get(name));
        });
  }

  private static void overlap(String file, List<?> panels, Map<String, Object> places) {
    for (Object o : panels) {
      Map<?, ?> p = map(o);
      Map<?, ?> at = map(p.get("gridPos"));
      int x = number(at, "x");
      int y = number(at, "y");
      assertThat(x + number(at, "w")).as(file + ": " + p.get("title")).isBetween(1, COLUMNS);
      for (int i = 0; i < number(at, "w"); i++) {
        for (int j = 0; j < number(at, "h"); j++) {
          Object before = places.putIfAbsent((x + i) + " " + (y + j), p.get("title"));
          assertThat(before).as(file + ": lies on " + p.get("title")).isNull();
        }
      }
    }
  }

  private static List<String[]> known() throws IOException {
    try (Stream<String> lines =
        Files.lines(Path.of("src/test/resources").resolve("dashboard-keys.tsv"))) {
      return lines.filter(l -> !l.startsWith("#")).map(l -> l.split("\t", -1)).toList();
    }
  }

  private static Map<String, Map<?, ?>> dashboards(Path folder) throws IOException {
    Map<String, Map<?, ?>> all = new TreeMap<>();
    JsonFactory json =
        JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file :
          files
              .filter(f -> f.toString().endsWith(".json"))
              .sorted(Comparator.comparing(Path::toString))
              .toList()) {
        try (JsonParser parser = json.createParser(file.toFile())) {
          parser.nextToken();
          all.put(file.getFileName().toString(), map(read(parser)));
          assertThat(parser.nextToken()).as(file.toString()).isNull();
        }
      }
    }
    return all;
  }

  private static Object read(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          map.put(name, read(parser));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(read(parser));
        }
        yield list;
      }
      case VALUE_NULL -> null;
      case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      default -> parser.getText();
    };
  }

  /** Returns all panels, those in rows as well. */
  private static List<Map<?, ?>> panels(Map<?, ?> parent) {
    List<Map<?, ?>> all = new ArrayList<>();
    for (Object p : list(parent, "panels")) {
      all.add(map(p));
      all.addAll(panels(map(p)));
    }
    return all;
  }

  private static Map<?, ?> map(Object value) {
    return value instanceof Map<?, ?> m ? m : Map.of();
  }

  private static List<?> list(Map<?, ?> map, String key) {
    return map.get(key) instanceof List<?> l ? l : List.of();
  }

  private static String text(Object value) {
    return value == null ? "" : value.toString();
  }

  private static int number(Map<?, ?> map, String key) {
    return map.get(key) instanceof Double d ? d.intValue() : 0;
  }

  /** Collects what a dashboard is made of: lines of a kind, a tab and a name. */
  private record Keys(Set<String> found) {
    static Set<String> of(Map<?, ?> dashboard) {
      Keys keys = new Keys(new TreeSet<>());
      keys.dashboard(dashboard);
      return keys.found;
    }

    private void add(String kind, Object name) {
      found.add(kind + "\t" + text(name));
    }

    private void all(String kind, String prefix, Map<?, ?> map) {
      map.keySet().forEach(k -> add(kind, prefix + k));
    }

    /** Adds the keys of a map and of the maps in it, as paths. */
    private void paths(String kind, String prefix, Map<?, ?> map) {
      map.forEach((k, v) -> {
        add(kind, prefix + k);
        if (v instanceof Map<?, ?> inner && !BY_FIELD.contains(text(k))) {
          paths(kind, prefix + k + ".", inner);
        }
      });
    }

    private void dashboard(Map<?, ?> d) {
      all("dashboard", "", d);
      all("dashboard", "time.", map(d.get("time")));
      list(map(d.get("annotations")), "list").forEach(a -> all("annotation", "", map(a)));
      list(d, "links").forEach(l -> all("link", "", map(l)));
      list(map(d.get("templating")), "list").forEach(v -> variable(map(v)));
      list(d, "panels").forEach(p -> panel(map(p)));
    }

    private void variable(Map<?, ?> v) {
      add("variable-type", v.get("type"));
      all("variable", "", v);
      all("variable", "query.", map(v.get("query")));
      all("variable", "current.", map(v.get("current")));
      list(v, "options").forEach(o -> all("variable", "options.", map(o)));
    }

    private void panel(Map<?, ?> p) {
      String type = text(p.get("type"));
      add("panel-type", type);
      all("panel", "", p);
      all("panel", "gridPos.", map(p.get("gridPos")));
      all("panel", "datasource.", map(p.get("datasource")));
      list(p, "links").forEach(l -> all("link", "", map(l)));
      paths("options " + type, "", map(p.get("options")));
      Map<?, ?> fields = map(p.get("fieldConfig"));
      all("panel", "fieldConfig.", fields);
      Map<?, ?> defaults = map(fields.get("defaults"));
      all("defaults", "", defaults);
      defaults.forEach((k, v) -> value(text(k), v));
      paths("custom " + type, "", map(defaults.get("custom")));
      for (Object o : list(fields, "overrides")) {
        add("matcher", map(map(o).get("matcher")).get("id"));
        list(map(o), "properties").forEach(r -> property(map(r)));
      }
      for (Object t : list(p, "targets")) {
        all("target", "", map(t));
        if (map(t).containsKey("format")) {
          add("target-format", map(t).get("format"));
        }
      }
      for (Object t : list(p, "transformations")) {
        String id = text(map(t).get("id"));
        add("transformation", id);
        paths("transformation " + id, "", map(map(t).get("options")));
      }
      list(p, "panels").forEach(q -> panel(map(q)));
    }

    private void property(Map<?, ?> p) {
      String id = text(p.get("id"));
      Object value = p.get("value");
      add("property", id);
      if (!value(id, value)) {
        paths("property", id + ".", map(value));
      }
      if (id.equals("custom.cellOptions")) {
        add("cell", map(value).get("type"));
      }
    }

    /** Adds what is in a setting of a field; returns whether the setting is of a known form. */
    private boolean value(String key, Object value) {
      switch (key) {
        case "unit" -> add("unit", value);
        case "color" -> {
          all("color", "", map(value));
          add("color-mode", map(value).get("mode"));
        }
        case "thresholds" -> {
          all("thresholds", "", map(value));
          list(map(value), "steps").forEach(s -> all("thresholds", "steps.", map(s)));
        }
        case "mappings" -> ((List<?>) value).forEach(m -> mapping(map(m)));
        case "links" -> ((List<?>) value).forEach(l -> all("link", "", map(l)));
        default -> {
          return false;
        }
      }
      return true;
    }

    private void mapping(Map<?, ?> m) {
      all("mapping", "", m);
      add("mapping-type", m.get("type"));
      if ("value".equals(m.get("type"))) {
        map(m.get("options")).values().forEach(r -> all("mapping", "value.", map(r)));
      }
    }
  }
}
