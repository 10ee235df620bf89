package io.narthex.bench.hostile;

import static io.narthex.bench.hostile.Parts.BRACES;
import static io.narthex.bench.hostile.Parts.BRACKETS;
import static io.narthex.bench.hostile.Parts.QUOTES;
import static io.narthex.bench.hostile.Parts.REGEX_BOMBS;
import static io.narthex.bench.hostile.Parts.counted;
import static io.narthex.bench.hostile.Parts.sink;
import static io.narthex.bench.hostile.Parts.string;
import static io.narthex.bench.hostile.Parts.words;

import io.narthex.bench.hostile.Target.Pair;
import io.narthex.bench.hostile.Target.Reader;
import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.TimeIntervals;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.core.config.NarthexConfig;
import io.narthex.core.config.PrometheusConfigLoader;
import io.narthex.relabel.NameScheme;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import io.narthex.template.DefaultTemplateService;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.time.Clock;
import java.time.Instant;
import java.util.List;

/** Parsers of configuration and rule files. */
final class FileTargets {
  private final Corpus corpus = new Corpus();

  private static final List<Pair> YAML_PAIRS =
      List.of(
          BRACES,
          BRACKETS,
          QUOTES,
          new Pair("{a: ", "}"),
          new Pair("[[", "]]"),
          new Pair("- ", ""),
          new Pair("? ", ""),
          new Pair("&a [*a, ", "]"),
          new Pair("!!set {", "}"));

  private static List<byte[]> yamlWords(String... more) {
    List<byte[]> out =
        words(
            REGEX_BOMBS,
            "&a ",
            "*a",
            "<<: *a\n",
            "x: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n",
            "!!binary ",
            "!!java.net.URL [x]",
            "!!float .inf",
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            ": ",
            "- ",
            "\n  ",
            "|\n",
            ">-\n",
            "# ",
            "~",
            "null",
            "true",
            "{}",
            "[]",
            "${HOME}",
            "regex: ",
            "{{ . }}");
    out.addAll(Corpus.texts(more));
    return out;
  }

  private static Reader configuration(Reader reader) {
    return input -> {
      try {
        reader.read(input);
      } catch (ConfigException e) {
        // what the log shows
      }
    };
  }

  Target prometheusYaml() {
    PrometheusConfigLoader loader = new PrometheusConfigLoader(name -> null, false);
    return new Target(
        "prometheus-yaml",
        corpus.files("config", "yml", "scrape_configs: [{job_name: a, scrape_interval: 1m}]\n"),
        yamlWords(
            "scrape_configs:\n",
            "- job_name: a\n",
            "static_configs: [{targets: ['a:1']}]\n",
            "relabel_configs: [{regex: '(a', action: keep}]\n",
            "source_labels: [a]\n",
            "basic_auth: {username: a, password: b}\n",
            "tls_config: {}\n",
            "http_sd_configs: [{url: 'http://a'}]\n",
            "scrape_timeout: 1y\n"),
        YAML_PAIRS,
        List.of(
            n -> counted(n, "", i -> "k" + i + ": v\n", ""),
            n -> counted(n, "- ", i -> "[", ""),
            n -> counted(n, "a: [", i -> "x,", "]\n"),
            n -> counted(n, "a: &a [x]\nb: [", i -> "*a,", "]\n"),
            n -> counted(n, "", i -> "k" + i + ": &k" + i + " [*k" + (i + 1) + "]\n", ""),
            n -> counted(n, "scrape_configs:\n", i -> "- job_name: j" + i + "\n", ""),
            n ->
                counted(
                    n,
                    "scrape_configs:\n- job_name: a\n  relabel_configs:\n",
                    i -> "  - {regex: a" + i + "}\n",
                    ""),
            n ->
                counted(
                    n,
                    "scrape_configs:\n- job_name: a\n  static_configs: [{targets: [",
                    i -> "h" + i + ",",
                    "]}]\n")),
        configuration(input -> {
          sink = loader.parse("nowhere/prometheus.yml", string(input)).hashCode();
        }));
  }

  Target rulesYaml() {
    Class<?> type = Hidden.type("io.narthex.rules.RuleFileLoader");
    Constructor<?> constructor = Hidden.constructor(type, 4);
    Method load = Hidden.method(type, "load", String.class);
    Object expressions =
        Hidden.answering(
            Hidden.type("io.narthex.rules.RuleFileLoader$ExpressionCheck"),
            new QueryEngine.Canonical("up", false));
    TemplateService templates = DefaultTemplateService.standalone(Clock.systemUTC());
    return new Target(
        "rules-yaml",
        corpus.files("rules", "yaml", "groups: [{name: a, rules: [{record: b, expr: up}]}]\n"),
        yamlWords(
            "groups:\n",
            "- name: a\n",
            "rules:\n",
            "- alert: A\n  expr: up\n",
            "record: a:b\n",
            "for: 5m\n",
            "labels: {a: '{{ $value }}'}\n",
            "keep_firing_for: 1d\n",
            "limit: -1\n"),
        YAML_PAIRS,
        List.of(
            n -> counted(n, "", i -> "k" + i + ": v\n", ""),
            n -> counted(n, "- ", i -> "[", ""),
            n -> counted(n, "a: [", i -> "x,", "]\n"),
            n -> counted(n, "a: &a [x]\nb: [", i -> "*a,", "]\n"),
            n -> counted(n, "", i -> "k" + i + ": &k" + i + " [*k" + (i + 1) + "]\n", ""),
            n -> counted(n, "groups:\n", i -> "- name: g" + i + "\n", ""),
            n ->
                counted(
                    n,
                    "groups:\n- name: g\n  rules:\n",
                    i -> "  - {record: r" + i + ", expr: up}\n",
                    ""),
            n ->
                counted(
                    n,
                    "groups:\n- name: g\n  rules:\n  - alert: a\n    expr: up\n    labels: {",
                    i -> "l" + i + ": v,",
                    "}\n")),
        configuration(input -> {
          Object loader = constructor.newInstance(expressions, templates, NameScheme.UTF8, false);
          sink = String.valueOf(Hidden.call(load, loader, "rules.yml", string(input))).length();
        }));
  }

