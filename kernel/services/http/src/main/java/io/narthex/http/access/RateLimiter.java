package io.narthex.http.access;

import java.time.Duration;

/** A token bucket: {@code burst} at once, one more each {@code interval}. Thread-safe. */
final class RateLimiter {
  private long intervalNanos;
  private int burst;
  private double tokens;
  private long filledNanos;

  /** Takes a token if there is one. Settings may change from call to call. */
  synchronized boolean allows(WebConfig.RateLimit limit, long nowNanos) {
    Duration interval = limit.interval();
    if (interval == null || !interval.isPositive()) {
      intervalNanos = 0;
      return true;
    }
    long nanos = interval.toNanos();
    if (nanos != intervalNanos || burst != limit.burst()) {
      intervalNanos = nanos;
      burst = limit.burst();
      tokens = burst;
      filledNanos = nowNanos;
    }
    tokens = Math.min(burst, tokens + (double) (nowNanos - filledNanos) / nanos);
    filledNanos = nowNanos;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }
}
