package io.narthex.query.series;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import org.junit.jupiter.api.Test;

class TimeColumnsTest {
  private final TimeColumns columns = new TimeColumns();

  private Samples series(long... times) {
    Samples s = new Samples(Labels.EMPTY, columns, Samples.NO_VALUES);
    s.addFloats(times, new double[times.length], times.length, true);
    columns.keep(s);
    return s;
  }

  @Test
  void seriesOfATargetShareTheirTimesWhateverIsBetween() {
    series(1, 11, 21);
    Samples b = series(2, 12, 22);
    Samples c = series(3, 13, 23);
    Samples again = series(2, 12, 22);
    assertThat(again.floatTimes).isSameAs(b.floatTimes);
    assertThat(again.bytes()).isLessThan(b.bytes());
    assertThat(series(3, 13, 23).floatTimes).isSameAs(c.floatTimes);
  }

  @Test
  void aSeriesWithOtherTimesHasItsOwn() {
    series(1, 11, 21);
    Samples b = series(2, 12, 22);
    Samples gap = series(2, 22);
    assertThat(gap.floatTimes).isNotSameAs(b.floatTimes);
    assertThat(gap.floatTimes).startsWith(2, 22);
    assertThat(gap.floatCount).isEqualTo(2);
    Samples shorter = series(2, 12);
    assertThat(shorter.floatTimes).as("a part of it will do").isSameAs(b.floatTimes);
    Samples longer = series(2, 12, 22, 32);
    assertThat(longer.floatTimes).startsWith(2, 12, 22, 32);
    assertThat(series(2, 12, 22, 32).floatTimes).as("the longest").isSameAs(longer.floatTimes);
    assertThat(b.floatTimes).startsWith(2, 12, 22);
  }

  @Test
  void memoryIsBounded() {
    long[] times = new long[3_000];
    for (int series = 0; series < 5_000; series++) {
      for (int i = 0; i < times.length; i++) {
        times[i] = series + i * 10_000L;
      }
      Samples unused = series(times.clone());
    }
    assertThat(columns.bytes()).isBetween(3L << 20, 5L << 20);
  }
}
