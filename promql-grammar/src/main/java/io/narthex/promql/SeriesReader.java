package io.narthex.promql;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.model.go.PromDuration;
import io.narthex.promql.ParseException.ParseError;
import io.narthex.promql.SeriesDescription.Point;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads series descriptions. One use per line. */
final class SeriesReader {
  /** More points than any script needs; a larger count is a typo or an attack. */
  private static final int MAX_POINTS = 10_000_000;

  private final String in;
  private final List<Point> points = new ArrayList<>();
  private int pos;

  SeriesReader(String line) {
    in = line;
  }

  SeriesDescription read() throws ParseException {
    if (in.isBlank()) {
      return new SeriesDescription(Labels.EMPTY, List.of());
    }
    blanks();
    Labels labels = labels();
    if (pos < in.length() && !isBlank(peek())) {
      throw unexpected("series values", "");
    }
    while (true) {
      blanks();
      if (pos >= in.length()) {
        return new SeriesDescription(labels, points);
      }
      item();
      if (pos < in.length() && !isBlank(peek())) {
        throw unexpected("series values", "");
      }
    }
  }

  /* labels */

  private Labels labels() throws ParseException {
    Map<String, String> map = new LinkedHashMap<>();
    int from = pos;
    while (pos < in.length() && (Lexer.isAlphaNumeric(peek()) || peek() == ':')) {
      pos++;
    }
    if (pos > from) {
      map.put(Labels.METRIC_NAME, in.substring(from, pos));
    }
    if (peek() != '{') {
      if (pos == from) {
        throw unexpected("series values", "");
      }
      return Labels.of(map);
    }
    pos++;
    while (true) {
      blanks();
      if (peek() == '}') {
        pos++;
        return Labels.of(map);
      }
      label(map);
      blanks();
      if (peek() == ',') {
        pos++;
      } else if (peek() != '}') {
        throw unexpected("label set", "\",\" or \"}\"");
      }
    }
  }

  private void label(Map<String, String> map) throws ParseException {
    boolean quoted = isQuote(peek());
    String name;
    if (quoted) {
      name = string();
    } else {
      int from = pos;
      while (Lexer.isAlphaNumeric(peek())) {
        pos++;
      }
      name = in.substring(from, pos);
      if (name.isEmpty()) {
        throw unexpected("label set", "identifier or \"}\"");
      }
    }
    blanks();
    if (peek() == '=') {
      pos++;
      blanks();
      if (!isQuote(peek())) {
        throw unexpected("label set", "string");
      }
      map.put(name, string());
    } else if (quoted) {
      map.put(Labels.METRIC_NAME, name);
    } else {
      throw unexpected("label set", "\"=\"");
    }
  }

  private String string() throws ParseException {
    int from = pos;
    int quote = peek();
    pos++;
    while (pos < in.length() && peek() != quote) {
      pos += quote != '`' && peek() == '\\' ? 2 : 1;
    }
    if (pos >= in.length()) {
      throw error(from, "unterminated quoted string");
    }
    pos++;
    try {
      return Strings.unquote(in.substring(from, pos));
    } catch (IllegalArgumentException e) {
      throw error(from, "error unquoting string: " + e.getMessage());
    }
  }

  /* points */

  private void item() throws ParseException {
    if (peek() == '_') {
      pos++;
      int n = peek() == 'x' ? times() : 1;
      repeat(Point.NONE, n);
      return;
    }
    if (in.startsWith("{{", pos)) {
      histograms();
      return;
    }
    if (in.startsWith("stale", pos)) {
      pos += 5;
      points.add(Point.of(StaleMarker.VALUE));
      return;
    }
    double value = number(true);
    switch (peek()) {
      case 'x' -> repeat(Point.of(value), times() + 1);
      case '+', '-' -> {
        boolean minus = peek() == '-';
        pos++;
        double step = number(false);
        if (peek() != 'x') {
          throw unexpected("series values", "");
        }
        int n = times();
        double signed = minus ? -step : step;
        for (int i = 0; i <= n; i++) {
          points.add(Point.of(value));
          value += signed;
        }
      }
      default -> points.add(Point.of(value));
    }
  }

  private void repeat(Point p, int n) {
    for (int i = 0; i < n; i++) {
      points.add(p);
    }
  }

  private int times() throws ParseException {
    pos++;
    int from = pos;
    while (Lexer.isDigit(peek())) {
      pos++;
    }
    try {
      int n = Integer.parseInt(in, from, pos, 10);
      if (n + points.size() > MAX_POINTS) {
        throw error(from, "too many points, at most " + MAX_POINTS);
      }
      return n;
    } catch (NumberFormatException e) {
      throw unexpected("series values", "");
    }
  }

  private double number(boolean signed) throws ParseException {
    int from = pos;
    if (signed && (peek() == '+' || peek() == '-')) {
      pos++;
    }
    int digits = pos;
    while (Lexer.isAlphaNumeric(peek()) || peek() == '.' || isExponentSign()) {
      if (peek() == 'x') {
        break;
      }
      pos++;
    }
    if (pos == digits) {
      pos = from;
      throw unexpected("series values", "");
    }
    String text = in.substring(from, pos);
    char last = text.charAt(text.length() - 1);
    try {
      if ("smhdwy".indexOf(last) >= 0 && Lexer.isDigit(in.charAt(digits))) {
        double seconds = PromDuration.parseMs(in.substring(digits, pos)) / 1000.0;
        return in.charAt(from) == '-' ? -seconds : seconds;
      }
      return Numbers.parse(text);
    } catch (IllegalArgumentException e) {
      throw error(from, "bad number or duration syntax: " + Strings.quote(text));
    }
  }

