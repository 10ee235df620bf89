package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads OpenMetrics text 0.0.1 and 1.0.0, as tolerantly as Prometheus does.
 *
 * <p>Start times: with {@link ParserOptions#skipCreatedSeries} a {@code _created} line is not
 * reported; {@link #startTimestampMs()} looks ahead for it within the family.
 */
final class OpenMetricsParser extends TextParser {
  private static final String CREATED = "_created";

  private int[] exemplarPlaces = new int[16];
  private int exemplarPlaceCount;
  private boolean hasExemplar;
  private double exemplarValue;
  private boolean exemplarHasTimestamp;
  private long exemplarTimestampMs;

  /** Labels of the series whose start time was looked up last, and that time; null = none yet. */
  private @Nullable Labels createdFor;

  private long createdMs;

  /**
   * Start of the last look-ahead, and the line that ended it. From anywhere in between the next one
   * would end there too; without this a family of n series is read n²/2 times.
   */
  private int aheadFrom;

  private int aheadUntil;

  /** Labels of the start time found there, and that time; null = the family ends there. */
  private @Nullable Labels aheadFor;

  private long aheadMs;

  OpenMetricsParser(ParserOptions options) {
    super(options);
  }

  @Override
  public void reset(byte[] data, int newLength) {
    super.reset(data, newLength);
    createdFor = null;
    aheadFrom = Integer.MAX_VALUE;
  }

  @Override
  public Entry next() throws ExpositionException {
    while (true) {
      Entry e = read();
      if (e != Entry.SERIES || !options.skipCreatedSeries() || !isCreatedSeries()) {
        return e;
      }
    }
  }

  private Entry read() throws ExpositionException {
    begin();
    hasExemplar = false;
    exemplarPlaceCount = 0;
    token = at;
    if (at >= length) {
      throw new ExpositionException("data does not end with # EOF");
    }
    int c = b[at];
    if (c == '#') {
      return metadata();
    }
    if (c == '{') {
      at++;
      labelPairs(false);
      seriesEnd = at;
      endOfLine();
      return Entry.SERIES;
    }
    if (!isNameStart(c)) {
      throw unexpected("expected a valid start token", "INVALID");
    }
    metricName();
    nameStart = start;
    nameEnd = at;
    if (at < length && b[at] == '{') {
      at++;
      labelPairs(false);
    }
    seriesEnd = at;
    endOfLine();
    return Entry.SERIES;
  }

  private Entry metadata() throws ExpositionException {
    if (startsWith("# EOF", at)) {
      at += 5;
      if (at < length && b[at] == '\n') {
        at++;
      }
      if (at < length) {
        throw new ExpositionException("unexpected data after # EOF");
      }
      return Entry.END;
    }
    Entry entry;
    if (startsWith("# HELP ", at)) {
      entry = Entry.HELP;
    } else if (startsWith("# TYPE ", at)) {
      entry = Entry.TYPE;
    } else if (startsWith("# UNIT ", at)) {
      entry = Entry.UNIT;
    } else {
      at = Math.min(at + 2, length);
      throw unexpected("expected a valid start token", "INVALID");
    }
    at += 7;
    token = at;
    if (at < length && isNameStart(b[at])) {
      metricName();
      nameStart = token;
      nameEnd = at;
    } else if (at < length && b[at] == '"' && quoted(true)) {
      nameStart = token + 1;
      nameEnd = at - 1;
    } else {
      throw unexpected("expected metric name after " + entry, "INVALID");
    }
    if (at >= length || b[at] != ' ') {
      throw new ExpositionException("expected text in " + entry);
    }
    textStart = ++at;
    while (at < length && b[at] != '\n') {
      at++;
    }
    if (at >= length) {
      throw new ExpositionException("expected text in " + entry);
    }
    seriesEnd = at;
    textEnd = at++;
    switch (entry) {
      case HELP -> checkHelp();
      case TYPE -> readType();
      case UNIT -> readUnit();
      case COMMENT, SERIES, HISTOGRAM, END -> throw new IllegalStateException();
    }
    return entry;
  }

  private void readType() throws ExpositionException {
    for (MetricType t : MetricType.values()) {
      if (textIs(t.text())) {
        type = t;
        return;
      }
    }
    throw invalidType();
  }

  private void readUnit() throws ExpositionException {
    unit = Utf8.text(b, textStart, textEnd);
    int n = textEnd - textStart;
    if (n == 0) {
      return;
    }
    boolean suffix =
        nameEnd - nameStart > n
            && b[nameEnd - n - 1] == '_'
            && Arrays.equals(b, nameEnd - n, nameEnd, b, textStart, textEnd);
    if (!suffix) {
      throw new ExpositionException(
          "unit "
              + Excerpt.quote(b, textStart, textEnd)
              + " not a suffix of metric "
              + Excerpt.quote(b, nameStart, nameEnd));
    }
  }

  private void labelPairs(boolean exemplar) throws ExpositionException {
    token = at;
    while (true) {
      if (at >= length) {
        throw unexpected("expected label name", "EOF");
      }
      int c = b[at];
      if (c == '}') {
        at++;
        return;
      }
      boolean inQuotes = c == '"';
      if (isLabelStart(c)) {
        labelName();
      } else if (!inQuotes || !quoted(false)) {
        throw unexpected("expected label name", signName(c));
      }
      int from = inQuotes ? token + 1 : token;
      int to = inQuotes ? at - 1 : at;
      token = at;
      int sign = at < length ? b[at] : -1;
      if (!exemplar && inQuotes && (sign == ',' || sign == '}')) {
        at++;
        if (nameStart >= 0) {
          throw error("metric name already set");
        }
        nameStart = from;
        nameEnd = to;
        token = at;
        if (sign == '}') {
          return;
        }
        continue;
      }
      if (sign != '=') {
        throw unexpected("expected equal", signName(sign));
      }
      at++;
      token = at;
      if (at >= length || b[at] != '"' || !quoted(false)) {
        at = at < length && b[at] == '"' ? at + 1 : at;
        throw unexpected("expected label value", "INVALID");
      }
      checkUtf8(token, at);
      if (exemplar) {
        checkNoNul();
        exemplarPlace(from, to);
        exemplarPlace(token + 1, at - 1);
      } else {
        place(from, to);
        place(token + 1, at - 1);
      }
      token = at;
      int next = at < length ? b[at] : -1;
      if (next == ',') {
        at++;
        token = at;
      } else if (next != '}') {
        throw unexpected("expected comma or brace close", signName(next));
      }
    }
  }

  /** The lexer of Prometheus stops at NUL inside exemplars, though not inside labels. */
  private void checkNoNul() throws ExpositionException {
    for (int i = token; i < at; i++) {
      if (b[i] == 0) {
        at = i;
        throw unexpected("expected label value", "INVALID");
      }
    }
  }

  private void exemplarPlace(int from, int to) {
    if (exemplarPlaceCount + 2 > exemplarPlaces.length) {
      exemplarPlaces = Arrays.copyOf(exemplarPlaces, exemplarPlaces.length * 2);
    }
    exemplarPlaces[exemplarPlaceCount++] = from;
    exemplarPlaces[exemplarPlaceCount++] = to;
  }

  /** Consumes a sign, for the excerpt in a message, and returns its name. */
  private String signName(int sign) {
    if (isLabelStart(sign)) {
      labelName();
      return "LNAME";
    }
    String name =
        switch (sign) {
          case '=' -> "EQUAL";
          case ',' -> "COMMA";
          case '}' -> "BCLOSE";
          default -> "INVALID";
        };
    if (!name.equals("INVALID")) {
      at++;
    }
    return name;
  }

  /** Consumes one blank and the word after it; returns false when there is none. */
  private boolean word() {
    token = at;
    if (at + 1 >= length || b[at] != ' ' || b[at + 1] == ' ' || b[at + 1] == '\n') {
      return false;
    }
    at += 2;
    while (at < length && b[at] != ' ' && b[at] != '\n') {
      at++;
    }
    return true;
  }

  private double floatValue(String after) throws ExpositionException {
    if (!word()) {
      throw unexpected("expected value after " + after, at >= length ? "EOF" : "INVALID");
    }
    return number(token + 1, at);
  }

  private static ExpositionException noEof() {
    return new ExpositionException("data does not end with # EOF");
  }

  private void endOfLine() throws ExpositionException {
    if (nameStart < 0) {
      throw error("metric name not set");
    }
    value = floatValue("metric");
    if (at >= length) {
      throw noEof();
    }
    if (b[at] == '\n') {
      at++;
      return;
    }
    if (startsWith(" # {", at)) {
      exemplar();
      return;
    }
    if (!word()) {
      throw unexpected("expected timestamp or new record", "INVALID");
    }
    timestampMs = timestamp("invalid timestamp ");
    hasTimestamp = true;
    token = at;
    if (at < length && b[at] == '\n') {
      at++;
    } else if (startsWith(" # {", at)) {
      exemplar();
    } else {
      boolean more = word();
      throw unexpected("expected next entry after timestamp", more ? "TIMESTAMP" : "INVALID");
    }
  }

  private long timestamp(String refusal) throws ExpositionException {
    double seconds = number(token + 1, at);
    if (Double.isNaN(seconds) || Double.isInfinite(seconds)) {
      String text = Double.isNaN(seconds) ? "NaN" : seconds > 0 ? "+Inf" : "-Inf";
      throw new ExpositionException(refusal + text);
    }
    return (long) (seconds * 1000);
  }

  private void exemplar() throws ExpositionException {
    at += 4;
    labelPairs(true);
    hasExemplar = true;
    exemplarHasTimestamp = false;
    exemplarTimestampMs = 0;
    exemplarValue = floatValue("exemplar labels");
    if (at >= length) {
      throw noEof();
    }
    if (b[at] == '\n') {
      at++;
      return;
    }
    if (!word()) {
      throw unexpected("expected timestamp or new record", "INVALID");
    }
    exemplarTimestampMs = timestamp("invalid exemplar timestamp ");
    exemplarHasTimestamp = true;
    token = at;
    if (at >= length || b[at] != '\n') {
      throw unexpected("expected next entry after exemplar timestamp", "INVALID");
    }
    at++;
  }

  @Override
  public int exemplarCount() {
    return hasExemplar ? 1 : 0;
  }

  @Override
  public Exemplar exemplar(int index) throws ExpositionException {
    String[] pairs = new String[exemplarPlaceCount / 2];
    for (int i = 0; i < exemplarPlaceCount; i += 2) {
      pairs[i / 2] = Utf8.unescape(b, exemplarPlaces[i], exemplarPlaces[i + 1], true);
    }
    try {
      return new Exemplar(
          Labels.of(pairs), exemplarValue, exemplarTimestampMs, exemplarHasTimestamp);
    } catch (IllegalArgumentException e) {
      throw new ExpositionException("label name occurs twice in an exemplar");
    }
  }

  @Override
  public String metadataText() {
    return Utf8.unescape(b, textStart, textEnd, true);
  }

  private boolean hasStartTimes() {
    return type == MetricType.COUNTER || type == MetricType.SUMMARY || type == MetricType.HISTOGRAM;
  }

  private boolean isCreatedSeries() {
    return hasStartTimes()
        && nameEnd - nameStart > CREATED.length()
        && startsWith(CREATED, nameEnd - CREATED.length());
  }

  @Override
  public long startTimestampMs() {
    if (!options.skipCreatedSeries() || !hasStartTimes()) {
      return 0;
    }
    Labels wanted;
    try {
      wanted = family();
    } catch (ExpositionException _) {
      return 0; // the caller gets the same error later
    }
    if (wanted.equals(createdFor)) {
      return createdMs;
    }
    if (at < aheadFrom || at > aheadUntil) {
      lookAhead();
    }
    createdFor = wanted.equals(aheadFor) ? wanted : null;
    createdMs = aheadMs;
    return createdFor == null ? 0 : createdMs;
  }

  /** Looks for the next start time of this family. */
  private void lookAhead() {
    Saved saved = new Saved();
    aheadFrom = at;
    aheadUntil = at;
    aheadFor = null;
    try {
      while (read() == Entry.SERIES) {
        if (isCreatedSeries()) {
          aheadFor = family();
          aheadMs = (long) (value * 1000);
          return;
        }
        aheadUntil = at;
      }
    } catch (ExpositionException _) {
      // the caller gets the same error later
    } finally {
      saved.restore();
    }
  }

  /** Returns the labels that all series of one {@code _created} line share. */
  private Labels family() throws ExpositionException {
    List<String> pairs = new ArrayList<>();
    for (int i = 0; i < placeCount; i += 4) {
      String name = Utf8.unescape(b, places[i], places[i + 1], true);
      boolean part =
          (type == MetricType.SUMMARY && name.equals("quantile"))
              || (type == MetricType.HISTOGRAM && name.equals("le"));
      if (!part) {
        pairs.add(name);
        pairs.add(Utf8.unescape(b, places[i + 2], places[i + 3], true));
      }
    }
    String name = Utf8.text(b, nameStart, nameEnd);
    for (String suffix : new String[] {CREATED, "_total", "_count", "_sum", "_bucket"}) {
      if (name.endsWith(suffix)) {
        name = name.substring(0, name.length() - suffix.length());
        break;
      }
    }
    pairs.add(Labels.METRIC_NAME);
    pairs.add(name);
    return Labels.of(pairs.toArray(String[]::new));
  }

  /** The current entry, saved while the parser looks ahead. */
  private final class Saved {
    private final int at0 = at;
    private final int start0 = start;
    private final int token0 = token;
    private final int nameStart0 = nameStart;
    private final int nameEnd0 = nameEnd;
    private final int[] places0 = Arrays.copyOf(places, placeCount);
    private final int seriesEnd0 = seriesEnd;
    private final double value0 = value;
    private final boolean hasTimestamp0 = hasTimestamp;
    private final long timestampMs0 = timestampMs;
    private final MetricType type0 = type;
    private final String unit0 = unit;
    private final boolean hasExemplar0 = hasExemplar;
    private final int[] exemplarPlaces0 = Arrays.copyOf(exemplarPlaces, exemplarPlaceCount);
    private final double exemplarValue0 = exemplarValue;
    private final boolean exemplarHasTimestamp0 = exemplarHasTimestamp;
    private final long exemplarTimestampMs0 = exemplarTimestampMs;

    void restore() {
      at = at0;
      start = start0;
      token = token0;
      nameStart = nameStart0;
      nameEnd = nameEnd0;
      System.arraycopy(places0, 0, places, 0, places0.length);
      placeCount = places0.length;
      seriesEnd = seriesEnd0;
      value = value0;
      hasTimestamp = hasTimestamp0;
      timestampMs = timestampMs0;
      type = type0;
      unit = unit0;
      hasExemplar = hasExemplar0;
      System.arraycopy(exemplarPlaces0, 0, exemplarPlaces, 0, exemplarPlaces0.length);
      exemplarPlaceCount = exemplarPlaces0.length;
      exemplarValue = exemplarValue0;
      exemplarHasTimestamp = exemplarHasTimestamp0;
      exemplarTimestampMs = exemplarTimestampMs0;
    }
  }
}
