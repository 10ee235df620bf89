package io.narthex.model.go;

import java.time.Duration;
import java.util.List;

/**
 * Durations as Prometheus writes them: {@code 1y2w3d4h5m6s7ms}, each unit at most once and in this
 * order. A year has 365 days.
 */
public final class PromDuration {
  private static final String[] UNITS = {"y", "w", "d", "h", "m", "s", "ms"};
  private static final long[] MILLIS = {
    365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1
  };

  /** The longest duration that Go can hold, in whole milliseconds. */
  private static final long MAX_MS = Long.MAX_VALUE / 1_000_000;

  /** The largest unsigned 64-bit number without its last digit, and that digit. */
  private static final long MAX_TENTH = Long.divideUnsigned(-1, 10);

  private static final int MAX_LAST_DIGIT = 5;

  private PromDuration() {}

  /**
   * Parses a duration.
   *
   * @throws IllegalArgumentException when {@code text} is invalid; the message is Prometheus'
   */
  public static Duration parse(String text) {
    return Duration.ofMillis(parseMs(text));
  }

  /**
   * Parses a duration into milliseconds.
   *
   * @throws IllegalArgumentException when {@code text} is invalid; the message is Prometheus'
   */
  public static long parseMs(String text) {
    if (text.equals("0")) {
      return 0;
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException("empty duration string");
    }
    long total = 0;
    int unit = 0;
    int at = 0;
    while (at < text.length()) {
      long n = 0;
      int start = at;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        int digit = text.charAt(at++) - '0';
        if (Long.compareUnsigned(n, MAX_TENTH) > 0
            || (n == MAX_TENTH && digit > MAX_LAST_DIGIT)) { // Go reads an unsigned 64 bit number
          throw invalid(text);
        }
        n = n * 10 + digit;
      }
      int unitStart = at;
      while (at < text.length() && (text.charAt(at) < '0' || text.charAt(at) > '9')) {
        at++;
      }
      String name = text.substring(unitStart, at);
      if (unitStart == start || name.isEmpty()) {
        throw invalid(text);
      }
      if (!List.of(UNITS).contains(name)) {
        throw new IllegalArgumentException(
            "unknown unit " + GoString.quote(name) + " in duration " + GoString.quote(text));
      }
      while (unit < UNITS.length && !UNITS[unit].equals(name)) {
        unit++;
      }
      if (unit == UNITS.length) { // a unit twice, or a longer one after a shorter one
        throw invalid(text);
      }
      if (n < 0 || n > MAX_MS / MILLIS[unit] || (total += n * MILLIS[unit]) > MAX_MS) {
        throw new IllegalArgumentException("duration out of range");
      }
      unit++;
    }
    return total;
  }

  private static IllegalArgumentException invalid(String text) {
    return new IllegalArgumentException("not a valid duration string: " + GoString.quote(text));
  }

  /** Returns a duration in Prometheus' form; parts of a millisecond are truncated. */
  public static String format(Duration duration) {
    return formatMs(duration.toMillis());
  }

  /** Returns a duration in milliseconds in Prometheus' form. */
  public static String formatMs(long milliseconds) {
    if (milliseconds == 0) {
      return "0s";
    }
    StringBuilder out = new StringBuilder();
    long rest = milliseconds;
    if (rest < 0) {
      out.append('-');
      rest = -rest;
    }
    for (int i = 0; i < UNITS.length; i++) {
      // years and weeks only when they divide evenly
      if (i < 2 && rest % MILLIS[i] != 0) {
        continue;
      }
      long n = rest / MILLIS[i];
      if (n > 0) {
        out.append(n).append(UNITS[i]);
        rest -= n * MILLIS[i];
      }
    }
    return out.toString();
  }
}
