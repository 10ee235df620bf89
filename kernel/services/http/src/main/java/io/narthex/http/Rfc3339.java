package io.narthex.http;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Times as Go's time package parses RFC 3339: capital letters, four digits of a year, an hour of
 * one digit or two, any number of digits of a fraction after a point or comma, offsets of up to 24
 * hours.
 */
final class Rfc3339 {
  private static final int LONGEST = 128;

  private static final Pattern FORM =
      Pattern.compile(
          "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?"
              + "(Z|[-+][0-9]{2}:[0-9]{2})",
          0);

  private Rfc3339() {}

  /**
   * Returns a time.
   *
   * @throws DateTimeException when the text is none
   */
  static Instant parse(String text) {
    Matcher m = FORM.matcher(text);
    if (text.length() > LONGEST || !m.matches()) {
      throw new DateTimeException("not in the form of RFC 3339");
    }
    LocalDateTime local =
        LocalDateTime.of(
            number(m.group(1)),
            number(m.group(2)),
            number(m.group(3)),
            number(m.group(4)),
            number(m.group(5)),
            number(m.group(6)),
            nanos(m.group(7)));
    return local.toInstant(ZoneOffset.UTC).minusSeconds(offset(m.group(8)));
  }

  static int number(@Nullable String digits) {
    return digits == null ? 0 : Integer.parseInt(digits);
  }

  /** Returns the nanoseconds of the digits of a fraction; further ones are cut off. */
  static int nanos(@Nullable String fraction) {
    return fraction == null ? 0 : Integer.parseInt((fraction + "000000000").substring(0, 9));
  }

  /** Returns the seconds of {@code Z} or an offset with or without a colon. */
  static long offset(@Nullable String zone) {
    if (zone == null || zone.equals("Z")) {
      return 0;
    }
    String digits = zone.substring(1).replace(":", "");
    int hours = Integer.parseInt(digits.substring(0, 2));
    int minutes = Integer.parseInt(digits.substring(2));
    if (hours > 24 || minutes > 60) {
      throw new DateTimeException("time zone offset out of range");
    }
    long seconds = hours * 3600L + minutes * 60L;
    return zone.charAt(0) == '-' ? -seconds : seconds;
  }
}
