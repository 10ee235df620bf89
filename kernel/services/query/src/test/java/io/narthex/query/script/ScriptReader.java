package io.narthex.query.script;

import io.narthex.model.go.PromDuration;
import io.narthex.promql.Numbers;
import io.narthex.promql.ParseException;
import io.narthex.promql.SeriesDescription;
import io.narthex.promql.Strings;
import io.narthex.query.script.ScriptCommand.Clear;
import io.narthex.query.script.ScriptCommand.Eval;
import io.narthex.query.script.ScriptCommand.Expectation;
import io.narthex.query.script.ScriptCommand.Expectation.Kind;
import io.narthex.query.script.ScriptCommand.Expectation.Match;
import io.narthex.query.script.ScriptCommand.Load;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads scripts into commands. */
final class ScriptReader {
  private static final Pattern INSTANT =
      Pattern.compile(
          "^eval(?:_(fail|warn|ordered|info))?\\s+instant\\s+(?:at\\s+(.+?))?\\s+(.+)$", 0);
  private static final Pattern RANGE =
      Pattern.compile(
          "^eval(?:_(fail|warn|info))?\\s+range\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+?)\\s+(.+)$",
          0);
  private static final Pattern LOAD = Pattern.compile("^load(?:_(with_nhcb))?\\s+(.+?)$", 0);
  private static final Pattern EXPECT =
      Pattern.compile(
          "^expect\\s+(ordered|fail|warn|no_warn|info|no_info)(?:\\s+(regex|msg):(.+))?$", 0);
  private static final Pattern RANGE_VECTOR =
      Pattern.compile(
          "^expect\\s+range\\s+vector\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+)$", 0);
  private static final Pattern START_ITEM =
      Pattern.compile("^([+-]?[0-9a-z]+?)(?:([+-])([0-9a-z]+?))?(?:x([0-9]+))?$", 0);

  private final String[] lines;
  private int at;

