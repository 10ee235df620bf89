package io.narthex.query;

import java.time.LocalDate;

/**
 * Parts of dates as Go computes them, for any number of seconds: what no {@code int64} can hold
 * becomes the smallest one, and seconds are counted, without sign and modulo 2^64, from the first
 * of January of the year -292277022399 (a Monday; the year has the same place in the 400-year cycle
 * as the year 1).
 */
final class GoDate {
  private static final long UNIX_TO_ABSOLUTE = 9_223_372_028_715_321_600L;
  private static final long ZERO_YEAR = -292_277_022_399L;
  private static final long DAY = 86_400;
  private static final long DAYS_PER_400_YEARS = 146_097;
  private static final double TWO_63 = 0x1p63;

  private GoDate() {}

  /** Returns the part of a date that the function called {@code name} gives. */
  static double part(String name, double seconds) {
    boolean fits = seconds >= -TWO_63 && seconds < TWO_63;
    long absolute = (fits ? (long) seconds : Long.MIN_VALUE) + UNIX_TO_ABSOLUTE;
    long days = Long.divideUnsigned(absolute, DAY);
    switch (name) {
      case "minute" -> {
        return Long.remainderUnsigned(absolute, 3600) / 60;
      }
      case "hour" -> {
        return Long.remainderUnsigned(absolute, DAY) / 3600;
      }
      case "day_of_week" -> {
        return (days + 1) % 7;
      }
      default -> {
        LocalDate date = LocalDate.of(1, 1, 1).plusDays(days % DAYS_PER_400_YEARS);
        return switch (name) {
          case "day_of_month" -> date.getDayOfMonth();
          case "day_of_year" -> date.getDayOfYear();
          case "days_in_month" -> date.lengthOfMonth();
          case "month" -> date.getMonthValue();
          default -> date.getYear() - 1 + ZERO_YEAR + 400 * (days / DAYS_PER_400_YEARS);
        };
      }
    }
  }
}
