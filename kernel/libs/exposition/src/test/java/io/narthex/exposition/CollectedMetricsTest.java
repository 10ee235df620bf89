package io.narthex.exposition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.exposition.CollectedMetrics.Refusal;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.spi.exporter.MetricSink;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is collected is read as if it had been written in a format and parsed. */
final class CollectedMetricsTest {
  private static final NativeHistogram HISTOGRAM =
      NativeHistogram.builder()
          .schema(3)
          .count(7)
          .sum(1.5)
          .zeroBucket(0.001, 1)
          .positive(new int[] {-2, 3, 4, 1}, new double[] {3, 0, 2, 1})
          .build();

  private static final Exemplar TIMED = new Exemplar(Labels.of("id", "x"), 0.05, 1250, true);

  /** Reads all, metadata too; what comes twice in a row is there twice. */
  private static List<String> read(ExpositionParser parser) throws ExpositionException {
    List<String> read = new ArrayList<>();
    for (var e = parser.next(); e != ExpositionParser.Entry.END; e = parser.next()) {
      switch (e) {
        case HELP, UNIT, TYPE ->
            read.add(e + " " + parser.metadataName() + " " + parser.metadataText());
        case SERIES, HISTOGRAM -> {
          List<Exemplar> exemplars = new ArrayList<>();
          for (int i = 0; i < parser.exemplarCount(); i++) {
            exemplars.add(parser.exemplar(i));
          }
          read.add(
              parser.labels()
                  + " "
                  + (e == ExpositionParser.Entry.SERIES ? parser.value() : parser.histogram())
                  + " "
                  + parser.hasTimestamp()
                  + parser.timestampMs()
                  + exemplars);
        }
        case COMMENT, END -> {
          // nothing to compare
        }
      }
    }
    return read;
  }

  private static List<String> collected(Consumer<MetricSink> by, ParserOptions options)
      throws ExpositionException {
    CollectedMetrics metrics = new CollectedMetrics(_ -> true);
    by.accept(metrics);
    List<String> first = read(metrics.parser(options));
    assertThat(read(metrics.parser(options))).as("read again").isEqualTo(first);
    CollectedMetrics copied = new CollectedMetrics(_ -> true);
    copied.sample("other", Labels.EMPTY, 1);
    copied.take(metrics.copy());
    assertThat(read(copied.parser(options))).as("kept for later").isEqualTo(first);
    return first;
  }

  private static List<String> protobuf(Consumer<MetricSink> by, ParserOptions options)
      throws ExpositionException {
    ProtobufWriter w = new ProtobufWriter(ExpositionWriter.Format.PROTOBUF_UTF8);
    by.accept(w);
    w.finish();
    ExpositionParser parser = ExpositionFormat.PROMETHEUS_PROTO.parser(options);
    parser.reset(w.buffer(), w.length());
    return read(parser);
  }

  private static void plain(MetricSink s) {
    s.sample("bare", Labels.EMPTY, 1);
    s.family(new MetricMetadata("hits", MetricType.COUNTER, "Hits.", ""));
    s.sample("hits_total", Labels.of("a", "1"), 2, 1500, TIMED);
    s.sample("hits_created", Labels.of("a", "1"), 7);
    s.sample("hits_total", Labels.of("a", "2"), Double.POSITIVE_INFINITY);
    s.family(new MetricMetadata("temp.celsius", MetricType.GAUGE, "", "celsius"));
    s.sample("temp.celsius", Labels.of("a.b", "é\n\u0000€😀"), -0.0, 0, TIMED);
    s.sample("stranger", Labels.of("__type__", "odd", "__unit__", "odd"), 3);
    s.family(new MetricMetadata("build", MetricType.INFO, "Build.", ""));
    s.sample("build_info", Labels.of("version", "1", "__name__", "hidden"), 1);
    s.family(new MetricMetadata("none", MetricType.GAUGE, "Nothing.", ""));
    s.family(new MetricMetadata("pause", MetricType.SUMMARY, "Pauses.", ""));
    s.sample("pause", Labels.of("quantile", "0.9"), 0.25, 2000, null);
    s.sample("pause", Labels.of("quantile", "1"), 0.75, 2000, null);
    s.sample("pause_sum", Labels.EMPTY, 1.25, 2000, null);
    s.sample("pause_count", Labels.EMPTY, 3, 2000, null);
    s.family(new MetricMetadata("state", MetricType.STATESET, "State.", ""));
    s.sample("state", Labels.of("state", "on"), 1);
  }

