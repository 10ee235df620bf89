package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.testkit.Needs;
import io.narthex.text.Conformance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
@SuppressWarnings("unchecked")
final class TextparseConformanceTest {
  @Test
  void readsTextAsPrometheusDoes() throws IOException {
    Conformance suite = new Conformance("textparse-text");
    cases(suite, "text_cases.json", null);
    suite.finish(0);
  }

  @Test
  void readsProtobufAsPrometheusDoes() throws IOException {
    Conformance suite = new Conformance("textparse-protobuf");
    var data = data("textparse-protobuf", "protobuf_cases.json");
    cases(suite, "protobuf_cases.json", (Map<String, Object>) data.get("inputs"));
    for (Object o : (List<Object>) data.get("must_not_crash")) {
      var c = (Map<String, Object>) o;
      byte[] input = Base64.getDecoder().decode((String) c.get("input_base64"));
      for (boolean nhcb : new boolean[] {false, true}) {
        String outcome = null;
        try {
          events(
              ExpositionFormat.PROMETHEUS_PROTO,
              new ParserOptions(false, false, nhcb, false, false),
              input,
              c);
        } catch (ExpositionException e) {
          // allowed
        } catch (RuntimeException e) {
          outcome = e.toString();
        }
        suite.check(c.get("id") + "/" + nhcb, outcome == null, outcome);
      }
    }
    suite.finish(0);
  }

  @Test
  void refusesWhatPrometheusRefuses() throws IOException {
    Conformance suite = new Conformance("textparse-errors");
    Conformance texts = new Conformance("textparse-error-texts");
    var data = data("textparse-errors", "text_error_cases.json");
    int differing = 0;
    for (Object o : (List<Object>) data.get("cases")) {
      var c = (Map<String, Object>) o;
      String error = null;
      try {
        events(format(c), options(c), input(c, null), c);
      } catch (ExpositionException e) {
        error = e.getMessage();
      }
      boolean ok = (boolean) c.get("ok");
      suite.check((String) c.get("id"), ok == (error == null), "got " + error);
      if (!ok) {
        boolean same = Objects.equals(error, c.get("error"));
        differing += same ? 0 : 1;
        texts.check((String) c.get("id"), same, "got  " + error + "\n      want " + c.get("error"));
      }
    }
    suite.finish(0);
    texts.finish(7);
  }

  @Test
  void choosesTheParserAsPrometheusDoes() throws IOException {
    Conformance suite = new Conformance("textparse-content-type");
    var data = data("textparse-content-type", "content_type_cases.json");
    for (Object o : (List<Object>) data.get("cases")) {
      var c = (Map<String, Object>) o;
      String fallback = (String) c.get("fallback_scrape_protocol");
      var choice =
          ExpositionFormat.choose((String) c.get("content_type"), fallback == null ? "" : fallback);
      String parser =
          choice.format() == null
              ? "none"
              : choice.format().name().toLowerCase(java.util.Locale.ROOT);
      String want = (String) c.get("error_substring");
      boolean ok =
          parser.equals(c.get("parser"))
              && (want == null
                  ? choice.problem() == null
                  : choice.problem() != null && choice.problem().contains(want));
      suite.check((String) c.get("id"), ok, "got " + choice);
    }
    suite.finish(0);
  }

  private static Map<String, Object> data(String suite, String file) throws IOException {
    return (Map<String, Object>) Conformance.json(Needs.shared("conformance/textparse/" + file));
  }

  private static void cases(Conformance suite, String file, Map<String, Object> inputs)
      throws IOException {
    for (Object o : (List<Object>) data("textparse", file).get("cases")) {
      var c = (Map<String, Object>) o;
      String problem = null;
      try {
        var got = events(format(c), options(c), input(c, inputs), c);
        problem = difference(got, (List<Map<String, Object>>) c.get("expected"), c);
      } catch (ExpositionException | RuntimeException e) {
        java.io.StringWriter w = new java.io.StringWriter();
        e.printStackTrace(new java.io.PrintWriter(w));
        problem = w.toString();
      }
      suite.check((String) c.get("id"), problem == null, problem);
    }
  }

