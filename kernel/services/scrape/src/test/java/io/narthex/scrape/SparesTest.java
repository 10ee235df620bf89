package io.narthex.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SparesTest {
  private final AtomicLong nanos = new AtomicLong();
  private final Spares<String> spares = new Spares<>(nanos::get);

  private void minute() {
    nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
  }

  @Test
  void keepsAtMostSoMany() {
    assertThat(spares.take()).isNull();
    assertThat(spares.keep("a", 2)).isTrue();
    assertThat(spares.keep("b", 2)).isTrue();
    assertThat(spares.keep("c", 2)).isFalse();
    assertThat(spares.take()).isEqualTo("b");
    assertThat(spares.take()).isEqualTo("a");
    assertThat(spares.take()).isNull();
  }

  @Test
  void givesUpWhatNobodyNeededForAMinute() {
    for (String s : new String[] {"a", "b", "c", "d"}) {
      spares.keep(s, 10);
    }
    minute();
    assertThat(spares.unused()).as("begun empty").isEmpty();
    assertThat(spares.take()).isEqualTo("d");
    spares.keep("d", 10);
    assertThat(spares.unused()).as("the minute is not over").isEmpty();
    minute();
    assertThat(spares.unused()).containsExactly("a", "b", "c");
    minute();
    assertThat(spares.unused()).containsExactly("d");
    assertThat(spares.take()).isNull();
  }
}
