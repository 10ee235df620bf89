package io.narthex.exposition;

import io.narthex.model.MetricType;

/** Reads the Prometheus text format 0.0.4 and 1.0.0. */
final class PrometheusTextParser extends TextParser {
  private byte[] own = EMPTY;

  /** End of the line feed that the format demands and the data may lack. */
  private boolean commentEntry;

  PrometheusTextParser(ParserOptions options) {
    super(options);
  }

  @Override
  public void reset(byte[] data, int newLength) {
    if (newLength > 0 && data[newLength - 1] == '\n') {
      super.reset(data, newLength);
      return;
    }
    // the last line may lack its line feed; append one, in the caller's array if it has space
    byte[] room = data;
    if (newLength == data.length) {
      if (own.length < newLength + 1) {
        own = new byte[Math.max(newLength + 1, own.length * 2)];
      }
      System.arraycopy(data, 0, own, 0, newLength);
      room = own;
    }
    room[newLength] = '\n';
    super.reset(room, newLength + 1);
  }

  @Override
  public Entry next() throws ExpositionException {
    while (true) {
      begin(); // blanks in front of a name are a part of it
      blanks();
      if (at >= length || b[at] == 0) {
        return Entry.END;
      }
      token = at;
      int c = b[at];
      if (c == '\n') {
        at++;
        continue;
      }
      if (c == '#') {
        return comment();
      }
      if (c == '{') {
        at++;
        labelPairs();
        seriesEnd = at;
        return sample();
      }
      if (!isNameStart(c)) {
        throw unexpected("expected a valid start token", "INVALID");
      }
      metricName();
      nameStart = start;
      nameEnd = at;
      seriesEnd = at;
      int before = at;
      blanks();
      if (at < length && b[at] == '{') {
        at++;
        labelPairs();
        seriesEnd = at;
      } else {
        at = before;
      }
      return sample();
    }
  }

  private void blanks() {
    while (at < length && (b[at] == ' ' || b[at] == '\t')) {
      at++;
    }
  }

  private Entry comment() throws ExpositionException {
    at++;
    int afterHash = at;
    blanks();
    boolean help = at > afterHash && keyword("HELP");
    boolean typeLine = !help && at > afterHash && keyword("TYPE");
    if (!help && !typeLine) {
      while (at < length && b[at] != '\n') {
        at++;
      }
      textStart = start;
      textEnd = at;
      at++;
      commentEntry = true;
      return Entry.COMMENT;
    }
    commentEntry = false;
    at += 4;
    blanks();
    token = at;
    if (at < length && isNameStart(b[at])) {
      metricName();
      nameStart = token;
      nameEnd = at;
    } else if (at < length && b[at] == '"' && quoted(true)) {
      nameStart = token + 1;
      nameEnd = at - 1;
    } else {
      throw unexpected("expected metric name after " + (help ? "HELP" : "TYPE"), "INVALID");
    }
    int text = at;
    while (at < length && b[at] != '\n') {
      at++;
    }
    textStart = Math.min(text + 1, at);
    textEnd = at;
    seriesEnd = at;
    at++;
    if (help) {
      checkHelp();
      return Entry.HELP;
    }
    if (textIs("counter")) {
      type = MetricType.COUNTER;
    } else if (textIs("gauge")) {
      type = MetricType.GAUGE;
    } else if (textIs("histogram")) {
      type = MetricType.HISTOGRAM;
    } else if (textIs("summary")) {
      type = MetricType.SUMMARY;
    } else if (textIs("untyped")) {
      type = MetricType.UNKNOWN;
    } else {
      throw invalidType();
    }
    return Entry.TYPE;
  }

  private boolean keyword(String word) {
    return startsWith(word, at) && at + 4 < length && (b[at + 4] == ' ' || b[at + 4] == '\t');
  }

  private void labelPairs() throws ExpositionException {
    blanks();
    while (true) {
      token = at;
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
      } else if (!inQuotes || !quoted(true)) {
        throw unexpected(
            "expected label name",
            c == '=' ? tokenAs("EQUAL") : c == ',' ? tokenAs("COMMA") : "INVALID");
      }
      int from = inQuotes ? token + 1 : token;
      int to = inQuotes ? at - 1 : at;
      blanks();
      token = at;
      int sign = at < length ? b[at] : -1;
      if (inQuotes && (sign == ',' || sign == '}')) {
        at++;
        if (nameStart >= 0) {
          throw error("metric name already set");
        }
        nameStart = from;
        nameEnd = to;
        if (sign == '}') {
          return;
        }
        blanks();
        continue;
      }
      if (sign != '=') {
        throw unexpected("expected equal", tokenName(sign));
      }
      at++;
      place(from, to);
      blanks();
      token = at;
      if (at >= length || b[at] != '"') {
        throw unexpected("expected label value", "INVALID");
      }
      if (!quoted(true)) {
        at = Math.min(at + 1, length);
        throw unexpected("expected label value", "INVALID");
      }
      checkUtf8(token, at);
      place(token + 1, at - 1);
      blanks();
      if (at < length && b[at] == ',') {
        at++;
        blanks();
      }
    }
  }

  private String tokenAs(String name) {
    at++;
    return name;
  }

  private String tokenName(int sign) {
    if (sign == '}') {
      return tokenAs("BCLOSE");
    }
    if (sign == ',') {
      return tokenAs("COMMA");
    }
    if (isLabelStart(sign)) {
      labelName();
      return "LNAME";
    }
    return "INVALID";
  }

  private Entry sample() throws ExpositionException {
    if (nameStart < 0) {
      throw error("metric name not set");
    }
    blanks();
    token = at;
    int c = b[at];
    if (c == '\n' || c == '{' || c == 0) {
      throw unexpected("expected value after metric", "INVALID");
    }
    while (at < length && b[at] != ' ' && b[at] != '\t' && b[at] != '\n' && b[at] != '{') {
      at++;
    }
    value = number(token, at);
    blanks();
    token = at;
    if (b[at] != '\n') {
      if (!isDigit(b[at])) {
        throw unexpected("expected timestamp or new record", "INVALID");
      }
      long ts = 0;
      while (isDigit(b[at])) {
        int digit = b[at++] - '0';
        if (ts > (Long.MAX_VALUE - digit) / 10) {
          throw error("strconv.ParseInt: value out of range");
        }
        ts = ts * 10 + digit;
      }
      hasTimestamp = true;
      timestampMs = ts;
      blanks();
      token = at;
      if (b[at] != '\n') {
        throw unexpected("expected next entry after timestamp", "INVALID");
      }
    }
    at++;
    return Entry.SERIES;
  }

  @Override
  public String metadataText() {
    return commentEntry ? super.metadataText() : Utf8.unescape(b, textStart, textEnd, false);
  }
}