  private static void histograms(MetricSink s) {
    s.family(new MetricMetadata("wait", MetricType.HISTOGRAM, "Waits.", "seconds"));
    for (String queue : List.of("x", "y")) {
      s.sample("wait_bucket", Labels.of("queue", queue, "le", "1"), 3, 0, TIMED);
      s.sample("wait_bucket", Labels.of("queue", queue, "le", "+Inf"), 7);
    }
    for (String queue : List.of("x", "y")) { // not one after the other
      s.sample("wait_sum", Labels.of("queue", queue), 1.5);
      s.sample("wait_count", Labels.of("queue", queue), 7);
    }
    s.histogram("wait", Labels.of("queue", "x"), HISTOGRAM);
    s.histogram("wait", Labels.of("queue", "z"), HISTOGRAM);
    s.sample("wait_max", Labels.EMPTY, 4);
    s.family(new MetricMetadata("size", MetricType.HISTOGRAM, "Sizes.", ""));
    s.histogram(
        "size",
        Labels.EMPTY,
        HISTOGRAM.toBuilder().resetHint(NativeHistogram.ResetHint.GAUGE).build());
    s.family(new MetricMetadata("late", MetricType.GAUGE, "Late.", ""));
    s.histogram("late_wait", Labels.of("a", "b"), HISTOGRAM);
  }

  @Test
  void readsAsTheProtobufFormatDoes() throws Exception {
    for (boolean typed : new boolean[] {false, true}) {
      for (boolean convert : new boolean[] {false, true}) {
        for (boolean keep : new boolean[] {false, true}) {
          for (boolean ignore : new boolean[] {false, true}) {
            ParserOptions o = new ParserOptions(typed, false, convert, keep, ignore);
            assertThat(collected(CollectedMetricsTest::plain, o))
                .as("%s", o)
                .containsExactlyInAnyOrderElementsOf(protobuf(CollectedMetricsTest::plain, o));
            List<String> expected = protobuf(CollectedMetricsTest::histograms, o);
            assertThat(collected(CollectedMetricsTest::histograms, o))
                .as("%s", o)
                .hasSizeGreaterThan(10)
                .containsExactlyInAnyOrderElementsOf(expected);
          }
        }
      }
    }
  }

  @Test
  void histogramsWithCustomBoundsAreNativeOnesOrBuckets() throws Exception {
    NativeHistogram custom =
        NativeHistogram.builder()
            .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
            .count(6)
            .sum(3)
            .positive(new int[] {0, 1, 1, 1}, new double[] {2, 4})
            .customBounds(new double[] {0.5, 1})
            .build();
    Consumer<MetricSink> by =
        s -> {
          s.family(new MetricMetadata("wait", MetricType.HISTOGRAM, "", ""));
          s.histogram("wait", Labels.of("a", "b"), custom);
        };
    assertThat(collected(by, new ParserOptions(false, false, false, false, false)))
        .contains(Labels.of("__name__", "wait", "a", "b") + " " + custom + " false0[]");
    assertThat(collected(by, ParserOptions.DEFAULT))
        .contains(
            Labels.of("__name__", "wait_count", "a", "b") + " 6.0 false0[]",
            Labels.of("__name__", "wait_sum", "a", "b") + " 3.0 false0[]",
            Labels.of("__name__", "wait_bucket", "a", "b", "le", "0.5") + " 2.0 false0[]",
            Labels.of("__name__", "wait_bucket", "a", "b", "le", "1.0") + " 2.0 false0[]",
            Labels.of("__name__", "wait_bucket", "a", "b", "le", "+Inf") + " 6.0 false0[]");
  }

