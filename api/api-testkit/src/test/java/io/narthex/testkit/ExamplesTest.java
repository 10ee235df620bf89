package io.narthex.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.testkit.function.FunctionRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples in the javadoc of the API's values: here they are compiled and run. */
class ExamplesTest {
  private static final Path API = Path.of("..");
  private static final Path HERE =
      Path.of("src/test/java/io/narthex/testkit/ExamplesTest.java").toAbsolutePath();

  static Stream<String> documented() {
    return Stream.of(
        "api-model/src/main/java/io/narthex/model/NativeHistogram.java",
        "api-spi/src/main/java/io/narthex/spi/function/FunctionWindows.java",
        "api-spi/src/main/java/io/narthex/spi/storage/SampleBatch.java",
        "api-spi/src/main/java/io/narthex/spi/storage/SampleTile.java",
        "api-spi/src/main/java/io/narthex/spi/storage/SeriesCursor.java");
  }

  @ParameterizedTest
  @MethodSource("documented")
  void javadocShowsWhatIsCompiledHere(String file) throws IOException {
    String name = file.substring(file.lastIndexOf('/') + 1, file.lastIndexOf('.'));
    assertThat(inJavadoc(Files.readString(API.resolve(file))))
        .as("example of %s; keep it equal to the one in ExamplesTest", name)
        .isEqualTo(compiled(Files.readString(HERE), name));
  }

  private static String inJavadoc(String source) {
    String pre = between(source, "<pre>{@code\n", " * }</pre>");
    return pre.lines().map(l -> l.startsWith(" * ") ? l.substring(3) : "").toList().toString();
  }

  private static String compiled(String source, String name) {
    String code = between(source, "// example: " + name + "\n", "// end of example");
    String block = code.substring(0, code.lastIndexOf('\n') + 1);
    return block.stripTrailing().stripIndent().lines().toList().toString();
  }

  private static String between(String text, String start, String end) {
    int from = text.indexOf(start);
    assertThat(from).as("start of the example").isNotNegative();
    return text.substring(from + start.length(), text.indexOf(end, from));
  }

  @Test
  void readsBucketsOfANativeHistogram() {
    Map<Double, Double> buckets = new TreeMap<>();
    // example: NativeHistogram
    // observations 0.3, 0.6, 0.7 and 5 in schema 0, whose bounds are powers of 2:
    // bucket -1 is (0.25, 0.5], bucket 0 is (0.5, 1], buckets 1 and 2 are empty, 3 is (4, 8]
    NativeHistogram histogram =
        NativeHistogram.builder()
            .schema(0)
            .positive(new int[] {-1, 2, 2, 1}, new double[] {1, 2, 1})
            .count(4)
            .sum(6.6)
            .build();

    int[] spans = histogram.positiveSpans();
    int index = 0;
    int bucket = 0;
    for (int s = 0; s < spans.length; s += 2) {
      index += spans[s]; // empty buckets before the span
      for (int i = 0; i < spans[s + 1]; i++) {
        double upper = Math.pow(2, index * Math.pow(2, -histogram.schema()));
        buckets.put(upper, histogram.positiveBuckets()[bucket]);
        index++;
        bucket++;
      }
    }
    // buckets: 0.5 -> 1, 1 -> 2, 8 -> 1
    // end of example
    assertThat(buckets).isEqualTo(Map.of(0.5, 1.0, 1.0, 2.0, 8.0, 1.0));
  }

  @Test
  void computesOverWindows() {
    // example: FunctionWindows
    // spread_over_time(v): the difference of the largest and the smallest value of each window
    OfRange spread =
        (call, windows, out, present) -> {
          double[] values = windows.values();
          for (int step = 0; step < call.steps(); step++) {
            double min = Double.POSITIVE_INFINITY;
            double max = Double.NEGATIVE_INFINITY;
            for (int i = windows.from(step); i < windows.to(step); i++) {
              min = Math.min(min, values[i]);
              max = Math.max(max, values[i]);
            }
            out[step] = max - min; // present[step] is false already where the window is empty
          }
        };
    PromqlFunction function =
        new PromqlFunction("spread_over_time", List.of(ArgumentType.MATRIX), spread);
    // end of example
    assertThat(
            FunctionRunner.of(function, 30_000, 45_000, 90_000)
                .matrix(
                    30_000, new long[] {10_000, 20_000, 30_000, 40_000}, new double[] {1, 4, 9, 2})
                .run())
        .containsExactly(8.0, 7.0, null);
  }

