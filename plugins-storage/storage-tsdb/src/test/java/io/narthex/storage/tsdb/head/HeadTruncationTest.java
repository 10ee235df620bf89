package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.testkit.FakeClock;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HeadTruncationTest {
  private static final int SERIES = 50 * SeriesPage.SIZE;

  @Test
  void whoWaitsForTheLocksGetsThemBetweenTwoSlices() throws InterruptedException {
    Head head = new Head(new Counters(), new FakeClock(10_000));
    for (int id = 0; id < SERIES; id++) {
      head.insert(id, Labels.of("__name__", "m", "i", Integer.toString(id)));
      head.replay(id, id % 2 == 0 ? 1000 : 2000, 1, null, 0);
    }
    AtomicInteger seen = new AtomicInteger();
    Thread waiting =
        new Thread(
            () -> {
              head.appendLock.lock(); // as an append does
              seen.set(head.index().seriesCount());
              head.appendLock.unlock();
            },
            "append");
    Head.Capture atFirst =
        _ -> { // called by the removal of the first series, under the locks
          if (waiting.getState() == Thread.State.NEW) {
            waiting.start();
            while (!head.appendLock.hasQueuedThread(waiting)) {
              Thread.onSpinWait();
            }
          }
        };
    head.begin(atFirst);
    head.truncate(2000, () -> {}, List.of());
    head.end(atFirst);
    waiting.join();
    assertThat(head.index().seriesCount()).isEqualTo(SERIES / 2);
    assertThat(seen.get()).isBetween(SERIES / 2 + 1, SERIES - 1);
    for (int id = 0; id < SERIES; id++) {
      int found = head.find(Labels.of("__name__", "m", "i", Integer.toString(id)));
      assertThat(found).isEqualTo(id % 2 == 0 ? -1 : id);
    }
  }
}
