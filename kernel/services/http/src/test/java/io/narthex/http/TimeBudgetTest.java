package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TimeBudgetTest {
  private long now = Long.MAX_VALUE - 50; // it wraps around

  private final TimeBudget budget = new TimeBudget(1000, 20, () -> now);

  @Test
  void aBurstIsFollowedByItsShareOfTheTime() {
    assertThat(budget.isLeft()).isTrue();
    budget.spend(1100);
    assertThat(budget.isLeft()).isFalse();
    now += 2000;
    assertThat(budget.isLeft()).as("100 that were too many").isFalse();
    now += 20;
    assertThat(budget.isLeft()).isTrue();
    budget.spend(1);
    assertThat(budget.isLeft()).isFalse();
    now += 1_000_000;
    budget.spend(0);
    assertThat(budget.isLeft()).isTrue();
    budget.spend(1000);
    assertThat(budget.isLeft()).as("no more is saved than for one burst").isFalse();
  }
}
