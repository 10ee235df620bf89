package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import org.junit.jupiter.api.Test;

class HeapReturnTest {
  private static final int ROUND = 6;

  private long committed = 600L << 20;
  private long used = 100L << 20;
  private int cycles;
  private int sweeps;
  private boolean busy;
  private boolean gives = true;

  private final HeapReturn task =
      new HeapReturn(
          new HeapReturn.Generations() {
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

            @Override
            public boolean hasCollected() {
              return busy;
            }

            @Override
            public void sweep() {
              sweeps++;
            }
          });

  private void rounds(int n) {
    for (int i = 0; i < n * ROUND; i++) {
      task.sample();
    }
  }

  @Test
  void memoryIsGivenBackUntilLittleIsSpare() {
    rounds(1);
    assertThat(cycles).isEqualTo(1);
    rounds(10);
    assertThat(committed).isBetween(116L << 20, 117L << 20);
    assertThat(cycles).isEqualTo(4);
  }

  @Test
  void aSecondCycleFollowsOnceYoungObjectsHaveBeenCollected() {
    rounds(1);
    committed = 100L << 20; // little is spare by then, but what is garbage has become known
    for (int i = 0; i < 2; i++) {
      task.sample();
    }
    assertThat(cycles).isEqualTo(1);
    assertThat(sweeps).isZero();
    task.sample();
    assertThat(cycles).isEqualTo(2);
    assertThat(sweeps).isEqualTo(1);
    rounds(60);
    assertThat(cycles).isEqualTo(2);
  }

  @Test
  void garbageAmongWhatIsUsedIsFound() {
    rounds(3); // 100 MiB were left after the cycles
    committed = 130L << 20;
    int before = cycles;
    used = 120L << 20;
    rounds(10);
    assertThat(cycles).as("little more").isEqualTo(before);
    used = 126L << 20;
    gives = false;
    rounds(10);
    assertThat(cycles).as("as much as after the cycles is alive").isEqualTo(before + 2);
  }

  @Test
  void moreThanInTheFirstRoundIsLookedAt() {
    committed = 110L << 20;
    rounds(10);
    assertThat(cycles).isZero();
    committed = 600L << 20;
    used = 560L << 20;
    rounds(1);
    assertThat(cycles).isEqualTo(1);
  }

  @Test
  void aServerThatMakesGarbageNeedsNoMore() {
    busy = true;
    rounds(2);
    assertThat(cycles).isGreaterThanOrEqualTo(2);
    assertThat(sweeps).isZero();
  }

  @Test
  void whatIsLeftOfMuchGarbageIsCollectedOnceTheServerRests() {
    committed = 110L << 20;
    busy = true;
    rounds(3);
    assertThat(cycles).isZero();
    busy = false;
    rounds(2);
    assertThat(cycles).isEqualTo(2);
    assertThat(sweeps).isEqualTo(1);
    rounds(10);
    assertThat(cycles).isEqualTo(2);
  }

  @Test
  void youngObjectsAreCollected() {
    WeakReference<Object> young = new WeakReference<>(new Object());
    YoungCollections.provoke();
    assertThat(young.get()).isNull();
  }

  @Test
  void theLeastOfARoundCounts() {
    for (int i = 0; i < ROUND; i++) {
      used = (i == 3 ? 100L : 590L) << 20;
      task.sample();
    }
    assertThat(cycles).isEqualTo(1);
    used = 500L << 20;
    rounds(5);
    assertThat(cycles).isEqualTo(2);
  }

  @Test
  void cyclesThatDoNotHelpBecomeRare() {
    gives = false;
    rounds(60);
    assertThat(cycles).isEqualTo(12);
    committed = 140L << 20;
    rounds(1);
    committed = 600L << 20;
    rounds(2);
    assertThat(cycles).isEqualTo(15);
  }
}
