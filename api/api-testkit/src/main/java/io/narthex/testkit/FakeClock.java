package io.narthex.testkit;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicReference;

/** A clock that moves only when a test moves it. Thread-safe. */
public final class FakeClock extends Clock {
  private final AtomicReference<Instant> now;
  private final ZoneId zone;

  /** Creates a clock set to {@code epochMs}, in UTC. */
  public FakeClock(long epochMs) {
    this(new AtomicReference<>(Instant.ofEpochMilli(epochMs)), ZoneOffset.UTC);
  }

  private FakeClock(AtomicReference<Instant> now, ZoneId zone) {
    this.now = now;
    this.zone = zone;
  }

  /** Moves the clock; negative steps move it back. */
  public void advance(Duration step) {
    now.updateAndGet(t -> t.plus(step));
  }

  /** Sets the clock to {@code epochMs}. */
  public void set(long epochMs) {
    now.set(Instant.ofEpochMilli(epochMs));
  }

  @Override
  public Instant instant() {
    return now.get();
  }

  @Override
  public ZoneId getZone() {
    return zone;
  }

  /** Returns a clock in another zone that moves with this one. */
  @Override
  public Clock withZone(ZoneId other) {
    return new FakeClock(now, other);
  }
}
