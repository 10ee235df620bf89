package io.narthex.query.math;

import java.time.LocalDate;

/**
 * Parts of dates as Go computes them, for any number of seconds: what no {@code int64} can hold
 * becomes the smallest one, and seconds are counted, without sign and modulo 2^64, from the first
 * of January of the year -292277022399 (a Monday; the year has the same place in the 400-year cycle
 * as the year 1).
 */
public final class GoDate {
  private static final long UNIX_TO_ABSOLUTE = 9_223_372_028_715_321_600L;
  private static final long ZERO_YEAR = -292_277_022_399L;
  private static final long DAY = 86_400;
  private static final long DAYS_PER_400_YEARS = 146_097;
  private static final double TWO_63 = 0x1p63;

  private GoDate() {}

  public static double minute(double seconds) {
    return Long.remainderUnsigned(absolute(seconds), 3600) / 60;
  }

  public static double hour(double seconds) {
    return Long.remainderUnsigned(absolute(seconds), DAY) / 3600;
  }

  public static double dayOfWeek(double seconds) {
    return (days(seconds) + 1) % 7;
  }

  public static double dayOfMonth(double seconds) {
    return inCycle(seconds).getDayOfMonth();
  }

  public static double dayOfYear(double seconds) {
    return inCycle(seconds).getDayOfYear();
  }

  public static double daysInMonth(double seconds) {
    return inCycle(seconds).lengthOfMonth();
  }

  public static double month(double seconds) {
    return inCycle(seconds).getMonthValue();
  }

  public static double year(double seconds) {
    return inCycle(seconds).getYear() - 1 + ZERO_YEAR + 400 * (days(seconds) / DAYS_PER_400_YEARS);
  }

  private static long absolute(double seconds) {
    boolean fits = seconds >= -TWO_63 && seconds < TWO_63;
    return (fits ? (long) seconds : Long.MIN_VALUE) + UNIX_TO_ABSOLUTE;
  }

  private static long days(double seconds) {
    return Long.divideUnsigned(absolute(seconds), DAY);
  }

  /** Returns the date in the 400-year cycle that begins with the year 1. */
  private static LocalDate inCycle(double seconds) {
    return LocalDate.of(1, 1, 1).plusDays(days(seconds) % DAYS_PER_400_YEARS);
  }
}
