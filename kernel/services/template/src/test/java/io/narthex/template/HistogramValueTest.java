package io.narthex.template;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.NativeHistogram;
import org.junit.jupiter.api.Test;

class HistogramValueTest {
  @Test
  void printsNonEmptyBucketsInRisingOrder() {
    NativeHistogram h =
        NativeHistogram.builder()
            .schema(0)
            .count(12)
            .sum(18.5)
            .zeroBucket(0.001, 2)
            .positive(new int[] {0, 2, 1, 1}, new double[] {3, 0, 4})
            .negative(new int[] {0, 2}, new double[] {1, 2})
            .build();
    assertThat(new HistogramValue(h).print())
        .isEqualTo(
            "{count:12, sum:18.5, [-2,-1):2, [-1,-0.5):1, [-0.001,0.001]:2, (0.5,1]:3, (4,8]:4}");
  }

  @Test
  void printsCustomBuckets() {
    NativeHistogram h =
        NativeHistogram.builder()
            .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
            .count(1e6)
            .sum(2e-5)
            .positive(new int[] {0, 3}, new double[] {1, 2, 3})
            .customBounds(new double[] {0.1, 1})
            .build();
    assertThat(new HistogramValue(h).print())
        .isEqualTo("{count:1e+06, sum:2e-05, [-Inf,0.1]:1, (0.1,1]:2, (1,+Inf]:3}");
  }

  @Test
  void printsAHistogramWithoutObservations() {
    assertThat(new HistogramValue(NativeHistogram.builder().schema(3).build()).print())
        .isEqualTo("{count:0, sum:0}");
  }
}
