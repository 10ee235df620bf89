package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.model.go.GoFloat;
import java.util.Arrays;

/**
 * Common part of the two text formats: the array, the positions of names and values in it, and
 * their conversion to labels. The subclasses contain the state machines; tokens and messages follow
 * the lexers of Prometheus ({@code promlex.l}, {@code openmetricslex.l}).
 */
abstract class TextParser extends ExpositionParser {
  static final byte[] EMPTY = new byte[0];
  static final double NORMAL_NAN = Double.longBitsToDouble(StaleMarker.NORMAL_NAN_BITS);

  final ParserOptions options;
  byte[] b = EMPTY;
  int length;

  /** Position of the next byte. */
  int at;

  /** Start of the current entry. */
  int start;

  /** Start of the current token; it ends at {@link #at}. */
  int token;

  /** Position of the metric name; -1 = none yet. */
  int nameStart;

  int nameEnd;

  /** Name start, name end, value start, value end of each label. */
  int[] places = new int[64];

  int placeCount;
  int seriesEnd;
  int textStart;
  int textEnd;
  double value;
  boolean hasTimestamp;
  long timestampMs;
  MetricType type = MetricType.UNKNOWN;
  String unit = "";

  TextParser(ParserOptions options) {
    this.options = options;
  }

  @Override
  public void reset(byte[] data, int newLength) {
    b = data;
    length = newLength;
    at = 0;
    type = MetricType.UNKNOWN;
    unit = "";
  }

  void begin() {
    start = at;
    placeCount = 0;
    nameStart = -1;
    nameEnd = -1;
    hasTimestamp = false;
    timestampMs = 0;
  }

  void place(int from, int to) {
    if (placeCount + 2 > places.length) {
      places = Arrays.copyOf(places, places.length * 2);
    }
    places[placeCount++] = from;
    places[placeCount++] = to;
  }

  static boolean isNameStart(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  }