  private boolean isExponentSign() {
    int c = peek();
    if (c != '+' && c != '-') {
      return false;
    }
    char before = in.charAt(pos - 1);
    return (before == 'e' || before == 'E') && pos > 1 && isNumberPart(in.charAt(pos - 2));
  }

  private static boolean isNumberPart(char c) {
    return Lexer.isDigit(c) || c == '.';
  }

  /* histograms */

  private void histograms() throws ParseException {
    NativeHistogram base = histogram();
    switch (peek()) {
      case 'x' -> repeat(Point.of(base), times() + 1);
      case '+', '-' -> {
        boolean minus = peek() == '-';
        pos++;
        if (!in.startsWith("{{", pos)) {
          throw unexpected("series values", "");
        }
        NativeHistogram step = histogram();
        if (peek() != 'x') {
          throw unexpected("series values", "");
        }
        int n = times();
        NativeHistogram current = base;
        for (int i = 0; i <= n; i++) {
          points.add(Point.of(current));
          if (i < n) {
            if (step.schema() < current.schema() && !step.hasCustomBuckets()) {
              throw error(
                  pos - 1,
                  "error combining histograms: cannot merge from schema "
                      + step.schema()
                      + " to "
                      + current.schema());
            }
            current = HistogramText.add(current, step, minus);
          }
        }
      }
      default -> points.add(Point.of(base));
    }
  }

  private NativeHistogram histogram() throws ParseException {
    pos += 2;
    HistogramText.Parts parts = new HistogramText.Parts();
    int open = pos;
    blanks();
    boolean blanksFirst = pos > open;
    while (true) {
      if (in.startsWith("}}", pos)) {
        pos += 2;
        try {
          return parts.build();
        } catch (IllegalArgumentException e) {
          throw error(open, String.valueOf(e.getMessage()));
        }
      }
      int from = pos;
      while (Lexer.isAlphaNumeric(peek())) {
        pos++;
      }
      String key = in.substring(from, pos);
      if (blanksFirst || key.isEmpty()) {
        pos = from;
        throw unexpected("series values", "");
      }
      if (!HistogramText.KEYS.contains(key)) {
        throw error(from, "bad histogram descriptor found: " + Strings.quote(key));
      }
      if (peek() != ':') {
        throw error(from, "missing `:` for histogram descriptor");
      }
      pos++;
      value(parts, key);
      blanks();
    }
  }

  private void value(HistogramText.Parts parts, String key) throws ParseException {
    if (!parts.seen.add(key)) {
      throw error(0, "duplicate key " + Strings.quote(key) + " in histogram");
    }
    if (key.equals("counter_reset_hint")) {
      int from = pos;
      while (Lexer.isAlphaNumeric(peek())) {
        pos++;
      }
      String hint = in.substring(from, pos);
      if (!parts.hint(hint)) {
        throw error(from, "bad histogram descriptor found: " + Strings.quote(hint));
      }
      return;
    }
    if (HistogramText.LISTS.contains(key)) {
      if (peek() != '[') {
        throw unexpected("series values", "");
      }
      pos++;
      if (isBlank(peek())) {
        throw unexpected("series values", "");
      }
      List<Double> list = new ArrayList<>();
      while (peek() != ']') {
        list.add(number(true));
        blanks();
        if (pos >= in.length()) {
          throw unexpected("series values", "");
        }
      }
      pos++;
      parts.list(key, list);
      return;
    }
    if (isBlank(peek())) {
      throw unexpected("series values", "");
    }
    parts.number(key, number(true));
  }

  /* small parts */

  private int peek() {
    return pos < in.length() ? in.charAt(pos) : -1;
  }

  private void blanks() {
    while (pos < in.length() && isBlank(peek())) {
      pos++;
    }
  }

  private static boolean isBlank(int c) {
    return c == ' ' || c == '\t';
  }

  private static boolean isQuote(int c) {
    return c == '"' || c == '\'' || c == '`';
  }

  private ParseException unexpected(String place, String expected) {
    String what;
    if (pos >= in.length()) {
      what = "end of input";
    } else if (Lexer.isAlpha(peek())) {
      int end = pos;
      while (end < in.length() && Lexer.isAlphaNumeric(in.charAt(end))) {
        end++;
      }
      what = "identifier " + Strings.quote(in.substring(pos, end));
    } else {
      what = Strings.quote(in.substring(pos, pos + 1));
    }
    return error(
        pos,
        "unexpected "
            + what
            + " in "
            + place
            + (expected.isEmpty() ? "" : ", expected " + expected));
  }

  private ParseException error(int at, String message) {
    Positions p = new Positions(in);
    return new ParseException(
        in, List.of(new ParseError(message, new PosRange(p.bytes(at), p.bytes(in.length())))));
  }
}
