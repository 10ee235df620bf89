package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.exposition.ExpositionFormat;
import io.narthex.exposition.ExpositionParser;
import io.narthex.exposition.ParserOptions;
import io.narthex.http.FederationWriter.Format;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code /federate} writes; the request itself is tried in {@link HttpServerTest}. */
class FederateTest {
  private static final String PROTOBUF =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  private static final NativeHistogram EXPONENTIAL =
      NativeHistogram.builder()
          .schema(3)
          .zeroBucket(0.001, 2)
          .count(9)
          .sum(18.4)
          .positive(new int[] {-2, 2, 1, 1}, new double[] {1, 3, 1})
          .negative(new int[] {0, 1}, new double[] {2})
          .build();
  private static final NativeHistogram CUSTOM =
      NativeHistogram.builder()
          .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
          .count(6)
          .sum(4.5)
          .positive(new int[] {1, 2}, new double[] {2, 4})
          .customBounds(new double[] {0.5, 1})
          .build();

  private interface Content {
    void to(FederationWriter writer) throws IOException;
  }

  private static byte[] written(Format format, Content content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    FederationWriter writer =
        new FederationWriter(format, Map.of("site", "b\"1\"", "job", "other"), out);
    content.to(writer);
    writer.finish();
    return out.toByteArray();
  }

  private static String text(@Nullable String accept, Content content) throws IOException {
    return new String(written(Format.negotiate(accept), content), StandardCharsets.UTF_8);
  }

  @Test
  void everySampleHasItsOwnTimeAndExternalLabelsFollowItsOwn() throws IOException {
    assertThat(
            text(
                null,
                w -> {
                  w.sample(Labels.of("__name__", "up", "job", "a"), 1, 1000);
                  w.sample(Labels.of("__name__", "up", "instance", "x", "job", "b"), 0, 61_000);
                  w.sample(Labels.of("__name__", "zoo", "job", "b"), 1.5e9, 5);
                }))
        .isEqualTo(
            """
            # TYPE up untyped
            up{job="a",instance="",site="b\\"1\\""} 1 1000
            up{instance="x",job="b",site="b\\"1\\""} 0 61000
            # TYPE zoo untyped
            zoo{job="b",instance="",site="b\\"1\\""} 1.5e+09 5
            """);
  }

