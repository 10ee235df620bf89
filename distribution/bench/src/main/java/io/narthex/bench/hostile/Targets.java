package io.narthex.bench.hostile;

import io.narthex.bench.hostile.Target.Pair;
import io.narthex.bench.hostile.Target.Reader;
import io.narthex.core.config.NarthexConfig;
import io.narthex.core.config.PrometheusConfigLoader;
import io.narthex.format.alertmanager.AlertMatcher;
import io.narthex.format.alertmanager.AlertmanagerConfigLoader;
import io.narthex.format.alertmanager.MatcherSyntax;
import io.narthex.format.alertmanager.TimeIntervals;
import io.narthex.format.exposition.ExpositionException;
import io.narthex.format.exposition.ExpositionFormat;
import io.narthex.format.exposition.ExpositionParser;
import io.narthex.format.exposition.ParserOptions;
import io.narthex.format.relabel.NameScheme;
import io.narthex.format.relabel.Relabeling;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.format.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.promql.ParseException;
import io.narthex.promql.PromqlParser;
import io.narthex.query.PromqlEngine;
import io.narthex.query.script.PromqlTestRunner;
import io.narthex.service.config.RelabelRule;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.template.DefaultTemplateService;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/** All parsers of what comes from outside. */
final class Targets {
  private static final String[] REGEX_BOMBS = {
    "(((a{1000}){1000}){1000}){1000}",
    "(a{1000}){1000}",
    "((a{100}){100}){100}",
    "a{1000}",
    "(?:(?:a?){500}){500}",
    "(.*)*",
    "(.*){1000}",
    "(a+)+$",
    "(?i)",
    "[^",
    "\\pL{1000}",
    "(x|",
    "\\Q",
    "|a"
  };
  private static final Pair BRACES = new Pair("{", "}");
  private static final Pair PARENTHESES = new Pair("(", ")");
  private static final Pair BRACKETS = new Pair("[", "]");
  private static final Pair QUOTES = new Pair("\"", "\"");
  private static final Labels LABELS =
      Labels.of("__name__", "up", "a", "one", "b", "x".repeat(300), "instance", "localhost:9090");

  private final Corpus corpus = new Corpus();

  static List<Target> all() {
    Targets targets = new Targets();
    return List.of(
        targets.text(),
        targets.openMetrics(),
        targets.protobuf(),
        targets.remoteWrite(),
        targets.alertsJson(),
        targets.silencesJson(),
        targets.prometheusYaml(),
        targets.rulesYaml(),
        targets.alertmanagerYaml(),
        targets.narthexYaml(),
        targets.matchers(),
        targets.templates(),
        targets.promql(),
        targets.relabelling(),
        targets.timeIntervals());
  }

  private static String string(byte[] input) {
    return new String(input, StandardCharsets.UTF_8);
  }

  /** Chooses one of some ways to read an input; always the same one for the same input. */
  private static int turn(byte[] input, int ways) {
    return Math.floorMod(Arrays.hashCode(input), ways);
  }

  private static List<byte[]> words(String[] some, String... more) {
    List<byte[]> out = Corpus.texts(some);
    out.addAll(Corpus.texts(more));
    return out;
  }

  /**
   * An argument that is wrong is a refusal; what only looks like one, such as a number's, is not.
   */
  private static void refusedOrThrown(IllegalArgumentException e) {
    String type = e.getClass().getSimpleName();
    if (e.getClass() != IllegalArgumentException.class && !type.equals("Re2SyntaxException")) {
      throw e;
    }
  }

  /* expositions */

  private Target text() {
    return new Target(
        "text",
        corpus.values("textparse", "input", "a{b=\"c\"} 1 2\n# HELP a b\n# TYPE a counter\n"),
        expositionWords(),
        List.of(BRACES, QUOTES, new Pair("# TYPE ", " histogram\n"), new Pair("a{b=\"", "\"} 1\n")),
        List.of(
            n -> counted(n, "a{", i -> "l" + i + "=\"v\",", "} 1\n"),
            n -> counted(n, "", i -> "# HELP m" + i + " h\nm" + i + "{a=\"b\"} 1\n", ""),
            n -> counted(n, "# TYPE h histogram\n", i -> "h_bucket{le=\"" + i + "\"} 1\n", ""),
            n -> counted(n, "# TYPE s summary\n", i -> "s{quantile=\"0." + i + "\"} 1\n", ""),
            n -> counted(n, "a{b=\"", i -> "\\n\\\\", "\"} 1\n")),
        expositions(ExpositionFormat.PROMETHEUS_TEXT));
  }

