package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class PluginCallsTest {
  @Test
  void givesResultAndExceptionOfTheCall() {
    assertThat(PluginCalls.<String>within(Duration.ofSeconds(5), "x", () -> "ok", late -> {}))
        .isEqualTo("ok");
    assertThatThrownBy(() ->
            PluginCalls.within(
                Duration.ofSeconds(5),
                "x",
                () -> {
                  throw new IllegalArgumentException("bad");
                },
                late -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("bad");
  }

  @Test
  void callThatBlocksIsInterruptedAndReported() throws InterruptedException {
    CountDownLatch interrupted = new CountDownLatch(1);
    assertThatThrownBy(() ->
            PluginCalls.<String>within(
                Duration.ofMillis(50),
                "discovery x",
                () -> {
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                  }
                  return "";
                },
                late -> {}))
        .isInstanceOf(PluginCalls.PluginTimeoutException.class)
        .hasMessageContaining("discovery x did not come back within 0.05 s");
    assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void whatComesTooLateIsHandedOver() {
    AtomicBoolean go = new AtomicBoolean();
    AtomicReference<String> late = new AtomicReference<>();
    assertThatThrownBy(() ->
            PluginCalls.<String>within(
                Duration.ofMillis(20),
                "x",
                () -> {
                  while (!go.get()) {
                    LockSupport.parkNanos(1_000_000);
                  }
                  return "late";
                },
                late::set))
        .isInstanceOf(PluginCalls.PluginTimeoutException.class);
    go.set(true);
    Fakes.eventually(() -> "late".equals(late.get()));
  }
}
