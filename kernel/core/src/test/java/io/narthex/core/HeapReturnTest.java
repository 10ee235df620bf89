package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeapReturnTest {
  private static final int MINUTE = 12;

  private long committed = 600L << 20;
  private long used = 100L << 20;
  private int cycles;
  private boolean gives = true;

  private final HeapReturn task =
      new HeapReturn(
          new HeapReturn.Heap() {
            @Override
            public long committed() {
              return committed;
            }

            @Override
            public long used() {
              return used;
            }

            @Override
            public void collect() {
              cycles++;
              if (gives) {
                committed = committed / 10 * 6;
              }
            }
          });

  private void minutes(int n) {
    for (int i = 0; i < n * MINUTE; i++) {
      task.sample();
    }
  }

  @Test
  void memoryIsGivenBackUntilLittleIsSpare() {
    minutes(1);
    assertThat(cycles).isEqualTo(1);
    minutes(10);
    assertThat(committed).isBetween(125L << 20, 146L << 20);
    assertThat(cycles).isEqualTo(3);
  }

  @Test
  void theLeastOfAMinuteCounts() {
    for (int i = 0; i < MINUTE; i++) {
      used = (i == 3 ? 100L : 590L) << 20;
      task.sample();
    }
    assertThat(cycles).isEqualTo(1);
    used = 500L << 20;
    minutes(5);
    assertThat(cycles).isEqualTo(1);
  }

  @Test
  void cyclesThatDoNotHelpBecomeRare() {
    gives = false;
    minutes(60);
    assertThat(cycles).isBetween(4, 6);
    committed = 160L << 20;
    minutes(1);
    committed = 600L << 20;
    minutes(2);
    assertThat(cycles).isBetween(6, 8);
  }
}