  private static String difference(
      List<Map<String, Object>> got, List<Map<String, Object>> want, Map<String, Object> c) {
    var only = (List<String>) c.get("compare_only");
    boolean rawMatters = !"prometheus_proto_delimited".equals(c.get("format"));
    boolean nhcb = options(c).convertClassicToNhcb();
    for (int i = 0; i < Math.min(got.size(), want.size()); i++) {
      Map<String, Object> w = new LinkedHashMap<>(want.get(i));
      Map<String, Object> g = new LinkedHashMap<>(got.get(i));
      if (only != null) {
        w.keySet().retainAll(only);
        g.keySet().retainAll(only);
      }
      if (!rawMatters || nhcb || "histogram".equals(w.get("entry"))) {
        w.remove("raw");
        g.remove("raw");
      }
      if ("series".equals(want.get(i).get("entry")) && only == null) {
        w.putIfAbsent("value", 0.0);
      }
      if (w.get("labels") instanceof Map<?, ?> m) {
        w.put("labels", Labels.of((Map<String, String>) m).toMap());
      }
      if (Objects.equals(w.get("start_timestamp_ms"), 0.0)) {
        w.remove("start_timestamp_ms");
      }
      if (w.get("histogram") instanceof Map<?, ?> m) {
        w.put("histogram", histogram((Map<String, Object>) m));
      }
      if (w.get("exemplars") instanceof List<?> l) {
        w.put("exemplars", l.stream().map(e -> exemplar((Map<String, Object>) e)).toList());
      }
      number(w);
      if (!g.equals(w)) {
        return "entry " + i + "\n  got  " + g + "\n  want " + w;
      }
    }
    return got.size() == want.size()
        ? null
        : "got "
            + got.size()
            + " entries, want "
            + want.size()
            + "; next "
            + (got.size() > want.size() ? got.get(want.size()) : want.get(got.size()));
  }

  private static void number(Map<String, Object> w) {
    if (w.get("value") instanceof String s) {
      w.put("value", special(s));
    }
  }

  private static double special(Object o) {
    if (o == null) {
      return 0;
    }
    return o instanceof Double d
        ? d
        : switch ((String) o) {
          case "NaN" -> TextParser.NORMAL_NAN;
          case "+Inf" -> Double.POSITIVE_INFINITY;
          default -> Double.NEGATIVE_INFINITY;
        };
  }

  private static Object exemplar(Map<String, Object> e) {
    Object ts = e.get("timestamp_ms");
    return new Exemplar(
        Labels.of((Map<String, String>) e.getOrDefault("labels", Map.of())),
        special(e.get("value")),
        ts == null ? 0 : ((Double) ts).longValue(),
        ts != null);
  }

  private static NativeHistogram histogram(Map<String, Object> m) {
    boolean integer = "int".equals(m.get("kind"));
    return NativeHistogram.builder()
        .schema((int) special(m.get("schema")))
        .zeroBucket(special(m.get("zero_threshold")), special(m.get("zero_count")))
        .count(special(m.get("count")))
        .sum(special(m.get("sum")))
        .positive(spans(m.get("positive_spans")), buckets(m.get("positive_buckets"), integer))
        .negative(spans(m.get("negative_spans")), buckets(m.get("negative_buckets"), integer))
        .customBounds(buckets(m.get("custom_values"), false))
        .resetHint(
            "gauge".equals(m.get("counter_reset_hint"))
                ? NativeHistogram.ResetHint.GAUGE
                : NativeHistogram.ResetHint.UNKNOWN)
        .build();
  }

  private static int[] spans(Object o) {
    var list = o == null ? List.<Map<String, Object>>of() : (List<Map<String, Object>>) o;
    int[] spans = new int[list.size() * 2];
    for (int i = 0; i < list.size(); i++) {
      spans[2 * i] = (int) special(list.get(i).get("offset"));
      spans[2 * i + 1] = (int) special(list.get(i).get("length"));
    }
    return spans;
  }

