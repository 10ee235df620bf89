package io.narthex.storage.tsdb.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class RecentDurationsTest {
  private static final long MINUTE = 60_000_000_000L;

  private long now = -5;
  private final RecentDurations durations = new RecentDurations(() -> now);

  private Map<String, Double> statistics() {
    Map<String, Double> statistics = new HashMap<>();
    durations.writeTo(statistics, "x");
    return statistics;
  }

  private double quantile(String q) {
    Double value = statistics().get("x{quantile=\"" + q + "\"}");
    return value == null ? -1 : value;
  }

  @Test
  void quantilesAreWithinTwoPercent() {
    for (int ms = 1; ms <= 1000; ms++) {
      durations.observeSince(now - ms * 1_000_000L);
    }
    assertThat(quantile("0.5")).isCloseTo(0.5, Percentage.withPercentage(2));
    assertThat(quantile("0.9")).isCloseTo(0.9, Percentage.withPercentage(2));
    assertThat(quantile("0.99")).isCloseTo(0.99, Percentage.withPercentage(2));
    assertThat(statistics()).containsEntry("x_count", 1000.0);
    assertThat(statistics().get("x_sum")).isCloseTo(500.5, within(1e-6));
  }

  @Test
  void whatIsOverForTenMinutesCountsInSumAndCountOnly() {
    durations.observeSince(now - 1_000_000_000L);
    now += 9 * MINUTE;
    durations.observeSince(now - 1_000_000L);
    assertThat(quantile("0.99")).isCloseTo(1, Percentage.withPercentage(2));
    now += MINUTE;
    assertThat(quantile("0.99")).isCloseTo(0.001, Percentage.withPercentage(2));
    now += 30 * MINUTE;
    assertThat(quantile("0.5")).isNaN();
    assertThat(statistics()).containsEntry("x_count", 2.0);
  }

  @Test
  void extremesShareTheOutermostBuckets() {
    durations.observeSince(now + 10); // a clock that goes back
    durations.observeSince(now - 100_000L * 1_000_000_000L);
    assertThat(quantile("0.5")).isBetween(0.0, 1e-8);
    assertThat(quantile("0.99")).isBetween(4000.0, 5000.0);
  }
}
