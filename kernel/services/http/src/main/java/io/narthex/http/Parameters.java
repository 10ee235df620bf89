package io.narthex.http;

import io.narthex.model.Matcher;
import io.narthex.model.go.GoFloat;
import io.narthex.model.go.PromDuration;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import jakarta.servlet.http.HttpServletRequest;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.http.BadMessageException;
import org.jspecify.annotations.Nullable;

/**
 * Parameters of a request, from the query string and from a form body alike. Every method throws
 * {@link ApiException} ({@code bad_data}) for a value that cannot be used, with Prometheus' text.
 */
final class Parameters {
  /** Times that stand for "from the beginning" and "to the end", as Prometheus bounds them. */
  static final long MIN_TIME = Long.MIN_VALUE / 1_000_000;

  static final long MAX_TIME = Long.MAX_VALUE / 1_000_000;

  /** Prometheus' own first and last time, of which the years have more than four digits. */
  private static final String SMALLEST = "-292273086-05-16T16:47:06Z";

  private static final String LARGEST = "292277025-08-18T07:12:54.999999999Z";

  private final HttpServletRequest request;

  Parameters(HttpServletRequest request) {
    this.request = request;
  }

  String text(String name) {
    String value;
    try {
      value = request.getParameter(name);
    } catch (BadMessageException e) {
      throw undecodable(e);
    }
    return value == null ? "" : value;
  }

  /** For a query string or form with a bad escape or invalid UTF-8. */
  private static ApiException undecodable(BadMessageException e) {
    return new ApiException(
        ApiError.BAD_DATA, "error parsing form values: " + String.valueOf(e.getReason()));
  }

  List<String> list(String name) {
    String[] values;
    try {
      values = request.getParameterValues(name);
    } catch (BadMessageException e) {
      throw undecodable(e);
    }
    return values == null ? List.of() : List.of(values);
  }

  private static ApiException invalid(String name, String detail) {
    return new ApiException(ApiError.BAD_DATA, "invalid parameter \"" + name + "\": " + detail);
  }

  /** Returns a time in epoch milliseconds: float seconds or RFC 3339. */
  long time(String name, long otherwise) {
    String value = text(name);
    return value.isEmpty()
        ? otherwise
        : time(name, value, "invalid time value for '" + name + "': ");
  }

  long requiredTime(String name) {
    return time(name, text(name), "");
  }

  private static long time(String name, String value, String prefix) {
    if (value.equals(SMALLEST)) {
      return MIN_TIME;
    }
    if (value.equals(LARGEST)) {
      return MAX_TIME;
    }
    try {
      return isNumber(value)
          ? milliseconds(GoFloat.parse(value))
          : Rfc3339.parse(value).toEpochMilli();
    } catch (NumberFormatException | DateTimeException e) {
      throw invalid(name, prefix + "cannot parse \"" + value + "\" to a valid timestamp");
    }
  }

  /**
   * Returns seconds as milliseconds, as the original does: whole seconds, and the fraction rounded;
   * what is beyond all times wraps around, so that {@code end=1e300} is no late time.
   */
  private static long milliseconds(double seconds) {
    double whole = seconds < 0 ? Math.ceil(seconds) : Math.floor(seconds);
    if (Math.abs(whole) >= 0x1p63) {
      return 0; // Go converts it to the smallest whole number; a thousand of those wrap to 0
    }
    return Math.clamp(
        (long) whole * 1000 + Math.round((seconds - whole) * 1000), MIN_TIME, MAX_TIME);
  }

  /** Returns whether a string is a number; most are digits with a point, which need no pattern. */
  private static boolean isNumber(String value) {
    int points = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '.' && i > 0) {
        points++;
      } else if (c < '0' || c > '9') {
        return isFloat(value);
      }
    }
    return points < 2 && !value.isEmpty();
  }

  private static boolean isFloat(String value) {
    try {
      return Double.isFinite(GoFloat.parse(value));
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** Returns a duration in milliseconds: float seconds or Prometheus form; null when absent. */
  @Nullable Duration duration(String name) {
    String value = text(name);
    return value.isEmpty() ? null : Duration.ofMillis(durationMs(name, value));
  }

  long requiredDurationMs(String name) {
    return durationMs(name, text(name));
  }

  private static long durationMs(String name, String value) {
    if (isNumber(value)) {
      double ms = GoFloat.parse(value) * 1000;
      if (Math.abs(ms) > Long.MAX_VALUE / 1e6) {
        throw invalid(
            name, "cannot parse \"" + value + "\" to a valid duration. It overflows int64");
      }
      return (long) ms;
    }
    try {
      return PromDuration.parseMs(value);
    } catch (IllegalArgumentException e) {
      throw invalid(name, "cannot parse \"" + value + "\" to a valid duration");
    }
  }

  /** Returns a limit; 0 = none. */
  int limit(String name) {
    String value = text(name);
    if (value.isEmpty()) {
      return 0;
    }
    try {
      int limit = Integer.parseInt(value);
      if (limit >= 0) {
        return limit;
      }
    } catch (NumberFormatException e) {
      throw invalid(name, "strconv.Atoi: parsing \"" + value + "\": invalid syntax");
    }
    throw invalid(name, "limit must be non-negative");
  }

  /** Returns a number; {@code otherwise} when absent. */
  int number(String name, int otherwise) {
    String value = text(name);
    if (value.isEmpty()) {
      return otherwise;
    }
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new ApiException(ApiError.BAD_DATA, name + " must be a number");
    }
  }

  /** Returns the selectors of {@code match[]}; each needs a matcher that does not match empty. */
  List<List<Matcher>> narrowMatchers(QueryEngine engine) {
    List<List<Matcher>> sets = matchers(engine);
    for (List<Matcher> set : sets) {
      if (set.stream().allMatch(Matcher::matchesEmpty)) {
        throw new ApiException(
            ApiError.BAD_DATA, "match[] must contain at least one non-empty matcher");
      }
    }
    return sets;
  }

  /** Returns the selectors of {@code match[]}. */
  List<List<Matcher>> matchers(QueryEngine engine) {
    List<List<Matcher>> sets = new ArrayList<>();
    for (String text : list("match[]")) {
      try {
        sets.add(engine.selector(text));
      } catch (QueryException e) {
        throw new ApiException(ApiError.BAD_DATA, String.valueOf(e.getMessage()));
      }
    }
    return sets;
  }

  /** Returns an error with the name of the parameter that it is about. */
  static ApiException named(String name, ApiException e) {
    return e.error() == ApiError.BAD_DATA ? invalid(name, String.valueOf(e.getMessage())) : e;
  }

  /** Returns the time range of a metadata request; one that ends before it starts is empty. */
  long[] range() {
    return new long[] {time("start", MIN_TIME), time("end", MAX_TIME)};
  }

  /** Returns the lookback of a query, or null. */
  @Nullable Duration lookback() {
    try {
      return duration("lookback_delta");
    } catch (ApiException e) {
      throw new ApiException(
          e.error(),
          "error parsing lookback delta duration: "
              + String.valueOf(e.getMessage()).replaceFirst("^invalid parameter \"[^\"]*\": ", ""));
    }
  }
}