  @Test
  void nothingCollectedMarksTheEndOfASeries() throws Exception {
    CollectedMetrics metrics = new CollectedMetrics(_ -> true);
    metrics.sample("a", Labels.EMPTY, StaleMarker.VALUE);
    metrics.histogram("h", Labels.EMPTY, NativeHistogram.stale());
    ExpositionParser parser = metrics.parser(new ParserOptions(false, false, false, false, false));
    int seen = 0;
    for (var e = parser.next(); e != ExpositionParser.Entry.END; e = parser.next()) {
      if (e == ExpositionParser.Entry.SERIES) {
        assertThat(parser.value()).isNaN();
        assertThat(StaleMarker.is(parser.value())).isFalse();
        seen++;
      } else if (e == ExpositionParser.Entry.HISTOGRAM) {
        assertThat(parser.histogram().isStale()).isFalse();
        seen++;
      }
    }
    assertThat(seen).isEqualTo(2);
  }

  @Test
  void aCallThatFailsLeavesNothingBehind() throws Exception {
    Labels none = (new Labels[1])[0]; // what a plugin may pass whatever the types say
    CollectedMetrics metrics = new CollectedMetrics(_ -> true);
    metrics.sample("a", Labels.of("x", "1"), 1);
    assertThatThrownBy(() -> metrics.sample("broken", none, 2, 0, TIMED))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> metrics.histogram("broken", none, HISTOGRAM))
        .isInstanceOf(NullPointerException.class);
    metrics.family(new MetricMetadata("b", MetricType.COUNTER, "", ""));
    metrics.sample("b", Labels.EMPTY, 3);
    assertThat(read(metrics.parser(ParserOptions.DEFAULT)))
        .filteredOn(line -> line.contains("__name__"))
        .containsExactly(
            Labels.of("__name__", "a", "x", "1") + " 1.0 false0[]",
            Labels.of("__name__", "b") + " 3.0 false0[]");
  }

  @Test
  void brokenHistogramsFailTheScrape() {
    NativeHistogram broken =
        HISTOGRAM.toBuilder().positive(new int[] {1 << 30, 1}, new double[] {1}).build();
    assertThatThrownBy(() ->
            collected(
                s -> s.histogram("h", Labels.EMPTY, broken),
                new ParserOptions(false, false, false, false, false)))
        .isInstanceOf(ExpositionException.class);
  }

  @Test
  void endsAtItsSizeAndSaysSo() {
    CollectedMetrics metrics = new CollectedMetrics(_ -> true);
    metrics.reset(100_000);
    Labels labels = Labels.of("a", "b".repeat(1000));
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 1000; i++) {
                metrics.sample("m", labels, i);
              }
            })
        .hasMessageContaining("exceed the size");
    assertThat(metrics.refusal()).isEqualTo(Refusal.TOO_LARGE);
    long size = metrics.size();
    assertThatThrownBy(() -> metrics.sample("m", Labels.EMPTY, 1))
        .as("also for one that would fit")
        .hasMessageContaining("exceed the size");
    assertThatThrownBy(() -> metrics.histogram("m", Labels.EMPTY, HISTOGRAM))
        .isInstanceOf(IllegalStateException.class);
    assertThat(metrics.size()).isLessThan(size + 1000);
    assertThat(metrics.capacity()).isLessThan(1 << 20);
    metrics.reset(100_000);
    metrics.sample("m", Labels.EMPTY, 1);
    assertThat(metrics.refusal()).isEqualTo(Refusal.NONE);
  }

  @Test
  void asksForRoomBeforeItGrows() {
    AtomicLong left = new AtomicLong(1 << 20);
    CollectedMetrics metrics = new CollectedMetrics(bytes -> left.addAndGet(-bytes) >= 0);
    long own = metrics.capacity();
    String large = "é".repeat(1000);
    assertThatThrownBy(
            () -> {
              while (true) {
                metrics.sample("m", Labels.of("a", large), 1);
              }
            })
        .hasMessageContaining("no room");
    assertThat(metrics.refusal()).isEqualTo(Refusal.NO_ROOM);
    assertThat(metrics.capacity()).isLessThanOrEqualTo(own + (1 << 20));
  }
}