  static boolean isLabelStart(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  /** Consumes a metric name that starts at {@link #at}. */
  void metricName() {
    at++;
    while (at < length && (isNameStart(b[at]) || isDigit(b[at]))) {
      at++;
    }
  }

  void labelName() {
    at++;
    while (at < length && (isLabelStart(b[at]) || isDigit(b[at]))) {
      at++;
    }
  }

  /**
   * Consumes a quoted string that starts at {@link #at}; returns false and consumes nothing when it
   * is not terminated.
   */
  boolean quoted(boolean multiline) {
    int i = at + 1;
    while (i < length) {
      byte c = b[i];
      if (c == '"') {
        at = i + 1;
        return true;
      }
      if (c == '\n' && !multiline) {
        return false;
      }
      i += c == '\\' ? 2 : 1;
    }
    return false;
  }

  double number(int from, int to) throws ExpositionException {
    try {
      double v = FloatReader.read(b, from, to);
      return Double.isNaN(v) ? NORMAL_NAN : v;
    } catch (NumberFormatException e) {
      throw new ExpositionException(
          e.getMessage() + " while parsing: " + Excerpt.quote(b, start, to));
    }
  }

  /** Returns the error "expected x, got y"; the excerpt runs one byte past the token. */
  ExpositionException unexpected(String expected, String got) {
    int end = Math.min(at + 1, length);
    return new ExpositionException(
        expected
            + ", got "
            + Excerpt.quote(b, token, end)
            + " (\""
            + got
            + "\") while parsing: "
            + Excerpt.quote(b, start, end));
  }

  ExpositionException error(String what) {
    return new ExpositionException(what + " while parsing: " + Excerpt.quote(b, start, at));
  }

  /** Checks the label value in quotes at {@code [from, to)}. */
  void checkUtf8(int from, int to) throws ExpositionException {
    for (int i = from; i < to; i++) {
      if (b[i] < 0) {
        if (!Utf8.isValid(b, from, to)) {
          throw new ExpositionException("invalid UTF-8 label value: " + Excerpt.quote(b, from, to));
        }
        return;
      }
    }
  }

  @Override
  public byte[] seriesBytes() {
    return b;
  }

  @Override
  public int seriesStart() {
    return start;
  }

  @Override
  public int seriesEnd() {
    return seriesEnd;
  }

  @Override
  public Labels labels() throws ExpositionException {
    boolean typeLabel = options.typeAndUnitLabels() && type != MetricType.UNKNOWN;
    boolean unitLabel = options.typeAndUnitLabels() && !unit.isEmpty();
    String[] pairs = new String[2 + placeCount / 2 + (typeLabel ? 2 : 0) + (unitLabel ? 2 : 0)];
    int n = 0;
    pairs[n++] = Labels.METRIC_NAME;
    pairs[n++] = name(nameStart, nameEnd);
    for (int i = 0; i < placeCount; i += 4) {
      String name = name(places[i], places[i + 1]);
      String v = Utf8.unescape(b, places[i + 2], places[i + 3], true);
      pairs[n++] = name;
      pairs[n++] = normalised(type, name, v);
      boolean replaced =
          (typeLabel && name.equals("__type__")) || (unitLabel && name.equals("__unit__"));
      if (replaced) {
        n -= 2;
      }
    }
    if (typeLabel) {
      pairs[n++] = "__type__";
      pairs[n++] = type.text();
    }
    if (unitLabel) {
      pairs[n++] = "__unit__";
      pairs[n++] = unit;
    }
    try {
      return Labels.of(n == pairs.length ? pairs : Arrays.copyOf(pairs, n));
    } catch (IllegalArgumentException e) {
      throw new ExpositionException(
          "label name occurs twice in " + Excerpt.quote(b, start, seriesEnd));
    }
  }

  @Override
  public boolean hasEmptyLabel(String name) throws ExpositionException {
    for (int i = 0; i < placeCount; i += 4) {
      if (places[i + 2] == places[i + 3] && name(places[i], places[i + 1]).equals(name)) {
        return true;
      }
    }
    return false;
  }

  private String name(int from, int to) throws ExpositionException {
    if (!Utf8.isValid(b, from, to)) {
      throw new ExpositionException(
          "invalid metric name or label names: " + Excerpt.quote(b, from, to));
    }
    return Utf8.unescape(b, from, to, true);
  }

  /** Normalises bucket bounds and quantiles, so that all formats give equal series. */
  static String normalised(MetricType type, String name, String value) {
    boolean number =
        (type == MetricType.SUMMARY && name.equals("quantile"))
            || (type == MetricType.HISTOGRAM && name.equals("le"));
    if (!number) {
      return value;
    }
    try {
      byte[] bytes = value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
      return bound(FloatReader.read(bytes, 0, bytes.length));
    } catch (NumberFormatException _) {
      return value;
    }
  }

  /** Returns a bucket bound or quantile in the form of labels. */
  static String bound(double v) {
    return GoFloat.toString(v == 0 ? 0.0 : v, GoFloat.Style.OPEN_METRICS);
  }

  @Override
  public double value() {
    return value;
  }

  @Override
  public NativeHistogram histogram() {
    throw new IllegalStateException("text formats hold no native histograms");
  }

  @Override
  public boolean hasTimestamp() {
    return hasTimestamp;
  }

  @Override
  public long timestampMs() {
    return timestampMs;
  }

  @Override
  public long startTimestampMs() {
    return 0;
  }

  @Override
  public int exemplarCount() {
    return 0;
  }

  @Override
  public Exemplar exemplar(int index) throws ExpositionException {
    throw new IndexOutOfBoundsException(index);
  }

  @Override
  public String metadataName() throws ExpositionException {
    return name(nameStart, nameEnd);
  }

  @Override
  public String metadataText() {
    return Utf8.text(b, textStart, textEnd);
  }

  @Override
  public MetricType type() {
    return type;
  }

  boolean textIs(String word) {
    if (textEnd - textStart != word.length()) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if (b[textStart + i] != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  ExpositionException invalidType() {
    return new ExpositionException("invalid metric type " + Excerpt.quote(b, textStart, textEnd));
  }

  void checkHelp() throws ExpositionException {
    if (!Utf8.isValid(b, textStart, textEnd)) {
      throw new ExpositionException(
          "help text " + Excerpt.quote(b, textStart, textEnd) + " is not a valid utf8 string");
    }
  }

  boolean startsWith(String word, int from) {
    if (from + word.length() > length) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if (b[from + i] != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
