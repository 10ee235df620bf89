package io.narthex.config.alertmanager;

import static io.narthex.config.yaml.ConfigNodes.list;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.text.time.GoZone;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A named list of time intervals, which contains an instant when one of them does. Immutable. */
public final class TimeIntervals {
  private static final List<String> WEEKDAYS =
      List.of("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday");
  private static final int SHORTEST_MONTH = 28;
  private static final List<String> MONTHS =
      List.of(
          "january",
          "february",
          "march",
          "april",
          "may",
          "june",
          "july",
          "august",
          "september",
          "october",
          "november",
          "december");

  /** A range, both ends inclusive. */
  record Range(int from, int to) {
    boolean contains(int n) {
      return n >= from && n <= to;
    }
  }

  /**
   * One interval; a null list does not restrict.
   *
   * @param times minutes of the day, end exclusive
   */
  record Interval(
      @Nullable List<Range> times,
      @Nullable List<Range> weekdays,
      @Nullable List<Range> daysOfMonth,
      @Nullable List<Range> months,
      @Nullable List<Range> years,
      ZoneId zone) {}

  private final List<Interval> intervals;

  TimeIntervals(List<Interval> intervals) {
    this.intervals = List.copyOf(intervals);
  }

  List<Interval> intervals() {
    return intervals;
  }

  /**
   * Parses the list of a {@code time_intervals} entry.
   *
   * @throws ConfigException with the position of the offending value
   */
  public static TimeIntervals parse(ConfigNode node) {
    List<Interval> out = new ArrayList<>();
    for (ConfigNode item : list(node, "time_intervals")) {
      out.add(interval(item));
    }
    return new TimeIntervals(out);
  }

  /** Returns whether any interval contains an instant. */
  public boolean contains(Instant instant) {
    for (Interval i : intervals) {
      if (contains(i, instant.atZone(i.zone()))) {
        return true;
      }
    }
    return false;
  }

  private static boolean contains(Interval i, ZonedDateTime t) {
    if (i.times() != null) {
      int minute = t.getHour() * 60 + t.getMinute();
      if (i.times().stream().noneMatch(r -> minute >= r.from() && minute < r.to())) {
        return false;
      }
    }
    if (i.daysOfMonth() != null) {
      int length = t.toLocalDate().lengthOfMonth();
      int day = t.getDayOfMonth();
      if (i.daysOfMonth().stream().noneMatch(r -> dayInRange(r, day, length))) {
        return false;
      }
    }
    return any(i.months(), t.getMonthValue())
        && any(i.weekdays(), t.getDayOfWeek().getValue() % 7)
        && any(i.years(), t.getYear());
  }

  private static boolean dayInRange(Range r, int day, int length) {
    int from = r.from() < 0 ? length + r.from() + 1 : r.from();
    int to = r.to() < 0 ? length + r.to() + 1 : r.to();
    if (from > length) {
      return false;
    }
    return day >= from && day <= Math.min(to, length);
  }

  private static boolean any(@Nullable List<Range> ranges, int n) {
    return ranges == null || ranges.stream().anyMatch(r -> r.contains(n));
  }

  private static Interval interval(ConfigNode node) {
    List<Range> times = null;
    List<Range> weekdays = null;
    List<Range> days = null;
    List<Range> months = null;
    List<Range> years = null;
    ZoneId zone = ZoneOffset.UTC;
    if (node instanceof ConfigNode.Scalar s && s.kind() == ConfigNode.Scalar.Kind.NULL) {
      return new Interval(null, null, null, null, null, zone);
    }
    if (!(node instanceof ConfigNode.Mapping map)) {
      throw new ConfigException(node.place() + ": a time interval must be a map");
    }
    for (ConfigNode.Entry e : map.entries()) {
      ConfigNode v = e.value();
      switch (e.key()) {
        case "times" -> times = times(v);
        case "weekdays" -> weekdays = ranges(v, "weekdays", TimeIntervals::weekdays);
        case "days_of_month" -> days = ranges(v, "days_of_month", TimeIntervals::days);
        case "months" -> months = ranges(v, "months", TimeIntervals::months);
        case "years" -> years = ranges(v, "years", TimeIntervals::years);
        case "location" -> zone = zone(v);
        default ->
            throw new ConfigException(
                e.keyPlace() + ": field " + e.key() + " not found in a time interval");
      }
    }
    return new Interval(times, weekdays, days, months, years, zone);
  }

  private static String text(ConfigNode node, String key) {
    if (node instanceof ConfigNode.Scalar s) {
      return s.text();
    }
    throw new ConfigException(node.place() + ": " + key + " must hold single values");
  }

