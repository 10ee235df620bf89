package io.narthex.bench.hostile;

import static io.narthex.bench.hostile.Parts.BRACES;
import static io.narthex.bench.hostile.Parts.QUOTES;
import static io.narthex.bench.hostile.Parts.counted;
import static io.narthex.bench.hostile.Parts.joined;
import static io.narthex.bench.hostile.Parts.message;
import static io.narthex.bench.hostile.Parts.number;
import static io.narthex.bench.hostile.Parts.packed;
import static io.narthex.bench.hostile.Parts.real;
import static io.narthex.bench.hostile.Parts.repeated;
import static io.narthex.bench.hostile.Parts.sink;
import static io.narthex.bench.hostile.Parts.text;
import static io.narthex.bench.hostile.Parts.turn;
import static io.narthex.bench.hostile.Parts.wire;

import io.narthex.bench.hostile.Target.Pair;
import io.narthex.bench.hostile.Target.Reader;
import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ExpositionFormat;
import io.narthex.exposition.ExpositionParser;
import io.narthex.exposition.ParserOptions;
import java.util.Arrays;
import java.util.List;

/** Parsers of expositions. */
final class ExpositionTargets {
  private final Corpus corpus = new Corpus();

  Target prometheusText() {
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

  Target openMetrics() {
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

  Target protobuf() {
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
}