  private static double[] buckets(Object o, boolean deltas) {
    var list = o == null ? List.of() : (List<Object>) o;
    double[] out = new double[list.size()];
    double last = 0;
    for (int i = 0; i < out.length; i++) {
      last = deltas ? last + special(list.get(i)) : special(list.get(i));
      out[i] = last;
    }
    return out;
  }

  private static ExpositionFormat format(Map<String, Object> c) {
    return switch ((String) c.get("format")) {
      case "prometheus_text" -> ExpositionFormat.PROMETHEUS_TEXT;
      case "openmetrics_text" -> ExpositionFormat.OPENMETRICS_TEXT;
      default -> ExpositionFormat.PROMETHEUS_PROTO;
    };
  }

  private static ParserOptions options(Map<String, Object> c) {
    var o = (Map<String, Object>) c.getOrDefault("options", Map.of());
    return new ParserOptions(
        (boolean) o.getOrDefault("type_and_unit_labels", false),
        (boolean) o.getOrDefault("skip_created_series", false),
        (boolean) o.getOrDefault("convert_classic_histograms_to_nhcb", false),
        (boolean) o.getOrDefault("always_scrape_classic_histograms", false),
        (boolean) o.getOrDefault("ignore_native_histograms", false));
  }

  private static byte[] input(Map<String, Object> c, Map<String, Object> inputs) {
    if (c.get("input_ref") != null) {
      var ref = (Map<String, Object>) inputs.get((String) c.get("input_ref"));
      return Base64.getDecoder().decode((String) ref.get("input_base64"));
    }
    return c.containsKey("input_base64")
        ? Base64.getDecoder().decode((String) c.get("input_base64"))
        : ((String) c.get("input")).getBytes(StandardCharsets.UTF_8);
  }

  private static List<Map<String, Object>> events(
      ExpositionFormat format, ParserOptions options, byte[] input, Map<String, Object> c)
      throws ExpositionException {
    ExpositionParser p = format.parser(options);
    p.reset(input, input.length);
    List<Map<String, Object>> events = new ArrayList<>();
    while (true) {
      ExpositionParser.Entry e = p.next();
      if (e == ExpositionParser.Entry.END) {
        return events;
      }
      Map<String, Object> m = new LinkedHashMap<>();
      m.put("entry", e.name().toLowerCase(java.util.Locale.ROOT));
      switch (e) {
        case HELP -> {
          m.put("metric", p.metadataName());
          m.put("help", p.metadataText());
        }
        case TYPE -> {
          m.put("metric", p.metadataName());
          m.put("type", p.type().text());
        }
        case UNIT -> {
          m.put("metric", p.metadataName());
          m.put("unit", p.metadataText());
        }
        case COMMENT -> m.put("text", p.metadataText());
        default -> {
          m.put(
              "raw",
              new String(
                  p.seriesBytes(),
                  p.seriesStart(),
                  p.seriesEnd() - p.seriesStart(),
                  StandardCharsets.UTF_8));
          m.put("labels", p.labels().toMap());
          if (e == ExpositionParser.Entry.SERIES) {
            m.put("value", p.value());
          } else {
            m.put("histogram", p.histogram());
          }
          if (p.hasTimestamp()) {
            m.put("timestamp_ms", (double) p.timestampMs());
          }
          if (p.startTimestampMs() != 0) {
            m.put("start_timestamp_ms", (double) p.startTimestampMs());
          }
          List<Object> exemplars = new ArrayList<>();
          for (int i = 0; i < p.exemplarCount(); i++) {
            exemplars.add(p.exemplar(i));
          }
          if (!exemplars.isEmpty()) {
            m.put("exemplars", exemplars);
          }
        }
      }
      events.add(m);
    }
  }
}
