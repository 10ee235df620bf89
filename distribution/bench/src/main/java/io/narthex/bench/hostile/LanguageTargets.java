package io.narthex.bench.hostile;

import static io.narthex.bench.hostile.Parts.BRACES;
import static io.narthex.bench.hostile.Parts.BRACKETS;
import static io.narthex.bench.hostile.Parts.PARENTHESES;
import static io.narthex.bench.hostile.Parts.QUOTES;
import static io.narthex.bench.hostile.Parts.REGEX_BOMBS;
import static io.narthex.bench.hostile.Parts.counted;
import static io.narthex.bench.hostile.Parts.refusedOrThrown;
import static io.narthex.bench.hostile.Parts.sink;
import static io.narthex.bench.hostile.Parts.string;
import static io.narthex.bench.hostile.Parts.turn;
import static io.narthex.bench.hostile.Parts.words;

import io.narthex.bench.hostile.Target.Pair;
import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.model.Labels;
import io.narthex.promql.ParseException;
import io.narthex.promql.PromqlParser;
import io.narthex.query.PromqlEngine;
import io.narthex.query.script.PromqlTestRunner;
import io.narthex.relabel.NameScheme;
import io.narthex.relabel.Relabeling;
import io.narthex.service.config.RelabelRule;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.template.DefaultTemplateService;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Parsers of expressions: matchers, templates, PromQL, relabelling. */
final class LanguageTargets {
  private static final Labels LABELS =
      Labels.of("__name__", "up", "a", "one", "b", "x".repeat(300), "instance", "localhost:9090");

  private final Corpus corpus = new Corpus();

  Target matchers() {
    MatcherSyntax.Mode[] modes = MatcherSyntax.Mode.values();
    return new Target(
        "matchers",
        corpus.values("alertmanager-matchers", "input", "{a=\"b\",c=~\"d.*\",e!=f,g!~\"h\"}"),
        words(REGEX_BOMBS, "=", "!=", "=~", "!~", ",", "{", "}", "\"", "\\x", "\\u00e9", "a=b"),
        List.of(BRACES, QUOTES, new Pair("a=~\"(", ")\","), new Pair("\\", "")),
        List.of(
            n -> counted(n, "{", i -> "l" + i + "=\"v\",", "}"),
            n -> counted(n, "{a=~\"", i -> "x" + i + "|", "\"}"),
            n -> counted(n, "{a=\"", i -> "\\\\", "\"}"),
            n -> counted(n, "a=~\"", i -> ".*", "\"")),
        input -> {
          try {
            for (AlertMatcher matcher :
                AlertMatcher.compile(
                    MatcherSyntax.parse(string(input), modes[turn(input, modes.length)]))) {
              sink = matcher.matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!") ? 1 : 0;
            }
          } catch (IllegalArgumentException e) {
            refusedOrThrown(e);
          }
        });
  }

  Target templates() {
    TemplateService templates = DefaultTemplateService.standalone(Clock.systemUTC());
    TemplateService.RuleData data =
        new TemplateService.RuleData(LABELS, 1.5, Labels.of("z", "y"), "http://h/", 1, null);
    return new Target(
        "templates",
        corpus.values(
            "alertmanager-templates",
            "template",
            "{{ range $i, $e := .Labels }}{{ $i }}={{ $e | toUpper }}{{ end }}",
            "{{ define \"a\" }}{{ . }}{{ end }}{{ template \"a\" $value }}",
            "{{ $labels.instance }} is {{ $value | humanize }} {{ printf \"%5.2f %q\" $value .Labels }}"),
        words(
            REGEX_BOMBS,
            "{{",
            "}}",
            "{{- ",
            " -}}",
            "{{/*",
            "*/}}",
            "{{ if . }}",
            "{{ else }}",
            "{{ end }}",
            "{{ range $i, $e := . }}",
            "{{ with $x := . }}",
            "{{ define \"a\" }}",
            "{{ template \"a\" . }}",
            "{{ block \"a\" . }}",
            "{{ break }}",
            "{{ printf \"%1000000d\" 1 }}",
            "{{ printf \"%*d\" 1000000000 1 }}",
            "{{ printf \"%.99999f\" 1e300 }}",
            "{{ printf \"%[3]d\" 1 }}",
            "{{ reReplaceAll \"(a*)*\" \"$1$1\" . }}",
            "| reReplaceAll \"\" \"aaaaaaaaaaaaaaaaaaaa\" ",
            "| toUpper ",
            "| safeHtml ",
            "| humanizeDuration ",
            "| parseDuration ",
            "$value",
            ".Labels",
            "$labels.a",
            "index . 1",
            "slice \"abc\" 1 99",
            "len ",
            "eq 1 1.0",
            "and 1 ",
            "call ",
            "`",
            "0x1p-2",
            "'a'",
            "nil"),
        List.of(
            PARENTHESES,
            new Pair("{{ if . }}", "{{ end }}"),
            new Pair("{{ range .Labels }}", "{{ end }}"),
            new Pair("{{ with . }}", "{{ else }}{{ end }}"),
            new Pair("{{ define \"a\" }}", "{{ end }}"),
            new Pair("{{ ", " }}"),
            new Pair("{{ \"a\" | printf \"%s%s\" (", ") }}")),
        List.of(
            n -> counted(n, "", i -> "{{ $x" + i + " := 1 }}", ""),
            n -> counted(n, "", i -> "{{ define \"t" + i + "\" }}{{ end }}", ""),
            n -> counted(n, "{{ 1 ", i -> "| printf \"%v%v\" 1 ", "}}"),
            n -> counted(n, "", i -> "{{ range .Labels }}", ""),
            n -> counted(n, "", i -> "{{/* a */}}{{- 1 -}} ", "")),
        input -> {
          try {
            sink = templates.expandRule("a", string(input), data).length();
          } catch (TemplateException e) {
            // what the rules page shows
          }
        });
  }