  Target alertmanagerYaml() {
    return new Target(
        "alertmanager-yaml",
        corpus.files(
            "alertmanager-config", "yml", "route: {receiver: a}\nreceivers: [{name: a}]\n"),
        yamlWords(
            "route: {receiver: a}\n",
            "receivers: [{name: a}]\n",
            "routes: [{matchers: ['a=~\"(b\"']}]\n",
            "inhibit_rules: [{equal: [a]}]\n",
            "webhook_configs: [{url: 'http://a'}]\n",
            "group_by: ['...']\n",
            "group_wait: 1s\n",
            "time_intervals: [{name: b, time_intervals: [{years: ['1:2']}]}]\n",
            "global: {smtp_from: a}\n"),
        YAML_PAIRS,
        List.of(
            n -> counted(n, "", i -> "k" + i + ": v\n", ""),
            n -> counted(n, "- ", i -> "[", ""),
            n -> counted(n, "a: [", i -> "x,", "]\n"),
            n -> counted(n, "a: &a [x]\nb: [", i -> "*a,", "]\n"),
            n -> counted(n, "", i -> "k" + i + ": &k" + i + " [*k" + (i + 1) + "]\n", ""),
            n ->
                counted(
                    n,
                    "route: {receiver: a}\nreceivers:\n- name: a\n",
                    i -> "- name: r" + i + "\n",
                    ""),
            n ->
                counted(
                    n,
                    "receivers: [{name: a}]\nroute:\n  receiver: a\n  routes:\n",
                    i -> "  - matchers: [a=" + i + "]\n",
                    ""),
            n ->
                counted(n, "receivers: [{name: a}]\nroute: {receiver: a, ", i -> "routes: [{", "")),
        configuration(input ->
            sink =
                AlertmanagerConfigLoader.load(YamlReader.read("alertmanager.yml", string(input)))
                    .hashCode()));
  }

  Target narthexYaml() {
    return new Target(
        "narthex-yaml",
        Corpus.texts(
            "storage:\n  type: tsdb\n  settings: {retention: 2h}\nexporters:\n  node: {}\n  jvm:\n",
            "plugins:\n  circuit_failures: 3\n  retry_pause: 1s\n  removal_grace: 1s\n"),
        yamlWords("storage: ", "exporters: ", "plugins: ", "type: tsdb", "retry_pause: 1e9y\n"),
        YAML_PAIRS,
        List.of(
            n -> counted(n, "", i -> "k" + i + ": v\n", ""),
            n -> counted(n, "- ", i -> "[", ""),
            n -> counted(n, "a: [", i -> "x,", "]\n"),
            n -> counted(n, "a: &a [x]\nb: [", i -> "*a,", "]\n"),
            n -> counted(n, "", i -> "k" + i + ": &k" + i + " [*k" + (i + 1) + "]\n", ""),
            n -> counted(n, "exporters:\n", i -> "  e" + i + ": {}\n", "")),
        configuration(input ->
            sink =
                ConfigBinder.bind(
                        YamlReader.read("narthex.yml", string(input)), NarthexConfig.class)
                    .hashCode()));
  }

  Target timeIntervals() {
    return new Target(
        "time-intervals",
        corpus.values(
            "timeinterval", "yaml", "[{times: [{start_time: '09:00', end_time: '17:00'}]}]"),
        yamlWords(
            "weekdays: ['monday:friday']\n",
            "months: ['january:march']\n",
            "days_of_month: ['-31:-1']\n",
            "years: ['2020:2147483648']\n",
            "times: [{start_time: '24:00', end_time: '23:59'}]\n",
            "location: 'Australia/Sydney'\n",
            "location: '../../etc'\n",
            "- "),
        YAML_PAIRS,
        List.of(
            n -> counted(n, "", i -> "k" + i + ": v\n", ""),
            n -> counted(n, "- ", i -> "[", ""),
            n -> counted(n, "a: [", i -> "x,", "]\n"),
            n -> counted(n, "a: &a [x]\nb: [", i -> "*a,", "]\n"),
            n -> counted(n, "", i -> "k" + i + ": &k" + i + " [*k" + (i + 1) + "]\n", ""),
            n -> counted(n, "- years: [", i -> "'" + i + "',", "]\n"),
            n -> counted(n, "", i -> "- weekdays: [monday]\n", "")),
        configuration(input -> {
          TimeIntervals intervals = TimeIntervals.parse(YamlReader.read("a.yml", string(input)));
          sink = intervals.contains(Instant.ofEpochSecond(1_700_000_000L)) ? 1 : 0;
        }));
  }
}
