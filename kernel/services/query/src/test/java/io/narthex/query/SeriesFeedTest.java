package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import io.narthex.spi.storage.SampleBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Series that are added up as they are read; without a plan all are held first. */
class SeriesFeedTest {
  private static final TestStorage STORAGE = storage();

  /** More floats than are gathered at once, and floats and histograms in turn. */
  private static TestStorage storage() {
    TestStorage storage = new TestStorage();
    for (int s = 0; s < 22; s++) {
      long ref = storage.resolve(Labels.of("__name__", "many", "i", "" + s, "l", "v" + s % 3));
      SampleBatch batch = new SampleBatch(50_000);
      for (int i = 0; i < 50_000; i++) {
        batch.add(ref, 300_000 + i * 12L, i % 9_000 * (s + 1) / 7.0);
      }
      storage.append(batch);
    }
    // among them others with times of their own, fewer samples and gaps
    for (int s = 0; s < 12; s++) {
      long ref = storage.resolve(Labels.of("__name__", "many", "i", s + "x", "l", "v" + s % 3));
      SampleBatch batch = new SampleBatch(20_000);
      for (int i = 0; i < 10_000 + s * 700; i++) {
        boolean gap = i % 1_000 == 999;
        batch.add(ref, 300_000 + s + i * 30L, gap ? StaleMarker.VALUE : (i + 1) * (s + 2) / 3.0);
      }
      storage.append(batch);
    }
    for (int s = 0; s < 20; s++) {
      long ref = storage.resolve(Labels.of("__name__", "both", "i", "" + s, "l", "v" + s % 3));
      SampleBatch batch = new SampleBatch(200);
      for (int i = 0; i < 200; i++) {
        long time = 200_000 + i * 4_000L;
        if (s % 4 < 2) {
          batch.add(ref, time, i % 37 + s / 3.0);
        } else {
          batch.add(ref, time, PlanTest.histogram(i % 41 + s));
        }
      }
      storage.append(batch);
    }
    return storage;
  }

  private static String shown(boolean planned, String query) {
    return PlanTest.shown(
        STORAGE, PlanTest.options(50_000_000, false), planned, query, true, PlanTest.COUNTED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sum by (l) (rate(many[1m]))",
        "avg(max_over_time(many[10s]))",
        "sum by (i) (sum_over_time(many[7s]))",
        "count(many)",
        "sum by (i) (both)",
        "sum by (l) (both)",
        "avg by (i) (rate(both[1m]))",
        "max by (l) (rate(both[1m]))",
        "stddev by (l) (both)",
        "histogram_count(both)",
        "histogram_avg(rate(both[1m]))",
        "histogram_count(sum by (i) (both))",
        "histogram_sum(sum by (i) (rate(both[1m])))",
        "sum by (l) (last_over_time({__name__=~'both|many'}[1m]))",
      })
  void answerAndStatisticsAreThose(String query) {
    String fed = shown(true, query);
    assertThat(fed).doesNotStartWith("EXECUTION").isEqualTo(shown(false, query));
  }

  @Test
  void seriesThatDifferInTheNameOnlyAreRefused() {
    String fed = shown(true, "sum(rate({__name__=~'both|many'}[1m]))");
    assertThat(fed).isEqualTo("EXECUTION vector cannot contain metrics with the same labelset");
  }
}
