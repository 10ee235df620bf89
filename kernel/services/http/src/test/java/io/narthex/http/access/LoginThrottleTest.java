package io.narthex.http.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LoginThrottleTest {
  private static final long SECOND = 1_000_000_000L;
  private final AtomicLong now = new AtomicLong();
  private final LoginThrottle throttle = new LoginThrottle(now::get);

  /** Fails until the next attempt has to wait, and returns how long. */
  private long failUntilPaused(String peer, String user) {
    for (int i = 0; i < 100; i++) {
      long wait = throttle.attempt(peer, user);
      if (wait > 0) {
        return wait;
      }
    }
    throw new AssertionError("no pause");
  }

  @Test
  void thePauseDoublesUpToAQuarterOfAnHour() {
    long before = 0;
    for (int i = 0; i < 15; i++) {
      long wait = failUntilPaused("10.0.0.1", "user" + i);
      assertThat(wait).isEqualTo(before == 0 ? 1 : Math.min(900, before * 2));
      before = wait;
      now.addAndGet(wait * SECOND);
    }
    assertThat(before).isEqualTo(900);
    assertThat(throttle.attempt("10.0.0.2", "other")).as("another address").isZero();
  }

  @Test
  void aUserIsSlowedDownFromAnyAddressButNotShutOut() {
    long longest = 0;
    for (int i = 0; i < 100; i++) {
      long wait = throttle.attempt("10.0.1." + i, "ann");
      longest = Math.max(longest, wait);
      now.addAndGet(wait * SECOND);
    }
    assertThat(longest).isEqualTo(30);
  }

  @Test
  void aRightPasswordDoesNotForgiveGuessesOfOthers() {
    for (int i = 0; i < 4; i++) {
      assertThat(throttle.attempt("10.0.0.1", "victim" + i)).isZero();
      assertThat(throttle.attempt("10.0.0.1", "own")).isZero();
      throttle.succeeded("10.0.0.1", "own");
    }
    assertThat(failUntilPaused("10.0.0.1", "victim")).isEqualTo(1);
    now.addAndGet(SECOND);
    assertThat(throttle.attempt("10.0.0.1", "own")).isZero();
    throttle.succeeded("10.0.0.1", "own");
    assertThat(throttle.attempt("10.0.0.1", "victim")).isZero();
    assertThat(throttle.attempt("10.0.0.1", "victim")).as("one more failure").isEqualTo(2);
  }

  @Test
  void anAddressOfIpv6IsItsNetwork() {
    for (int i = 0; i < 5; i++) {
      assertThat(throttle.attempt("[2001:db8::" + i + "]", "u" + i)).isZero();
    }
    assertThat(throttle.attempt("[2001:db8::ff]", "u")).isPositive();
    assertThat(throttle.attempt("[2001:db8:1::1]", "u")).isZero();
  }

  @Test
  void floodsTakeBoundedMemory() {
    for (int i = 0; i < 50_000; i++) {
      now.addAndGet(SECOND);
      long unused =
          throttle.attempt("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255), "u" + i);
    }
    assertThat(throttle.size()).isLessThanOrEqualTo(20_000);
  }
}