  private Target openMetrics() {
    List<byte[]> seeds =
        corpus.files("openmetrics", "metrics", "a_total{b=\"c\"} 1 2 # {d=\"e\"} 1 2\n# EOF\n");
    seeds.addAll(corpus.values("textparse", "input"));
    return new Target(
        "openmetrics",
        seeds,
        expositionWords(),
        List.of(BRACES, QUOTES, new Pair(" # {", "} 1 1"), new Pair("a_bucket{le=\"", "\"} 1\n")),
        List.of(
            n -> counted(n, "a{", i -> "l" + i + "=\"v\",", "} 1\n# EOF\n"),
            n -> counted(n, "a 1 # {", i -> "l" + i + "=\"v\",", "} 1\n# EOF\n"),
            n ->
                counted(
                    n,
                    "# TYPE h histogram\n",
                    i -> "h_bucket{le=\"" + i + "\"} 1 # {a=\"b\"} 1\n",
                    "# EOF\n"),
            n ->
                counted(
                    n,
                    "# TYPE c counter\n",
                    i -> "c_total{a=\"" + i + "\"} 1\nc_created{a=\"" + i + "\"} 1\n",
                    "# EOF\n"),
            n -> counted(n, "", i -> "# TYPE m" + i + " gauge\nm" + i + " 1\n", "# EOF\n")),
        expositions(ExpositionFormat.OPENMETRICS_TEXT));
  }

  private static List<byte[]> expositionWords() {
    return Corpus.texts(
        "# HELP ",
        "# TYPE ",
        "# UNIT ",
        "# EOF\n",
        " counter\n",
        " histogram\n",
        " gaugehistogram\n",
        " summary\n",
        " info\n",
        " stateset\n",
        "_bucket{le=\"",
        "_sum ",
        "_count ",
        "_created ",
        "{quantile=\"0.5\"}",
        "{__name__=\"a\"}",
        "{\"ü.ö\",",
        " # {trace_id=\"a\"} 1 2\n",
        " st@1.5",
        "{count:1,sum:1,schema:3,zero_threshold:1e-9,zero_count:2,positive_spans:[0:2],positive_buckets:[1,1]}",
        "a{b=\"c\"} 1\n",
        "a 1 9223372036854775807\n",
        "=\"",
        "\\\"",
        "\\n",
        ",",
        "} ");
  }

  private static final List<ParserOptions> PARSER_OPTIONS =
      List.of(
          ParserOptions.DEFAULT,
          new ParserOptions(true, true, true, true, false),
          new ParserOptions(false, false, true, false, false));

  private static Reader expositions(ExpositionFormat format) {
    List<ExpositionParser> parsers =
        PARSER_OPTIONS.stream().map(options -> format.parser(options)).toList();
    return input -> {
      ExpositionParser parser = parsers.get(turn(input, parsers.size()));
      try {
        parser.reset(input, input.length);
        readAll(parser);
      } catch (ExpositionException e) {
        // what the targets page shows
      }
    };
  }

  private static void readAll(ExpositionParser parser) throws ExpositionException {
    int sum = 0;
    for (ExpositionParser.Entry entry = parser.next();
        entry != ExpositionParser.Entry.END;
        entry = parser.next()) {
      switch (entry) {
        case SERIES, HISTOGRAM -> {
          sum += parser.labels().hashCode() + parser.seriesEnd() - parser.seriesStart();
          sum += parser.hasEmptyLabel("a") ? 1 : 0;
          sum += parser.hasTimestamp() ? (int) parser.timestampMs() : 0;
          sum += (int) parser.startTimestampMs();
          for (int i = 0; i < parser.exemplarCount(); i++) {
            sum += parser.exemplar(i).hashCode();
          }
          sum +=
              entry == ExpositionParser.Entry.SERIES
                  ? (int) parser.value()
                  : parser.histogram().hashCode();
        }
        case COMMENT -> sum += parser.metadataText().length();
        default ->
            sum +=
                parser.metadataName().length()
                    + parser.metadataText().length()
                    + parser.type().ordinal();
      }
    }
    sink = sum;
  }