  ScriptReader(String script) {
    lines = script.split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      lines[i] = lines[i].trim();
      if (lines[i].startsWith("#")) {
        lines[i] = "";
      }
    }
  }

  /** Returns all commands; {@code IllegalArgumentException} with the line for a broken script. */
  List<ScriptCommand> read() {
    List<ScriptCommand> out = new ArrayList<>();
    while (at < lines.length) {
      if (lines[at].isEmpty()) {
        at++;
        continue;
      }
      String word = lines[at].split("\\s+", 2)[0].toLowerCase(Locale.ROOT);
      try {
        if (word.equals("clear")) {
          out.add(new Clear(++at));
        } else if (word.startsWith("load")) {
          out.add(load());
        } else if (word.startsWith("eval")) {
          out.add(eval());
        } else {
          throw new IllegalArgumentException("unknown command " + word);
        }
      } catch (ParseException e) {
        throw new IllegalArgumentException("line " + (at + 1) + ": " + e.getMessage(), e);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("line " + (at + 1) + ": " + e.getMessage(), e);
      }
    }
    return out;
  }

  private Load load() throws ParseException {
    int first = at + 1;
    Matcher m = LOAD.matcher(lines[at]);
    if (!m.matches()) {
      throw new IllegalArgumentException("load needs a step");
    }
    long step = PromDuration.parseMs(m.group(2));
    Map<io.narthex.model.Labels, Load.Line> series = new LinkedHashMap<>();
    long[] starts = null;
    for (at++; at < lines.length && !lines[at].isEmpty(); at++) {
      String line = lines[at];
      String head = line.split("\\s+", 2)[0];
      if (head.endsWith("@st")) {
        starts = starts(line.substring(head.length()).trim());
        continue;
      }
      SeriesDescription d = SeriesDescription.parse(line);
      if (starts != null && starts.length != d.points().size()) {
        throw new IllegalArgumentException(
            "start times: " + starts.length + " for " + d.points().size() + " points");
      }
      series.put(d.labels(), new Load.Line(d, starts));
      starts = null;
    }
    return new Load(first, step, m.group(1) != null, List.copyOf(series.values()));
  }

  private static long[] starts(String text) {
    List<Long> out = new ArrayList<>();
    for (String item : text.split("\\s+")) {
      if (item.startsWith("_")) {
        int n = item.length() > 1 ? Integer.parseInt(item.substring(2)) : 1;
        for (int i = 0; i < n; i++) {
          out.add(Load.Line.NO_START);
        }
        continue;
      }
      Matcher m = START_ITEM.matcher(item);
      if (!m.matches()) {
        throw new IllegalArgumentException("bad start time " + item);
      }
      long value = signedDuration(m.group(1));
      long step = m.group(3) == null ? 0 : PromDuration.parseMs(m.group(3));
      if ("-".equals(m.group(2))) {
        step = -step;
      }
      int n = m.group(4) == null ? 0 : Integer.parseInt(m.group(4));
      for (int i = 0; i <= n; i++) {
        out.add(value + i * step);
      }
    }
    return out.stream().mapToLong(Long::longValue).toArray();
  }

  static long signedDuration(String text) {
    if (text.startsWith("-")) {
      return -PromDuration.parseMs(text.substring(1));
    }
    return PromDuration.parseMs(text.startsWith("+") ? text.substring(1) : text);
  }

  private Eval eval() throws ParseException {
    String head = lines[at];
    Matcher instant = INSTANT.matcher(head);
    Matcher range = RANGE.matcher(head);
    Eval e;
    String mode;
    if (instant.matches()) {
      String time = instant.group(2);
      long t = time == null ? 0 : signedDuration(time);
      e = new Eval(at + 1, false, t, t, 0, instant.group(3));
      mode = instant.group(1);
    } else if (range.matches()) {
      e =
          new Eval(
              at + 1,
              true,
              signedDuration(range.group(2)),
              signedDuration(range.group(3)),
              signedDuration(range.group(4)),
              range.group(5));
      mode = range.group(1);
    } else {
      throw new IllegalArgumentException("malformed eval");
    }
    if (mode != null) {
      switch (mode) {
        case "fail" -> e.expectations.add(new Expectation(Kind.FAIL, Match.ANY, ""));
        case "warn" -> e.expectations.add(new Expectation(Kind.WARN, Match.ANY, ""));
        case "info" -> e.expectations.add(new Expectation(Kind.INFO, Match.ANY, ""));
        default -> e.ordered = true;
      }
    }
    for (at++; at < lines.length && !lines[at].isEmpty(); at++) {
      if (!evalLine(e, lines[at])) {
        at++;
        break;
      }
    }
    return e;
  }

  /** Takes a line of the block; false when it ends the block. */
  private static boolean evalLine(Eval e, String line) throws ParseException {
    if (line.startsWith("expected_fail_message ")) {
      failText(e, Match.MESSAGE, line.substring("expected_fail_message ".length()).trim());
      return true;
    }
    if (line.startsWith("expected_fail_regexp ")) {
      failText(e, Match.REGEX, line.substring("expected_fail_regexp ".length()).trim());
      return true;
    }
    if (line.startsWith("expect ")) {
      expect(e, line);
      return true;
    }
    if (isNumber(line)) {
      e.scalar = Numbers.parse(line);
      return false;
    }
    e.results.add(SeriesDescription.parse(line));
    return true;
  }

  private static void failText(Eval e, Match match, String text) {
    e.expectations.removeIf(x -> x.kind() == Kind.FAIL);
    e.expectations.add(new Expectation(Kind.FAIL, match, text));
  }

  private static boolean isNumber(String line) {
    try {
      Numbers.parse(line);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static void expect(Eval e, String line) {
    if (line.startsWith("expect string ")) {
      e.text = Strings.unquote(line.substring("expect string ".length()).trim());
      return;
    }
    Matcher vector = RANGE_VECTOR.matcher(line);
    if (vector.matches()) {
      e.rangeVector =
          new long[] {
            signedDuration(vector.group(1)),
            signedDuration(vector.group(2)),
            signedDuration(vector.group(3))
          };
      return;
    }
    Matcher m = EXPECT.matcher(line);
    if (!m.matches()) {
      throw new IllegalArgumentException("malformed expect line: " + line);
    }
    if (m.group(1).equals("ordered")) {
      e.ordered = true;
      return;
    }
    Kind kind = Kind.valueOf(m.group(1).toUpperCase(Locale.ROOT));
    Match match =
        m.group(2) == null ? Match.ANY : m.group(2).equals("msg") ? Match.MESSAGE : Match.REGEX;
    e.expectations.add(new Expectation(kind, match, m.group(3) == null ? "" : m.group(3).trim()));
  }
}
