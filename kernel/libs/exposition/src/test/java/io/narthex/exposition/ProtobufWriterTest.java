package io.narthex.exposition;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.exporter.MetricSink;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is written is read back, and means the same as in text. */
final class ProtobufWriterTest {
  private static List<String> read(ExpositionParser parser, byte[] bytes, int length)
      throws ExpositionException {
    List<String> read = new ArrayList<>();
    parser.reset(bytes, length);
    for (var entry = parser.next(); entry != ExpositionParser.Entry.END; entry = parser.next()) {
      if (entry == ExpositionParser.Entry.SERIES) {
        read.add(parser.labels() + " " + parser.value() + " " + parser.timestampMs());
      } else if (entry == ExpositionParser.Entry.HISTOGRAM) {
        read.add(parser.labels() + " " + parser.histogram());
      }
    }
    return read;
  }

  private static List<String> protobuf(boolean keepClassic, Consumer<MetricSink> by)
      throws ExpositionException {
    ProtobufWriter w = new ProtobufWriter(ExpositionWriter.Format.PROTOBUF_UTF8);
    by.accept(w);
    w.finish();
    ParserOptions options = new ParserOptions(false, false, false, keepClassic, false);
    return read(ExpositionFormat.PROMETHEUS_PROTO.parser(options), w.buffer(), w.length());
  }

  private static void everything(MetricSink s) {
    s.sample("bare", Labels.EMPTY, 1);
    s.family(new MetricMetadata("hits", MetricType.COUNTER, "Hits.", ""));
    s.sample("hits_total", Labels.of("a", "1"), 2, 1500, null);
    s.sample("hits_created", Labels.of("a", "1"), 7);
    s.sample("hits_total", Labels.of("a", "2"), Double.POSITIVE_INFINITY);
    s.family(new MetricMetadata("temp.celsius", MetricType.GAUGE, "", "celsius"));
    s.sample("temp.celsius", Labels.of("a.b", "é\n"), Double.NaN);
    s.sample("stranger", Labels.EMPTY, 3);
    s.family(new MetricMetadata("build", MetricType.INFO, "Build.", ""));
    s.sample("build_info", Labels.of("version", "1"), 1);
    s.family(new MetricMetadata("none", MetricType.GAUGE, "Nothing.", ""));
    s.family(new MetricMetadata("wait", MetricType.HISTOGRAM, "Waits.", ""));
    for (String queue : List.of("x", "y")) {
      s.sample("wait_bucket", Labels.of("queue", queue, "le", "0.5"), 3);
      s.sample("wait_bucket", Labels.of("queue", queue, "le", "+Inf"), 5);
      s.sample("wait_sum", Labels.of("queue", queue), 2.5);
      s.sample("wait_count", Labels.of("queue", queue), 5);
    }
    s.sample("wait_bucket", Labels.of("queue", "open", "le", "0.5"), 3);
    s.sample("wait_bucket", Labels.of("queue", "open", "le", "odd"), 4);
    s.sample("wait_max", Labels.of("queue", "open"), 6);
    s.family(new MetricMetadata("pause", MetricType.SUMMARY, "Pauses.", ""));
    s.sample("pause", Labels.of("quantile", "0.9"), 0.25, 2000, null);
    s.sample("pause_sum", Labels.EMPTY, 1.25, 2000, null);
    s.sample("pause_count", Labels.EMPTY, 3, 2000, null);
    s.sample("pause", Labels.of("quantile", "0.5", "lonely", "yes"), 0.125);
  }

  @Test
  void saysAllThatTextSaysAndNothingMore() throws Exception {
    ExpositionWriter text = new ExpositionWriter(ExpositionWriter.Format.TEXT_1_0_0);
    everything(text);
    text.finish();
    List<String> expected =
        read(
            ExpositionFormat.PROMETHEUS_TEXT.parser(ParserOptions.DEFAULT),
            text.buffer(),
            text.length());
    assertThat(expected).hasSize(22);
    assertThat(protobuf(false, ProtobufWriterTest::everything))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void keepsBothFormsOfAHistogram() throws Exception {
    NativeHistogram h =
        NativeHistogram.builder().schema(1).count(5).sum(2.5).zeroBucket(0.1, 5).build();
    Consumer<MetricSink> both =
        s -> {
          s.family(new MetricMetadata("wait", MetricType.HISTOGRAM, "Waits.", ""));
          s.sample(
              "wait_bucket",
              Labels.of("le", "+Inf"),
              5,
              0,
              new Exemplar(Labels.of("id", "x"), 0.05, 1250, true));
          s.sample("wait_sum", Labels.EMPTY, 2.5);
          s.sample("wait_count", Labels.EMPTY, 5);
          s.histogram("wait", Labels.EMPTY, h);
        };
    String whole = Labels.of("__name__", "wait") + " " + h;
    assertThat(protobuf(false, both)).containsExactly(whole);
    assertThat(protobuf(true, both)).hasSize(4).contains(whole);
  }

  @Test
  void emptyHistogramsStayNative() throws Exception {
    for (NativeHistogram h :
        List.of(
            NativeHistogram.builder().schema(2).build(),
            NativeHistogram.builder()
                .schema(2)
                .positive(new int[] {0, 2}, new double[] {0, 0})
                .build())) {
      assertThat(protobuf(false, s -> s.histogram("idle", Labels.EMPTY, h)))
          .containsExactly(Labels.of("__name__", "idle") + " " + h);
    }
  }

  @Test
  void namesAreEscapedForClientsThatNeedIt() throws Exception {
    ProtobufWriter w = new ProtobufWriter(ExpositionWriter.Format.PROTOBUF);
    w.sample("a.b", Labels.of("c.d", "e"), 1);
    w.finish();
    assertThat(
            read(
                ExpositionFormat.PROMETHEUS_PROTO.parser(ParserOptions.DEFAULT),
                w.buffer(),
                w.length()))
        .containsExactly(Labels.of("__name__", "a_b", "c_d", "e") + " 1.0 0");
  }
}
