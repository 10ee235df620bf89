package io.narthex.template;

import io.narthex.model.go.GoFloat;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Human-readable numbers, as Prometheus' template functions format them. */
final class Humanize {
  private Humanize() {}

  /** Converts numbers, durations (to seconds) and strings to a float. */
  static double number(@Nullable Object v) {
    return switch (v) {
      case Double d -> d;
      case Long n -> n;
      case Duration d -> GoTime.nanos(d) / 1e9;
      case String s -> parse(s);
      case SafeText s -> parse(s.text());
      case null, default ->
          throw new GoTemplateException("can't convert " + GoFormat.typeName(v) + " to float");
    };
  }

  private static double parse(String s) {
    try {
      return GoFloat.parse(s);
    } catch (NumberFormatException e) {
      throw new GoTemplateException(String.valueOf(e.getMessage()));
    }
  }

  private static String fourDigits(double v) {
    return GoFloat.format(v, 'g', 4);
  }

  private static boolean isNotFinite(double v) {
    return !Double.isFinite(v);
  }

  static String si(@Nullable Object arg) {
    double v = number(arg);
    if (v == 0 || isNotFinite(v)) {
      return fourDigits(v);
    }
    String prefix = "";
    if (Math.abs(v) >= 1) {
      for (String p : new String[] {"k", "M", "G", "T", "P", "E", "Z", "Y"}) {
        if (Math.abs(v) < 1000) {
          break;
        }
        prefix = p;
        v /= 1000;
      }
      return fourDigits(v) + prefix;
    }
    for (String p : new String[] {"m", "u", "n", "p", "f", "a", "z", "y"}) {
      if (Math.abs(v) >= 1) {
        break;
      }
      prefix = p;
      v *= 1000;
    }
    return fourDigits(v) + prefix;
  }

  static String binary(@Nullable Object arg) {
    double v = number(arg);
    if (Math.abs(v) <= 1 || isNotFinite(v)) {
      return fourDigits(v);
    }
    String prefix = "";
    for (String p : new String[] {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"}) {
      if (Math.abs(v) < 1024) {
        break;
      }
      prefix = p;
      v /= 1024;
    }
    return fourDigits(v) + prefix;
  }

  static String duration(@Nullable Object arg) {
    double v = number(arg);
    if (isNotFinite(v)) {
      return fourDigits(v);
    }
    if (v == 0) {
      return fourDigits(v) + "s";
    }
    if (Math.abs(v) >= 1) {
      String sign = v < 0 ? "-" : "";
      v = Math.abs(v);
      long n = (long) v;
      long seconds = n % 60;
      long minutes = n / 60 % 60;
      long hours = n / 3600 % 24;
      long days = n / 86400;
      if (days != 0) {
        return sign + days + "d " + hours + "h " + minutes + "m " + seconds + "s";
      }
      if (hours != 0) {
        return sign + hours + "h " + minutes + "m " + seconds + "s";
      }
      if (minutes != 0) {
        return sign + minutes + "m " + seconds + "s";
      }
      return sign + fourDigits(v) + "s";
    }
    String prefix = "";
    for (String p : new String[] {"m", "u", "n", "p", "f", "a", "z", "y"}) {
      if (Math.abs(v) >= 1) {
        break;
      }
      prefix = p;
      v *= 1000;
    }
    return fourDigits(v) + prefix + "s";
  }

  static String percentage(@Nullable Object arg) {
    return fourDigits(number(arg) * 100) + "%";
  }

  static Object timestamp(@Nullable Object arg) {
    double v = number(arg);
    return isNotFinite(v) ? fourDigits(v) : GoTime.print(time(v));
  }

  /** Returns the time of seconds since 1970, to the millisecond, as the original keeps times. */
  static java.time.ZonedDateTime time(double seconds) {
    double nanos = seconds * 1e9;
    if (isNotFinite(nanos) || Math.abs(nanos) > Long.MAX_VALUE) {
      throw new GoTemplateException(
          GoFloat.format(seconds, 'g', -1)
              + " cannot be represented as a nanoseconds timestamp since it overflows int64");
    }
    return GoTime.of(Instant.EPOCH.plusMillis((long) nanos / 1_000_000));
  }
}