  @Test
  void appendsABatchAgainWhenSeriesWereForgotten() {
    Labels up = Labels.of(Labels.METRIC_NAME, "up");
    List<String> calls = new ArrayList<>();
    ToLongFunction<Labels> resolve =
        labels -> {
          calls.add("resolve");
          return calls.size();
        };
    Function<SampleBatch, AppendResult> append =
        batch -> {
          calls.add("append " + batch.ref(0) + " " + batch.size());
          byte[] codes = {AppendResult.UNKNOWN_SERIES, AppendResult.UNKNOWN_SERIES};
          return calls.size() < 3 ? AppendResult.of(codes, 0) : AppendResult.ALL_OK;
        };
    var storage =
        new Object() {
          long resolve(Labels labels) {
            return resolve.applyAsLong(labels);
          }

          AppendResult append(SampleBatch batch) {
            return append.apply(batch);
          }
        };
    // example: SampleBatch
    // one resolve per series, kept by the caller; one batch, reused
    long ref = storage.resolve(up);
    SampleBatch batch = new SampleBatch(2);
    batch.add(ref, 1_700_000_000_000L, 1);
    batch.add(ref, 1_700_000_015_000L, 0);
    AppendResult result = storage.append(batch);
    if (result.count(AppendResult.UNKNOWN_SERIES) > 0) { // the storage forgot the series
      long again = storage.resolve(up);
      for (int row = 0; row < batch.size(); row++) {
        batch.ref(row, again);
      }
      result = storage.append(batch);
    }
    batch.clear();
    // end of example
    assertThat(result.allOk()).isTrue();
    assertThat(calls).containsExactly("resolve", "append 1 2", "resolve", "append 3 2");
  }

  /** A cursor of one series of floats, as a storage implements it. */
  private static final class OneSeries implements SeriesCursor {
    private final long[] timesMs;
    private final double[] values;
    private int next;
    private boolean started;

    OneSeries(long[] timesMs, double[] values) {
      this.timesMs = timesMs;
      this.values = values;
    }

    @Override
    public boolean nextSeries() {
      boolean first = !started;
      started = true;
      return first;
    }

    @Override
    public Labels labels() {
      return Labels.of(Labels.METRIC_NAME, "up");
    }

    @Override
    // example: SampleTile
    public boolean nextTile(SampleTile tile) {
      int rows = Math.min(tile.capacity(), timesMs.length - next);
      System.arraycopy(timesMs, next, tile.timesMs, 0, rows);
      System.arraycopy(values, next, tile.values, 0, rows);
      tile.kind = SampleTile.Kind.FLOAT;
      tile.size = rows;
      next += rows;
      return rows > 0;
    }

    // end of example

    @Override
    public void close() {}
  }

  @Test
  void readsACursorTileByTile() {
    SeriesCursor selected = new OneSeries(new long[] {1, 2, 3, 4, 5}, new double[] {1, 2, 3, 4, 5});
    Map<Labels, Double> sums = new TreeMap<>();
    // example: SeriesCursor
    SampleTile tile = new SampleTile(2); // usually some hundred rows, reused for all series
    try (SeriesCursor cursor = selected) {
      while (cursor.nextSeries()) {
        double sum = 0;
        while (cursor.nextTile(tile)) {
          for (int row = 0; row < tile.size; row++) {
            sum +=
                tile.kind == SampleTile.Kind.FLOAT ? tile.values[row] : tile.histograms[row].sum();
          }
        }
        sums.put(cursor.labels(), sum);
      }
    }
    // end of example
    assertThat(sums).containsExactly(Map.entry(Labels.of(Labels.METRIC_NAME, "up"), 15.0));
  }
}