  private static List<Range> ranges(ConfigNode node, String key, Function<String, Range> parse) {
    List<Range> out = new ArrayList<>();
    for (ConfigNode item : list(node, key)) {
      try {
        out.add(parse.apply(text(item, key).toLowerCase(Locale.ROOT)));
      } catch (IllegalArgumentException e) {
        throw new ConfigException(item.place() + ": " + e.getMessage(), e);
      }
    }
    return out;
  }

  private static String[] ends(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length > 2) {
      throw new IllegalArgumentException("couldn't parse range " + text + ", invalid format");
    }
    return new String[] {parts[0], parts[parts.length - 1]};
  }

  private static Range weekdays(String text) {
    String[] ends = ends(text);
    int[] days = new int[2];
    for (int i = 0; i < 2; i++) {
      days[i] = WEEKDAYS.indexOf(ends[i]);
      if (days[i] < 0) {
        throw new IllegalArgumentException(ends[i] + " is not a valid weekday");
      }
    }
    if (days[0] > days[1]) {
      throw new IllegalArgumentException("start day cannot be before end day");
    }
    return new Range(days[0], days[1]);
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("couldn't parse \"" + text + "\" as a whole number", e);
    }
  }

  private static Range days(String text) {
    String[] ends = ends(text);
    int from = number(ends[0]);
    int to = number(ends[1]);
    for (int day : new int[] {from, to}) {
      if (day == 0 || day < -31 || day > 31) {
        throw new IllegalArgumentException(day + " is not a valid day of the month: out of range");
      }
    }
    if (from < 0 && to > 0) {
      throw new IllegalArgumentException("end day must be negative if start day is negative");
    }
    // as the original counts: it refuses 28:-1, which other months than February have
    int absoluteTo = to < 0 ? SHORTEST_MONTH + to : to;
    int absoluteFrom = from < 0 ? SHORTEST_MONTH + from : from;
    if (absoluteTo < absoluteFrom) {
      throw new IllegalArgumentException("end day " + to + " is always before start day " + from);
    }
    return new Range(from, to);
  }

  private static Range months(String text) {
    String[] ends = ends(text);
    int[] months = new int[2];
    for (int i = 0; i < 2; i++) {
      int named = MONTHS.indexOf(ends[i]) + 1;
      if (named == 0) {
        try {
          named = Integer.parseInt(ends[i]); // any, as the original: 0 never comes
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(ends[i] + " is not a valid month", e);
        }
      }
      months[i] = named;
    }
    if (months[0] > months[1]) {
      throw new IllegalArgumentException(
          "end month " + ends[1] + " is before start month " + ends[0]);
    }
    return new Range(months[0], months[1]);
  }

  private static Range years(String text) {
    String[] ends = ends(text);
    int from = number(ends[0]);
    int to = number(ends[1]);
    if (to < from) {
      throw new IllegalArgumentException("end year " + to + " is before start year " + from);
    }
    return new Range(from, to);
  }

  private static ZoneId zone(ConfigNode node) {
    String name = text(node, "location");
    ZoneId zone = GoZone.find(name);
    if (zone == null) {
      throw new ConfigException(node.place() + ": unknown time zone " + name);
    }
    return zone;
  }

  private static List<Range> times(ConfigNode node) {
    List<Range> out = new ArrayList<>();
    for (ConfigNode item : list(node, "times")) {
      out.add(timeRange(item));
    }
    return out;
  }

  static Range timeRange(ConfigNode item) {
    if (!(item instanceof ConfigNode.Mapping map)) {
      throw new ConfigException(item.place() + ": both start and end times must be provided");
    }
    String start = "";
    String end = "";
    for (ConfigNode.Entry e : map.entries()) {
      switch (e.key()) {
        case "start_time" -> start = text(e.value(), e.key());
        case "end_time" -> end = text(e.value(), e.key());
        default ->
            throw new ConfigException(
                e.keyPlace() + ": field " + e.key() + " not found in a time range");
      }
    }
    if (start.isEmpty() || end.isEmpty()) {
      throw new ConfigException(item.place() + ": both start and end times must be provided");
    }
    try {
      int from = minute(start);
      int to = minute(end);
      if (from >= to) {
        throw new IllegalArgumentException("start time cannot be equal or greater than end time");
      }
      return new Range(from, to);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(item.place() + ": " + e.getMessage(), e);
    }
  }

  private static int minute(String text) {
    boolean shaped =
        text.length() == 5
            && text.charAt(2) == ':'
            && text.chars().filter(c -> c >= '0' && c <= '9').count() == 4;
    if (shaped) {
      int hour = Integer.parseInt(text.substring(0, 2));
      int minute = Integer.parseInt(text.substring(3));
      if ((hour < 24 && minute < 60) || (hour == 24 && minute == 0)) {
        return hour * 60 + minute;
      }
    }
    throw new IllegalArgumentException("couldn't parse timestamp " + text + ", invalid format");
  }
}
