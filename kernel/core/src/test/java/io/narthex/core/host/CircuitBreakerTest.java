package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // nanoTime may overflow
  private final CircuitBreaker breaker =
      new CircuitBreaker(3, Duration.ofSeconds(5), Duration.ofSeconds(15), now::get);

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  private void open() {
    breaker.failed("a");
    breaker.failed("b");
    breaker.failed("c");
  }

  @Test
  void failuresInARowOpenIt() {
    breaker.failed("a");
    breaker.failed("b");
    breaker.succeeded();
    breaker.failed("c");
    breaker.failed("d");
    assertThat(breaker.refusal()).isNull();
    assertThat(breaker.problem()).isEmpty();
    breaker.failed("e");
    assertThat(breaker.isOpen()).isTrue();
    assertThat(breaker.refusal()).isEqualTo("failed 3 times in a row, last: e; next try in 5 s");
    assertThat(breaker.untilNextTry()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void oneCallIsTriedAfterThePauseAndItsSuccessClosesIt() {
    open();
    pass(Duration.ofMillis(4_999));
    assertThat(breaker.refusal()).contains("next try in 1 s");
    pass(Duration.ofMillis(1));
    assertThat(breaker.refusal()).as("the try").isNull();
    assertThat(breaker.refusal()).as("during the trial call").contains("next try now");
    breaker.succeeded();
    assertThat(breaker.isOpen()).isFalse();
    assertThat(breaker.refusal()).isNull();
  }

  @Test
  void pauseDoublesWithEachTryThatFailsUpToTheLongest() {
    open();
    for (long seconds : new long[] {5, 10, 15, 15}) {
      assertThat(breaker.untilNextTry()).isEqualTo(Duration.ofSeconds(seconds));
      pass(Duration.ofSeconds(seconds));
      assertThat(breaker.refusal()).isNull();
      breaker.failed("again");
    }
    assertThat(breaker.problem()).startsWith("failed 7 times in a row, last: again");
  }

  @Test
  void callsOfBeforeItOpenedDoNotProlongThePause() {
    open();
    pass(Duration.ofSeconds(3));
    breaker.failed("late");
    assertThat(breaker.untilNextTry()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void tryThatWasCutOffIsMadeAgain() {
    open();
    pass(Duration.ofSeconds(5));
    assertThat(breaker.refusal()).isNull();
    breaker.undecided();
    assertThat(breaker.isOpen()).isTrue();
    assertThat(breaker.refusal()).isNull();
  }
}