  private static volatile int sink; // what is read is used

  private Target protobuf() {
    List<byte[]> words = wire();
    words.addAll(Corpus.texts("a", "le", "_bucket", "\u0000\u0000"));
    return new Target(
        "protobuf",
        corpus.values("textparse", "input_base64", "\n\u0001a\u0018\u0001\"\u0002\u0012\u0000"),
        words,
        List.of(new Pair("\"\u007f", ""), new Pair(":\u0010", ""), new Pair("\n\u0004", "")),
        List.of(
            n -> family(message(4, repeated(n, i -> message(1, text(1, "l" + i), text(2, "v"))))),
            n -> family(repeated(n, i -> message(4, message(1, text(1, "l"), text(2, "v" + i))))),
            n -> family(histogram(repeated(n, i -> message(3, number(1, i), real(2, i))))),
            n -> family(histogram(repeated(n, i -> message(12, number(1, 2), number(2, 1))))),
            n ->
                family(
                    histogram(
                        repeated(n, i -> number(13, 2)), message(12, number(1, 0), number(2, n)))),
            n -> family(histogram(packed(13, n), message(12, number(1, 0), number(2, n)))),
            n -> family(histogram(message(9, number(1, 0), number(2, n)), packed(10, n))),
            n ->
                family(
                    histogram(
                        repeated(
                            n,
                            i -> message(16, message(1, text(1, "t"), text(2, "i")), real(2, i))))),
            n ->
                family(
                    message(4, message(4, repeated(n, i -> message(3, real(1, i), real(2, i))))))),
        expositions(ExpositionFormat.PROMETHEUS_PROTO));
  }

  private static byte[] family(byte[]... parts) {
    byte[] message = message(1, text(1, "h"), number(3, 4), joined(parts));
    return Arrays.copyOfRange(message, 1, message.length); // the length stands alone in front
  }