  Target promql() {
    PromqlParser parser = PromqlEngine.parser(PromqlTestRunner.OPTIONS);
    List<byte[]> seeds =
        corpus.values(
            "parse",
            "input",
            "sum by (l) (rate(a{b=~\"c.*\"}[5m] offset 1h @ start()))",
            "a + on (l) group_left (le) fill_left(1) h_one");
    return new Target(
        "promql",
        seeds,
        words(
            REGEX_BOMBS,
            "{a=~\"(((a{1000}){1000}){1000}){1000}\"}",
            "[5m]",
            "[1d:1ms]",
            " offset -5m",
            " @ end()",
            " and ",
            " or ",
            " unless on() ",
            " group_left ",
            " ignoring (a) ",
            " by (a) ",
            "==bool",
            "</",
            "1e",
            "0x",
            "sum(",
            "rate(",
            "info(",
            "label_replace(a, \"b\", \"$1\", \"c\", \"(.*)\")",
            "{\"ü.ö\"}",
            "\"",
            "`",
            "'",
            "\\",
            ",",
            "-",
            "^",
            "#"),
        List.of(
            PARENTHESES,
            BRACKETS,
            BRACES,
            QUOTES,
            new Pair("sum(", ")"),
            new Pair("-", ""),
            new Pair("1^", ""),
            new Pair("a+", ""),
            new Pair("(", ")[1h:1m]"),
            new Pair("a and (", ")")),
        List.of(
            n -> counted(n, "a{", i -> "l" + i + "=\"v\",", "}"),
            n -> counted(n, "sum by (", i -> "l" + i + ",", ") (a)"),
            n -> counted(n, "1", i -> " + a" + i, ""),
            n -> counted(n, "1", i -> " ^ " + i, ""),
            n -> counted(n, "a", i -> " or a", ""),
            n -> counted(n, "", i -> "-", "1"),
            n -> counted(n, "a{b=~\"", i -> "x" + i + "|", "\"}"),
            n -> counted(n, "\"", i -> "\\u00e9", "\"")),
        input -> {
          try {
            sink = parser.parse(string(input)).position().end(); // a hash would walk the whole tree
          } catch (ParseException e) {
            // what the user gets to see
          }
        });
  }

  private static final String[] ACTIONS = {
    "replace",
    "keep",
    "drop",
    "keepequal",
    "dropequal",
    "hashmod",
    "labelmap",
    "labeldrop",
    "labelkeep",
    "lowercase",
    "uppercase"
  };

  /** A rule is written in lines: action, regex, replacement, target label, separator, sources. */
  Target relabelling() {
    List<byte[]> seeds = new ArrayList<>();
    for (String action : ACTIONS) {
      seeds.addAll(
          Corpus.texts(
              action + "\n(.*)\n$1\nt\n;\n__name__,a,b",
              action + "\n(?P<x>.+)-(b+)\n${x}_$2$$\n${1}\n\na",
              action + "\nlocal(host)?:\\d+\n$0\ninstance\n;\ninstance\n7"));
    }
    return new Target(
        "relabelling",
        seeds,
        words(
            REGEX_BOMBS,
            "$1",
            "${1}",
            "${x}",
            "$99999999999999999999",
            "$",
            "${",
            "(?P<x>",
            "(.+)",
            "\n",
            ",",
            ";",
            "__name__",
            "\\d+",
            "x{2,1}",
            "(?s:.)",
            "labelmap",
            "hashmod"),
        List.of(
            PARENTHESES,
            new Pair("(?:", ")*"),
            new Pair("(", "){2}"),
            new Pair("${", "}"),
            BRACKETS),
        List.of(
            n -> counted(n, "replace\n", i -> "(x" + i + ")|", "y\n$1\nt\n;\na"),
            n -> counted(n, "replace\n(.*)\n", i -> "$1", "\nt\n;\nb"),
            n -> counted(n, "keep\n.*\n\n\n;\n", i -> "l" + i + ",", "a"),
            n -> counted(n, "labelmap\n", i -> "(.*)", "\n$1$2$3\n\n\n")),
        input -> {
          String[] lines = string(input).split("\n", 7);
          String[] part = Arrays.copyOf(lines, 7);
          for (int i = 0; i < part.length; i++) {
            part[i] = i < lines.length ? lines[i] : "";
          }
          RelabelRule rule =
              new RelabelRule(
                  List.of(part[5].split(",", -1)),
                  part[4],
                  part[3],
                  part[1],
                  part[6].length(),
                  part[2],
                  part[0]);
          try {
            Labels out = Relabeling.compile(List.of(rule), NameScheme.UTF8).apply(LABELS);
            sink = out == null ? 0 : out.hashCode();
          } catch (IllegalArgumentException e) {
            refusedOrThrown(e);
          }
        });
  }
}
