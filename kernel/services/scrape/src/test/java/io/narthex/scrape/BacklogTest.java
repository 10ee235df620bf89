package io.narthex.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.exposition.ExpositionFormat;
import io.narthex.service.memory.WorkMemory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class BacklogTest {
  private final Backlog.Budget budget = new Backlog.Budget(1000);
  private final Backlog backlog = new Backlog(budget);
  private final Scratch scratch = new Scratch(new Scratch.Pool(new WorkMemory(1 << 30)));

  private boolean add(Backlog to, long timeMs, int bytes, long nanos) {
    scratch.length = bytes;
    scratch.body[0] = (byte) timeMs;
    return to.add(
        new ScrapeLoop.Fetched(
            null, ExpositionFormat.PROMETHEUS_TEXT, timeMs, 0, Double.NaN, bytes, ""),
        scratch,
        nanos);
  }

  @Test
  void givesBackInOrderWhatItHolds() {
    assertThat(add(backlog, 1, 100, 0)).isTrue();
    assertThat(add(backlog, 2, 50, 0)).isTrue();
    Scratch other = new Scratch(new Scratch.Pool(new WorkMemory(1 << 30)));
    other.body = new byte[10];
    assertThat(backlog.first(other).timeMs()).isEqualTo(1);
    assertThat(other.length).isEqualTo(100);
    assertThat(other.body[0]).isEqualTo((byte) 1);
    backlog.removeFirst();
    assertThat(backlog.first(other).timeMs()).isEqualTo(2);
    assertThat(other.length).isEqualTo(50);
    backlog.removeFirst();
    assertThat(backlog.first(other)).isNull();
    assertThat(backlog.isEmpty()).isTrue();
    assertThat(budget.used()).isZero();
  }

  @Test
  void budgetIsSharedAndGivenBack() {
    Backlog second = new Backlog(budget);
    assertThat(add(backlog, 1, 400, 0)).isTrue();
    assertThat(add(second, 1, 600, 0)).isFalse();
    assertThat(add(second, 1, 300, 0)).isTrue();
    assertThat(add(backlog, 2, 10, 0)).isFalse();
    backlog.clear();
    assertThat(add(second, 2, 400, 0)).isTrue();
    second.clear();
    assertThat(budget.used()).isZero();
  }

  @Test
  void turnsAwayWhenTheOldestHasWaitedTooLong() {
    assertThat(add(backlog, 1, 10, 0)).isTrue();
    assertThat(add(backlog, 2, 10, Backlog.MAX_AGE_NANOS)).isTrue();
    assertThat(add(backlog, 3, 10, Backlog.MAX_AGE_NANOS + 1)).isFalse();
    backlog.removeFirst();
    assertThat(add(backlog, 3, 10, Backlog.MAX_AGE_NANOS + 1)).isTrue();
  }
}
