package io.narthex.service.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.memory.WorkMemory.Use;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WorkMemoryTest {
  private static final long HEAP = 1000 << 20;

  private final WorkMemory memory = new WorkMemory(HEAP);

  @Test
  void noUseStarvesAnother() {
    for (Use greedy : Use.values()) {
      long taken = 0;
      while (memory.tryTake(greedy, 1 << 20)) {
        taken += 1 << 20;
      }
      assertThat(taken).isBetween(memory.most(greedy) - (2 << 20), memory.most(greedy));
      for (Use other : Use.values()) {
        if (other != greedy) {
          assertThat(memory.tryTake(other, HEAP / 100)).isTrue();
          memory.give(other, HEAP / 100);
        }
      }
      memory.give(greedy, taken);
      assertThat(memory.held(greedy)).isZero();
    }
  }

  @Test
  void allTogetherLeaveMostOfTheHeap() {
    long taken = 0;
    for (int i = 0; i < 1000; i++) {
      for (Use use : Use.values()) {
        if (memory.tryTake(use, 1 << 20)) {
          taken += 1 << 20;
        }
      }
    }
    assertThat(taken).isBetween(HEAP / 5 * 2 - (4 << 20), HEAP / 5 * 2);
  }

  @Test
  void thoseThatWaitAreServedInOrder() throws Exception {
    long most = memory.most(Use.WRITES);
    assertThat(memory.tryTake(Use.WRITES, most)).isTrue();
    List<Integer> served = Collections.synchronizedList(new ArrayList<>());
    List<Thread> waiting = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      int number = i;
      Thread thread =
          new Thread(() -> {
            try {
              if (memory.take(Use.WRITES, most / 2 + 1, TimeUnit.MINUTES.toNanos(1))) {
                served.add(number);
                memory.give(Use.WRITES, most / 2 + 1);
              }
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      thread.start();
      waiting.add(thread);
      while (thread.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
    }
    memory.give(Use.WRITES, most);
    for (Thread thread : waiting) {
      thread.join();
    }
    assertThat(served).containsExactly(0, 1, 2, 3, 4);
    assertThat(memory.held(Use.WRITES)).isZero();
  }

  @Test
  void whatCanNeverBeTakenIsRefusedAtOnce() throws Exception {
    long tooMuch = memory.most(Use.REQUESTS) + 1;
    assertThat(memory.take(Use.REQUESTS, tooMuch, Long.MAX_VALUE / 2)).isFalse();
    assertThat(memory.take(Use.REQUESTS, tooMuch - 1, 0)).isTrue();
    assertThat(memory.take(Use.REQUESTS, 1, 0)).isFalse();
    assertThatThrownBy(() -> memory.give(Use.REQUESTS, tooMuch))
        .hasMessage(
            "memory of REQUESTS: " + (tooMuch - 1) + " bytes are held, got back " + tooMuch);
  }

  @Test
  void smallHeapsLeaveRoomForSomeWork() {
    WorkMemory small = new WorkMemory(16 << 20);
    assertThat(small.tryTake(Use.QUERIES, 1 << 20)).isTrue();
  }

  @Test
  void whatStaysInTheHeapIsTakenOffWhatWorkMayHave() {
    memory.live(700 << 20);
    long taken = 0;
    for (Use use : Use.values()) {
      while (memory.tryTake(use, 1 << 20)) {
        taken += 1 << 20;
      }
    }
    assertThat(taken).isBetween(40L << 20, 51L << 20);
  }

  @Test
  void aThirdOfTheHeapThatStaysChangesNothing() {
    memory.live(HEAP / 3);
    assertThat(memory.reach(Use.QUERIES)).isEqualTo(memory.most(Use.QUERIES));
    allTogetherLeaveMostOfTheHeap();
  }

  @Test
  void workThatGoesOnIsNotCountedAsWhatStays() {
    assertThat(memory.tryTake(Use.QUERIES, HEAP / 5)).isTrue();
    memory.live(HEAP / 3 + HEAP / 5);
    assertThat(memory.live()).isEqualTo(HEAP / 3);
    assertThat(memory.tryTake(Use.SCRAPES, HEAP / 10)).isTrue();
  }

  @Test
  void aFullHeapLeavesALittleWorkAndEmptiesAgain() {
    memory.live(900 << 20);
    assertThat(memory.full()).isTrue();
    assertThat(memory.reach(Use.QUERIES)).isBetween(10L << 20, 40L << 20);
    for (Use use : Use.values()) {
      assertThat(memory.tryTake(use, 1 << 20)).isTrue();
    }
    assertThat(memory.tryTake(Use.QUERIES, 100 << 20)).isFalse();
    memory.live(400 << 20);
    assertThat(memory.full()).isFalse();
    assertThat(memory.tryTake(Use.QUERIES, 100 << 20)).isTrue();
  }

  @Test
  void whatIsAddedCountsUntilItIsMeasured() {
    assertThat(memory.add(2 * HEAP)).as("not measured").isTrue();
    memory.live(600 << 20);
    assertThat(memory.add(90 << 20)).isTrue();
    assertThat(memory.add(90 << 20)).isFalse();
    assertThat(memory.full()).isFalse();
    memory.live(550 << 20);
    assertThat(memory.add(90 << 20)).isTrue();
  }
}
