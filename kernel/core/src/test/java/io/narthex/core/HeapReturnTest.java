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
                committed = Math.min(committed, Math.max(committed / 10 * 6, used + used / 6));
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
    assertThat(committed).isBetween(116L << 20, 117L << 20);
    assertThat(cycles).isEqualTo(4);
  }

  @Test
  void aSecondCycleFollowsHalfAMinuteAfterTheFirst() {
    minutes(1);
    committed = 100L << 20; // little is spare by then, but what is garbage has become known
    for (int i = 0; i < 5; i++) {
      task.sample();
    }
    assertThat(cycles).isEqualTo(1);
    task.sample();
    assertThat(cycles).isEqualTo(2);
    minutes(60);
    assertThat(cycles).isEqualTo(2);
  }

  @Test
  void garbageAmongWhatIsUsedIsFound() {
    minutes(3); // 100 MiB were left after the cycles
    committed = 130L << 20;
    int before = cycles;
    used = 120L << 20;
    minutes(10);
    assertThat(cycles).as("little more").isEqualTo(before);
    used = 126L << 20;
    gives = false;
    minutes(10);
    assertThat(cycles).as("as much as after the cycles is alive").isEqualTo(before + 2);
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
    assertThat(cycles).isEqualTo(2);
  }

  @Test
  void cyclesThatDoNotHelpBecomeRare() {
    gives = false;
    minutes(60);
    assertThat(cycles).isEqualTo(12);
    committed = 140L << 20;
    minutes(1);
    committed = 600L << 20;
    minutes(2);
    assertThat(cycles).isEqualTo(15);
  }
}
