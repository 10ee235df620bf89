package io.narthex.promql;

/** Durations as Prometheus writes them: {@code 1h30m}, units y w d h m s ms. */
public final class PromDuration {
  private static final String[] UNITS = {"y", "w", "d", "h", "m", "s", "ms"};
  private static final long[] MILLIS = {
    365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1
  };

  private PromDuration() {}

  /**
   * Returns the milliseconds of a text like {@code 1h30m}, or {@code 0}.
   *
   * @throws IllegalArgumentException with Prometheus' message
   */
  public static long parse(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("empty duration string");
    }
    if (text.equals("0")) {
      return 0;
    }
    int i = 0;
    int lastUnit = -1;
    long total = 0;
    while (i < text.length()) {
      int from = i;
      while (i < text.length() && Lexer.isDigit(text.charAt(i))) {
        i++;
      }
      if (i == from) {
        throw new IllegalArgumentException("not a valid duration string: " + Strings.quote(text));
      }
      String digits = text.substring(from, i);
      int unitFrom = i;
      while (i < text.length() && !Lexer.isDigit(text.charAt(i))) {
        i++;
      }
      int unit = unit(text.substring(unitFrom, i));
      if (unit < 0) {
        String what = text.substring(unitFrom, i);
        throw new IllegalArgumentException(
            what.isEmpty()
                ? "not a valid duration string: " + Strings.quote(text)
                : "unknown unit " + Strings.quote(what) + " in duration " + Strings.quote(text));
      }
      if (unit <= lastUnit) {
        throw new IllegalArgumentException("not a valid duration string: " + Strings.quote(text));
      }
      lastUnit = unit;
      try {
        total = Math.addExact(total, Math.multiplyExact(Long.parseLong(digits), MILLIS[unit]));
      } catch (ArithmeticException | NumberFormatException e) {
        throw new IllegalArgumentException("duration out of range", e);
      }
      if (total > Long.MAX_VALUE / 1_000_000) {
        throw new IllegalArgumentException("duration out of range");
      }
    }
    return total;
  }

  private static int unit(String text) {
    for (int i = 0; i < UNITS.length; i++) {
      if (UNITS[i].equals(text)) {
        return i;
      }
    }
    return -1;
  }

  /** Returns the text of a duration that is not negative, for example {@code 1h30m}. */
  public static String format(long ms) {
    if (ms == 0) {
      return "0s";
    }
    StringBuilder b = new StringBuilder();
    long rest = ms;
    if (rest < 0) {
      b.append('-');
      rest = -rest;
    }
    for (int i = 0; i < UNITS.length; i++) {
      // years and weeks only when nothing is left over, so that 1y1d reads 366d
      boolean exactOnly = i < 2;
      if (exactOnly ? rest != 0 && rest % MILLIS[i] == 0 : rest >= MILLIS[i]) {
        b.append(rest / MILLIS[i]).append(UNITS[i]);
        rest %= MILLIS[i];
      }
    }
    return b.toString();
  }
}
