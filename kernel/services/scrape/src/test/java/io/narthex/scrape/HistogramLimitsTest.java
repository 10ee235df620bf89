package io.narthex.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.NativeHistogram;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class HistogramLimitsTest {
  private static NativeHistogram histogram() {
    return NativeHistogram.builder()
        .schema(1)
        .count(15)
        .sum(1)
        .positive(new int[] {-1, 2, 1, 3}, new double[] {1, 2, 3, 4, 5})
        .build();
  }

  @Test
  void mergesNeighbours() throws Exception {
    // buckets at -1, 0, 2, 3, 4 of schema 1 fall into 0, 0, 1, 2, 2 of schema 0
    ScrapeSettings settings = new ScrapeSettings(Jobs.job("j", "bucketLimit", 3L));
    NativeHistogram h = Objects.requireNonNull(HistogramLimits.apply(histogram(), settings));
    assertThat(h.schema()).isZero();
    assertThat(h.positiveSpans()).containsExactly(0, 3);
    assertThat(h.positiveBuckets()).containsExactly(3, 3, 9);
  }

  @Test
  void givesUpAtTheLowestResolution() {
    ScrapeSettings settings = new ScrapeSettings(Jobs.job("j", "bucketLimit", 1L));
    NativeHistogram wide =
        NativeHistogram.builder()
            .schema(-4)
            .count(2)
            .positive(new int[] {0, 2}, new double[] {1, 1})
            .build();
    assertThat(HistogramLimits.apply(wide, settings)).isNull();
  }

  @Test
  void choosesTheSchemaByGrowth() {
    assertThat(HistogramLimits.maxSchema(0)).isEqualTo(8);
    assertThat(HistogramLimits.maxSchema(1.1)).isEqualTo(2);
    assertThat(HistogramLimits.maxSchema(2)).isZero();
    assertThat(HistogramLimits.maxSchema(4)).isEqualTo(-1);
  }
}
