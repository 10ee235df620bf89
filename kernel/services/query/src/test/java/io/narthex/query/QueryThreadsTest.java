package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class QueryThreadsTest {
  private static final int BURST = 20;

  @Test
  void threadsOfABurstEndAlthoughSmallQueriesContinue() throws InterruptedException {
    QueryThreads threads = new QueryThreads(Duration.ofMillis(500));
    CountDownLatch all = new CountDownLatch(BURST);
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < BURST; i++) {
      callers.add(
          Thread.ofVirtual()
              .start(() ->
                  threads.run(() -> {
                    all.countDown();
                    return awaited(all);
                  })));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    assertThat(threads.count()).isEqualTo(BURST);

    AtomicInteger answers = new AtomicInteger();
    Thread queries =
        Thread.ofVirtual()
            .start(() -> {
              long watchdog = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
              while (threads.count() > 3 && System.nanoTime() < watchdog) {
                // each thread of the burst would have its turn within its time to live
                threads.run(answers::incrementAndGet);
              }
            });
    queries.join();

    assertThat(threads.count()).isLessThanOrEqualTo(3);
    assertThat(answers.get()).isGreaterThan(BURST);
    threads.stop();
  }

  private static boolean awaited(CountDownLatch latch) {
    try {
      return latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