  private static byte[] histogram(byte[]... parts) {
    return message(4, message(7, number(1, 9), number(5, 3), joined(parts)));
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  /** Returns so many parts one behind the other, in falling order. */
  private static byte[] repeated(int times, IntFunction<byte[]> part) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = times; i > 0 && out.size() <= 2 * Mutator.LONGEST; i--) {
      out.writeBytes(part.apply(i));
    }
    return out.toByteArray();
  }

  /** Returns a text with so many parts in falling order. */
  private static byte[] counted(int times, String head, IntFunction<String> part, String end) {
    return joined(
        head.getBytes(StandardCharsets.UTF_8),
        repeated(times, i -> part.apply(i).getBytes(StandardCharsets.UTF_8)),
        end.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] real(int field, double value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3 | 1);
    long bits = Long.reverseBytes(Double.doubleToRawLongBits(value));
    for (int shift = 56; shift >= 0; shift -= 8) {
      out.write((int) (bits >>> shift));
    }
    return out.toByteArray();
  }

  /**
   * Pieces of protobuf: tags of all kinds, numbers at the edges, packed lists, announced lengths.
   */
  private static List<byte[]> wire() {
    List<byte[]> out = new ArrayList<>();
    for (int field = 1; field < 20; field++) {
      for (int type : new int[] {0, 1, 2, 5}) {
        ByteArrayOutputStream piece = new ByteArrayOutputStream();
        varint(piece, (long) field << 3 | type);
        switch (type) {
          case 0 -> varint(piece, -1);
          case 1 -> piece.writeBytes(new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xf8, 0x7f});
          case 2 -> piece.writeBytes(new byte[] {2, 8, 1});
          default -> piece.writeBytes(new byte[] {0, 0, 0, 0});
        }
        out.add(piece.toByteArray());
      }
      out.add(packed(field, 2_000));
      ByteArrayOutputStream lie = new ByteArrayOutputStream();
      varint(lie, (long) field << 3 | 2);
      varint(lie, Integer.MAX_VALUE);
      out.add(lie.toByteArray());
    }
    return out;
  }

  private static byte[] packed(int field, int length) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3 | 2);
    varint(out, length);
    byte[] ones = new byte[length];
    Arrays.fill(ones, (byte) 2);
    out.writeBytes(ones);
    return out.toByteArray();
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long left = value;
    while ((left & ~0x7fL) != 0) {
      out.write((int) (left & 0x7f | 0x80));
      left >>>= 7;
    }
    out.write((int) left);
  }

  private static byte[] message(int field, byte[]... parts) {
    ByteArrayOutputStream inner = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      inner.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3 | 2);
    varint(out, inner.size());
    out.writeBytes(inner.toByteArray());
    return out.toByteArray();
  }

  private static byte[] number(int field, long value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3);
    varint(out, value);
    return out.toByteArray();
  }

  private static byte[] text(int field, String text) {
    return message(field, text.getBytes(StandardCharsets.UTF_8));
  }

  /* remote write */

  private Target remoteWrite() {
    byte[] real = {9, 0, 0, 0, 0, 0, 0, (byte) 0xf0, 0x3f};
    byte[] name = message(1, text(1, "__name__"), text(2, "up"));
    byte[] job = message(1, text(1, "job"), text(2, "a"));
    byte[] sample = message(2, real, number(2, 1_700_000_000_000L));
    byte[] exemplar = message(3, message(1, text(1, "t"), text(2, "i")), number(3, 1));
    byte[] histogram =
        message(
            4,
            number(1, 3),
            number(4, 6),
            message(11, number(1, 0), number(2, 2)),
            packed(12, 2),
            number(15, 1_700_000_000_000L));
    Class<?> type = Hidden.type("io.narthex.http.WriteRequestReader");
    Method read = Hidden.method(type, "read", byte[].class);
    List<byte[]> words = wire();
    words.addAll(List.of(name, job, sample, exemplar, histogram));
    return new Target(
        "remote-write",
        List.of(
            message(1, name, job, sample, sample),
            message(1, name, job, histogram, exemplar),
            message(1, name, message(4, packed(11, 60), packed(8, 60), packed(13, 80)))),
        words,
        List.of(new Pair("\n\u007f", ""), new Pair("\"\u0020", ""), new Pair("Z\u0004", "")),
        List.of(
            n -> message(1, repeated(n, i -> message(1, text(1, "l" + i), text(2, "v")))),
            n -> message(1, name, repeated(n, i -> message(2, real(1, i), number(2, i)))),
            n -> repeated(n, i -> message(1, message(1, text(1, "__name__"), text(2, "m" + i)))),
            n -> message(1, name, repeated(n, i -> message(4, number(1, 1), number(15, i)))),
            n ->
                message(
                    1, name, message(4, repeated(n, i -> message(11, number(1, 1), number(2, 1))))),
            n -> message(1, name, message(4, repeated(n, i -> number(12, 2)))),
            n -> message(1, name, message(4, packed(12, n), packed(9, n))),
            n -> message(1, name, message(4, packed(13, n * 8))),
            n -> message(1, name, message(4, repeated(n, i -> real(16, i)))),
            n ->
                message(
                    1, name, repeated(n, i -> message(3, message(1, text(1, "t"), text(2, "i")))))),
        input -> {
          try {
            Hidden.call(read, null, remoteWriteArguments(read, input));
          } catch (Exception e) {
            if (e.getClass().getEnclosingClass() != type) { // its own are refusals
              throw e;
            }
          }
        });
  }

  /** Returns the bytes, their number, limits as wide as can be, and somebody who takes it all. */
  private static Object[] remoteWriteArguments(Method read, byte[] input) {
    Class<?>[] types = read.getParameterTypes();
    Object[] out = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      if (types[i] == byte[].class) {
        out[i] = input;
      } else if (types[i] == int.class) {
        out[i] = i == 1 ? input.length : Integer.MAX_VALUE;
      } else {
        out[i] = Hidden.answering(types[i], null);
      }
    }
    return out;
  }

  /* bodies of Alertmanager's API */

  private Target alertsJson() {
    List<byte[]> seeds =
        Corpus.texts(
            "[{\"labels\":{\"alertname\":\"a\"},\"annotations\":{\"s\":\"t\"},\"startsAt\":\"2026-01-01T00:00:00Z\","
                + "\"endsAt\":\"2026-01-01T01:00:00.123456789+01:00\",\"generatorURL\":\"http://a\"}]",
            "[]",
            "[{\"labels\":{\"a\":\"b\"}},{\"labels\":{\"a\":\"\\ud83d\\ude00\\u0000\"}}]");
    return json(
        "alerts-json",
        "alerts",
        seeds,
        List.of(
            n -> counted(n, "[", i -> "{\"labels\":{\"a\":\"" + i + "\"}},", "{}]"),
            n -> counted(n, "[{\"labels\":{", i -> "\"l" + i + "\":\"v\",", "\"a\":\"b\"}}]"),
            n -> counted(n, "[{\"labels\":{\"a\":\"", i -> "\\u00e9", "\"}}]"),
            n -> counted(n, "[{\"x\":", i -> "[", ""),
            n -> counted(n, "[{\"x\":", i -> "9", "}]")));
  }

  private Target silencesJson() {
    List<byte[]> seeds =
        Corpus.texts(
            "{\"matchers\":[{\"name\":\"a\",\"value\":\"b.*\",\"isRegex\":true,\"isEqual\":false}],"
                + "\"startsAt\":\"2026-01-01T00:00:00Z\",\"endsAt\":\"2026-01-02T00:00:00Z\","
                + "\"createdBy\":\"me\",\"comment\":\"c\",\"id\":\"\"}");
    return json(
        "silences-json",
        "silence",
        seeds,
        List.of(
            n ->
                counted(
                    n,
                    "{\"matchers\":[",
                    i -> "{\"name\":\"l" + i + "\",\"value\":\"v\",\"isRegex\":true},",
                    "{}]}"),
            n -> counted(n, "{", i -> "\"comment\":\"" + i + "\",", "\"id\":\"\"}"),
            n -> counted(n, "{\"x\":", i -> "{\"x\":", "")));
  }

  private static Target json(
      String name, String method, List<byte[]> seeds, List<IntFunction<byte[]>> growing) {
    Class<?> type = Hidden.type("io.narthex.http.AlertmanagerRequests");
    Constructor<?> constructor = Hidden.constructor(type, 1);
    Method read = Hidden.method(type, method, InputStream.class);
    return new Target(
        name,
        seeds,
        words(
            REGEX_BOMBS,
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"labels\":",
            "\"LABELS\":",
            "\"matchers\":",
            "\"startsAt\":\"\"",
            "\"endsAt\":\"9999-12-31T23:59:60Z\"",
            "\"2026-02-30T24:00:00+99:99\"",
            "\"isRegex\":",
            "null",
            "true",
            "1e999999999",
            "\\ud800",
            "\\u0000",
            "\\",
            "/*",
            "NaN"),
        List.of(
            BRACES, BRACKETS, QUOTES, new Pair("{\"x\":", "}"), new Pair("[{\"labels\":{", "}}]")),
        growing,
        input -> {
          Object requests = constructor.newInstance(32L << 20);
          try {
            sink =
                String.valueOf(Hidden.call(read, requests, new ByteArrayInputStream(input)))
                    .length();
          } catch (RuntimeException e) {
            if (e.getClass().getEnclosingClass() != type) { // its own are refusals
              throw e;
            }
          }
        });
  }

  /* files */

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

  private Target prometheusYaml() {
    PrometheusConfigLoader loader = new PrometheusConfigLoader(name -> null, false);
    Path nowhere = Path.of("/nonexistent");
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
          sink = loader.parse("prometheus.yml", string(input), nowhere).hashCode();
        }));
  }

  private Target rulesYaml() {
    Class<?> type = Hidden.type("io.narthex.rules.RuleFileLoader");
    Constructor<?> constructor = Hidden.constructor(type, 4);
    Method load = Hidden.method(type, "load", String.class);
    Object expressions =
        Hidden.answering(Hidden.type("io.narthex.rules.RuleFileLoader$ExpressionCheck"), "up");
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

  private Target alertmanagerYaml() {
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

  private Target narthexYaml() {
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

  private Target timeIntervals() {
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

  /* languages */

  private Target matchers() {
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

  private Target templates() {
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

  private Target promql() {
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
  private Target relabelling() {
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
