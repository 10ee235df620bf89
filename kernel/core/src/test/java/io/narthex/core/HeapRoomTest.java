package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeapRoomTest {
  private static final long MIB = 1 << 20;

  private long stays;
  private long garbage;
  private int collections;
  private long said = -1;

  private final HeapRoom room =
      new HeapRoom(
          new HeapReturn.Heap() {
            @Override
            public long committed() {
              return 100 * MIB;
            }

            @Override
            public long used() {
              return stays + garbage;
            }

            @Override
            public void collect() {
              collections++;
              garbage = 0;
            }
          },
          100 * MIB,
          bytes -> said = bytes);

  private void looks(int n) {
    for (int i = 0; i < n; i++) {
      room.sample();
    }
  }

  @Test
  void whileLittleIsUsedNothingIsDone() {
    stays = 20 * MIB;
    for (int i = 0; i < 1000; i++) {
      garbage = i % 3 == 0 ? 10 * MIB : 60 * MIB;
      room.sample();
    }
    assertThat(collections).isZero();
    assertThat(said).isEqualTo(-1);
  }

  @Test
  void garbageIsNotTakenForWhatStays() {
    stays = 20 * MIB;
    garbage = 70 * MIB;
    looks(3);
    assertThat(collections).isEqualTo(1);
    assertThat(said).isEqualTo(20 * MIB);
  }

  @Test
  void growthIsSeenWithinSeconds() {
    for (int i = 0; i < 90; i++) {
      stays += MIB;
      garbage = 5 * MIB;
      room.sample();
    }
    assertThat(said).isBetween(84 * MIB, 90 * MIB);
  }

  @Test
  void measuringThatChangesNothingBecomesRare() {
    stays = 70 * MIB;
    for (int i = 0; i < 600; i++) {
      garbage = 20 * MIB;
      room.sample();
    }
    assertThat(said).isEqualTo(70 * MIB);
    assertThat(collections).isBetween(10, 60);
  }

  @Test
  void whatHasBecomeGarbageIsFound() {
    stays = 90 * MIB;
    looks(5);
    assertThat(said).isEqualTo(90 * MIB);
    stays = 30 * MIB;
    garbage = 60 * MIB;
    looks(130);
    assertThat(said).isEqualTo(30 * MIB);
  }
}