  @Test
  void namesAreEscapedAsTheClientAsks() throws IOException {
    Content odd = w -> w.sample(Labels.of("__name__", "a.b_é", "l-x", "v"), 1, 7);
    assertThat(text("text/plain;version=0.0.4", odd)).contains("a_b__{l_x=\"v\",");
    assertThat(text("text/plain;version=1.0.0;escaping=allow-utf-8", odd))
        .contains("# TYPE \"a.b_é\" untyped\n{\"a.b_é\",\"l-x\"=\"v\",");
    assertThat(text("text/plain;escaping=dots", odd)).contains("a_dot_b____{l__x=\"v\",");
    assertThat(text("text/plain;escaping=values", odd))
        .contains("U__a_2e_b___e9_{U__l_2d_x=\"v\",");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dots", "values", "underscores", "allow-utf-8"})
  void namesThatNeedNoEscapingStay(String escaping) throws IOException {
    Content plain = w -> w.sample(Labels.of("__name__", "a_b:c_total", "pod_name", "v"), 1, 7);
    assertThat(text("text/plain;escaping=" + escaping, plain))
        .contains("a_b:c_total{pod_name=\"v\",");
  }

  @Test
  void theClientsChoiceOfFormatIsThatOfPrometheus() {
    assertThat(Format.negotiate(null).contentType())
        .isEqualTo("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    assertThat(Format.negotiate("application/openmetrics-text;version=1.0.0,text/plain;q=0.1"))
        .isEqualTo(Format.negotiate(null));
    assertThat(Format.negotiate("text/plain;version=1.0.0;escaping=allow-utf-8").contentType())
        .isEqualTo("text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
    assertThat(Format.negotiate("text/plain;q=0.5," + PROTOBUF + ";q=0.7").contentType())
        .isEqualTo(
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores");
    assertThat(Format.negotiate("text/plain;q=0.9," + PROTOBUF + ";q=0.7").protobuf()).isFalse();
  }

  @Test
  void exponentialHistogramsGoInProtobufOnly() throws Exception {
    Content content =
        w -> {
          w.sample(Labels.of("__name__", "h", "job", "float"), 3, 4000);
          w.histogram(Labels.of("__name__", "h", "job", "native"), EXPONENTIAL, 5000);
          w.histogram(
              Labels.of("__name__", "h", "job", "now"),
              EXPONENTIAL.toBuilder().resetHint(ResetHint.GAUGE).build(),
              6000);
        };
    assertThat(text(null, content).lines()).hasSize(2);
    List<String> read = new ArrayList<>();
    byte[] bytes = written(Format.negotiate(PROTOBUF), content);
    ExpositionParser parser =
        ExpositionFormat.PROMETHEUS_PROTO.parser(
            new ParserOptions(false, false, false, false, false));
    parser.reset(bytes, bytes.length);
    for (var entry = parser.next(); entry != ExpositionParser.Entry.END; entry = parser.next()) {
      switch (entry) {
        case HISTOGRAM -> {
          read.add(parser.labels().get("job") + " " + parser.timestampMs());
          assertThat(parser.histogram().toBuilder().resetHint(ResetHint.UNKNOWN).build())
              .isEqualTo(EXPONENTIAL);
        }
        case SERIES ->
            read.add(
                parser.labels().get("job") + " " + parser.timestampMs() + " " + parser.value());
        default -> {}
      }
    }
    assertThat(read).contains("float 4000 3.0", "native 5000", "now 6000");
  }

  @Test
  void histogramsWithCustomBoundsBecomeClassicOnes() throws IOException {
    Content content = w -> w.histogram(Labels.of("__name__", "h"), CUSTOM, 5000);
    assertThat(text(null, content).replace("instance=\"\",job=\"other\",site=\"b\\\"1\\\"\"", "…"))
        .isEqualTo(
            """
            # TYPE h histogram
            h_bucket{…,le="0.5"} 0 5000
            h_bucket{…,le="1"} 2 5000
            h_bucket{…,le="+Inf"} 6 5000
            h_sum{…} 4.5 5000
            h_count{…} 6 5000
            """);
  }

  @Test
  void manySeriesOfANameAreHeldInPartsOnly() throws Exception {
    int[] series = {0};
    long[] most = {0};
    OutputStream out =
        new OutputStream() {
          @Override
          public void write(int b) {}

          @Override
          public void write(byte[] bytes, int offset, int length) {
            most[0] = Math.max(most[0], length);
          }
        };
    FederationWriter writer = new FederationWriter(Format.negotiate(PROTOBUF), Map.of(), out);
    String text = "x".repeat(1000);
    for (int i = 0; i < 20_000; i++) {
      writer.sample(Labels.of("__name__", "m", "a", text, "i", "" + i), i, 1000);
    }
    writer.finish();
    assertThat(most[0]).isBetween(1L << 20, 5L << 20);
    byte[] bytes =
        written(
            Format.negotiate(PROTOBUF),
            w -> {
              for (int i = 0; i < 5000; i++) {
                w.sample(Labels.of("__name__", "m", "a", text, "i", "" + i), i, 1000);
              }
            });
    ExpositionParser parser =
        ExpositionFormat.PROMETHEUS_PROTO.parser(
            new ParserOptions(false, false, false, false, false));
    parser.reset(bytes, bytes.length);
    for (var entry = parser.next(); entry != ExpositionParser.Entry.END; entry = parser.next()) {
      series[0] += entry == ExpositionParser.Entry.SERIES ? 1 : 0;
    }
    assertThat(series[0]).isEqualTo(5000);
  }
}
