package io.narthex.template;

import io.narthex.model.go.GoString;
import io.narthex.text.time.GoZone;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Formats and parses times and durations as Go's package time does. */
final class GoTime {
  /** The zero time of Go. */
  static final ZonedDateTime ZERO = ZonedDateTime.of(1, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

  static final ZoneId UTC = ZoneId.of("UTC");

  /** Elements of a layout, longer ones before their prefixes. */
  private static final String[] PARTS = {
    "January",
    "Jan",
    "Monday",
    "Mon",
    "MST",
    "2006",
    "06",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "15",
    "PM",
    "pm",
    "-07:00:00",
    "-07:00",
    "-070000",
    "-0700",
    "-07",
    "Z07:00:00",
    "Z07:00",
    "Z070000",
    "Z0700",
    "Z07",
    "__2",
    "_2006",
    "_2",
    "1",
    "2",
    "3",
    "4",
    "5"
  };

  private GoTime() {}

  static ZonedDateTime of(Instant instant) {
    return instant.atZone(UTC);
  }

  /** Returns the location of a time. */
  static Location location(ZonedDateTime t) {
    ZoneId zone = t.getZone();
    if (zone.equals(UTC)) {
      return new Location("UTC");
    }
    if (zone instanceof ZoneOffset) {
      return new Location("");
    }
    return new Location(zone.equals(GoZone.local()) ? "Local" : zone.getId());
  }

  /** The name of a zone. */
  record Location(String print) implements GoObject {
    @Override
    public @Nullable Object member(String name, List<@Nullable Object> arguments) {
      return name.equals("String") ? print : NO_MEMBER;
    }

    @Override
    public Object json() {
      return Map.of();
    }

    @Override
    public boolean isStringer() {
      return true;
    }

    @Override
    public String typeName() {
      return "*time.Location";
    }
  }

  /** Truncates a duration to a multiple of another; unchanged when that is not positive. */
  static Duration truncate(Duration d, Duration multiple) {
    long m = nanos(multiple);
    return m <= 0 ? d : Duration.ofNanos(nanos(d) / m * m);
  }

  /** Rounds a duration to a multiple of another, halves away from zero. */
  static Duration round(Duration d, Duration multiple) {
    long m = nanos(multiple);
    if (m <= 0) {
      return d;
    }
    long n = nanos(d);
    long rest = Math.abs(n % m);
    long low = n - n % m;
    return Duration.ofNanos(rest < m - rest ? low : n < 0 ? low - m : low + m);
  }

  /** Truncates a time to a multiple of a duration since the year 1. */
  static ZonedDateTime truncate(ZonedDateTime t, Duration multiple) {
    long m = nanos(multiple);
    return m <= 0 ? t : t.minusNanos(sinceZero(t, m));
  }

  /** Rounds a time to a multiple of a duration since the year 1, halves up. */
  static ZonedDateTime round(ZonedDateTime t, Duration multiple) {
    long m = nanos(multiple);
    if (m <= 0) {
      return t;
    }
    long rest = sinceZero(t, m);
    return rest < m - rest ? t.minusNanos(rest) : t.plusNanos(m - rest);
  }

  private static long sinceZero(ZonedDateTime t, long m) {
    return BigInteger.valueOf(t.toEpochSecond() - ZERO.toEpochSecond())
        .multiply(BigInteger.valueOf(1_000_000_000L))
        .add(BigInteger.valueOf(t.getNano()))
        .mod(BigInteger.valueOf(m))
        .longValueExact();
  }

  static long nanos(Duration d) {
    try {
      return d.toNanos();
    } catch (ArithmeticException e) {
      return d.isNegative() ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  /** Formats a duration, for example {@code 1h0m0.5s}. */
  static String print(Duration d) {
    long n = nanos(d);
    if (n == 0) {
      return "0s";
    }
    if (n == Long.MIN_VALUE) {
      return "-2562047h47m16.854775808s"; // has no positive value
    }
    String sign = n < 0 ? "-" : "";
    long u = Math.abs(n);
    if (u < 1_000_000_000L) {
      long unit = u < 1_000 ? 1 : u < 1_000_000 ? 1_000 : 1_000_000;
      String name = u < 1_000 ? "ns" : u < 1_000_000 ? "µs" : "ms";
      return sign + decimal(u, unit) + name;
    }
    long seconds = u / 1_000_000_000L;
    long hours = seconds / 3600;
    long minutes = seconds / 60 % 60;
    String s = decimal(u % 60_000_000_000L, 1_000_000_000L) + "s";
    if (hours > 0) {
      return sign + hours + "h" + minutes + "m" + s;
    }
    return minutes > 0 ? sign + minutes + "m" + s : sign + s;
  }

  private static String decimal(long value, long unit) {
    String whole = Long.toString(value / unit);
    long rest = value % unit;
    if (rest == 0) {
      return whole;
    }
    String digits = Long.toString(unit + rest).substring(1);
    int end = digits.length();
    while (digits.charAt(end - 1) == '0') {
      end--;
    }
    return whole + "." + digits.substring(0, end);
  }

  /** Formats a time as {@code print} does. */
  static String print(ZonedDateTime t) {
    return format(t, "2006-01-02 15:04:05.999999999 -0700 MST");
  }

  /** Formats a time as RFC 3339 with nanoseconds, as in JSON. */
  static String rfc3339Nano(ZonedDateTime t) {
    return format(t, "2006-01-02T15:04:05.999999999Z07:00");
  }

  /** Formats by a Go layout. */
  static String format(ZonedDateTime t, String layout) {
    StringBuilder b = new StringBuilder();
    int i = 0;
    while (i < layout.length()) {
      String fraction = fraction(layout, i);
      if (fraction != null) {
        appendFraction(b, t.getNano(), fraction);
        i += fraction.length();
        continue;
      }
      String part = partAt(layout, i);
      if (part == null) {
        b.append(layout.charAt(i++));
        continue;
      }
      if (part.equals("_2006")) {
        b.append('_').append(pad(t.getYear(), 4));
      } else {
        appendPart(b, t, part);
      }
      i += part.length();
    }
    return b.toString();
  }

  private static @Nullable String partAt(String layout, int i) {
    for (String part : PARTS) {
      if (layout.startsWith(part, i)) {
        if (part.equals("Jan")
            && i + 3 < layout.length()
            && Character.isLowerCase(layout.charAt(i + 3))) {
          continue;
        }
        if (part.equals("Mon")
            && i + 3 < layout.length()
            && Character.isLowerCase(layout.charAt(i + 3))) {
          continue;
        }
        return part;
      }
    }
    return null;
  }

  private static @Nullable String fraction(String layout, int i) {
    char c = layout.charAt(i);
    if ((c != '.' && c != ',') || i + 1 >= layout.length()) {
      return null;
    }
    char digit = layout.charAt(i + 1);
    if (digit != '0' && digit != '9') {
      return null;
    }
    int end = i + 1;
    while (end < layout.length() && layout.charAt(end) == digit) {
      end++;
    }
    if (end < layout.length() && Character.isDigit(layout.charAt(end))) {
      return null;
    }
    return layout.substring(i, end);
  }

  private static void appendFraction(StringBuilder b, int nanos, String fraction) {
    int digits = Math.min(9, fraction.length() - 1);
    String text = pad(nanos, 9).substring(0, digits);
    if (fraction.charAt(1) == '9') {
      int end = text.length();
      while (end > 0 && text.charAt(end - 1) == '0') {
        end--;
      }
      text = text.substring(0, end);
      if (text.isEmpty()) {
        return;
      }
    }
    b.append(fraction.charAt(0)).append(text);
  }

  private static void appendPart(StringBuilder b, ZonedDateTime t, String part) {
    switch (part) {
      case "January" -> b.append(t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
      case "Jan" -> b.append(t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH), 0, 3);
      case "Monday" -> b.append(t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
      case "Mon" -> b.append(t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH), 0, 3);
      case "MST" -> b.append(zoneName(t));
      case "2006" -> b.append(pad(t.getYear(), 4));
      case "06" -> b.append(pad(t.getYear() % 100, 2));
      case "002" -> b.append(pad(t.getDayOfYear(), 3));
      case "01" -> b.append(pad(t.getMonthValue(), 2));
      case "02" -> b.append(pad(t.getDayOfMonth(), 2));
      case "03" -> b.append(pad((t.getHour() + 11) % 12 + 1, 2));
      case "04" -> b.append(pad(t.getMinute(), 2));
      case "05" -> b.append(pad(t.getSecond(), 2));
      case "15" -> b.append(pad(t.getHour(), 2));
      case "PM" -> b.append(t.getHour() >= 12 ? "PM" : "AM");
      case "pm" -> b.append(t.getHour() >= 12 ? "pm" : "am");
      case "__2" -> b.append(String.format(java.util.Locale.ROOT, "%3d", t.getDayOfYear()));
      case "_2" -> b.append(String.format(java.util.Locale.ROOT, "%2d", t.getDayOfMonth()));
      case "1" -> b.append(t.getMonthValue());
      case "2" -> b.append(t.getDayOfMonth());
      case "3" -> b.append((t.getHour() + 11) % 12 + 1);
      case "4" -> b.append(t.getMinute());
      case "5" -> b.append(t.getSecond());
      default -> appendOffset(b, t.getOffset().getTotalSeconds(), part);
    }
  }

  private static void appendOffset(StringBuilder b, int seconds, String part) {
    if (part.charAt(0) == 'Z' && seconds == 0) {
      b.append('Z');
      return;
    }
    boolean colon = part.indexOf(':') >= 0;
    int digits = part.replace(":", "").length() - 1;
    int abs = Math.abs(seconds);
    b.append(seconds < 0 ? '-' : '+').append(pad(abs / 3600, 2));
    if (digits >= 4) {
      b.append(colon ? ":" : "").append(pad(abs / 60 % 60, 2));
    }
    if (digits >= 6) {
      b.append(colon ? ":" : "").append(pad(abs % 60, 2));
    }
  }

  private static String zoneName(ZonedDateTime t) {
    ZoneId zone = t.getZone();
    if (zone.equals(UTC) || zone.equals(ZoneOffset.UTC)) {
      return "UTC";
    }
    if (zone instanceof ZoneOffset) {
      StringBuilder b = new StringBuilder();
      appendOffset(b, t.getOffset().getTotalSeconds(), "-0700");
      return b.toString();
    }
    String name = java.time.format.DateTimeFormatter.ofPattern("zzz", Locale.ENGLISH).format(t);
    boolean letters = name.chars().allMatch(c -> c >= 'A' && c <= 'Z');
    if (letters && name.length() <= 5) {
      return name;
    }
    StringBuilder b = new StringBuilder();
    int seconds = t.getOffset().getTotalSeconds();
    appendOffset(b, seconds, seconds % 3600 == 0 ? "-07" : "-0700");
    return b.toString();
  }

  private static String pad(int n, int digits) {
    String s = Integer.toString(Math.abs(n));
    return (n < 0 ? "-" : "") + "0".repeat(Math.max(0, digits - s.length())) + s;
  }

  /**
   * Parses a time by a Go layout.
   *
   * @throws GoTemplateException when the value does not match, with Go's message
   */
  static ZonedDateTime parse(String layout, String value) {
    return new Parser(layout, value).run();
  }

  /** Parses one value. */
  private static final class Parser {
    private final String layout;
    private final String value;
    private int at;
    private int year = 0;
    private int month = 1;
    private int day = 1;
    private int hour;
    private int minute;
    private int second;
    private int nano;
    private boolean pm;
    private boolean am;
    private ZoneId zone = UTC;

    Parser(String layout, String value) {
      this.layout = layout;
      this.value = value;
    }

    ZonedDateTime run() {
      int i = 0;
      while (i < layout.length()) {
        String fraction = fraction(layout, i);
        if (fraction != null) {
          readFraction();
          i += fraction.length();
          continue;
        }
        String part = partAt(layout, i);
        if (part == null) {
          if (at >= value.length() || value.charAt(at) != layout.charAt(i)) {
            throw bad(layout.substring(i));
          }
          at++;
          i++;
          continue;
        }
        read(part);
        i += part.length();
        if ((part.equals("05") || part.equals("5"))
            && at < value.length()
            && (value.charAt(at) == '.' || value.charAt(at) == ',')
            && (i >= layout.length() || fraction(layout, i) == null)) {
          readFraction();
        }
      }
      if (at < value.length()) {
        throw new GoTemplateException(
            "parsing time "
                + GoString.quote(value)
                + ": extra text: "
                + GoString.quote(value.substring(at)));
      }
      if (pm && hour < 12) {
        hour += 12;
      } else if (am && hour == 12) {
        hour = 0;
      }
      try {
        return LocalDateTime.of(year, month, day, hour, minute, second, nano).atZone(zone);
      } catch (DateTimeException e) {
        throw new GoTemplateException(
            "parsing time " + GoString.quote(value) + ": day out of range", e);
      }
    }

    private GoTemplateException bad(String element) {
      return new GoTemplateException(
          "parsing time "
              + GoString.quote(value)
              + " as "
              + GoString.quote(layout)
              + ": cannot parse "
              + GoString.quote(value.substring(Math.min(at, value.length())))
              + " as "
              + GoString.quote(element));
    }

    private int digits(int least, int most, String part) {
      int from = at;
      while (at < value.length() && at - from < most && Character.isDigit(value.charAt(at))) {
        at++;
      }
      if (at - from < least) {
        at = from;
        throw bad(part);
      }
      return Integer.parseInt(value.substring(from, at));
    }

    private void readFraction() {
      if (at >= value.length() || (value.charAt(at) != '.' && value.charAt(at) != ',')) {
        return;
      }
      int from = ++at;
      while (at < value.length() && Character.isDigit(value.charAt(at))) {
        at++;
      }
      String digits = (value.substring(from, at) + "000000000").substring(0, 9);
      nano = Integer.parseInt(digits);
    }

    private void read(String part) {
      switch (part) {
        case "2006", "_2006" -> year = digits(4, 4, part);
        case "06" -> {
          int y = digits(2, 2, part);
          year = y >= 69 ? 1900 + y : 2000 + y;
        }
        case "01" -> month = digits(2, 2, part);
        case "1" -> month = digits(1, 2, part);
        case "02" -> day = digits(2, 2, part);
        case "2", "_2", "__2" -> {
          while (at < value.length() && value.charAt(at) == ' ') {
            at++;
          }
          day = digits(1, 2, part);
        }
        case "002" -> day = digits(3, 3, part);
        case "15", "03" -> hour = digits(2, 2, part);
        case "3" -> hour = digits(1, 2, part);
        case "04" -> minute = digits(2, 2, part);
        case "4" -> minute = digits(1, 2, part);
        case "05" -> second = digits(2, 2, part);
        case "5" -> second = digits(1, 2, part);
        case "PM", "pm" -> {
          String s = value.substring(at, Math.min(value.length(), at + 2));
          pm = s.equalsIgnoreCase("pm");
          am = s.equalsIgnoreCase("am");
          if (!pm && !am) {
            throw bad(part);
          }
          at += 2;
        }
        case "January", "Jan" -> month = 1 + names(part, java.time.Month.values());
        case "Monday", "Mon" -> names(part, java.time.DayOfWeek.values());
        case "MST" -> {
          int from = at;
          while (at < value.length() && Character.isUpperCase(value.charAt(at))) {
            at++;
          }
          if (at - from < 3) {
            throw bad(part);
          }
        }
        default -> offset(part);
      }
    }

    private int names(String part, Enum<?>[] names) {
      boolean full = part.length() > 3;
      for (Enum<?> e : names) {
        String name = full ? e.name() : e.name().substring(0, 3);
        if (value.regionMatches(true, at, name, 0, name.length())) {
          at += name.length();
          return e.ordinal();
        }
      }
      throw bad(part);
    }

    private void offset(String part) {
      if (part.startsWith("Z") && at < value.length() && value.charAt(at) == 'Z') {
        at++;
        return;
      }
      boolean colon = part.indexOf(':') >= 0;
      int length = part.length();
      if (at + length > value.length()) {
        throw bad(part);
      }
      char sign = value.charAt(at);
      if (sign != '+' && sign != '-') {
        throw bad(part);
      }
      String digits = value.substring(at + 1, at + length).replace(":", "");
      if (!digits.chars().allMatch(Character::isDigit) || (colon && value.charAt(at + 3) != ':')) {
        throw bad(part);
      }
      int seconds = Integer.parseInt(digits.substring(0, 2)) * 3600;
      if (digits.length() >= 4) {
        seconds += Integer.parseInt(digits.substring(2, 4)) * 60;
      }
      if (digits.length() >= 6) {
        seconds += Integer.parseInt(digits.substring(4, 6));
      }
      zone = seconds == 0 ? UTC : ZoneOffset.ofTotalSeconds(sign == '-' ? -seconds : seconds);
      at += length;
    }
  }
}
